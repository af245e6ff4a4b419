// Runs of the model in use on tensors that come over the network: what is answered, what is left
// out.
#include "common/err.h"
#include "common/hex.h"
#include "firmware/core/flash/mote_flash.h"
#include "tests/support/device_bench.h"

#include <check.h>

#define OPS_MAX 16

static struct bench b;
static struct kit_release one;
static uint8_t digest[MOTE_DIGEST_LEN];
static uint8_t input[64];
static size_t input_len, ops;
static uint32_t check[OPS_MAX]; // of each operator, by a run of our own

static void run_here(void)
{
    struct mote_nn nn;
    struct mote_nn_tensor t;
    int32_t index;
    _Alignas(16) static uint8_t arena[16384], file[16384];
    ck_assert_uint_le(one.model.len, sizeof file);
    memcpy(file, one.model.data, one.model.len);
    ck_assert_int_eq(
        mote_nn_open(&nn, file, one.model.len, &mote_nn_ops_all, 0, arena, sizeof arena, NULL),
        MOTE_OK);
    ck_assert_int_eq(mote_nn_input(&nn, 0, &t), MOTE_OK);
    input_len = t.bytes;
    ck_assert_uint_le(input_len, sizeof input);
    for (size_t i = 0; i < input_len; i++) {
        input[i] = (uint8_t)(37 * i + 11);
    }
    memcpy(t.data, input, input_len);
    ops = mote_nn_op_count(&nn);
    ck_assert_uint_le(ops, OPS_MAX);
    for (size_t i = 0; i < ops; i++) {
        ck_assert_int_eq(mote_nn_step(&nn, i), MOTE_OK);
        ck_assert_int_eq(mote_nn_op_output(&nn, i, &t, &index), MOTE_OK);
        check[i] = mote_crc32(0, t.data, t.bytes);
    }
}

static void setup(void)
{
    bench_init(&b);
    kit_release_init(&one, 1, 1000000, 1);
    kit_release_sign(&one, &b.kit.release);
    hex_sha256(digest, one.model.data, one.model.len);
    run_here();
    b.config.classify = true;
    bench_boot(&b);
    bench_run(&b, 500);
}

static void install(void)
{
    bench_publish_release(&b, &one, false);
    bench_desire(&b, &one);
    bench_run(&b, 6000);
}

static void teardown(void)
{
    kit_release_release(&one);
    bench_release(&b);
}

static void send(uint64_t id, size_t at, size_t len, bool last)
{
    uint8_t bytes[512], checks[4 * OPS_MAX];
    struct mote_tensors t = {
        .id = id, .total = (uint32_t)input_len, .at = (uint32_t)at, .data = input + at, .len = len};
    memcpy(t.model, digest, sizeof t.model);
    for (size_t i = 0; i < ops; i++) {
        mote_put32(checks + 4 * i, check[i]);
    }
    t.checks = last ? checks : NULL;
    t.checks_len = last ? 4 * ops : 0;
    int n = mote_tensors_encode(bytes, sizeof bytes, &t);
    ck_assert_int_gt(n, 0);
    bench_publish(&b, "d/dev-1/split/in", bytes, (size_t)n, false);
}

static void expect(uint64_t id, int status, const char *words)
{
    struct mote_reply r;
    bench_run(&b, 500);
    ck_assert_msg(bench_reply(&b, id, &r), "no reply; log:\n%s", b.log);
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)r.text.len, r.text.p);
    ck_assert_int_eq(r.status, status);
    ck_assert_msg(strstr(text, words) != NULL, "'%s' is not in '%s'", words, text);
}

START_TEST(the_same_bytes_are_said_to_be_the_same)
{
    char words[64];
    install();
    send(7, 0, 1, false);
    send(7, 0, 1, false); // came twice
    send(7, 1, input_len - 1, false);
    send(7, input_len, 0, true);
    snprintf(words, sizeof words, "operators %zu differs none last %u", ops, check[ops - 1]);
    expect(7, MOTE_OK, words);
    size_t replies = bench_count(&b, "reply");
    send(7, input_len, 0, true); // and this one
    bench_run(&b, 500);
    ck_assert_uint_eq(bench_count(&b, "reply"), replies);
}
END_TEST

START_TEST(the_first_operator_that_differs_is_named)
{
    install();
    check[ops - 1] ^= 1;
    send(8, 0, input_len, true);
    char words[32];
    snprintf(words, sizeof words, "differs %zu ", ops - 1);
    expect(8, MOTE_OK, words);
    check[0] ^= 1;
    send(9, 0, input_len, true);
    expect(9, MOTE_OK, "differs 0 ");
}
END_TEST

START_TEST(the_devices_own_windows_go_on_afterwards)
{
    install();
    send(7, 0, input_len, true);
    expect(7, MOTE_OK, "differs none");
    size_t events = bench_count(&b, "event");
    bench_run(&b, 6000);
    ck_assert_uint_gt(bench_count(&b, "event"), events);
}
END_TEST

START_TEST(parts_that_do_not_follow_stop_nothing)
{
    install();
    send(7, 0, 1, false);
    size_t events = bench_count(&b, "event");
    bench_run(&b, 16000);
    ck_assert_uint_gt(bench_count(&b, "event"), events);
}
END_TEST

START_TEST(what_cannot_run_is_refused_in_words)
{
    send(5, 0, input_len, true);
    expect(5, MOTE_E_NOT_FOUND, "no model");
    install();
    send(6, 1, input_len - 1, true);
    expect(6, MOTE_E_STATE, "did not come");
    digest[0] ^= 1;
    send(7, 0, input_len, true);
    expect(7, MOTE_E_MISMATCH, "another model");
    digest[0] ^= 1;
    ops--;
    send(8, 0, input_len, true);
    expect(8, MOTE_E_MISMATCH, "operators");
    ops++;
    input_len--;
    send(9, 0, input_len, true);
    expect(9, MOTE_E_MISMATCH, "another size");
}
END_TEST

START_TEST(parts_survive_their_bytes_and_nonsense_does_not)
{
    uint8_t bytes[512], checks[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct mote_tensors t = {.id = 77,
                             .total = 300,
                             .at = 100,
                             .data = input,
                             .len = 40,
                             .checks = checks,
                             .checks_len = 8},
                        back;
    memcpy(t.model, digest, sizeof t.model);
    int n = mote_tensors_encode(bytes, sizeof bytes, &t);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(mote_tensors_decode(&back, bytes, (size_t)n), MOTE_OK);
    ck_assert(back.id == 77 && back.total == 300 && back.at == 100 && back.len == 40 &&
              back.checks_len == 8 && memcmp(back.data, input, 40) == 0 &&
              memcmp(back.checks, checks, 8) == 0);
    for (int i = 0; i < n; i++) {
        ck_assert_int_ne(mote_tensors_decode(&back, bytes, (size_t)i), MOTE_OK); // cut
    }
    t.total = 139; // the part would go beyond the end
    n = mote_tensors_encode(bytes, sizeof bytes, &t);
    ck_assert_int_eq(mote_tensors_decode(&back, bytes, (size_t)n), MOTE_E_FORMAT);
    t.total = 300;
    t.checks_len = 7;
    ck_assert_int_eq(mote_tensors_encode(bytes, sizeof bytes, &t), MOTE_E_ARG);
    t.checks_len = 8;
    t.len = MOTE_TENSORS_MAX + 1;
    ck_assert_int_eq(mote_tensors_encode(bytes, sizeof bytes, &t), MOTE_E_ARG);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("remote");
    TCase *tc = tcase_create("runs");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_same_bytes_are_said_to_be_the_same);
    tcase_add_test(tc, the_first_operator_that_differs_is_named);
    tcase_add_test(tc, the_devices_own_windows_go_on_afterwards);
    tcase_add_test(tc, parts_that_do_not_follow_stop_nothing);
    tcase_add_test(tc, what_cannot_run_is_refused_in_words);
    tcase_add_test(tc, parts_survive_their_bytes_and_nonsense_does_not);
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
