// Cryptographic primitives behind one small door: SHA-256 and ECDSA P-256 verification, by BearSSL.
// Curve arithmetic is never our own (design.md, "A release").
#ifndef MOTE_SIG_H
#define MOTE_SIG_H

#include "firmware/core/mote_base.h"

struct mote_sha256 {
    uint64_t opaque[16]; // room for the library's context; checked when it is built
};
void mote_sha256_init(struct mote_sha256 *s);
void mote_sha256_update(struct mote_sha256 *s, const void *data, size_t len);
void mote_sha256_final(const struct mote_sha256 *s, uint8_t out[32]);
void mote_sha256(uint8_t out[32], const void *data, size_t len);

// ESP256: sig is r | s (64 bytes), key the uncompressed point (65). MOTE_OK or MOTE_E_AUTH.
int mote_sig_verify(const uint8_t key[65], const uint8_t digest[32],
                    const uint8_t sig[64]) MOTE_CHECK;

#endif
