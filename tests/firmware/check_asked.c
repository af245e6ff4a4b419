// What P/d/DEV/config asks for, on a whole device in memory: recordings, rates and triggers, heard
// late, heard twice, withdrawn, and across a power cut; and the live view.
#include "tests/support/device_bench.h"

#include <check.h>
#include <math.h>

#define STR(text) ((struct mote_str){text, sizeof(text) - 1})

static struct bench b;

static void setup(void)
{
    bench_init(&b);
}
static void teardown(void)
{
    ck_assert_msg(!b.spool.violation && !b.slots.violation, "flash: %s",
                  b.spool.violation ? b.spool.violation : b.slots.violation);
    ck_assert(!b.duplicate_differs);
    bench_release(&b);
}

static void configure(const struct mote_device_config *c)
{
    uint8_t out[MOTE_CONFIG_MAX];
    int n = mote_device_config_encode(out, sizeof(out), c);
    ck_assert_int_gt(n, 0);
    bench_publish(&b, "d/dev-1/config", out, (size_t)n, true);
}

static struct mote_device_config two_recordings(uint64_t ms)
{
    return (struct mote_device_config){
        .revision = 5,
        .recordings = 2,
        .recording = {
            {.id = 11,
             .expires_s = 1990000000,
             .stream = STR("acc"),
             .label = STR("one"),
             .duration_ms = ms},
            {.id = 12, .expires_s = 1990000000, .label = STR("two"), .duration_ms = 1000}}};
}

// The last word about a command (0: about a configuration); how many there were.
static size_t last_reply(uint64_t command, struct mote_reply *last)
{
    size_t n = 0;
    for (size_t i = 0; i < b.stored_count; i++) {
        const struct mote_block *k = &b.stored[i].block;
        struct mote_reply r;
        if (k->kind == MOTE_BLOCK_REPLY && mote_reply_decode(&r, k->data, k->data_len) == MOTE_OK &&
            r.command == command) {
            *last = r;
            n++;
        }
    }
    return n;
}

START_TEST(a_device_that_slept_records_what_was_asked_meanwhile)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(2000);
    configure(&c); // nobody is there to hear it
    bench_boot(&b);
    bench_run(&b, 5000);
    ck_assert_uint_eq(last_reply(11, &r), 2);
    ck_assert(!r.going);
    ck_assert_int_eq(r.status, MOTE_OK);
    ck_assert_uint_eq(r.recording, 1);
    ck_assert_uint_ge(r.done_ms, 1990);
    ck_assert_uint_eq(last_reply(12, &r), 2);
    ck_assert_uint_eq(r.recording, 2);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 200);
    ck_assert_uint_eq(bench_frames(&b, "acc", 2), 100);
    ck_assert_uint_eq(last_reply(0, &r), 1);
    ck_assert_uint_eq(r.revision, 5);
    ck_assert_int_eq(r.status, MOTE_OK);
}
END_TEST

START_TEST(what_is_heard_again_is_not_done_again)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(500);
    configure(&c);
    bench_boot(&b);
    bench_run(&b, 3000);
    configure(&c);
    bench_run(&b, 1000);
    loop_broker_cut(&b.broker);
    bench_run(&b, 8000); // it connects again and hears the retained message
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 4000);
    ck_assert_uint_eq(last_reply(11, &r), 2);
    ck_assert_uint_eq(last_reply(12, &r), 2);
    ck_assert_uint_eq(last_reply(0, &r), 1);
    c.recording[0].expires_s++; // the same number from another store is another recording
    c.revision++;
    configure(&c);
    bench_run(&b, 1500);
    ck_assert_uint_eq(last_reply(11, &r), 4);
    ck_assert_uint_eq(last_reply(12, &r), 2);
}
END_TEST

START_TEST(what_a_cut_left_unfinished_is_recorded_again)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(3000);
    configure(&c);
    bench_boot(&b);
    bench_run(&b, 2000);
    ck_assert_uint_eq(last_reply(11, &r), 1);
    ck_assert(r.going);
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 6000);
    ck_assert_uint_eq(last_reply(11, &r), 3);
    ck_assert(!r.going);
    ck_assert_uint_eq(last_reply(12, &r), 2);
    ck_assert(!r.going);
}
END_TEST

START_TEST(what_is_withdrawn_ends_or_does_not_begin)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(60000);
    bench_boot(&b);
    bench_run(&b, 500);
    configure(&c);
    bench_run(&b, 21000);
    ck_assert_uint_eq(last_reply(11, &r), 4); // begun, and every sixth second
    ck_assert(r.going);
    ck_assert_uint_ge(r.done_ms, 17000);
    c.recordings = 0;
    c.revision++;
    configure(&c);
    bench_run(&b, 1000);
    ck_assert_uint_eq(last_reply(11, &r), 5);
    ck_assert(!r.going);
    ck_assert(mote_str_is(r.text, "recording 1 stopped early"));
    ck_assert_uint_eq(last_reply(12, &r), 1);
    ck_assert_int_eq(r.status, MOTE_E_STATE);
    ck_assert(!mote_agent_is_recording(&b.agent));
    ck_assert(bench_complete(&b));
}
END_TEST

START_TEST(what_cannot_be_recorded_is_answered_once)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(1000);
    c.recording[0].stream = STR("nothing");
    configure(&c);
    bench_boot(&b);
    bench_run(&b, 3000);
    configure(&c);
    bench_run(&b, 500);
    ck_assert_uint_eq(last_reply(11, &r), 1);
    ck_assert_int_eq(r.status, MOTE_E_NOT_FOUND);
    ck_assert_uint_eq(last_reply(12, &r), 2);
    ck_assert_int_eq(r.status, MOTE_OK);
}
END_TEST

START_TEST(a_lower_rate_is_the_mean_of_the_frames)
{
    struct mote_reply r;
    struct mote_device_config c = two_recordings(2000);
    c.recordings = 1;
    c.rates = 1;
    c.rate[0] = (struct mote_rate){STR("acc"), 40000000};
    b.shake = 0.5;
    configure(&c);
    bench_boot(&b);
    bench_run(&b, 4000);
    ck_assert_uint_eq(last_reply(0, &r), 1);
    ck_assert_int_eq(r.status, MOTE_OK);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 50);
    for (size_t i = 0; i < b.stored_count; i++) {
        const struct mote_block *k = &b.stored[i].block;
        if (strcmp(b.stored[i].stream, "acc") == 0) {
            uint64_t first = k->t_us / 10000;
            int sum = 0;
            ck_assert_uint_eq(k->interval_ns, 40000000);
            for (uint64_t n = first; n < first + 4; n++) {
                double x = 0.5 * 1.414 * sin(0.9 * (double)n) / (9.80665 / 4096);
                sum += (int16_t)(float)x;
            }
            int mean = (sum + (sum < 0 ? -2 : 2)) / 4;
            ck_assert_int_le(abs((int16_t)mote_get16(k->data) - mean), 1);
        }
    }
    c.rate[0].interval_ns = 15000000; // one and a half frames
    c.revision++;
    configure(&c);
    bench_run(&b, 500);
    ck_assert_uint_eq(last_reply(0, &r), 2);
    ck_assert_int_eq(r.status, MOTE_E_UNSUPPORTED);
    ck_assert(mote_str_is(r.text, "rate is no whole part of that of 'acc'"));
}
END_TEST

START_TEST(a_level_starts_a_recording_and_then_rests)
{
    struct mote_reply r;
    struct mote_device_config c = {.revision = 9,
                                   .triggers = 1,
                                   .trigger = {{.kind = MOTE_TRIGGER_LEVEL,
                                                .stream = STR("acc"),
                                                .threshold = 20,
                                                .label = STR("shock"),
                                                .duration_ms = 1000,
                                                .gap_ms = 5000}}};
    configure(&c);
    bench_boot(&b);
    bench_run(&b, 3000);
    ck_assert_uint_eq(last_reply(0, &r), 1);
    ck_assert_int_eq(r.status, MOTE_OK);
    ck_assert_uint_eq(b.agent.next_recording, 1);
    bench_crash(&b); // the trigger is kept
    loop_broker_cut(&b.broker);
    bench_boot(&b);
    bench_run(&b, 1000);
    b.shake = 30;
    bench_run(&b, 4000);
    ck_assert_uint_eq(b.agent.next_recording, 2);
    bench_run(&b, 3000);
    ck_assert_uint_eq(b.agent.next_recording, 3);
    b.shake = 0;
    bench_run(&b, 8000);
    ck_assert_uint_eq(b.agent.next_recording, 3);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 100);
    size_t labelled = 0;
    for (size_t i = 0; i < b.stored_count; i++) {
        labelled += mote_str_is(b.stored[i].block.label, "shock");
    }
    ck_assert_uint_ge(labelled, 2);
}
END_TEST

START_TEST(what_is_no_configuration_changes_nothing)
{
    struct mote_device_config c = two_recordings(3000);
    bench_boot(&b);
    bench_run(&b, 500);
    configure(&c);
    bench_run(&b, 500);
    bench_publish(&b, "d/dev-1/config", "\xa1\x01\x20", 3, false);
    bench_run(&b, 100);
    ck_assert(mote_agent_is_recording(&b.agent));
    ck_assert_ptr_nonnull(strstr(b.log, "configuration not understood"));
    bench_publish(&b, "d/dev-1/config", "", 0, true); // withdrawn altogether
    bench_run(&b, 100);
    ck_assert(!mote_agent_is_recording(&b.agent));
}
END_TEST

static void watch(uint64_t id, const char *stream, uint64_t ms)
{
    bench_command(&b, &(struct mote_cmd){.id = id,
                                         .kind = MOTE_CMD_LIVE,
                                         .stream = {stream, strlen(stream)},
                                         .duration_ms = ms});
}

START_TEST(samples_are_shown_while_somebody_watches)
{
    struct mote_reply r;
    bench_boot(&b);
    bench_run(&b, 500);
    ck_assert_uint_eq(b.live_blocks, 0);
    watch(1, "acc", 2000);
    bench_run(&b, 1000);
    watch(2, "acc", 2000); // still there
    bench_run(&b, 4000);
    ck_assert_uint_ge(b.live_frames, 290);
    ck_assert_uint_le(b.live_frames, 360); // up to a second lay in the sensor
    ck_assert_uint_ge(b.live_blocks, 14);
    ck_assert_uint_eq(bench_count(&b, "acc"), 0); // nothing was spooled
    watch(3, "acc", 60000);
    bench_run(&b, 500);
    watch(4, "acc", 0);
    bench_run(&b, 100);
    size_t before = b.live_blocks;
    bench_run(&b, 1000);
    ck_assert_uint_eq(b.live_blocks, before);
    watch(5, "stop", 1000);
    bench_run(&b, 100);
    ck_assert(bench_reply(&b, 5, &r));
    ck_assert_int_eq(r.status, MOTE_E_UNSUPPORTED);
}
END_TEST

START_TEST(the_time_is_told_at_once_without_the_spool)
{
    bench_boot(&b);
    bench_run(&b, 700);
    bench_command(&b, &(struct mote_cmd){.id = 1, .kind = MOTE_CMD_TIME});
    uint64_t asked = b.device_us;
    bench_run(&b, 20);
    ck_assert_uint_ge(b.live_reply_us, asked);
    ck_assert_uint_le(b.live_reply_us, asked + 10000);
    ck_assert_uint_eq(bench_count(&b, "reply"), 0);
}
END_TEST

START_TEST(a_device_without_memory_for_it_says_so)
{
    struct mote_reply r;
    b.config.live = NULL;
    bench_boot(&b);
    bench_run(&b, 500);
    watch(1, "", 2000);
    bench_run(&b, 500);
    ck_assert(bench_reply(&b, 1, &r));
    ck_assert_int_eq(r.status, MOTE_E_UNSUPPORTED);
    ck_assert_uint_eq(b.live_blocks, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("asked");
    TCase *t = tcase_create("asked");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_device_that_slept_records_what_was_asked_meanwhile);
    tcase_add_test(t, what_is_heard_again_is_not_done_again);
    tcase_add_test(t, what_a_cut_left_unfinished_is_recorded_again);
    tcase_add_test(t, what_is_withdrawn_ends_or_does_not_begin);
    tcase_add_test(t, what_cannot_be_recorded_is_answered_once);
    tcase_add_test(t, a_lower_rate_is_the_mean_of_the_frames);
    tcase_add_test(t, a_level_starts_a_recording_and_then_rests);
    tcase_add_test(t, what_is_no_configuration_changes_nothing);
    tcase_add_test(t, samples_are_shown_while_somebody_watches);
    tcase_add_test(t, the_time_is_told_at_once_without_the_spool);
    tcase_add_test(t, a_device_without_memory_for_it_says_so);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
