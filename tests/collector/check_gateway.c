// Serial devices: frames that survive noise, lines whose rate and axes are found out, and both through a
// pseudo terminal, a real broker and a collector into the store and back.
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "collector/coll_run.h"
#include "collector/gate_device.h"
#include "collector/gate_lines.h"
#include "collector/gate_run.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/project.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_frame.h"
#include "tests/support/broker.h"
#include "tests/support/store_fixture.h"

// --- frames -----------------------------------------------------------------------------------------

static uint8_t frame_buf[2048];
static struct mote_frame_reader reader;
static char got_leaf[100];
static uint8_t got[2048];
static size_t got_len;

static int feed(const uint8_t *p, size_t len)
{
    const char *leaf;
    const uint8_t *payload;
    size_t n;
    int frames = 0;
    for (size_t i = 0; i < len; i++) {
        if (mote_frame_push(&reader, p[i], &leaf, &payload, &n)) {
            snprintf(got_leaf, sizeof got_leaf, "%s", leaf);
            memcpy(got, payload, n);
            got_len = n;
            frames++;
        }
    }
    return frames;
}

START_TEST(frames_of_every_length_come_back)
{
    uint8_t data[1024], frame[1200];
    mote_frame_reader_init(&reader, frame_buf, sizeof frame_buf);
    for (size_t len = 0; len < sizeof data; len += 1 + len / 60) {
        for (size_t i = 0; i < len; i++) {
            data[i] = (uint8_t)(i % 7 == 3 ? 0 : i * len);
        }
        int n = mote_frame_encode(frame, sizeof frame, "data/acc", data, len);
        ck_assert_int_gt(n, 0);
        ck_assert_ptr_null(memchr(frame + 1, 0, (size_t)n - 2));
        ck_assert_uint_le((size_t)n, len + MOTE_FRAME_OVERHEAD(len));
        ck_assert_int_eq(feed(frame, (size_t)n), 1);
        ck_assert_str_eq(got_leaf, "data/acc");
        ck_assert_uint_eq(got_len, len);
        ck_assert_mem_eq(got, data, len);
        ck_assert_int_eq(mote_frame_encode(frame, (size_t)n - 1, "data/acc", data, len),
                         MOTE_E_SPACE);
    }
    ck_assert_uint_eq(reader.errors, 0);
    ck_assert_int_eq(mote_frame_encode(frame, sizeof frame, "", data, 1), MOTE_E_ARG);
}
END_TEST

START_TEST(after_noise_the_next_frame_is_found)
{
    uint8_t stream[4096], frame[200], data[50] = {1, 2, 0, 4};
    uint64_t x = 9;
    mote_frame_reader_init(&reader, frame_buf, sizeof frame_buf);
    int n = mote_frame_encode(frame, sizeof frame, "status", data, sizeof data), good = 0;
    ck_assert_int_gt(n, 0);
    for (int round = 0; round < 500; round++) {
        size_t len = 0;
        for (int i = 0; i < round % 40; i++) {
            x = x * 6364136223846793005u + 1;
            stream[len++] = (uint8_t)(x >> 40);
        }
        memcpy(stream + len, frame, (size_t)n);
        if (round % 3 == 0) {
            stream[len + 5] ^= 0x10; // damaged: must not come out
        } else {
            good++;
        }
        good -= feed(stream, len + (size_t)n);
    }
    ck_assert_int_eq(good, 0);
    ck_assert_uint_ge(reader.errors, 160);
}
END_TEST

// --- lines ------------------------------------------------------------------------------------------

static int push_line(struct gate_lines *l, const char *text, int64_t now, float *row)
{
    int rc = 0;
    for (; *text; text++) {
        rc = gate_lines_push(l, *text, now, row);
    }
    return rc;
}

START_TEST(lines_are_numbers_apart_by_comma_tab_or_blank)
{
    struct gate_lines l = {0};
    float row[GATE_AXES_MAX];
    ck_assert_int_eq(push_line(&l, "1.5,-2,3e1\r\n", 0, row), 1);
    ck_assert_uint_eq(l.axes, 3);
    ck_assert_float_eq(row[2], 30);
    ck_assert_int_eq(push_line(&l, "1\t2  3\n", 0, row), 1);
    ck_assert_uint_eq(l.axes, 3);
    ck_assert_int_eq(push_line(&l, "hello\n", 0, row), 0);
    ck_assert_int_eq(push_line(&l, "1,2,x\n", 0, row), 0);
    ck_assert_int_eq(push_line(&l, "1,nan\n", 0, row), 0);
    ck_assert_int_eq(push_line(&l, "\n", 0, row), 0);
    ck_assert_uint_eq(l.bad, 3);
    for (int i = 0; i < 3000; i++) {
        gate_lines_push(&l, '1', 0, row);
    }
    ck_assert_int_eq(push_line(&l, "\n", 0, row), 0);
    ck_assert_int_eq(push_line(&l, "7\n", 0, row), 1);
    ck_assert_uint_eq(l.axes, 1);
}
END_TEST

START_TEST(the_rate_is_learnt_and_learnt_again)
{
    struct gate_lines l = {0};
    float row[GATE_AXES_MAX];
    for (int i = 0; i < 40; i++) {
        push_line(&l, "1,2\n", 1000 + i * 10000, row);
    }
    ck_assert_int_eq(l.interval_us, 10000);
    push_line(&l, "1,2,3\n", 500000, row);
    ck_assert_int_eq(l.interval_us, 0);
    ck_assert_uint_eq(l.readings, 1);
}
END_TEST

// --- blocks of lines --------------------------------------------------------------------------------

static int published;
static bool count_block(void *ctx, const void *bytes, size_t len)
{
    struct mote_block b;
    (void)ctx;
    ck_assert_int_eq(mote_block_decode(&b, bytes, len), MOTE_OK);
    published++;
    return true;
}

START_TEST(what_overflows_is_told_as_dropped)
{
    struct gate_device d;
    float row[1] = {1};
    ck_assert_int_eq(gate_device_init(&d), 0);
    gate_device_shape(&d, 1, 1000000, 0);
    d.frames_max = 1;
    for (int i = 0; i < GATE_BLOCKS_MAX + 5; i++) {
        gate_device_row(&d, row);
    }
    ck_assert_uint_eq(d.count, GATE_BLOCKS_MAX);
    const struct gate_block *first = &d.block[d.first];
    struct mote_block b;
    struct mote_dropped loss;
    ck_assert_int_eq(mote_block_decode(&b, first->bytes, first->len), MOTE_OK);
    ck_assert_int_eq(b.kind, MOTE_BLOCK_DROPPED);
    ck_assert_int_eq(mote_dropped_decode(&loss, b.data, b.data_len), MOTE_OK);
    ck_assert_uint_eq(loss.first, 0);
    ck_assert_uint_eq(loss.last, 5);
    gate_device_send(&d, 0, count_block, NULL);
    ck_assert_int_eq(published, GATE_WINDOW);
    gate_device_send(&d, 1000, count_block, NULL);
    ck_assert_int_eq(published, GATE_WINDOW);
    gate_device_send(&d, 4000000, count_block, NULL);
    ck_assert_int_eq(published, 2 * GATE_WINDOW);
    gate_device_release(&d);
}
END_TEST

// --- through everything -----------------------------------------------------------------------------

static struct broker broker;
static struct project project;
static struct store_fixture fix;
static struct err e, coll_err, gate_err;
static volatile sig_atomic_t stop;
static pthread_t coll_thread, gate_thread;
static int master;
static char slave[128];
static struct gate_options options;

static void *run_collector(void *ctx)
{
    (void)ctx;
    struct coll_options o = {.id = "test", .stop = &stop};
    ck_assert_int_eq(coll_run(&project, &o, &coll_err), OK);
    return NULL;
}

static void *run_gateway(void *ctx)
{
    int *status = ctx;
    *status = gate_run(&project, &options, &gate_err);
    return NULL;
}

static int gate_status;

static void set_up(void)
{
    struct termios t;
    log_init("test", getenv("V") ? LOG_INFO : LOG_ERROR, false);
    store_fixture_make(&fix);
    ck_assert_int_eq(broker_start(&broker, NULL), 0);
    project_conf_defaults(&project.conf);
    snprintf(project.dir, sizeof project.dir, "%s", fix.dir);
    project.conf.broker_port = broker.port;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
    ck_assert_int_eq(ptsname_r(master, slave, sizeof slave), 0);
    tcgetattr(master, &t);
    cfmakeraw(&t);
    tcsetattr(master, TCSANOW, &t);
    options = (struct gate_options){.port = slave,
                                    .device = "uart-1",
                                    .protocol = "auto",
                                    .stream = "acc",
                                    .units = "g",
                                    .label = "",
                                    .baud = 115200,
                                    .recording_s = 1,
                                    .stop = &stop};
    stop = 0;
    ck_assert_int_eq(pthread_create(&coll_thread, NULL, run_collector, NULL), 0);
    ck_assert_int_eq(pthread_create(&gate_thread, NULL, run_gateway, &gate_status), 0);
}

static void tear_down(void)
{
    stop = 1;
    pthread_join(gate_thread, NULL);
    pthread_join(coll_thread, NULL);
    ck_assert_msg(gate_status == OK, "%s", gate_err.msg);
    close(master);
    broker_stop(&broker);
    store_fixture_remove(&fix);
}

static int count_complete(void *ctx, const struct store_recording *r)
{
    ck_assert_str_eq(r->device, "uart-1");
    ck_assert_str_eq(r->streams, "acc");
    *(int *)ctx += r->complete;
    return 0;
}

START_TEST(lines_become_recordings)
{
    int complete = 0;
    int64_t until = clock_mono_us() + 10000000;
    for (int i = 0; complete < 2 && clock_mono_us() < until; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "%d,%d.5,-1\n", i, i);
        ck_assert_int_eq(write(master, line, (size_t)n), n);
        usleep(4000);
        if (i % 50 == 0) {
            complete = 0;
            ck_assert_int_eq(store_recording_walk(fix.store, NULL, count_complete, &complete, &e),
                             OK);
        }
    }
    ck_assert_int_ge(complete, 2);
}
END_TEST

START_TEST(frames_pass_in_both_directions)
{
    uint8_t block[256], frame[512], data[12] = {0}, bytes[512];
    struct mote_block b = {.type = MOTE_I16,
                           .channels = 3,
                           .scale = 1,
                           .interval_ns = 1000000,
                           .recording = 1,
                           .flags = MOTE_BLOCK_REC_END,
                           .data = data,
                           .data_len = sizeof data};
    int len = mote_block_encode(block, sizeof block, &b);
    ck_assert_int_gt(len, 0);
    len = mote_frame_encode(frame, sizeof frame, "data/acc", block, (size_t)len);
    ck_assert_int_gt(len, 0);
    mote_frame_reader_init(&reader, frame_buf, sizeof frame_buf);
    fcntl(master, F_SETFL, O_NONBLOCK);
    int64_t until = clock_mono_us() + 10000000, sent = 0;
    got_leaf[0] = 0;
    while (strcmp(got_leaf, "ack") != 0 && clock_mono_us() < until) {
        if (clock_mono_us() - sent > 300000) { // until all are connected, what is sent is nobody's
            sent = clock_mono_us();
            ck_assert_int_eq(write(master, "noise\x01", 6), 6);
            ck_assert_int_eq(write(master, frame, (size_t)len), len);
        }
        ssize_t n = read(master, bytes, sizeof bytes);
        if (n > 0) {
            feed(bytes, (size_t)n);
        }
        usleep(2000);
    }
    ck_assert_str_eq(got_leaf, "ack");
    struct mote_ack ack[4];
    ck_assert_int_eq(mote_acks_decode(ack, 4, got, got_len), 1);
    ck_assert_uint_eq(ack[0].next, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway");
    TCase *t = tcase_create("parts");
    tcase_add_test(t, frames_of_every_length_come_back);
    tcase_add_test(t, after_noise_the_next_frame_is_found);
    tcase_add_test(t, lines_are_numbers_apart_by_comma_tab_or_blank);
    tcase_add_test(t, the_rate_is_learnt_and_learnt_again);
    tcase_add_test(t, what_overflows_is_told_as_dropped);
    suite_add_tcase(suite, t);
    t = tcase_create("whole");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, lines_become_recordings);
    tcase_add_test(t, frames_pass_in_both_directions);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
