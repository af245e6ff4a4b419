// Hexadecimal text and SHA-256. See hex.h.
#include "common/hex.h"
#include "common/err.h"

#include <sodium.h>

void hex_encode(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = 0;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int hex_decode(void *out, size_t len, const char *text)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        int hi = digit(text[2 * i]);
        int lo = hi < 0 ? -1 : digit(text[2 * i + 1]);
        if (lo < 0) {
            return E_FORMAT;
        }
        p[i] = (uint8_t)(hi << 4 | lo);
    }
    return text[2 * len] ? E_FORMAT : OK;
}

void hex_sha256(uint8_t out[HEX_DIGEST_LEN], const void *data, size_t len)
{
    crypto_hash_sha256(out, data, len);
}
