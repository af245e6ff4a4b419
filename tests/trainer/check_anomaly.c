// Anomaly models end to end: learned from the normal class alone, judged on devices that were not learned from, shipped
// with a threshold that the device runtime applies.
#include "common/err.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"

#include <check.h>
#include <jansson.h>
#include <math.h>

#define FRAMES 600
#define DEVICES 6

static struct trainer_kit kit;
static uint32_t noise_state;

static double noise(void)
{
    noise_state = noise_state * 1664525u + 1013904223u;
    return (double)(noise_state >> 8) / (1 << 24) - 0.5;
}

// Two channels that move together; of a fault they do not.
static void record(int device, const char *label, bool fault)
{
    int16_t x[FRAMES][2];
    char name[24];
    snprintf(name, sizeof(name), "pump-%d", device);
    for (int i = 0; i < FRAMES; i++) {
        double a = sin(0.2 * i + device), b = fault ? sin(0.31 * i) : a;
        x[i][0] = (int16_t)(1000 * a + 100 * noise());
        x[i][1] = (int16_t)(800 * b + 100 * noise());
    }
    struct trainer_take t = {.device = name,
                             .stream = "flow",
                             .label = label,
                             .channels = 2,
                             .interval_ns = 10000000,
                             .scale = 0.001f,
                             .frames = &x[0][0],
                             .count = FRAMES};
    trainer_kit_record(&kit, &t);
}

static void start(void)
{
    noise_state = 1;
    trainer_kit_make(&kit);
    for (int d = 0; d < DEVICES; d++) {
        record(d, "normal", false);
        record(d, "fault", true);
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

static int train(const char *labels, const char *more, json_t **report, struct err *e)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "[model]\nname = pump\ntask = anomaly\n[data]\nstream = flow\nwindow = 20 "
             "frames\nstride = 10 frames\n%s\n"
             "[network]\ntype = autoencoder\nhidden = 16, 3, 16\n[train]\nepochs = 40\nrate = "
             "0.005\npatience = 0\n%s\n",
             labels, more);
    const char *path = trainer_kit_file(&kit, "pump.recipe", text);
    struct session_options o = {.recipe = path,
                                .project = kit.dir,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    return session_train(&o, report, e);
}

static int64_t whole(const json_t *r, const char *key)
{
    return json_integer_value(json_object_get(r, key));
}

START_TEST(tells_a_fault_that_it_never_learned)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_msg(train("labels = normal, fault", "[decision]\nknown_share = 0.99\nmargin = 1.3",
                        &r, &e) == OK,
                  "%s", e.msg);
    ck_assert_int_gt(whole(r, "parity_windows"), 0);
    ck_assert_int_eq(whole(r, "parity_windows"), whole(r, "parity_equal"));
    const json_t *test = json_object_get(r, "test"), *data = json_object_get(r, "data");
    const char *kinds[] = {"float", "int8"};
    for (int k = 0; k < 2; k++) {
        const json_t *m = json_object_get(test, kinds[k]);
        ck_assert_int_eq(whole(m, "windows"), whole(data, "test"));
        const json_t *fault = json_array_get(json_object_get(m, "classes"), 1);
        ck_assert_double_gt(json_real_value(json_object_get(fault, "f1")), 0.9);
        ck_assert_double_gt(json_real_value(json_object_get(fault, "roc_area")), 0.95);
    }
    // half of all windows are faults, and only those of the one test device count among the used ones
    ck_assert_int_eq(whole(data, "train") + whole(data, "validate") + whole(data, "test"),
                     whole(data, "windows") / 2 + whole(data, "test") / 2);
    ck_assert_double_gt(json_real_value(json_object_get(r, "threshold")), 0);
    json_decref(r);
}
END_TEST

START_TEST(normal_recordings_alone_are_enough)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_msg(train("labels = normal", "", &r, &e) == OK, "%s", e.msg);
    ck_assert_int_eq(whole(r, "parity_windows"), whole(r, "parity_equal"));
    json_decref(r);
}
END_TEST

START_TEST(order_of_labels_must_be_said)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train("", "", &r, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "[data] labels"));
}
END_TEST

START_TEST(loss_of_classes_is_refused)
{
    struct err e = {0};
    json_t *r = NULL;
    ck_assert_int_eq(train("labels = normal, fault", "loss = crossentropy", &r, &e), E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.msg, "mse or huber"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("anomaly");
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, tells_a_fault_that_it_never_learned);
    tcase_add_test(t, normal_recordings_alone_are_enough);
    tcase_add_test(t, order_of_labels_must_be_said);
    tcase_add_test(t, loss_of_classes_is_refused);
    Suite *s = suite_create("anomaly");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
