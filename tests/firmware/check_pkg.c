// Manifests, key sets, beacons and COSE_Sign1: golden bytes, who may sign what, malformed input.
#include <bearssl.h>
#include <check.h>

#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/sig/mote_sig.h"
#include "tests/support/golden.h"

#define STR(text) ((struct mote_str){text, sizeof(text) - 1})

static void sequence(uint8_t *out, unsigned from)
{
    for (unsigned i = 0; i < 32; i++) {
        out[i] = (uint8_t)(from + i);
    }
}

static int manifest(uint8_t *out, size_t cap)
{
    struct mote_manifest m = {.seq = 43,
                              .model = STR("fan"),
                              .size = 18288,
                              .payload_size = 18288,
                              .block_size = 1024,
                              .ops = STR("CONV_2D SOFTMAX"),
                              .arena = 9000,
                              .dsp_variant = STR("f32-1"),
                              .stream = STR("acc"),
                              .min_class = 1,
                              .expires_s = 1790000000,
                              .health_us = 600000000,
                              .golden_count = 2};
    static const uint8_t window[] = {1, 0, 0xfe, 0xff, 0x2c, 1, 0x70, 0xfe, 0xff, 0x7f, 0, 0x80};
    sequence(m.digest, 0);
    sequence(m.payload, 0);
    sequence(m.pipeline, 0x40);
    sequence(m.provenance, 0x40);
    m.golden[0].window = (struct mote_str){(const char *)window, sizeof(window)};
    sequence(m.golden[0].features, 0);
    m.golden[0].output = STR("\x80\x7f");
    m.golden[0].type = MOTE_I16;
    m.golden[0].scale = 0.0098f;
    sequence(m.golden[1].features, 0x40);
    m.golden[1].output = STR("\1");
    m.golden[1].scale = 1;
    m.golden[1].seed = 4711;
    return mote_manifest_encode(out, cap, &m);
}

static int manifest_delta(uint8_t *out, size_t cap)
{
    struct mote_manifest m = {.seq = 44,
                              .model = STR("fan"),
                              .size = 18288,
                              .form = MOTE_FORM_DELTA,
                              .payload_size = 700,
                              .block_size = 256,
                              .arena = 9000};
    sequence(m.digest, 0);
    sequence(m.base, 0x40);
    sequence(m.payload, 0x40);
    return mote_manifest_encode(out, cap, &m);
}

static int keyset(uint8_t *out, size_t cap)
{
    struct mote_keyset k = {.version = 3, .count = 2};
    for (unsigned i = 0; i < 2; i++) {
        k.key[i].role = i ? MOTE_KEY_BEACON : MOTE_KEY_RELEASE;
        k.key[i].point[0] = 4;
        for (unsigned j = 0; j < 64; j++) {
            k.key[i].point[1 + j] = (uint8_t)(64 * i + j);
        }
    }
    return mote_keyset_encode(out, cap, &k);
}

static int beacon(uint8_t *out, size_t cap)
{
    return mote_beacon_encode(out, cap, 1790000000123);
}

static int redo_manifest(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_manifest m;
    int status = mote_manifest_decode(&m, p, len);
    return status != MOTE_OK ? status : mote_manifest_encode(out, cap, &m);
}
static int redo_keyset(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_keyset k;
    int status = mote_keyset_decode(&k, p, len);
    return status != MOTE_OK ? status : mote_keyset_encode(out, cap, &k);
}
static int redo_beacon(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    uint64_t ms;
    int status = mote_beacon_decode(&ms, p, len);
    return status != MOTE_OK ? status : mote_beacon_encode(out, cap, ms);
}

static const struct {
    const char *name;
    int (*encode)(uint8_t *, size_t);
    int (*redo)(const uint8_t *, size_t, uint8_t *, size_t);
} cases[] = {{"manifest", manifest, redo_manifest},
             {"manifest_delta", manifest_delta, redo_manifest},
             {"keyset", keyset, redo_keyset},
             {"beacon", beacon, redo_beacon}};

START_TEST(bytes_are_golden_both_ways)
{
    uint8_t got[1024];
    size_t len;
    const uint8_t *golden = golden_bytes("wire-1.txt", cases[_i].name, &len);
    ck_assert_int_eq(cases[_i].encode(got, sizeof(got)), (int)len);
    ck_assert_mem_eq(got, golden, len);
    memset(got, 0, sizeof(got));
    ck_assert_int_eq(cases[_i].redo(golden, len, got, sizeof(got)), (int)len);
    ck_assert_mem_eq(got, golden, len);
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, golden, n);
        ck_assert_int_lt(cases[_i].redo(exact, n, got, sizeof(got)), 0);
        ck_assert_int_eq(cases[_i].encode(got, n), MOTE_E_SPACE);
        free(exact);
    }
}
END_TEST

START_TEST(mutations_are_refused_or_can_be_written_again)
{
    uint8_t got[2048], copy[1024];
    size_t len;
    const uint8_t *golden = golden_bytes("wire-1.txt", cases[_i].name, &len);
    memcpy(copy, golden, len);
    for (size_t i = 0; i < len; i++) {
        for (unsigned v = 0; v < 256; v++) {
            copy[i] = (uint8_t)v;
            int n = cases[_i].redo(copy, len, got, sizeof(got));
            ck_assert_msg(n > 0 || (n < 0 && n != MOTE_E_ARG), "%s byte %zu = %u: %d",
                          cases[_i].name, i, v, n);
        }
        copy[i] = golden[i];
    }
}
END_TEST

START_TEST(impossible_manifests_are_refused)
{
    uint8_t out[1024];
    struct mote_manifest good = {
        .seq = 1, .model = STR("fan"), .size = 10, .payload_size = 10, .block_size = 64};
    struct mote_manifest m = good;
    ck_assert_int_gt(mote_manifest_encode(out, sizeof(out), &m), 0);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        m = good;                                                                                  \
        change;                                                                                    \
        ck_assert_int_eq(mote_manifest_encode(out, sizeof(out), &m), MOTE_E_ARG);                  \
    } while (0)
    REFUSED(m.seq = 0);
    REFUSED(m.model.len = 0);
    REFUSED(m.size = 0);
    REFUSED(m.payload_size = 9);
    REFUSED(m.payload[0] = 1);
    REFUSED(m.block_size = MOTE_PAYLOAD_BLOCK_LEAST - 1);
    REFUSED(m.block_size = MOTE_PAYLOAD_BLOCK_MOST + 1);
    REFUSED(m.form = 3);
    REFUSED(m.stream = STR("Not a name"));
    REFUSED(m.golden_count = MOTE_GOLDEN_MAX + 1);
    REFUSED((m.golden_count = 1, m.golden[0].scale = 1)); // neither a window nor a seed
    REFUSED((m.golden_count = 1, m.golden[0].type = 9, m.golden[0].seed = 1));
}
END_TEST

// --- COSE_Sign1 --------------------------------------------------------------------------------
// RFC 6979, A.2.5.
static const uint8_t secret[32] = {0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21,
                                   0x57, 0x67, 0xb1, 0xd6, 0x93, 0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8,
                                   0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21};

static int sign(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN], uint8_t sig[MOTE_SIG_LEN])
{
    uint8_t x[32];
    memcpy(x, ctx, sizeof(x));
    br_ec_private_key sk = {BR_EC_secp256r1, x, sizeof(x)};
    return br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, digest, &sk, sig) ==
                   MOTE_SIG_LEN
               ? MOTE_OK
               : MOTE_E_IO;
}

static int fail_to_sign(void *ctx, const uint8_t digest[MOTE_DIGEST_LEN], uint8_t sig[MOTE_SIG_LEN])
{
    (void)ctx, (void)digest, (void)sig;
    return MOTE_E_AUTH;
}

static void make_key(struct mote_key *key, const uint8_t *x, unsigned role)
{
    uint8_t copy[32];
    memcpy(copy, x, 32);
    br_ec_private_key sk = {BR_EC_secp256r1, copy, 32};
    ck_assert_uint_eq(br_ec_compute_pub(&br_ec_p256_m31, NULL, key->point, &sk), MOTE_PUBKEY_LEN);
    key->role = (uint8_t)role;
}

static int signed_message(uint8_t *msg, size_t cap, const struct mote_key *key)
{
    uint8_t kid[MOTE_KID_LEN], x[32];
    memcpy(x, secret, 32);
    mote_key_id(kid, key->point);
    return mote_cose_sign(msg, cap, (const uint8_t *)"hello", 5, kid, sign, x);
}

START_TEST(a_signed_message_has_the_bytes_of_rfc_9052)
{
    struct mote_key key;
    uint8_t msg[256], kid[MOTE_KID_LEN], point_digest[32];
    make_key(&key, secret, MOTE_KEY_RELEASE);
    int n = signed_message(msg, sizeof(msg), &key);
    ck_assert_int_eq(n, 1 + 1 + 4 + 1 + 1 + 9 + 6 + 66);
    mote_key_id(kid, key.point);
    mote_sha256(point_digest, key.point, sizeof(key.point));
    ck_assert_mem_eq(kid, point_digest, MOTE_KID_LEN);
    static const uint8_t head[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x28, 0xa1, 0x04, 0x48};
    ck_assert_mem_eq(msg, head, sizeof(head));
    ck_assert_mem_eq(msg + 9, kid, 8);
    ck_assert_mem_eq(msg + 17, "\x45hello\x58\x40", 8);
    // What was signed, put together by hand.
    static const uint8_t structure[] = "\x84\x6aSignature1\x43\xa1\x01\x28\x40\x45hello";
    uint8_t digest[32];
    mote_sha256(digest, structure, sizeof(structure) - 1);
    ck_assert_int_eq(mote_sig_verify(key.point, digest, msg + 25), MOTE_OK);
    for (size_t cap = 0; cap < (size_t)n; cap++) {
        ck_assert_int_eq(signed_message(msg, cap, &key), MOTE_E_SPACE);
    }
    ck_assert_int_eq(mote_cose_sign(msg, sizeof(msg), kid, 8, kid, fail_to_sign, NULL),
                     MOTE_E_AUTH);
}
END_TEST

START_TEST(only_the_right_key_in_the_right_role_verifies)
{
    struct mote_key keys[2];
    uint8_t msg[256], second[32] = {1};
    const uint8_t *payload;
    size_t len;
    make_key(&keys[0], second, MOTE_KEY_RELEASE);
    make_key(&keys[1], secret, MOTE_KEY_RELEASE);
    size_t n = (size_t)signed_message(msg, sizeof(msg), &keys[1]);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 2, MOTE_KEY_RELEASE, &payload, &len), MOTE_OK);
    ck_assert(len == 5 && memcmp(payload, "hello", 5) == 0);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 1, MOTE_KEY_RELEASE, &payload, &len),
                     MOTE_E_AUTH);
    ck_assert_ptr_null(payload);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 0, MOTE_KEY_RELEASE, &payload, &len),
                     MOTE_E_AUTH);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 2, MOTE_KEY_BEACON, &payload, &len),
                     MOTE_E_AUTH);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 2, MOTE_KEY_ROOT, &payload, &len), MOTE_E_AUTH);
    // Signed by one key, said to be by the other.
    n = (size_t)signed_message(msg, sizeof(msg), &keys[0]);
    ck_assert_int_eq(mote_cose_verify(msg, n, keys, 2, MOTE_KEY_RELEASE, &payload, &len),
                     MOTE_E_AUTH);
}
END_TEST

START_TEST(every_change_of_a_signed_message_is_refused)
{
    struct mote_key key;
    uint8_t msg[256];
    const uint8_t *payload;
    size_t len;
    make_key(&key, secret, MOTE_KEY_RELEASE);
    size_t n = (size_t)signed_message(msg, sizeof(msg), &key);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            msg[i] ^= (uint8_t)(1u << bit);
            ck_assert_int_lt(mote_cose_verify(msg, n, &key, 1, MOTE_KEY_RELEASE, &payload, &len),
                             0);
            msg[i] ^= (uint8_t)(1u << bit);
        }
        ck_assert_int_lt(mote_cose_verify(msg, i, &key, 1, MOTE_KEY_RELEASE, &payload, &len), 0);
    }
    msg[n] = 0;
    ck_assert_int_eq(mote_cose_verify(msg, n + 1, &key, 1, MOTE_KEY_RELEASE, &payload, &len),
                     MOTE_E_FORMAT);
    msg[5] = 0x26; // {1: -7}, the same curve by its old name: not what the key is bound to
    ck_assert_int_eq(mote_cose_verify(msg, n, &key, 1, MOTE_KEY_RELEASE, &payload, &len),
                     MOTE_E_AUTH);
}
END_TEST

START_TEST(keys_of_unknown_roles_are_left_out)
{
    struct mote_keyset k = {
        .version = 1, .count = 1, .key = {{.role = MOTE_KEY_RELEASE, .point = {4}}}};
    uint8_t msg[256];
    int n = mote_keyset_encode(msg, sizeof(msg), &k);
    ck_assert_int_gt(n, 0);
    ck_assert_uint_eq(msg[7], MOTE_KEY_RELEASE); // {1: 1, 2: [{1: role, ...
    msg[7] = 9;
    ck_assert_int_eq(mote_keyset_decode(&k, msg, (size_t)n), MOTE_OK);
    ck_assert_uint_eq(k.count, 0);
    k.count = MOTE_KEYS_MAX + 1;
    ck_assert_int_eq(mote_keyset_encode(msg, sizeof(msg), &k), MOTE_E_ARG);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pkg");
    TCase *t = tcase_create("pkg");
    tcase_add_loop_test(t, bytes_are_golden_both_ways, 0, ARRAY_LEN(cases));
    tcase_add_loop_test(t, mutations_are_refused_or_can_be_written_again, 0, ARRAY_LEN(cases));
    tcase_add_test(t, impossible_manifests_are_refused);
    tcase_add_test(t, a_signed_message_has_the_bytes_of_rfc_9052);
    tcase_add_test(t, only_the_right_key_in_the_right_role_verifies);
    tcase_add_test(t, every_change_of_a_signed_message_is_refused);
    tcase_add_test(t, keys_of_unknown_roles_are_left_out);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
