// converter/cvt_inspect, cvt_run, cvt_array: reports, runs and C files of known models.
#include <check.h>

#include "common/board/board.h"
#include "common/err.h"
#include "common/tflite/reader.h"
#include "converter/cvt_array.h"
#include "converter/cvt_inspect.h"
#include "converter/cvt_model.h"
#include "converter/cvt_run.h"

static const char *golden(const char *name)
{
    static char path[IO_PATH_MAX];
    const char *shared = getenv("MOTELOOP_SHARED");
    snprintf(path, sizeof path, "%s/golden/%s", shared ? shared : "../shared", name);
    return path;
}

static struct cvt_model load(const char *name)
{
    struct cvt_model m;
    struct err e = {0};
    ck_assert_msg(cvt_model_open(&m, golden(name), NULL, &e) == OK, "%s", e.msg);
    return m;
}

START_TEST(a_report_names_operators_memory_and_boards)
{
    struct cvt_model m = load("kws_ref_model.tflite");
    struct cvt_inspect_options o = {.every_ms = 10000, .battery_mah = 1000};
    struct err e = {0};
    json_t *report;
    size_t boards;
    (void)board_table(&boards);
    ck_assert_msg(cvt_inspect(&m, &o, &report, &e) == OK, "%s", e.msg);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "operators")), 13);
    ck_assert_int_eq((int64_t)json_real_value(json_object_get(report, "macs")),
                     2656768); // the published figure: 2.657 million
    ck_assert_uint_eq(json_array_size(json_object_get(report, "boards")), boards);
    ck_assert(json_is_null(json_object_get(report, "pipeline")));
    json_decref(report);
    o.board = "pico";
    ck_assert_int_eq(cvt_inspect(&m, &o, &report, &e), OK);
    const json_t *pico = json_array_get(json_object_get(report, "boards"), 0);
    ck_assert(json_is_true(json_object_get(pico, "fits")));
    ck_assert_double_gt(json_real_value(json_object_get(pico, "ms")), 0);
    json_decref(report);
    o.board = "abacus";
    ck_assert_int_eq(cvt_inspect(&m, &o, &report, &e), E_NOT_FOUND);
    cvt_model_release(&m);
}
END_TEST

START_TEST(a_model_too_large_says_what_is_missing)
{
    struct cvt_model m = load("vww_96_int8.tflite");
    struct cvt_inspect_options o = {.board = "nano-33-iot", .every_ms = 1000, .battery_mah = 1000};
    struct err e = {0};
    json_t *report;
    ck_assert_int_eq(cvt_inspect(&m, &o, &report, &e), OK);
    const json_t *board = json_array_get(json_object_get(report, "boards"), 0);
    ck_assert(json_is_false(json_object_get(board, "fits")));
    const char *lacks = json_string_value(json_object_get(board, "lacks"));
    ck_assert_msg(strstr(lacks, "bytes of RAM, it has 32768; ") && strstr(lacks, "bytes of flash"),
                  "%s", lacks);
    json_decref(report);
    cvt_model_release(&m);
}
END_TEST

START_TEST(what_the_runtime_refuses_is_still_reported)
{
    struct cvt_model m = load("hello_world_int8.tflite");
    struct cvt_inspect_options o = {.every_ms = 1000, .battery_mah = 1000};
    struct tflite_model t;
    struct err e = {0};
    struct buf file = {0};
    json_t *report;
    ck_assert_int_eq(tflite_read(&t, m.file, m.len, &e), OK);
    // An input that no operator's weights fit.
    struct tflite_tensor *x = (struct tflite_tensor *)(uintptr_t)&t.graph.tensor[t.graph.input[0]];
    x->dims[1] = 5;
    ck_assert_msg(tflite_write(&t.graph, &file, &e) == OK, "%s", e.msg);
    struct cvt_model odd = {.file = cvt_arena(file.len), .len = file.len};
    memcpy(odd.file, file.data, file.len);
    ck_assert_msg(cvt_inspect(&odd, &o, &report, &e) == OK, "%s", e.msg);
    const char *why = json_string_value(json_object_get(report, "refused"));
    ck_assert_msg(why && strstr(why, "operator 0 FULLY_CONNECTED"), "%s",
                  why ? why : "it was not refused");
    ck_assert_ptr_null(json_object_get(report, "boards"));
    json_decref(report);
    tflite_model_release(&t);
    buf_release(&file);
    cvt_model_release(&odd);
    cvt_model_release(&m);
}
END_TEST

START_TEST(runs_start_from_fresh_state)
{
    struct cvt_model m = load("trained_lstm_int8.tflite");
    struct cvt_run r;
    struct err e = {0};
    struct buf in = {0}, want = {0}, out = {0};
    ck_assert_int_eq(io_read_file(golden("trained_lstm_int8.s0.in"), 1 << 20, &in, &e), OK);
    ck_assert_int_eq(io_read_file(golden("trained_lstm_int8.s0.out"), 1 << 20, &want, &e), OK);
    ck_assert_msg(cvt_run_open(&r, &m, 0, &e) == OK, "%s", e.msg);
    ck_assert_uint_eq(r.in_bytes, in.len);
    r.in = in.data;
    for (int i = 0; i < 3; i++) {
        buf_clear(&out);
        ck_assert(cvt_run_feed(&r, &e) == OK && cvt_run_invoke(&r, &e) == OK &&
                  cvt_run_collect(&r, &out, &e) == OK);
        ck_assert_uint_eq(out.len, want.len);
        ck_assert_mem_eq(out.data, want.data, want.len);
    }
    cvt_run_close(&r);
    buf_release(&in);
    buf_release(&want);
    buf_release(&out);
    cvt_model_release(&m);
}
END_TEST

START_TEST(a_c_array_holds_every_byte)
{
    struct cvt_model m = load("hello_world_int8.tflite");
    struct buf text = {0};
    struct err e = {0};
    ck_assert_int_eq(cvt_array_write(&m, "0bad", &text, &e), E_USAGE);
    ck_assert_msg(cvt_array_write(&m, "hello", &text, &e) == OK, "%s", e.msg);
    size_t n = 0;
    for (const char *at = strchr(text.data, '{'); (at = strstr(at, "0x")) != NULL; at += 4, n++) {
        ck_assert_uint_lt(n, m.len);
        ck_assert_uint_eq(strtoul(at, NULL, 16), m.file[n]);
    }
    ck_assert_uint_eq(n, m.len);
    ck_assert_ptr_nonnull(strstr(text.data, "const size_t hello_len = 2704;"));
    buf_release(&text);
    cvt_model_release(&m);
}
END_TEST

// The operators of the golden models against what make bench-cost counted. SOFTMAX depends on the
// scores that it is given, which no model of shapes can know.
START_TEST(every_operator_is_estimated_within_a_tenth)
{
    char path[IO_PATH_MAX], isa[32], model[64], name[64], last[64] = "";
    json_t *report = NULL;
    size_t number, lines = 0;
    double count;
    snprintf(path, sizeof path, "%s/tests/golden/cost-counted.txt", getenv("MOTELOOP_SRC"));
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fscanf(f, "#%*[^\n]"), 0);
    while (fscanf(f, "%31s %63s %zu %63s %lf", isa, model, &number, name, &count) == 5) {
        if (strcmp(model, last) != 0) {
            struct cvt_model m = load(model);
            struct cvt_inspect_options o = {.every_ms = 1000, .battery_mah = 1000};
            struct err e = {0};
            json_decref(report);
            ck_assert_msg(cvt_inspect(&m, &o, &report, &e) == OK, "%s", e.msg);
            cvt_model_release(&m);
            snprintf(last, sizeof last, "%s", model);
        }
        const json_t *op = json_array_get(json_object_get(report, "operators"), number);
        double estimate =
            json_real_value(json_object_get(json_object_get(op, "instructions"), isa));
        lines++;
        ck_assert_msg(strcmp(name, "SOFTMAX") == 0 ||
                          (estimate < 1.1 * count && estimate > 0.9 * count),
                      "%s: operator %zu %s of %s: estimated %.0f, counted %.0f", isa, number, name,
                      model, estimate, count);
    }
    fclose(f);
    json_decref(report);
    ck_assert_uint_gt(lines, 390);
}
END_TEST

START_TEST(battery_life_follows_from_duty)
{
    const struct board *b = board_find("teensy40");
    ck_assert_ptr_nonnull(b);
    ck_assert_double_eq(board_days(b, 20, 10, 1000), 0);             // cannot keep up
    ck_assert_double_eq_tol(board_days(b, 10, 10, 2400), 1.0, 1e-9); // always at 100 mA
    ck_assert_double_eq_tol(board_ms(b, 600e6), 1000 * b->cycles_per_instruction, 1e-6);
    ck_assert_double_eq_tol(board_mj(b, 1000), 500, 1e-9);
    ck_assert_ptr_null(board_find("abacus"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *plain = tcase_create("board");
    tcase_add_test(plain, battery_life_follows_from_duty);
    suite_add_tcase(suite, plain);
    if (io_exists(golden("kws_ref_model.tflite"))) {
        TCase *t = tcase_create("golden");
        tcase_add_test(t, every_operator_is_estimated_within_a_tenth);
        tcase_add_test(t, a_report_names_operators_memory_and_boards);
        tcase_add_test(t, a_model_too_large_says_what_is_missing);
        tcase_add_test(t, what_the_runtime_refuses_is_still_reported);
        tcase_add_test(t, runs_start_from_fresh_state);
        tcase_add_test(t, a_c_array_holds_every_byte);
        suite_add_tcase(suite, t);
    } else {
        printf("SKIP: no golden models at '%s'\n", golden(""));
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
