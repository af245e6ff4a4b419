// Folds: every group is tested on exactly once, none is on both sides, and too few groups are an error that says so.
#include "common/err.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"

#include <check.h>
#include <jansson.h>
#include <math.h>

#define DEVICES 5

static struct trainer_kit kit;

static void record(int device, const char *label)
{
    int16_t x[200];
    char name[24];
    snprintf(name, sizeof(name), "d%d", device);
    for (int i = 0; i < 200; i++) {
        x[i] = (int16_t)(1000 * sin(0.1 * i * (label[0] - '`')));
    }
    struct trainer_take t = {.device = name,
                             .stream = "acc",
                             .label = label,
                             .channels = 1,
                             .interval_ns = 10000000,
                             .scale = 0.001f,
                             .frames = x,
                             .count = 200};
    trainer_kit_record(&kit, &t);
}

static void start(void)
{
    trainer_kit_make(&kit);
    for (int d = 0; d < DEVICES; d++) {
        record(d, "a");
        record(d, "b");
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

static int train(size_t fold, size_t folds, json_t **report, struct err *e)
{
    const char *path =
        trainer_kit_file(&kit, "t.recipe",
                         "[data]\nstream = acc\nwindow = 50 frames\nstride = 25 frames\n"
                         "[network]\nhidden = 8\n[train]\nepochs = 2\n");
    struct session_options o = {.recipe = path,
                                .project = kit.dir,
                                .seed = 3,
                                .threads = 1,
                                .quiet = true,
                                .in_folds = true,
                                .fold = fold,
                                .folds = folds};
    return session_train(&o, report, e);
}

static bool holds(const json_t *list, int device)
{
    size_t i;
    json_t *g;
    char name[24];
    snprintf(name, sizeof(name), "d%d", device);
    json_array_foreach(list, i, g) {
        if (strcmp(json_string_value(g), name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_folds(size_t folds, size_t rounds)
{
    int tested[DEVICES] = {0};
    for (size_t fold = 0; fold < rounds; fold++) {
        struct err e = {0};
        json_t *r = NULL;
        ck_assert_msg(train(fold, folds, &r, &e) == OK, "%s", e.msg);
        const json_t *data = json_object_get(r, "data");
        ck_assert_int_eq(json_integer_value(json_object_get(data, "groups")), DEVICES);
        for (int d = 0; d < DEVICES; d++) {
            int sides = holds(json_object_get(data, "test_groups"), d) +
                        holds(json_object_get(data, "train_groups"), d) +
                        holds(json_object_get(data, "validate_groups"), d);
            ck_assert_int_eq(sides, 1);
            tested[d] += holds(json_object_get(data, "test_groups"), d);
        }
        json_decref(r);
    }
    for (int d = 0; d < DEVICES; d++) {
        ck_assert_int_eq(tested[d], 1);
    }
}

START_TEST(every_group_is_tested_once)
{
    check_folds(2, 2);
    check_folds(3, 3);
}
END_TEST

START_TEST(leaving_one_out_tests_each_alone)
{
    check_folds(0, DEVICES);
}
END_TEST

START_TEST(more_folds_than_groups)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train(0, DEVICES + 1, &r, &e), E_STATE);
    ck_assert_ptr_nonnull(strstr(e.msg, "too few for 6 folds"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("folds");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, every_group_is_tested_once);
    tcase_add_test(t, leaving_one_out_tests_each_alone);
    tcase_add_test(t, more_folds_than_groups);
    Suite *s = suite_create("folds");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
