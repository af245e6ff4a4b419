// Acquisition formats: the documented sample, round trips, and what must be refused. At the end each
// decoder eats mutations of good messages; under the sanitizers that is the fuzz run in short.
#include <check.h>

#include "common/acq/acq.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/recording.h"
#include "firmware/core/mote_port.h"

static struct err e;
static struct acq a;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define FAILS(call, status) ck_assert_msg((call) == (status), "%s: %d %s", #call, e.code, e.msg)

static void tear_down(void)
{
    acq_release(&a);
}

// The sample of the format's documentation, signed with the key beside it.
static const char ei_key[] = "fed53116f20684c067774ebf9e7bcbdc";
static const char ei_hex[] =
    "a36970726f746563746564a36376657262763163616c67654853323536636961741a5d3add3d697369676e61747572"
    "657840"
    "6230656530353732613139383462393362366263353665363537366532636262643662636364363564306333353665"
    "3236623331626263396134383231306336"
    "677061796c6f6164a56b6465766963655f6e616d657161633a38373a61333a30613a32643a31626b6465766963655f"
    "7479706573444953434f2d4c34373556472d494f543031416b696e74657276616c5f6d730a6773656e736f727383a2"
    "646e616d656461636358"
    "65756e697473646d2f7332a2646e616d65646163635965756e697473646d2f7332a2646e616d65646163635a65756e"
    "697473646d2f73326676616c7565739f83fac11cf5c3fa3cf5c28ffa3f9ae14883fac11d47aefa3d23d70afa3fa3d7"
    "0a83fac111eb85fa3cf5c28ffa3f9d70a483fac1123d71fa3c23d70af93d00ff";

static size_t golden(uint8_t *out)
{
    size_t len = strlen(ei_hex) / 2;
    ck_assert_int_eq(hex_decode(out, len, ei_hex), OK);
    return len;
}

static float value(size_t frame, unsigned channel)
{
    return mote_getf((const uint8_t *)a.item.raw + 4 * (frame * a.item.channels + channel));
}

START_TEST(the_documented_sample_is_read_and_its_signature_fits)
{
    uint8_t m[400];
    size_t len = golden(m);
    ck_assert_uint_eq(len, 344);
    OKAY(acq_read(&a, m, len, ei_key, &e));
    ck_assert(a.is_signed);
    ck_assert_str_eq(a.device, "ac:87:a3:0a:2d:1b");
    ck_assert_str_eq(a.item.stream, "acc");
    ck_assert_str_eq(a.item.channel_names, "accX,accY,accZ");
    ck_assert_str_eq(a.item.units, "m/s2");
    ck_assert_uint_eq(a.item.frames, 4);
    ck_assert_uint_eq(a.item.interval_ns, 10000000);
    ck_assert_float_eq(value(0, 0), -9.81f);
    ck_assert_float_eq(value(3, 2), 1.25f);
}
END_TEST

START_TEST(a_changed_byte_breaks_the_signature)
{
    uint8_t m[400];
    size_t len = golden(m);
    m[len - 3] ^= 1;
    FAILS(acq_read(&a, m, len, ei_key, &e), E_AUTH);
    OKAY(acq_read(&a, m, len, NULL, &e));
    ck_assert(!a.is_signed);
    acq_release(&a);
    m[len - 3] ^= 1;
    FAILS(acq_read(&a, m, len, "another key", &e), E_AUTH);
}
END_TEST

static int read_text(const char *text, const char *key)
{
    acq_release(&a);
    return acq_read(&a, (const uint8_t *)text, strlen(text), key, &e);
}

#define EI(alg, sig, payload)                                                                      \
    "{\"protected\":{\"ver\":\"v1\",\"alg\":\"" alg "\"}, \"signature\":\"" sig                    \
    "\",\"payload\":" payload "}"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

START_TEST(json_is_read_with_one_axis_and_with_several)
{
    OKAY(read_text(EI("none", "00",
                      "{\"device_type\":\"X\",\"interval_ms\":0.0625,\"sensors\":[{\"name\":"
                      "\"audio\",\"units\":\"wav\"}],"
                      "\"values\":[1,2.5,-3]}"),
                   ei_key));
    ck_assert_str_eq(a.item.stream, "mic");
    ck_assert_uint_eq(a.item.interval_ns, 62500);
    ck_assert_float_eq(value(1, 0), 2.5f);
    OKAY(read_text(EI("none", "",
                      "{\"interval_ms\":10,\"sensors\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
                      "\"values\":[[1,2],[3,4]]}"),
                   NULL));
    ck_assert_uint_eq(a.item.frames, 2);
    ck_assert_str_eq(a.item.stream, "data");
}
END_TEST

START_TEST(json_signatures_are_of_the_received_bytes)
{
    // HMAC-SHA256 by an independent program over the text with zeros and blanks as they stand here.
    static const char good[] =
        EI("HS256", "1c28d2f42093e90288fc57c2a279759e24a95419699c6b290c16af634d976251",
           "{\"interval_ms\":10,\"sensors\":[{\"name\":\"a\"}],\"values\":[1]}");
    OKAY(read_text(good, ei_key));
    ck_assert(a.is_signed);
    FAILS(read_text(good, "fed5"), E_AUTH);
    OKAY(read_text(good, NULL));
    FAILS(read_text(EI("RS512", ZEROS, "{}"), ei_key), E_AUTH);
}
END_TEST

START_TEST(bad_acquisitions_are_refused)
{
    FAILS(read_text("", NULL), E_FORMAT);
    FAILS(read_text("hello", NULL), E_FORMAT);
    FAILS(read_text("{", NULL), E_FORMAT);
    FAILS(read_text("{\"protected\":{\"ver\":\"v2\"}}", NULL), E_FORMAT);
    FAILS(read_text(EI("none", "", "{\"interval_ms\":10,\"sensors\":[],\"values\":[]}"), NULL),
          E_FORMAT);
    FAILS(read_text(
              EI("none", "", "{\"interval_ms\":10,\"sensors\":[{\"name\":\"a\"}],\"values\":[]}"),
              NULL),
          E_FORMAT);
    FAILS(read_text(EI("none", "",
                       "{\"interval_ms\":10,\"sensors\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
                       "\"values\":[[1]]}"),
                    NULL),
          E_FORMAT);
    FAILS(read_text(
              EI("none", "", "{\"interval_ms\":-1,\"sensors\":[{\"name\":\"a\"}],\"values\":[1]}"),
              NULL),
          E_FORMAT);
    FAILS(read_text(EI("none", "",
                       "{\"interval_ms\":1,\"sensors\":[{\"name\":\"a\"}],\"values\":[\"x\"]}"),
                    NULL),
          E_FORMAT);
}
END_TEST

// {protected:{ver:v1,alg:none},signature:"00",payload:{device_type:X,interval_ms:0.0625,sensors:[{name:audio,units:wav}],
// values:["Ref-BINARY-i16"]}} and three samples behind it.
static size_t binary_tail(uint8_t *m)
{
    static const char head[] =
        "a36970726f746563746564a26376657262763163616c67646e6f6e65697369676e617475726562303067706179"
        "6c6f6164a4"
        "6b6465766963655f7479706561586b696e74657276616c5f6d73fb3fb00000000000006773656e736f727381a2"
        "646e616d65656175"
        "64696f65756e697473637761766676616c7565739f6e5265662d42494e4152592d693136ff";
    size_t len = strlen(head) / 2;
    ck_assert_int_eq(hex_decode(m, len, head), OK);
    mote_put16(m + len, 1000);
    mote_put16(m + len + 2, (uint16_t)-2);
    mote_put16(m + len + 4, 3);
    return len + 6;
}

START_TEST(a_binary_tail_keeps_its_type)
{
    uint8_t m[400];
    size_t len = binary_tail(m);
    OKAY(acq_read(&a, m, len, NULL, &e));
    ck_assert_uint_eq(a.item.type, MOTE_I16);
    ck_assert_uint_eq(a.item.frames, 3);
    ck_assert_int_eq((int16_t)mote_get16((const uint8_t *)a.item.raw + 2), -2);
    acq_release(&a);
    FAILS(acq_read(&a, m, len - 1, NULL, &e), E_FORMAT);
    FAILS(acq_read(&a, m, len - 6, NULL, &e), E_FORMAT);
}
END_TEST

START_TEST(senml_resolves_base_fields)
{
    OKAY(read_text("[{\"bn\":\"urn:dev:ow:10e2:\",\"bt\":1.276e9,\"bu\":\"m/"
                   "s2\",\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"v\":2},"
                   "{\"n\":\"y\",\"t\":0.5,\"v\":4,\"u\":\"m/"
                   "s2\"},{\"n\":\"x\",\"t\":0.5,\"v\":3},{\"n\":\"z\",\"vs\":\"text\"}]",
                   NULL));
    ck_assert_str_eq(a.device, "urn:dev:ow:10e2");
    ck_assert_str_eq(a.item.channel_names, "x,y");
    ck_assert_uint_eq(a.item.frames, 2);
    ck_assert_uint_eq(a.item.interval_ns, 500000000);
    ck_assert_float_eq(value(1, 0), 3);
    ck_assert_float_eq(value(1, 1), 4);
}
END_TEST

START_TEST(senml_that_makes_no_frames_is_refused)
{
    FAILS(read_text("[]", NULL), E_FORMAT);
    FAILS(read_text("[{\"n\":\"a\",\"v\":1,\"x_\":2}]", NULL), E_FORMAT);
    FAILS(read_text("[{\"bver\":11,\"n\":\"a\",\"v\":1}]", NULL), E_FORMAT);
    FAILS(read_text("[{\"v\":1}]", NULL), E_FORMAT);
    FAILS(read_text("[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1,\"t\":1}]", NULL), E_FORMAT);
    FAILS(read_text(
              "[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":1,\"t\":1},{\"n\":\"a\",\"v\":1,\"t\":5}]",
              NULL),
          E_FORMAT);
}
END_TEST

START_TEST(senml_in_cbor_is_read)
{
    // [{-2:"d/",-3:10,0:"t",2:20.5},{0:"t",6:1,2:21}], RFC 8428 section 6 labels
    static const uint8_t m[] = {0x82, 0xa4, 0x21, 0x62, 'd',  '/',  0x22, 10,
                                0x00, 0x61, 't',  0x02, 0xf9, 0x4d, 0x20, 0xa3,
                                0x00, 0x61, 't',  0x02, 21,   0x06, 0x01};
    OKAY(acq_read(&a, m, sizeof m, NULL, &e));
    ck_assert_str_eq(a.device, "d");
    ck_assert_uint_eq(a.item.frames, 2);
    ck_assert_uint_eq(a.item.interval_ns, 1000000000);
    ck_assert_float_eq(value(0, 0), 20.5f);
}
END_TEST

START_TEST(mutated_messages_never_hurt)
{
    static const char *const texts[] = {
        EI("none", "",
           "{\"interval_ms\":10,\"sensors\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"values\":[[1,2],["
           "3,4]]}"),
        "[{\"bn\":\"d:\",\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"v\":2},{\"n\":\"y\",\"t\":0.5,\"v\":4}"
        ",{\"n\":\"x\",\"t\":0.5,\"v\":3}]"};
    uint8_t seed[4][400], m[400];
    size_t len[4] = {golden(seed[0]), binary_tail(seed[1]), strlen(texts[0]), strlen(texts[1])};
    uint64_t x = 88172645463325252u;
    memcpy(seed[2], texts[0], len[2]);
    memcpy(seed[3], texts[1], len[3]);
    for (int i = 0; i < 40000; i++) {
        size_t n = len[i % 4];
        memcpy(m, seed[i % 4], n);
        for (int k = 0; k < 1 + i % 5; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            m[x % n] = (uint8_t)(x >> 32);
        }
        n = x >> 60 ? n : x % n;
        int rc = acq_read(&a, m, n, i % 3 ? NULL : ei_key, &e);
        ck_assert(rc <= 0);
        ck_assert(rc < 0 ||
                  (a.item.frames > 0 && a.item.channels > 0 && a.item.channels <= DS_MAX_CHANNELS));
        acq_release(&a);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("acq");
    TCase *t = tcase_create("acq");
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, the_documented_sample_is_read_and_its_signature_fits);
    tcase_add_test(t, a_changed_byte_breaks_the_signature);
    tcase_add_test(t, json_is_read_with_one_axis_and_with_several);
    tcase_add_test(t, json_signatures_are_of_the_received_bytes);
    tcase_add_test(t, bad_acquisitions_are_refused);
    tcase_add_test(t, a_binary_tail_keeps_its_type);
    tcase_add_test(t, senml_resolves_base_fields);
    tcase_add_test(t, senml_that_makes_no_frames_is_refused);
    tcase_add_test(t, senml_in_cbor_is_read);
    tcase_add_test(t, mutated_messages_never_hurt);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
