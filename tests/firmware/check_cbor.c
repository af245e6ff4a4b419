// CBOR writer and reader: the examples of RFC 8949 appendix A, shortest forms, and malformed input.
#include <check.h>
#include <math.h>

#include "firmware/core/wire/mote_cbor.h"

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        unsigned v;
        ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
        out[n++] = (uint8_t)v;
    }
    return n;
}

static void assert_hex(const struct mote_cbor_writer *w, const char *hex)
{
    uint8_t want[64];
    size_t n = unhex(hex, want);
    ck_assert_int_eq(mote_cbor_finish(w), (int)n);
    ck_assert_mem_eq(w->out, want, n);
}

START_TEST(integers_match_rfc_examples)
{
    static const struct {
        uint64_t v;
        const char *hex;
    } uints[] = {{0, "00"},
                 {23, "17"},
                 {24, "1818"},
                 {100, "1864"},
                 {255, "18ff"},
                 {256, "190100"},
                 {1000, "1903e8"},
                 {65536, "1a00010000"},
                 {1000000, "1a000f4240"},
                 {UINT32_MAX, "1affffffff"},
                 {1000000000000, "1b000000e8d4a51000"},
                 {UINT64_MAX, "1bffffffffffffffff"}};
    for (size_t i = 0; i < ARRAY_LEN(uints); i++) {
        uint8_t b[16];
        struct mote_cbor_writer w;
        mote_cbor_writer_init(&w, b, sizeof(b));
        mote_cbor_put_uint(&w, uints[i].v);
        assert_hex(&w, uints[i].hex);
        struct mote_cbor_reader r;
        uint64_t v;
        mote_cbor_reader_init(&r, b, w.len);
        ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_OK);
        ck_assert_uint_eq(v, uints[i].v);
        ck_assert_int_eq(mote_cbor_end(&r), MOTE_OK);
    }
    static const struct {
        int64_t v;
        const char *hex;
    } ints[] = {{-1, "20"},
                {-10, "29"},
                {-100, "3863"},
                {-1000, "3903e7"},
                {INT64_MIN, "3b7fffffffffffffff"},
                {7, "07"}};
    for (size_t i = 0; i < ARRAY_LEN(ints); i++) {
        uint8_t b[16];
        struct mote_cbor_writer w;
        mote_cbor_writer_init(&w, b, sizeof(b));
        mote_cbor_put_int(&w, ints[i].v);
        assert_hex(&w, ints[i].hex);
        struct mote_cbor_reader r;
        int64_t v;
        mote_cbor_reader_init(&r, b, w.len);
        ck_assert_int_eq(mote_cbor_get_int(&r, &v), MOTE_OK);
        ck_assert_int_eq(v, ints[i].v);
    }
}
END_TEST

START_TEST(floats_take_their_shortest_form)
{
    static const struct {
        double v;
        const char *hex;
    } cases[] = {{0.0, "f90000"},
                 {-0.0, "f98000"},
                 {1.0, "f93c00"},
                 {1.5, "f93e00"},
                 {65504.0, "f97bff"},
                 {100000.0, "fa47c35000"},
                 {3.4028234663852886e+38, "fa7f7fffff"},
                 {1.1, "fb3ff199999999999a"},
                 {5.960464477539063e-8, "f90001"},
                 {0.00006103515625, "f90400"},
                 {-4.0, "f9c400"},
                 {-4.1, "fbc010666666666666"},
                 {1.401298464324817e-45, "fa00000001"},
                 {1.1754943508222875e-38, "fa00800000"},
                 {1e300, "fb7e37e43c8800759c"},
                 {5e-324, "fb0000000000000001"},
                 {INFINITY, "f97c00"},
                 {-INFINITY, "f9fc00"},
                 {NAN, "f97e00"},
                 {0.000030517578125, "f90200"},
                 {65536.0, "fa47800000"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t b[16];
        struct mote_cbor_writer w;
        mote_cbor_writer_init(&w, b, sizeof(b));
        mote_cbor_put_double(&w, cases[i].v);
        assert_hex(&w, cases[i].hex);
        struct mote_cbor_reader r;
        double v;
        mote_cbor_reader_init(&r, b, w.len);
        ck_assert_int_eq(mote_cbor_get_double(&r, &v), MOTE_OK);
        ck_assert(memcmp(&v, &cases[i].v, 8) == 0 || (isnan(v) && isnan(cases[i].v)));
        if (b[0] != 0xfb) {
            float f;
            mote_cbor_reader_init(&r, b, w.len);
            ck_assert_int_eq(mote_cbor_get_float(&r, &f), MOTE_OK);
            ck_assert((double)f == cases[i].v || isnan(f));
        }
    }
}
END_TEST

START_TEST(every_half_survives)
{
    for (unsigned half = 0; half < 65536; half++) {
        uint8_t in[3] = {0xf9, (uint8_t)(half >> 8), (uint8_t)half}, out[8];
        struct mote_cbor_reader r;
        struct mote_cbor_writer w;
        float f;
        mote_cbor_reader_init(&r, in, 3);
        ck_assert_int_eq(mote_cbor_get_float(&r, &f), MOTE_OK);
        if (isnan(f)) {
            continue;
        }
        mote_cbor_writer_init(&w, out, sizeof(out));
        mote_cbor_put_float(&w, f);
        ck_assert_int_eq(mote_cbor_finish(&w), 3);
        ck_assert_mem_eq(in, out, 3);
    }
}
END_TEST

START_TEST(containers_and_strings_match_rfc_examples)
{
    uint8_t b[64];
    struct mote_cbor_writer w;
    mote_cbor_writer_init(&w, b, sizeof(b));
    mote_cbor_put_map(&w, 2); // {"a": 1, "b": [2, h'03', true, null, 32("x")]}
    mote_cbor_put_text(&w, "a", 1);
    mote_cbor_put_uint(&w, 1);
    mote_cbor_put_text(&w, "b", 1);
    mote_cbor_put_array(&w, 5);
    mote_cbor_put_uint(&w, 2);
    mote_cbor_put_bytes(&w, "\3", 1);
    mote_cbor_put_bool(&w, true);
    mote_cbor_put_null(&w);
    mote_cbor_put_tag(&w, 32);
    mote_cbor_put_text(&w, "x", 1);
    assert_hex(&w, "a2616101616285024103f5f6d8206178");

    struct mote_cbor_reader r;
    mote_cbor_reader_init(&r, b, w.len);
    size_t n, len;
    const char *text;
    const uint8_t *bytes;
    uint64_t v;
    bool flag;
    ck_assert_int_eq(mote_cbor_peek(&r), MOTE_CBOR_MAP);
    mote_cbor_get_map(&r, &n);
    ck_assert_uint_eq(n, 2);
    mote_cbor_skip(&r);
    mote_cbor_skip(&r);
    mote_cbor_get_text(&r, &text, &len);
    ck_assert(len == 1 && text[0] == 'b');
    mote_cbor_get_array(&r, &n);
    ck_assert_uint_eq(n, 5);
    mote_cbor_get_uint_max(&r, 2, &v);
    mote_cbor_get_bytes(&r, &bytes, &len);
    ck_assert(len == 1 && bytes[0] == 3);
    mote_cbor_get_bool(&r, &flag);
    ck_assert(flag);
    mote_cbor_get_null(&r);
    mote_cbor_get_tag(&r, &v);
    ck_assert_uint_eq(v, 32);
    mote_cbor_skip(&r);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_OK);

    mote_cbor_reader_init(&r, b, w.len);
    ck_assert_int_eq(mote_cbor_skip(&r), MOTE_OK);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_OK);
}
END_TEST

START_TEST(malformed_input_is_refused_by_skip)
{
    static const char *const bad[] = {"",
                                      "18",
                                      "1c",
                                      "1f",
                                      "19ff",
                                      "1aff",
                                      "1b00",
                                      "1817",
                                      "190017",
                                      "1a0000ffff",
                                      "1b00000000ffffffff",
                                      "41",
                                      "5f",
                                      "5f41ff",
                                      "7f",
                                      "61",
                                      "81",
                                      "9f",
                                      "9f00ff",
                                      "a1",
                                      "a100",
                                      "bf",
                                      "a100a1",
                                      "d8",
                                      "c0",
                                      "f817",
                                      "f81f",
                                      "f8",
                                      "f9",
                                      "fa0000",
                                      "fb00",
                                      "ff",
                                      "fc",
                                      "fd",
                                      "fe",
                                      "9bffffffffffffffff",
                                      "bbffffffffffffffff",
                                      "5bffffffffffffffff",
                                      "bb8000000000000000",
                                      "8200",
                                      "a2000000"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t b[32];
        struct mote_cbor_reader r;
        mote_cbor_reader_init(&r, b, unhex(bad[i], b));
        ck_assert_msg(mote_cbor_skip(&r) == MOTE_E_FORMAT, "%s was accepted", bad[i]);
    }
}
END_TEST

START_TEST(nesting_needs_no_stack)
{
    static uint8_t deep[100000];
    memset(deep, 0x81, sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = 0;
    struct mote_cbor_reader r;
    mote_cbor_reader_init(&r, deep, sizeof(deep));
    ck_assert_int_eq(mote_cbor_skip(&r), MOTE_OK);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_OK);
    mote_cbor_reader_init(&r, deep, sizeof(deep) - 1);
    ck_assert_int_eq(mote_cbor_skip(&r), MOTE_E_FORMAT);
}
END_TEST

START_TEST(wrong_types_and_ranges_are_refused_and_remembered)
{
    uint8_t b[] = {0x61, 'x', 0x19, 1, 0};
    struct mote_cbor_reader r;
    uint64_t v = 9;
    mote_cbor_reader_init(&r, b, sizeof(b));
    ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_E_FORMAT);
    ck_assert_uint_eq(v, 0);
    ck_assert_int_eq(mote_cbor_peek(&r), MOTE_CBOR_NONE);
    ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_E_FORMAT);
    mote_cbor_reader_init(&r, b + 2, 3);
    ck_assert_int_eq(mote_cbor_get_uint_max(&r, 255, &v), MOTE_E_LIMIT);
    ck_assert_int_eq(mote_cbor_fail(&r, MOTE_E_FORMAT), MOTE_E_LIMIT);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_E_LIMIT);
    static const uint8_t wide[] = {0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0};
    int64_t i;
    mote_cbor_reader_init(&r, wide, sizeof(wide));
    ck_assert_int_eq(mote_cbor_get_int(&r, &i), MOTE_E_LIMIT);
    float f;
    static const uint8_t dbl[] = {0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
    mote_cbor_reader_init(&r, dbl, sizeof(dbl));
    ck_assert_int_eq(mote_cbor_get_float(&r, &f), MOTE_E_FORMAT);
    mote_cbor_reader_init(&r, b + 2, 2);
    ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_E_FORMAT);
    mote_cbor_reader_init(&r, "\x01\x02", 2);
    ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_OK);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_E_FORMAT);
}
END_TEST

START_TEST(lenient_reader_takes_long_forms)
{
    static const uint8_t b[] = {0x18, 5, 0x79, 0, 1, 'x'};
    struct mote_cbor_reader r;
    uint64_t v;
    const char *p;
    size_t len;
    mote_cbor_reader_init(&r, b, sizeof(b));
    r.lenient = true;
    ck_assert_int_eq(mote_cbor_get_uint(&r, &v), MOTE_OK);
    ck_assert_uint_eq(v, 5);
    ck_assert_int_eq(mote_cbor_get_text(&r, &p, &len), MOTE_OK);
    ck_assert_int_eq(mote_cbor_end(&r), MOTE_OK);
}
END_TEST

START_TEST(text_must_be_utf8)
{
    static const struct {
        const char *hex;
        bool good;
    } cases[] = {{"62c3bc", true},      {"63e6b0b4", true},    {"64f0908591", true},
                 {"62c080", false},     {"63eda080", false},   {"61ff", false},
                 {"61c3", false},       {"64f4908080", false}, {"63e08080", false},
                 {"64f0808080", false}, {"63e6b041", false},   {"60", true},
                 {"62c341", false},     {"64f48fbfbf", true},  {"63e6b0", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t b[8];
        struct mote_cbor_reader r;
        const char *p;
        size_t len;
        mote_cbor_reader_init(&r, b, unhex(cases[i].hex, b));
        ck_assert_msg((mote_cbor_get_text(&r, &p, &len) == MOTE_OK) == cases[i].good, "%s",
                      cases[i].hex);
    }
}
END_TEST

START_TEST(a_full_buffer_is_reported_and_never_overrun)
{
    for (size_t cap = 0; cap < 8; cap++) {
        uint8_t b[8];
        memset(b, 0xee, sizeof(b));
        struct mote_cbor_writer w;
        mote_cbor_writer_init(&w, b, cap);
        mote_cbor_put_uint(&w, 1000);
        mote_cbor_put_bytes(&w, "abcd", 4);
        ck_assert_int_eq(mote_cbor_finish(&w), MOTE_E_SPACE);
        for (size_t i = cap; i < sizeof(b); i++) {
            ck_assert_uint_eq(b[i], 0xee);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cbor");
    TCase *t = tcase_create("cbor");
    tcase_add_test(t, integers_match_rfc_examples);
    tcase_add_test(t, floats_take_their_shortest_form);
    tcase_add_test(t, every_half_survives);
    tcase_add_test(t, containers_and_strings_match_rfc_examples);
    tcase_add_test(t, malformed_input_is_refused_by_skip);
    tcase_add_test(t, nesting_needs_no_stack);
    tcase_add_test(t, wrong_types_and_ranges_are_refused_and_remembered);
    tcase_add_test(t, lenient_reader_takes_long_forms);
    tcase_add_test(t, text_must_be_utf8);
    tcase_add_test(t, a_full_buffer_is_reported_and_never_overrun);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
