// Recipes: strict reading, and what bad data is told.
#include "common/err.h"
#include "tests/support/trainer_kit.h"
#include "trainer/recipe.h"
#include "trainer/session.h"

#include <check.h>
#include <math.h>

static void refused(const char *text, const char *words)
{
    struct recipe r;
    struct err e = {0};
    ck_assert_int_ne(recipe_parse(&r, "x.recipe", text, strlen(text), &e), OK);
    ck_assert_msg(strstr(e.msg, words) != NULL, "'%s' does not say '%s'", e.msg, words);
    recipe_release(&r);
}

START_TEST(unknown_key_names_the_nearest)
{
    refused("[data]\nstream = acc\nwindw = 1s\n",
            "x.recipe:3: [data] windw: unknown key, did you mean 'window'?");
    refused("[data]\nstream = acc\n[train]\nepoch = 3\n", "did you mean 'epochs'");
}
END_TEST

START_TEST(bad_values_are_named)
{
    refused("[data]\nstream = acc\nwindow = 1.28\n", "not a time");
    refused("[data]\nstream = acc\n[network]\ntype = mpl\n", "'mpl' is none of: mlp");
    refused("[data]\nstream = acc\n[features]\nblock = spectrl\n", "is no block");
    refused("[data]\nstream = acc\n[features]\nblock = raw\nfft = 64\n",
            "block 'raw' does not use it");
    refused("[data]\nstream = acc\n[train]\nrate = fast\n", "not a number");
    refused("[data]\nwindow = 1s\n", "stream is missing");
    refused("[data]\nstream = a\nstream = b\n", "given twice");
}
END_TEST

START_TEST(spans_become_frames)
{
    struct recipe r;
    struct err e = {0};
    const char *text = "[data]\nstream = acc\nwindow = 1.28s\nstride = 32 frames\n";
    ck_assert_int_eq(recipe_parse(&r, "x", text, strlen(text), &e), OK);
    ck_assert_int_eq(recipe_frames(&r.window, 10000000), 128);
    ck_assert_int_eq(recipe_frames(&r.stride, 10000000), 32);
    recipe_release(&r);
    text = "[data]\nstream = csv\nwindow = whole\n";
    ck_assert_int_eq(recipe_parse(&r, "x", text, strlen(text), &e), OK);
    ck_assert_int_eq(recipe_frames(&r.window, 10000000), RECIPE_WHOLE);
    recipe_release(&r);
}
END_TEST

static struct trainer_kit kit;

static void start(void)
{
    trainer_kit_make(&kit);
}
static void stop(void)
{
    trainer_kit_remove(&kit);
}

static void record(const char *device, const char *label, size_t frames)
{
    int16_t x[400];
    for (size_t i = 0; i < frames; i++) {
        x[i] = (int16_t)(1000 * sin(0.1 * (double)i * (label[0] - '`')));
    }
    struct trainer_take t = {.device = device,
                             .stream = "acc",
                             .label = label,
                             .channels = 1,
                             .interval_ns = 10000000,
                             .scale = 0.001f,
                             .frames = x,
                             .count = frames};
    trainer_kit_record(&kit, &t);
}

static int train_text(const char *data, const char *more, struct err *e)
{
    char text[512];
    json_t *report = NULL;
    snprintf(text, sizeof(text),
             "[data]\nstream = acc\n%s%s\n[network]\nhidden = 8\n[train]\nepochs = 3\n", data,
             more);
    const char *path = trainer_kit_file(&kit, "t.recipe", text);
    struct session_options o = {.recipe = path,
                                .project = kit.dir,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    int rc = session_train(&o, &report, e);
    json_decref(report);
    return rc;
}

static int train(const char *more, struct err *e)
{
    return train_text("window = 50 frames\nstride = 25 frames\n", more, e);
}

static int train_window(const char *window, struct err *e)
{
    char data[64];
    snprintf(data, sizeof(data), "window = %s\n", window);
    return train_text(data, "group = recording", e);
}

START_TEST(no_labels_is_nothing_to_do)
{
    struct err e = {0};
    ck_assert_int_eq(train("", &e), E_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "label some first"));
}
END_TEST

START_TEST(one_group_is_not_enough)
{
    struct err e = {0};
    record("d1", "a", 200);
    record("d1", "b", 200);
    ck_assert_int_eq(train("", &e), E_STATE);
    ck_assert_ptr_nonnull(strstr(e.msg, "too few"));
}
END_TEST

START_TEST(window_longer_than_recordings)
{
    struct err e = {0};
    record("d1", "a", 40);
    record("d2", "b", 40);
    ck_assert_int_eq(train("", &e), E_STATE);
    ck_assert_ptr_nonnull(strstr(e.msg, "shorter than 50 frames"));
}
END_TEST

START_TEST(a_table_row_is_a_window)
{
    struct err e = {0};
    for (int i = 0; i < 5; i++) {
        record("d1", "a", 7);
        record("d2", "b", 7);
    }
    ck_assert_msg(train("group = recording", &e) != OK, "rows of 7 values are no window of 50");
    ck_assert_msg(train_window("whole", &e) == OK, "%s", e.msg);
}
END_TEST

START_TEST(class_without_windows)
{
    struct err e = {0};
    for (int i = 0; i < 5; i++) {
        record("d1", "a", 200);
        record("d2", "b", 200);
    }
    ck_assert_int_eq(train("labels = a, b, c\ngroup = recording", &e), E_STATE);
    ck_assert_ptr_nonnull(strstr(e.msg, "class 'c' has no windows"));
}
END_TEST

START_TEST(gates_refuse)
{
    struct err e = {0};
    for (int i = 0; i < 5; i++) {
        record("d1", "a", 200);
        record("d2", "b", 200);
    }
    ck_assert_msg(train("group = recording", &e) == OK, "%s", e.msg);
    ck_assert_int_eq(train("group = recording\n[limits]\nflash = 100", &e), E_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "flash allows 100"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("recipe"), *d = tcase_create("data");
    tcase_add_test(t, unknown_key_names_the_nearest);
    tcase_add_test(t, bad_values_are_named);
    tcase_add_test(t, spans_become_frames);
    tcase_add_checked_fixture(d, start, stop);
    tcase_add_test(d, no_labels_is_nothing_to_do);
    tcase_add_test(d, one_group_is_not_enough);
    tcase_add_test(d, window_longer_than_recordings);
    tcase_add_test(d, a_table_row_is_a_window);
    tcase_add_test(d, class_without_windows);
    tcase_add_test(d, gates_refuse);
    Suite *s = suite_create("recipe");
    suite_add_tcase(s, t);
    suite_add_tcase(s, d);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
