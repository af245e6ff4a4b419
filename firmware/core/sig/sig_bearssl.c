// SHA-256 and ECDSA P-256 verification by BearSSL: constant time, no allocation, no globals.
#include "firmware/core/sig/mote_sig.h"

#include <bearssl/bearssl_ec.h>
#include <bearssl/bearssl_hash.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct mote_sha256),
               "the SHA-256 context does not fit");

void mote_sha256_init(struct mote_sha256 *s)
{
    br_sha256_init((br_sha256_context *)(void *)s->opaque);
}

void mote_sha256_update(struct mote_sha256 *s, const void *data, size_t len)
{
    br_sha256_update((br_sha256_context *)(void *)s->opaque, data, len);
}

void mote_sha256_final(const struct mote_sha256 *s, uint8_t out[32])
{
    br_sha256_out((const br_sha256_context *)(const void *)s->opaque, out);
}

void mote_sha256(uint8_t out[32], const void *data, size_t len)
{
    struct mote_sha256 s;
    mote_sha256_init(&s);
    mote_sha256_update(&s, data, len);
    mote_sha256_final(&s, out);
}

int mote_sig_verify(const uint8_t key[65], const uint8_t digest[32], const uint8_t sig[64])
{
    uint8_t point[65]; // the library takes it without const
    memcpy(point, key, sizeof(point));
    br_ec_public_key pk = {BR_EC_secp256r1, point, sizeof(point)};
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, digest, 32, &pk, sig, 64) == 1 ? MOTE_OK
                                                                                 : MOTE_E_AUTH;
}
