// COSE_Sign1 (RFC 9052) with ESP256 (RFC 9864, algorithm -9) and an attached payload.
//
//   18([ h'a10128' = {1: -9}, {4: kid}, payload, signature ])
//
// What is signed is SHA-256 of the Sig_structure ["Signature1", h'a10128', h'', payload].
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/sig/mote_sig.h"
#include "firmware/core/wire/mote_body.h"

#define TAG_SIGN1 18
#define HEADER_KID 4
static const uint8_t protected_esp256[] = {0xa1, 0x01, 0x28};

void mote_key_id(uint8_t kid[MOTE_KID_LEN], const uint8_t point[MOTE_PUBKEY_LEN])
{
    uint8_t digest[MOTE_DIGEST_LEN];
    mote_sha256(digest, point, MOTE_PUBKEY_LEN);
    memcpy(kid, digest, MOTE_KID_LEN);
}

static void digest_to_sign(uint8_t digest[MOTE_DIGEST_LEN], const uint8_t *payload, size_t len)
{
    uint8_t head[32];
    struct mote_cbor_writer w;
    struct mote_sha256 sha;
    mote_cbor_writer_init(&w, head, sizeof(head));
    mote_cbor_put_array(&w, 4);
    mote_cbor_put_text(&w, "Signature1", 10);
    mote_cbor_put_bytes(&w, protected_esp256, sizeof(protected_esp256));
    mote_cbor_put_bytes(&w, "", 0);
    mote_cbor_put_bytes_head(&w, len);
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, head, w.len);
    mote_sha256_update(&sha, payload, len);
    mote_sha256_final(&sha, digest);
}

int mote_cose_sign(uint8_t *out, size_t cap, const uint8_t *payload, size_t len,
                   const uint8_t kid[MOTE_KID_LEN], mote_sign_fn sign, void *ctx)
{
    uint8_t digest[MOTE_DIGEST_LEN], sig[MOTE_SIG_LEN];
    struct mote_cbor_writer w;
    digest_to_sign(digest, payload, len);
    int status = sign(ctx, digest, sig);
    if (status != MOTE_OK) {
        return status;
    }
    mote_cbor_writer_init(&w, out, cap);
    mote_cbor_put_tag(&w, TAG_SIGN1);
    mote_cbor_put_array(&w, 4);
    mote_cbor_put_bytes(&w, protected_esp256, sizeof(protected_esp256));
    mote_cbor_put_map(&w, 1);
    mote_cbor_put_uint(&w, HEADER_KID);
    mote_cbor_put_bytes(&w, kid, MOTE_KID_LEN);
    mote_cbor_put_bytes(&w, payload, len);
    mote_cbor_put_bytes(&w, sig, MOTE_SIG_LEN);
    return mote_cbor_finish(&w);
}

struct sign1 {
    const uint8_t *protect, *payload;
    size_t protect_len, payload_len;
    uint8_t kid[MOTE_KID_LEN], sig[MOTE_SIG_LEN];
};

static int parse(struct sign1 *s, const uint8_t *msg, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader m;
    uint64_t tag;
    size_t items;
    memset(s, 0, sizeof(*s));
    mote_cbor_reader_init(&r, msg, len);
    mote_cbor_get_tag(&r, &tag);
    mote_cbor_get_array(&r, &items);
    if (tag != TAG_SIGN1 || items != 4) {
        return MOTE_E_FORMAT;
    }
    mote_cbor_get_bytes(&r, &s->protect, &s->protect_len);
    mote_map_open(&m, &r);
    while (mote_map_next(&m)) {
        if (m.key == HEADER_KID) {
            mote_read_fixed(&r, s->kid, MOTE_KID_LEN);
        } else {
            mote_cbor_skip(&r);
        }
    }
    (void)mote_map_need(&m, 1u << HEADER_KID); // kept by the reader
    mote_cbor_get_bytes(&r, &s->payload, &s->payload_len);
    mote_read_fixed(&r, s->sig, MOTE_SIG_LEN);
    return mote_cbor_end(&r);
}

int mote_cose_verify(const uint8_t *msg, size_t len, const struct mote_key *keys, size_t key_count,
                     unsigned role, const uint8_t **payload, size_t *payload_len)
{
    struct sign1 s;
    *payload = NULL;
    *payload_len = 0;
    int status = parse(&s, msg, len);
    if (status != MOTE_OK) {
        return status;
    }
    // The algorithm is the key's; a message that names another is not by that key.
    if (s.protect_len != sizeof(protected_esp256) ||
        memcmp(s.protect, protected_esp256, s.protect_len) != 0) {
        return MOTE_E_AUTH;
    }
    uint8_t digest[MOTE_DIGEST_LEN];
    digest_to_sign(digest, s.payload, s.payload_len);
    for (size_t i = 0; i < key_count; i++) {
        uint8_t kid[MOTE_KID_LEN];
        mote_key_id(kid, keys[i].point);
        if (keys[i].role == role && memcmp(kid, s.kid, MOTE_KID_LEN) == 0 &&
            mote_sig_verify(keys[i].point, digest, s.sig) == MOTE_OK) {
            *payload = s.payload;
            *payload_len = s.payload_len;
            return MOTE_OK;
        }
    }
    return MOTE_E_AUTH;
}
