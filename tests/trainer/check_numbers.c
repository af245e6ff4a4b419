// Regression end to end: labels that are numbers, a model that ships them in their own units, measures of error, the
// gate on it, and fine-tuning.
#include "common/err.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"

#include <check.h>
#include <jansson.h>
#include <math.h>

#define FRAMES 400
#define DEVICES 5
#define LEVELS 6

static struct trainer_kit kit;

// The louder it swings, the larger the number: 1000 and up, far from what a fresh network gives.
static void record(int device, int level, const char *label)
{
    int16_t x[FRAMES];
    char name[24];
    snprintf(name, sizeof(name), "tank-%d", device);
    for (int i = 0; i < FRAMES; i++) {
        x[i] = (int16_t)(100 * (1 + level) * sin(0.3 * i + device));
    }
    struct trainer_take t = {.device = name,
                             .stream = "acc",
                             .label = label,
                             .channels = 1,
                             .interval_ns = 10000000,
                             .scale = 0.001f,
                             .frames = x,
                             .count = FRAMES};
    trainer_kit_record(&kit, &t);
}

static void start(void)
{
    trainer_kit_make(&kit);
    for (int d = 0; d < DEVICES; d++) {
        for (int level = 0; level < LEVELS; level++) {
            char label[24];
            snprintf(label, sizeof(label), "%.1f", 1000 + 20.5 * level);
            record(d, level, label);
        }
        record(d, 0, "broken"); // no number: left out
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

static int train(const char *from, const char *more, json_t **report, struct err *e)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "[model]\nname = level\ntask = regress\n[data]\nstream = acc\nlabels = level\nwindow "
             "= 50 frames\nstride = 25 frames\n"
             "validate = 0\n[features]\nblock = flatten\n[network]\nhidden = 16\n[train]\nepochs = "
             "60\nrate = 0.01\n%s\n",
             more);
    const char *path = trainer_kit_file(&kit, "level.recipe", text);
    struct session_options o = {.recipe = path,
                                .project = kit.dir,
                                .from = from,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    return session_train(&o, report, e);
}

static double measure(const json_t *r, const char *kind, const char *key)
{
    return json_number_value(
        json_object_get(json_object_get(json_object_get(r, "test"), kind), key));
}

START_TEST(learns_numbers_in_their_own_units)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_msg(train(NULL, "", &r, &e) == OK, "%s", e.msg);
    ck_assert_int_gt(json_integer_value(json_object_get(r, "parity_windows")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(r, "parity_windows")),
                     json_integer_value(json_object_get(r, "parity_equal")));
    ck_assert_double_lt(measure(r, "float", "mean_error"), 5);
    ck_assert_double_lt(measure(r, "int8", "mean_error"), 7);
    ck_assert_double_gt(measure(r, "int8", "r2"), 0.95);
    ck_assert_int_gt(
        json_integer_value(json_object_get(json_object_get(r, "data"), "skipped_label")), 0);
    json_decref(r);
}
END_TEST

START_TEST(an_earlier_model_goes_on_where_it_was)
{
    struct err e = {0};
    json_t *r = NULL, *again = NULL;
    ck_assert_msg(train(NULL, "", &r, &e) == OK, "%s", e.msg);
    ck_assert_msg(train("last", "[finetune]\nepochs = 1\nrate = 1e-6", &again, &e) == OK, "%s",
                  e.msg);
    ck_assert_double_lt(
        fabs(measure(again, "float", "mean_error") - measure(r, "float", "mean_error")), 0.5);
    json_decref(r);
    json_decref(again);
}
END_TEST

START_TEST(the_gate_is_an_error)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train(NULL, "loss = huber\n[gates]\nerror = 0.0001", &r, &e), E_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "mean error"));
    json_decref(r);
}
END_TEST

START_TEST(losses_of_classes_are_refused)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train(NULL, "loss = focal", &r, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "mse or huber"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("numbers");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, learns_numbers_in_their_own_units);
    tcase_add_test(t, an_earlier_model_goes_on_where_it_was);
    tcase_add_test(t, the_gate_is_an_error);
    tcase_add_test(t, losses_of_classes_are_refused);
    Suite *s = suite_create("numbers");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
