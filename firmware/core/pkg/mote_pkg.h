// Releases: a signed manifest and the keys that may sign one. docs/formats/release.md.
//
// A manifest is a CBOR map; what is signed and published is COSE_Sign1 (RFC 9052) with the manifest
// as its payload: tag 18, protected {1: -9 (ESP256)}, unprotected {4: kid}. The kid is the first
// 8 bytes of SHA-256 of the public key's 65-byte uncompressed point. The algorithm is bound to the
// key: a message that names another is refused. Verification goes before parsing the payload.
#ifndef MOTE_PKG_H
#define MOTE_PKG_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/wire/mote_wire.h"

#define MOTE_PUBKEY_LEN 65 // uncompressed P-256 point: 04 | x | y
#define MOTE_KID_LEN 8
#define MOTE_SIG_LEN 64 // r | s

enum mote_pkg_form { MOTE_FORM_WHOLE, MOTE_FORM_WEIGHTS, MOTE_FORM_DELTA };

#define MOTE_PAYLOAD_BLOCK_LEAST 64 // bytes that block_size may be
#define MOTE_PAYLOAD_BLOCK_MOST 65536
#define MOTE_GOLDEN_MAX 4
struct mote_golden { // one raw window, and what it must give on every device
    struct mote_str window;   // sample bytes: whole interleaved frames; empty: made from the seed
    uint32_t seed;            // of a window that would not fit a manifest, see mote_golden_window
    uint8_t type;             // enum mote_sample_type of the window's values
    float scale;              // physical value = raw * scale
    uint8_t features[MOTE_DIGEST_LEN]; // SHA-256 of the quantized input tensor's bytes
    struct mote_str output;   // output tensor's bytes
};
struct mote_manifest {
    uint32_t seq;             // rises with every release of a named model
    struct mote_str model;    // name of the slot it goes to
    uint8_t digest[MOTE_DIGEST_LEN]; // SHA-256 of the model file in its final form
    uint32_t size;            // bytes of it
    uint8_t form;             // enum mote_pkg_form
    uint8_t base[MOTE_DIGEST_LEN];    // of WEIGHTS and DELTA: the model that it applies to
    uint8_t payload[MOTE_DIGEST_LEN]; // SHA-256 of what is transferred
    uint32_t payload_size, block_size;
    struct mote_str ops;      // names of operators, blank between
    uint32_t arena;           // bytes, worst of the targets it is for
    struct mote_str dsp_variant;
    uint8_t pipeline[MOTE_DIGEST_LEN]; // SHA-256 of the pipeline metadata inside the model
    struct mote_str stream;   // that the model listens to
    uint32_t min_class;       // capability class a device must have
    uint64_t expires_s;       // Unix seconds, 0: never
    uint64_t health_us;       // of trial before it confirms
    uint8_t provenance[MOTE_DIGEST_LEN];
    uint8_t golden_count;
    struct mote_golden golden[MOTE_GOLDEN_MAX];
};
int mote_manifest_encode(uint8_t *out, size_t cap, const struct mote_manifest *m) MOTE_CHECK;
int mote_manifest_decode(struct mote_manifest *m, const uint8_t *p, size_t len) MOTE_CHECK;
// The window's bytes: copied, or made from the seed (xorshift32, state = seed, after each step x ^= x << 13,
// x ^= x >> 17, x ^= x << 5: a byte is the step's low byte; a float is that byte as int8 / 128). len is
// window * channels * mote_sample_size(type); MOTE_E_MISMATCH where the given window has another length.
int mote_golden_window(const struct mote_golden *g, uint8_t *out, size_t len) MOTE_CHECK;

enum mote_key_role { MOTE_KEY_ROOT, MOTE_KEY_RELEASE, MOTE_KEY_BEACON };
#define MOTE_KEYS_MAX 8
struct mote_key {
    uint8_t role; // enum mote_key_role
    uint8_t point[MOTE_PUBKEY_LEN];
};
struct mote_keyset { // signed by a root key; a device keeps the one with the highest version
    uint32_t version;
    uint8_t count;
    struct mote_key key[MOTE_KEYS_MAX];
};
int mote_keyset_encode(uint8_t *out, size_t cap, const struct mote_keyset *k) MOTE_CHECK;
int mote_keyset_decode(struct mote_keyset *k, const uint8_t *p, size_t len) MOTE_CHECK;
// Time beacon (P/time): COSE_Sign1 by a beacon key over this body. A device takes it for "not earlier
// than", which is what expiry needs.
int mote_beacon_encode(uint8_t *out, size_t cap, uint64_t unix_ms) MOTE_CHECK;
int mote_beacon_decode(uint64_t *unix_ms, const uint8_t *p, size_t len) MOTE_CHECK;
void mote_key_id(uint8_t kid[MOTE_KID_LEN], const uint8_t point[MOTE_PUBKEY_LEN]);

// COSE_Sign1. The host signs by giving a callback; the device only verifies.
typedef int (*mote_sign_fn)(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN],
                            uint8_t sig[MOTE_SIG_LEN]);
int mote_cose_sign(uint8_t *out, size_t cap, const uint8_t *payload, size_t len,
                   const uint8_t kid[MOTE_KID_LEN], mote_sign_fn sign, void *ctx) MOTE_CHECK;
// Finds a key of that role in keys by the message's kid and verifies. *payload is borrowed from msg.
// MOTE_E_AUTH where the key is unknown, of another role, or the signature is wrong.
int mote_cose_verify(const uint8_t *msg, size_t len, const struct mote_key *keys, size_t key_count,
                     unsigned role, const uint8_t **payload, size_t *payload_len) MOTE_CHECK;

#endif
