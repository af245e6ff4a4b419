// Hexadecimal text and SHA-256 digests of host code (libsodium).
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#define HEX_DIGEST_LEN 32
#define HEX_DIGEST_TEXT (2 * HEX_DIGEST_LEN + 1)

// Lower-case hex of data; out holds 2 * len + 1 bytes.
void hex_encode(char *out, const void *data, size_t len);
// Reads exactly 2 * len hex digits and nothing behind them. E_FORMAT otherwise.
int hex_decode(void *out, size_t len, const char *text) MUST_CHECK;
void hex_sha256(uint8_t out[HEX_DIGEST_LEN], const void *data, size_t len);

#endif
