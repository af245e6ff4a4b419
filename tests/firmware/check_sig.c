// SHA-256 and ECDSA P-256 verification against published vectors and against another library.
#include <check.h>
#include <sodium.h>

#include "firmware/core/sig/mote_sig.h"

static void unhex(uint8_t *out, size_t len, const char *hex)
{
    size_t n;
    ck_assert_int_eq(sodium_hex2bin(out, len, hex, strlen(hex), NULL, &n, NULL), 0);
    ck_assert_uint_eq(n, len);
}

START_TEST(sha256_matches_fips_180_examples)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                 {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t want[32], got[32];
        unhex(want, 32, cases[i].hex);
        mote_sha256(got, cases[i].text, strlen(cases[i].text));
        ck_assert_mem_eq(got, want, 32);
    }
}
END_TEST

START_TEST(sha256_in_pieces_equals_another_library)
{
    uint8_t data[300], want[32], got[32];
    randombytes_buf(data, sizeof(data));
    for (size_t len = 0; len <= sizeof(data); len++) {
        struct mote_sha256 s;
        crypto_hash_sha256(want, data, len);
        mote_sha256_init(&s);
        mote_sha256_update(&s, data, len / 3);
        mote_sha256_update(&s, data + len / 3, len - len / 3);
        mote_sha256_final(&s, got);
        ck_assert_mem_eq(got, want, 32);
        mote_sha256_final(&s, got); // may be asked again
        ck_assert_mem_eq(got, want, 32);
    }
}
END_TEST

// RFC 6979, A.2.5: P-256 with SHA-256, messages "sample" and "test".
static const char *const key_hex =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const struct {
    const char *text, *sig;
} signed_text[] = {{"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                              "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
                   {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"}};

START_TEST(published_signatures_verify)
{
    uint8_t key[65], digest[32], sig[64];
    unhex(key, 65, key_hex);
    for (size_t i = 0; i < ARRAY_LEN(signed_text); i++) {
        unhex(sig, 64, signed_text[i].sig);
        mote_sha256(digest, signed_text[i].text, strlen(signed_text[i].text));
        ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_OK);
        ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_OK); // the key was not changed
    }
}
END_TEST

START_TEST(anything_else_does_not)
{
    uint8_t key[65], digest[32], sig[64];
    unhex(key, 65, key_hex);
    unhex(sig, 64, signed_text[0].sig);
    mote_sha256(digest, "sample", 6);
    for (unsigned bit = 0; bit < 512; bit += 37) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_E_AUTH);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 256; bit += 41) {
        digest[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_E_AUTH);
        digest[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    key[64] ^= 1; // no point of the curve
    ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_E_AUTH);
    key[64] ^= 1;
    key[0] = 2; // another form of point
    ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_E_AUTH);
    key[0] = 4;
    uint8_t zero[64] = {0}, ones[64];
    memset(ones, 0xff, sizeof(ones));
    ck_assert_int_eq(mote_sig_verify(key, digest, zero), MOTE_E_AUTH);
    ck_assert_int_eq(mote_sig_verify(key, digest, ones), MOTE_E_AUTH);
    ck_assert_int_eq(mote_sig_verify(key, digest, sig), MOTE_OK);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sig");
    TCase *t = tcase_create("sig");
    tcase_add_test(t, sha256_matches_fips_180_examples);
    tcase_add_test(t, sha256_in_pieces_equals_another_library);
    tcase_add_test(t, published_signatures_verify);
    tcase_add_test(t, anything_else_does_not);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
