// Training from a dataset version: its windows and splits, its digest in the model, and what cannot be.
#include "common/err.h"
#include "common/store/store_dataset.h"
#include "common/store/store_sample.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"

#include <check.h>
#include <jansson.h>
#include <math.h>

#define DEVICES 4
#define FRAMES 400
#define INTERVAL_NS 10000000
#define SECOND 1000000

static struct trainer_kit kit;
static struct {
    int64_t rec_id;
    char device[24];
    const char *label;
} take[2 * DEVICES];

static void start(void)
{
    trainer_kit_make(&kit);
    for (int n = 0; n < 2 * DEVICES; n++) {
        int16_t x[FRAMES];
        take[n].label = n % 2 ? "fast" : "slow";
        snprintf(take[n].device, sizeof(take[n].device), "d%d", n / 2);
        for (int i = 0; i < FRAMES; i++) {
            x[i] = (int16_t)(1000 * sin((n % 2 ? 0.9 : 0.2) * i + n));
        }
        struct trainer_take t = {.device = take[n].device,
                                 .stream = "acc",
                                 .label = take[n].label,
                                 .channels = 1,
                                 .interval_ns = INTERVAL_NS,
                                 .scale = 0.001f,
                                 .frames = x,
                                 .count = FRAMES};
        take[n].rec_id = trainer_kit_record(&kit, &t);
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

struct first {
    int64_t rec_id, start_us;
};

static int on_recording(void *ctx, const struct store_recording *r)
{
    struct first *f = ctx;
    f->start_us = r->rec_id == f->rec_id ? r->start_us : f->start_us;
    return 0;
}

static int64_t start_of(int64_t rec_id)
{
    struct err e = {0};
    struct first f = {rec_id, 0};
    struct store_recording_filter all = {.stream = "acc"};
    ck_assert_msg(store_recording_walk(kit.store, &all, on_recording, &f, &e) == OK, "%s", e.msg);
    return f.start_us;
}

// Two windows of a second each from every recording; device 2 is watched, device 3 judged on.
static void make_version(const char *stream, int64_t length_us, char digest[STORE_DIGEST_TEXT])
{
    static const char *const side[DEVICES] = {"train", "train", "validation", "test"};
    struct store_dataset_item item[4 * DEVICES];
    struct err e = {0};
    for (int n = 0; n < 4 * DEVICES; n++) {
        int64_t at = start_of(take[n / 2].rec_id) + (n % 2) * 2 * SECOND;
        item[n] = (struct store_dataset_item){.rec_id = take[n / 2].rec_id,
                                              .start_us = at,
                                              .end_us = at + length_us,
                                              .stream = stream,
                                              .label = take[n / 2].label,
                                              .split = side[n / 4],
                                              .grp = take[n / 2].device};
    }
    ck_assert_msg(store_dataset_put(kit.store, "mine", "page", item, 4 * DEVICES, digest, &e) == OK,
                  "%s", e.msg);
}

static int train(const char *digest, size_t digits, const char *more, json_t **report,
                 struct err *e)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "[model]\nname = speed\n[data]\nstream = acc\ndataset = %.*s\nwindow = 100 "
             "frames\nstride = 50 frames\n%s\n"
             "[features]\nblock = flatten\n[network]\nhidden = 8\n[train]\nepochs = 5\n",
             (int)digits, digest, more);
    struct session_options o = {.recipe = trainer_kit_file(&kit, "t.recipe", text),
                                .project = kit.dir,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    return session_train(&o, report, e);
}

static int64_t count(const json_t *r, const char *split)
{
    return json_integer_value(json_object_get(json_object_get(r, "data"), split));
}

static int on_version(void *ctx, const struct store_dataset *d)
{
    (void)d;
    ++*(int *)ctx;
    return 0;
}

START_TEST(its_windows_and_splits_are_taken)
{
    struct err e = {0};
    json_t *r = NULL;
    char digest[STORE_DIGEST_TEXT];
    int versions = 0;
    make_version("acc", SECOND, digest);
    ck_assert_msg(train(digest, 10, "", &r, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(count(r, "windows"), 16);
    ck_assert_int_eq(count(r, "train"), 8);
    ck_assert_int_eq(count(r, "validate"), 4);
    ck_assert_int_eq(count(r, "test"), 4);
    const json_t *test = json_object_get(json_object_get(r, "data"), "test_groups");
    ck_assert_str_eq(json_string_value(json_array_get(test, 0)), "d3");
    ck_assert_str_eq(json_string_value(json_object_get(r, "dataset")), digest);
    ck_assert_int_eq(store_dataset_walk(kit.store, on_version, &versions, &e), OK);
    ck_assert_int_eq(versions, 1); // no other was made of it
    json_decref(r);
}
END_TEST

START_TEST(longer_stretches_are_cut)
{
    struct err e = {0};
    json_t *r = NULL;
    char digest[STORE_DIGEST_TEXT];
    make_version("acc", 2 * SECOND, digest);
    ck_assert_msg(train(digest, 64, "", &r, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(count(r, "windows"), 48); // three a stretch
    ck_assert_int_eq(count(r, "test"), 12);
    json_decref(r);
}
END_TEST

START_TEST(other_names_make_another_version)
{
    struct err e = {0};
    json_t *r = NULL;
    char digest[STORE_DIGEST_TEXT];
    make_version("acc", SECOND, digest);
    ck_assert_msg(train(digest, 64, "rename = slow=idle", &r, &e) == OK, "%s", e.msg);
    ck_assert_str_ne(json_string_value(json_object_get(r, "dataset")), digest);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(r, "labels"), 1)), "idle");
    ck_assert_int_eq(count(r, "test"), 4);
    json_decref(r);
}
END_TEST

static void refuses(const char *digest, const char *more, int status, const char *words)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train(digest, 64, more, &r, &e), status);
    ck_assert_msg(strstr(e.msg, words) != NULL, "no '%s' in: %s", words, e.msg);
    ck_assert_ptr_null(r);
}

START_TEST(what_cannot_be_is_said)
{
    char digest[STORE_DIGEST_TEXT], brief[STORE_DIGEST_TEXT], other[STORE_DIGEST_TEXT];
    make_version("acc", SECOND, digest);
    make_version("acc", SECOND / 2, brief);
    make_version("mic", SECOND, other);
    refuses("0000000", "", E_NOT_FOUND, "no dataset version of this project");
    refuses("xyz", "", E_FORMAT, "is no digest");
    refuses(brief, "", E_CONFLICT, "windows of 0.5 s at most, [data] window asks for 1 s");
    refuses(other, "", E_CONFLICT, "stream 'mic'");
    refuses(digest, "test = 0.5", E_FORMAT, "a dataset version settles that itself");
    refuses(digest, "labels = slow, fast, stopped", E_STATE, "class 'stopped' has no windows");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dataset");
    TCase *t = tcase_create("dataset");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, its_windows_and_splits_are_taken);
    tcase_add_test(t, longer_stretches_are_cut);
    tcase_add_test(t, other_names_make_another_version);
    tcase_add_test(t, what_cannot_be_is_said);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
