// Alarms to a real HTTP receiver and a command: silence, a subscription that went quiet, ceilings; and what is over.
#include <check.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alarms.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "common/store/store_sample.h"
#include "tests/support/coll_bench.h"
#include "tests/support/hook.h"

static struct coll_bench bench;
static struct hook *hook;
static struct err e;
static char told[320];

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define WAIT_MS 15000

static void write_command(void)
{
    char path[320];
    snprintf(path, sizeof path, "%s/tell", bench.fix.dir);
    snprintf(told, sizeof told, "%s/told", bench.fix.dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "#!/bin/sh\n{ cat; echo; echo \"line: $MOTELOOP_ALERT\"; } >> '%s'\n", told);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
    snprintf(bench.conf.alert_command, sizeof bench.conf.alert_command, "%.250s", path);
}

static void set_up(void)
{
    int port = 0;
    coll_bench_open(&bench, NULL);
    hook = hook_start(&port);
    ck_assert_ptr_nonnull(hook);
    snprintf(bench.conf.alert_url, sizeof bench.conf.alert_url, "http://127.0.0.1:%d/alarm", port);
    bench.conf.alert_every_s = 1;
    bench.conf.silence_s = 1;
}

static void tear_down(void)
{
    coll_bench_close(&bench);
    hook_stop(hook);
}

static bool hook_has(struct coll_bench *b, void *ctx)
{
    (void)b;
    return hook_holding(hook, ctx) > 0;
}

#define EXPECT_TOLD(text)                                                                          \
    ck_assert_msg(coll_bench_until(&bench, WAIT_MS, hook_has, (void *)(text)), "never told: %s",   \
                  text)

static int64_t frames(const char *device, const char *stream)
{
    int64_t n = 0;
    OKAY(store_stream_frames(bench.fix.store, device, stream, &n, &e));
    return n;
}

static bool sends(struct coll_bench *b, void *ctx)
{
    static uint64_t seq;
    coll_bench_block(b, ctx, "acc", seq++); // until the collector listens
    return frames(ctx, "acc") > 0;
}

static size_t active(const char *kind)
{
    struct project p = {0};
    size_t i, n = 0;
    json_t *one;
    snprintf(p.dir, sizeof p.dir, "%s", bench.fix.dir);
    json_t *list = alarms_read(&p);
    json_array_foreach(list, i, one)
    {
        n += strcmp(json_string_value(json_object_get(one, "kind")), kind) == 0;
    }
    json_decref(list);
    return n;
}

static bool is_silent(struct coll_bench *b, void *ctx)
{
    (void)b;
    return active("silent") == *(size_t *)ctx;
}

static bool file_has(const char *path, const char *text)
{
    struct buf b = {0};
    struct err ignored;
    bool has = io_read_file(path, 1 << 20, &b, &ignored) == OK && strstr(b.data, text);
    buf_release(&b);
    return has;
}

static bool command_has(struct coll_bench *b, void *ctx)
{
    (void)b;
    return file_has(told, ctx);
}

static bool recovers(struct coll_bench *b, void *ctx)
{
    static uint64_t seq = 1000000;
    coll_bench_block(b, "pump-1", "acc", seq++); // or it would be silent again before that is told
    return hook_has(b, ctx);
}

START_TEST(a_silent_device_is_an_alarm_until_it_sends_again)
{
    size_t one = 1;
    write_command();
    OKAY(store_device_add(bench.fix.store, "pump-1", "", "", &e));
    OKAY(store_device_add(bench.fix.store, "never", "", "", &e));
    coll_bench_start(&bench, 1);
    ck_assert(coll_bench_until(&bench, WAIT_MS, sends, "pump-1"));
    EXPECT_TOLD("\"kind\":\"silent\",\"subject\":\"pump-1\"");
    ck_assert(coll_bench_until(&bench, WAIT_MS, is_silent, &one));
    ck_assert(coll_bench_until(&bench, WAIT_MS, command_has, "device 'pump-1' has sent nothing"));
    ck_assert(
        coll_bench_until(&bench, WAIT_MS, command_has, "line: moteloop: 1 new, 0 over, 1 in all"));
    ck_assert(coll_bench_until(&bench, WAIT_MS, recovers,
                               "\"recovered\":[{\"kind\":\"silent\",\"subject\":\"pump-1\""));
    ck_assert_uint_eq(hook_holding(hook, "\"never\""), 0);
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
    ck_assert_uint_eq(active("silent"), 0); // one that does not run raises none
}
END_TEST

START_TEST(many_alarms_are_one_message_and_a_deaf_receiver_hears_them_later)
{
    size_t many = 50;
    char id[32];
    hook_answer(hook, 500);
    bench.conf.silence_s = 2;
    for (size_t i = 0; i < many; i++) {
        snprintf(id, sizeof id, "quiet-%zu", i);
        OKAY(store_device_add(bench.fix.store, id, "", "", &e));
    }
    coll_bench_start(&bench, 1);
    ck_assert(coll_bench_until(&bench, WAIT_MS, sends, "quiet-0"));
    for (size_t i = 1; i < many; i++) {
        snprintf(id, sizeof id, "quiet-%zu", i);
        coll_bench_block(&bench, id, "acc", 0);
    }
    ck_assert(coll_bench_until(&bench, WAIT_MS, is_silent, &many));
    hook_answer(hook, 200);
    EXPECT_TOLD("\"subject\":\"quiet-49\"");
    EXPECT_TOLD("\"active\":50");
    ck_assert_uint_le(hook_count(hook), 12); // one a second at most, and not one a device
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
}
END_TEST

START_TEST(a_subscription_that_went_quiet_after_a_reconnect_is_an_alarm)
{
    bench.conf.silence_s = 3;
    coll_bench_start(&bench, 1);
    ck_assert(coll_bench_until(&bench, WAIT_MS, sends, "pump-1"));
    coll_bench_leave(&bench);
    broker_pause(&bench.broker);
    ck_assert_int_eq(broker_resume(&bench.broker), 0);
    EXPECT_TOLD("\"kind\":\"subscription\"");
    coll_bench_join(&bench);
    coll_bench_block(&bench, "pump-1", "acc", 5000);
    EXPECT_TOLD("\"recovered\":[{\"kind\":\"subscription\"");
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
}
END_TEST

static bool has_frames(struct coll_bench *b, void *ctx)
{
    (void)b;
    return frames("pump-1", "acc") >= *(int64_t *)ctx;
}

START_TEST(what_is_over_a_devices_rate_waits_and_is_an_alarm)
{
    int64_t minute = 600, later = 610, last = 0;
    bench.conf.max_rate = 1; // sixty at once, then one a second
    bench.conf.silence_s = 0;
    coll_bench_start(&bench, 1);
    ck_assert(coll_bench_until(&bench, WAIT_MS, sends, "pump-2"));
    for (uint64_t i = 0; i < 80; i++) {
        coll_bench_block(&bench, "pump-1", "acc", i);
    }
    ck_assert(coll_bench_until(&bench, WAIT_MS, has_frames, &minute));
    EXPECT_TOLD("\"kind\":\"rate\",\"subject\":\"pump-1\"");
    last = frames("pump-1", "acc");
    ck_assert_int_lt(last, 700);
    coll_bench_block(&bench, "pump-2", "acc", 9000); // others are not held up
    int64_t until = clock_mono_us() + WAIT_MS * 1000;
    while (frames("pump-1", "acc") < later && clock_mono_us() < until) {
        for (uint64_t i = 60; i < 80; i++) { // as a device does with what is not acknowledged
            coll_bench_block(&bench, "pump-1", "acc", i);
        }
    }
    ck_assert_int_ge(frames("pump-1", "acc"), later);
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
}
END_TEST

static struct store_collector row;
static char row_error[300];
static int copy_row(void *ctx, const struct store_collector *c)
{
    (void)ctx;
    row = *c;
    snprintf(row_error, sizeof row_error, "%s", c->last_error);
    return 0;
}

static bool is_refused(struct coll_bench *b, void *ctx)
{
    OKAY(store_collector_walk(b->fix.store, copy_row, NULL, &e));
    return row.refused >= *(int64_t *)ctx;
}

START_TEST(a_device_has_a_ceiling_of_streams_across_starts)
{
    int64_t ten = 10, one = 1;
    bench.conf.max_streams = 3;
    coll_bench_start(&bench, 1);
    ck_assert(coll_bench_until(&bench, WAIT_MS, sends, "pump-2"));
    coll_bench_block(&bench, "pump-1", "a", 0);
    coll_bench_block(&bench, "pump-1", "b", 0);
    coll_bench_block(&bench, "pump-1", "acc", 0);
    coll_bench_block(&bench, "pump-1", "d", 0);
    ck_assert(coll_bench_until(&bench, WAIT_MS, has_frames, &ten));
    ck_assert(coll_bench_until(&bench, WAIT_MS, is_refused, &one));
    ck_assert_msg(strstr(row_error, "[limits] streams"), "%s", row_error);
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
    coll_bench_start(&bench, 1);
    row.refused = 0;
    int64_t until = clock_mono_us() + WAIT_MS * 1000;
    for (uint64_t i = 1; frames("pump-1", "b") < 20 && clock_mono_us() < until; i++) {
        coll_bench_block(&bench, "pump-1", "d", i);
        coll_bench_block(&bench, "pump-1", "b", i);
    }
    ck_assert_int_ge(frames("pump-1", "b"), 20);
    ck_assert_int_eq(frames("pump-1", "d"), 0);
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *t = tcase_create("watch");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_silent_device_is_an_alarm_until_it_sends_again);
    tcase_add_test(t, many_alarms_are_one_message_and_a_deaf_receiver_hears_them_later);
    tcase_add_test(t, a_subscription_that_went_quiet_after_a_reconnect_is_an_alarm);
    tcase_add_test(t, what_is_over_a_devices_rate_waits_and_is_an_alarm);
    tcase_add_test(t, a_device_has_a_ceiling_of_streams_across_starts);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
