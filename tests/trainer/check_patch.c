// The patch-size budget of fine-tuning: a frozen body costs a small part of what retraining all costs, and a limit refuses.
#include "common/err.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"

#include <check.h>
#include <jansson.h>
#include <math.h>

#define DEVICES 5
#define FRAMES 400

static struct trainer_kit kit;

static void record(int device, int turn, int label)
{
    static const char *const name[] = {"slow", "even", "fast"};
    int16_t x[FRAMES];
    char id[24];
    snprintf(id, sizeof(id), "d%d", device);
    for (int i = 0; i < FRAMES; i++) {
        x[i] = (int16_t)(1000 * sin((0.1 + 0.15 * label) * i + device + 3 * turn) +
                         100 * cos(7.7 * i * (turn + 1)));
    }
    struct trainer_take t = {.device = id,
                             .stream = "acc",
                             .label = name[label],
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
    for (int n = 0; n < 3 * DEVICES; n++) {
        record(n / 3, 0, n % 3);
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
             "[model]\nname = speed\n[data]\nstream = acc\nwindow = 64 frames\nstride = 32 "
             "frames\n[features]\nblock = raw\n"
             "[network]\nhidden = 96, 48\n[train]\nepochs = 15\n%s\n",
             more);
    struct session_options o = {.recipe = trainer_kit_file(&kit, "t.recipe", text),
                                .project = kit.dir,
                                .from = from,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    return session_train(&o, report, e);
}

static int64_t figure(const json_t *r, const char *key)
{
    return json_integer_value(json_object_get(r, key));
}

// The first model and its digest, then something new to learn.
static json_t *first(char digest[65])
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_msg(train(NULL, "", &r, &e) == OK, "%s", e.msg);
    snprintf(digest, 65, "%s", json_string_value(json_object_get(r, "model")));
    for (int n = 0; n < 3 * DEVICES; n++) {
        record(n / 3, 1, n % 3);
    }
    return r;
}

START_TEST(a_frozen_body_is_a_small_patch)
{
    struct err e = {0};
    json_t *base, *all = NULL, *body = NULL;
    char digest[65];
    base = first(digest);
    ck_assert_int_eq(figure(base, "patch"), -1);
    ck_assert_msg(train(digest, "", &all, &e) == OK, "%s", e.msg);
    ck_assert_msg(train(digest, "[finetune]\nfreeze = body", &body, &e) == OK, "%s", e.msg);
    printf("%lld bytes; patch of all %lld, of the last layer %lld; int8 accuracy %.3f, %.3f\n",
           (long long)figure(all, "bytes"), (long long)figure(all, "patch"),
           (long long)figure(body, "patch"), json_real_value(json_object_get(all, "int8_accuracy")),
           json_real_value(json_object_get(body, "int8_accuracy")));
    ck_assert_int_gt(figure(body, "patch"), 0);
    ck_assert_int_gt(figure(all, "patch"), 20 * figure(body, "patch"));
    ck_assert_int_le(figure(all, "patch"), figure(all, "bytes") + 512);
    ck_assert_str_eq(json_string_value(json_object_get(body, "parent")), digest);
    ck_assert_int_eq(figure(body, "parity_equal"), figure(body, "parity_windows"));
    json_decref(base);
    json_decref(all);
    json_decref(body);
}
END_TEST

START_TEST(a_limit_refuses_what_is_larger)
{
    struct err e = {0};
    json_t *r = NULL, *base;
    char digest[65];
    base = first(digest);
    ck_assert_int_eq(train(digest, "[limits]\npatch = 1000", &r, &e), E_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "[limits] patch allows 1000"));
    ck_assert_int_gt(figure(r, "patch"), 1000);
    json_decref(r);
    r = NULL;
    ck_assert_msg(train(digest, "[limits]\npatch = 1000\n[finetune]\nfreeze = body", &r, &e) == OK,
                  "%s", e.msg);
    json_decref(r);
    json_decref(base);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("patch");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, a_frozen_body_is_a_small_patch);
    tcase_add_test(t, a_limit_refuses_what_is_larger);
    Suite *s = suite_create("patch");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
