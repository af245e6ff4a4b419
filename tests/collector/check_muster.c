// A fleet's retained state is complete after every start, whatever the broker drops. MOTELOOP_LONG: ten thousand devices.
#include <check.h>
#include <signal.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/support/coll_bench.h"

static struct coll_bench bench;
static size_t devices = 120;
static struct err e;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)

static void set_up(void)
{
    // A queue that holds a small part of what comes at once: the rest is dropped, as the broker's documentation says.
    coll_bench_open(&bench,
                    "allow_anonymous true\nmax_queued_messages 20\nmax_inflight_messages 10\n");
    devices = getenv("MOTELOOP_LONG") ? 10000 : 120;
    bench.conf.max_devices = 20000;
}

static void tear_down(void)
{
    coll_bench_close(&bench);
}

static void publish_all(const char *board, uint32_t boots)
{
    uint8_t m[512];
    char topic[64];
    for (size_t i = 0; i < devices; i++) {
        int len =
            mote_hello_encode(m, sizeof m, &(struct mote_hello){.board = {board, strlen(board)}});
        ck_assert_int_gt(len, 0);
        snprintf(topic, sizeof topic, "d/fleet-%zu/hello", i);
        coll_bench_publish(&bench, topic, m, (size_t)len, true);
        len = mote_device_status_encode(
            m, sizeof m,
            &(struct mote_device_status){.online = true, .boot_count = boots, .reason = {"x", 1}});
        ck_assert_int_gt(len, 0);
        snprintf(topic, sizeof topic, "d/fleet-%zu/status", i);
        coll_bench_publish(&bench, topic, m, (size_t)len, true);
    }
}

struct wanted {
    const char *board;
    int64_t boots;
    size_t right;
};
static int look(void *ctx, const struct store_device *d)
{
    struct wanted *w = ctx;
    w->right += strcmp(d->board, w->board) == 0 && d->boot_count == w->boots;
    return 0;
}

static bool is_complete(struct coll_bench *b, void *ctx)
{
    struct wanted *w = ctx;
    w->right = 0;
    OKAY(store_device_walk(b->fix.store, NULL, look, w, &e));
    return w->right == devices;
}

static void add_all(void)
{
    char id[32];
    OKAY(store_begin(bench.fix.store, &e));
    for (size_t i = 0; i < devices; i++) {
        snprintf(id, sizeof id, "fleet-%zu", i);
        OKAY(store_device_add(bench.fix.store, id, "", "", &e));
    }
    OKAY(store_commit(bench.fix.store, &e));
}

START_TEST(a_broker_that_drops_hides_no_device)
{
    add_all();
    publish_all("first",
                1); // before the collector ever ran: the store expects nothing but the names
    int wait_ms = devices > 1000 ? 300000 : 20000;
    struct wanted w = {.board = "first", .boots = 1};
    int64_t start = clock_mono_us();
    coll_bench_start(&bench, 1);
    ck_assert_msg(coll_bench_until(&bench, wait_ms, is_complete, &w),
                  "%zu of %zu devices are known", w.right, devices);
    int64_t first_us = clock_mono_us() - start;
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
    publish_all("second", 2); // while it is away
    w = (struct wanted){.board = "second", .boots = 2};
    start = clock_mono_us();
    coll_bench_start(&bench, 1);
    ck_assert_msg(coll_bench_until(&bench, wait_ms, is_complete, &w),
                  "%zu of %zu devices are up to date", w.right, devices);
    printf("%zu devices complete %.1f s after the first start, %.1f s after the second\n", devices,
           (double)first_us / 1e6, (double)(clock_mono_us() - start) / 1e6);
}
END_TEST

START_TEST(state_that_is_gone_from_the_broker_is_not_asked_for_ever)
{
    struct wanted w = {.board = "first", .boots = 1};
    devices = 30;
    add_all();
    publish_all("first", 1);
    coll_bench_start(&bench, 1);
    ck_assert_msg(coll_bench_until(&bench, 20000, is_complete, &w), "%zu of %zu devices are known",
                  w.right, devices);
    coll_bench_leave(&bench);
    broker_pause(&bench.broker); // it keeps nothing on a disk
    ck_assert_int_eq(broker_resume(&bench.broker), 0);
    coll_bench_join(&bench);
    w = (struct wanted){.board = "again", .boots = 3};
    publish_all("again", 3);
    ck_assert_msg(coll_bench_until(&bench, 20000, is_complete, &w), "%zu of %zu devices came back",
                  w.right, devices);
    ck_assert_int_eq(coll_bench_end(&bench, 1, SIGTERM), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("muster");
    TCase *t = tcase_create("muster");
    tcase_set_timeout(t, getenv("MOTELOOP_LONG") ? 900 : 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_broker_that_drops_hides_no_device);
    tcase_add_test(t, state_that_is_gone_from_the_broker_is_not_asked_for_ever);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
