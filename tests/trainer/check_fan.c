// The demo's learning problem with the simulated fans: known states on devices that were not trained on, a fault
// that the model never saw, and fine-tuning with it.
#include "common/err.h"
#include "common/io.h"
#include "common/buf.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "firmware/port/posix/fan_sim.h"
#include "tests/support/trainer_kit.h"
#include "trainer/session.h"
#include "trainer/ship.h"

#include <check.h>

#define DEVICES 6
#define TAKE 1000 // frames: ten seconds
#define WINDOW 128

static const char *const device[DEVICES] = {"fan-1", "fan-2", "fan-3", "fan-4", "fan-5", "fan-6"};
static struct trainer_kit kit;
static struct fan_sim fan[DEVICES];
static uint64_t frame[DEVICES];

static void watch(int d, enum fan_state state, int16_t (*out)[3], size_t frames)
{
    fan_sim_set(&fan[d], state, frame[d] * 10000);
    int16_t settling[300][3]; // longer than FAN_SETTLE_US
    fan_sim_acc(&fan[d], frame[d], settling, 300);
    frame[d] += 300;
    fan_sim_acc(&fan[d], frame[d], out, frames);
    frame[d] += frames;
}

static void record(int d, enum fan_state state, size_t frames)
{
    int16_t x[TAKE][3];
    watch(d, state, x, frames);
    struct trainer_take t = {.device = device[d],
                             .stream = "acc",
                             .label = fan_state_name(state),
                             .channels = 3,
                             .interval_ns = FAN_ACC_NS,
                             .scale = FAN_ACC_SCALE,
                             .frames = &x[0][0],
                             .count = frames};
    trainer_kit_record(&kit, &t);
}

static void start(void)
{
    trainer_kit_make(&kit);
    for (int d = 0; d < DEVICES; d++) {
        fan_sim_init(&fan[d], device[d], 3);
        frame[d] = 0;
        for (int s = FAN_OFF; s <= FAN_BEARING; s++) {
            record(d, (enum fan_state)s, TAKE);
            record(d, (enum fan_state)s, TAKE);
        }
    }
}

static void stop(void)
{
    trainer_kit_remove(&kit);
}

static void *load(const json_t *report, size_t *len)
{
    struct err e = {0};
    struct buf b = {0};
    char path[512];
    snprintf(path, sizeof(path), "%s/models/%s.tflite", kit.dir,
             json_string_value(json_object_get(report, "model")));
    ck_assert_int_eq(io_read_file(path, 1 << 20, &b, &e), OK);
    void *file = ship_aligned(b.data, b.len);
    *len = b.len;
    buf_release(&b);
    return file;
}

// Of fresh windows of a state on every device: how many are called `name`, how many are uncertain.
static void observe(struct ship_runtime *r, enum fan_state state, double *called, double *uncertain)
{
    int16_t x[TAKE][3];
    struct err e = {0};
    int n = 0, hits = 0, doubts = 0;
    for (int d = 0; d < DEVICES; d++) {
        watch(d, state, x, TAKE);
        for (int at = 0; at + WINDOW <= TAKE; at += 64, n++) {
            struct mote_pipe_result result;
            struct mote_nn_tensor out;
            ck_assert_int_eq(ship_run(r, x[at], MOTE_I16, FAN_ACC_SCALE, &result, &out, &e), OK);
            struct mote_str label = ship_config(r)->label[result.class_index];
            hits += mote_str_is(label, fan_state_name(state));
            doubts += result.uncertain;
        }
    }
    *called = (double)hits / n;
    *uncertain = (double)doubts / n;
    printf("%-10s recall %.3f uncertain %.3f\n", fan_state_name(state), *called, *uncertain);
}

static const char *recipe(void)
{
    static char path[512];
    const char *src = getenv("MOTELOOP_SRC");
    snprintf(path, sizeof(path), "%s/trainer/recipes/fan.recipe", src ? src : ".");
    return path;
}

static json_t *train(const char *from)
{
    struct err e = {0};
    json_t *report = NULL;
    struct session_options o = {.recipe = recipe(),
                                .project = kit.dir,
                                .from = from,
                                .seed = 1,
                                .threads = 1,
                                .quiet = true,
                                .register_model = true};
    ck_assert_msg(session_train(&o, &report, &e) == OK, "%s", e.msg);
    return report;
}

START_TEST(learns_known_states_flags_the_unknown_and_learns_it)
{
    double recall[FAN_STATES], doubt[FAN_STATES], after, known_doubt = 0, known_recall = 0;
    size_t len = 0;
    struct err e = {0};
    json_t *report = train(NULL);
    printf("int8 %.3f\n", json_real_value(json_object_get(report, "int8_accuracy")));
    ck_assert_int_eq(json_integer_value(json_object_get(report, "parity_equal")),
                     json_integer_value(json_object_get(report, "parity_windows")));
    void *file = load(report, &len);
    struct ship_runtime *r = ship_open(file, len, &e);
    ck_assert_msg(r != NULL, "%s", e.msg);
    for (int s = FAN_OFF; s <= FAN_RUB; s++) {
        observe(r, (enum fan_state)s, &recall[s], &doubt[s]);
        known_doubt += s <= FAN_BEARING ? doubt[s] / 4 : 0;
        known_recall += s <= FAN_BEARING ? recall[s] / 4 : 0;
    }
    ship_close(r);
    free(file);
    json_decref(report);
    ck_assert_double_ge(known_recall, 0.95);
    ck_assert_double_le(known_doubt, 0.05);
    ck_assert_double_ge(doubt[FAN_LOOSENESS], 0.8);

    // what devices send of the unknown: single uncertain windows
    for (int d = 0; d < DEVICES; d++) {
        for (int i = 0; i < 12; i++) {
            record(d, FAN_LOOSENESS, WINDOW);
        }
    }
    report = train("last");
    file = load(report, &len);
    r = ship_open(file, len, &e);
    ck_assert_msg(r != NULL, "%s", e.msg);
    double now[FAN_STATES], sum = 0;
    for (int s = FAN_OFF; s <= FAN_LOOSENESS; s++) {
        observe(r, (enum fan_state)s, &now[s], &after);
        sum += s <= FAN_BEARING ? now[s] / 4 : 0;
    }
    ck_assert_double_ge(now[FAN_LOOSENESS], 0.8);
    ck_assert_double_ge(sum, known_recall - 0.02);
    ship_close(r);
    free(file);
    json_decref(report);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("fan");
    tcase_add_unchecked_fixture(t, start, stop);
    tcase_add_test(t, learns_known_states_flags_the_unknown_and_learns_it);
    Suite *s = suite_create("fan");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
