// The device's loop on simulated flash: recordings and acknowledgements, commands, inference, and
// what happens when connections break and power goes. Releases are in check_update.c.
#include "tests/support/device_bench.h"

#include <check.h>

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

static void command(uint64_t id, enum mote_cmd_kind kind, const char *stream, const char *label,
                    uint64_t ms)
{
    bench_command(&b, &(struct mote_cmd){.id = id,
                                         .kind = (uint8_t)kind,
                                         .stream = {stream, strlen(stream)},
                                         .label = {label, strlen(label)},
                                         .duration_ms = ms});
}

START_TEST(says_what_it_is_when_it_connects)
{
    bench_boot(&b);
    bench_run(&b, 1000);
    const struct loop_message *m = loop_broker_find(&b.broker, "ml/1/d/dev-1/hello");
    struct mote_hello h;
    struct mote_device_status s;
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(mote_hello_decode(&h, m->payload, m->len), MOTE_OK);
    ck_assert(h.simulated);
    ck_assert_uint_eq(h.stream_count, 2);
    ck_assert(mote_str_is(h.stream[0].name, "acc"));
    ck_assert_uint_gt(h.slot_bytes, 20000);
    ck_assert_ptr_nonnull(memmem(h.ops.p, h.ops.len, "CONV_2D", 7));
    m = loop_broker_find(&b.broker, "ml/1/d/dev-1/status");
    ck_assert_int_eq(mote_device_status_decode(&s, m->payload, m->len), MOTE_OK);
    ck_assert(s.online);
    ck_assert_uint_eq(s.boot_count, 1);
    ck_assert_int_eq(bench_reported(&b).state, MOTE_REL_IDLE);
    loop_broker_cut(&b.broker);
    m = loop_broker_find(&b.broker, "ml/1/d/dev-1/status");
    ck_assert_int_eq(mote_device_status_decode(&s, m->payload, m->len), MOTE_OK);
    ck_assert(!s.online);
}
END_TEST

START_TEST(a_recording_arrives_whole_with_its_label)
{
    struct mote_reply r;
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_RECORD, "", "normal", 10000);
    bench_run(&b, 11000);
    ck_assert(bench_reply(&b, 1, &r));
    ck_assert_int_eq(r.status, MOTE_OK);
    ck_assert(mote_str_is(r.text, "recording 1"));
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 1000);
    ck_assert(bench_complete(&b));
    size_t ends = 0;
    for (size_t i = 0; i < b.stored_count; i++) {
        if (strcmp(b.stored[i].stream, "acc") == 0) {
            ck_assert(mote_str_is(b.stored[i].block.label, "normal"));
            ck_assert(b.stored[i].block.flags & MOTE_BLOCK_SIMULATED);
            ends += b.stored[i].block.flags & MOTE_BLOCK_REC_END ? 1 : 0;
        }
    }
    ck_assert_uint_eq(ends, 1);
    bench_run(&b, 1000);
    ck_assert_uint_eq(mote_spool_blocks(&b.agent.spool), 0);
    ck_assert_uint_eq(b.repeats, 0);
}
END_TEST

START_TEST(recordings_wait_their_turn_and_stop_ends_them)
{
    struct mote_reply r;
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_RECORD, "acc", "one", 1000);
    command(2, MOTE_CMD_RECORD, "acc", "two", 1000);
    command(3, MOTE_CMD_RECORD, "acc", "three", 60000);
    command(4, MOTE_CMD_RECORD, "acc", "four", 60000);
    bench_run(&b, 3000);
    ck_assert(bench_reply(&b, 2, &r));
    ck_assert(!bench_reply(&b, 3, &r));
    command(5, MOTE_CMD_STOP, "", "", 0);
    bench_run(&b, 1000);
    ck_assert(bench_reply(&b, 3, &r));
    ck_assert(mote_str_is(r.text, "recording 3 stopped early"));
    ck_assert(bench_reply(&b, 4, &r));
    ck_assert_int_eq(r.status, MOTE_E_STATE);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 100);
    ck_assert_uint_eq(bench_frames(&b, "acc", 2), 100);
    ck_assert_uint_gt(bench_frames(&b, "acc", 3), 20);
    ck_assert(bench_complete(&b));
}
END_TEST

START_TEST(commands_that_cannot_be_obeyed_say_why)
{
    struct mote_reply r;
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_RECORD, "nothing", "x", 1000);
    command(2, MOTE_CMD_RECORD, "acc", "x", 0);
    command(3, MOTE_CMD_RECORD, "stop", "x", 1000);
    command(4, MOTE_CMD_RECORD, "acc", "x", 1000);
    command(4, MOTE_CMD_RECORD, "acc", "x", 1000); // again: left out
    bench_run(&b, 3000);
    ck_assert(bench_reply(&b, 1, &r));
    ck_assert_int_eq(r.status, MOTE_E_NOT_FOUND);
    ck_assert(bench_reply(&b, 2, &r));
    ck_assert_int_eq(r.status, MOTE_E_LIMIT);
    ck_assert(bench_reply(&b, 3, &r));
    ck_assert_int_eq(r.status, MOTE_E_NOT_FOUND);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 100);
    ck_assert_uint_eq(bench_frames(&b, "acc", 2), 0);
    for (uint64_t id = 100; id < 100 + MOTE_AGENT_QUEUE + 1; id++) {
        command(id, MOTE_CMD_RECORD, "acc", "x", 100);
    }
    bench_run(&b, 3000);
    ck_assert(bench_reply(&b, 100 + MOTE_AGENT_QUEUE, &r));
    ck_assert_int_eq(r.status, MOTE_E_LIMIT);
}
END_TEST

START_TEST(a_beacon_lets_commands_expire)
{
    struct mote_reply r;
    uint8_t body[64], beacon[256];
    bench_boot(&b);
    bench_run(&b, 500);
    bench_command(&b, &(struct mote_cmd){.id = 1, .kind = MOTE_CMD_SEND_HELLO, .expires_s = 1000});
    int n = mote_beacon_encode(body, sizeof(body), 1790000000000u);
    size_t len = kit_sign(&b.kit.stranger, body, (size_t)n, beacon, sizeof(beacon));
    bench_publish(&b, "time", beacon, len, true);
    bench_run(&b, 100);
    bench_command(&b, &(struct mote_cmd){.id = 2, .kind = MOTE_CMD_SEND_HELLO, .expires_s = 1000});
    len = kit_sign(&b.kit.beacon, body, (size_t)n, beacon, sizeof(beacon));
    bench_publish(&b, "time", beacon, len, true);
    bench_run(&b, 100);
    bench_command(&b, &(struct mote_cmd){.id = 3, .kind = MOTE_CMD_SEND_HELLO, .expires_s = 1000});
    bench_command(
        &b, &(struct mote_cmd){.id = 4, .kind = MOTE_CMD_SEND_HELLO, .expires_s = 1800000000});
    bench_run(&b, 1000);
    for (uint64_t id = 1; id <= 4; id++) {
        ck_assert(bench_reply(&b, id, &r));
        ck_assert_int_eq(r.status, id == 3 ? MOTE_E_TIMEOUT : MOTE_OK);
    }
}
END_TEST

START_TEST(nothing_is_lost_where_messages_and_acknowledgements_are)
{
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_RECORD, "acc", "x", 60000);
    b.broker.lose_one_in = 3;
    bench_run(&b, 200);
    for (int i = 0; i < 6; i++) {
        bench_run(&b, 10000);
        loop_broker_cut(&b.broker);
    }
    bench_run(&b, 200000);
    b.broker.lose_one_in = 0;
    bench_run(&b, 100000);
    ck_assert_uint_eq(mote_spool_blocks(&b.agent.spool), 0);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 6000);
    ck_assert(bench_complete(&b));
}
END_TEST

START_TEST(what_was_spooled_before_a_cut_is_sent_after_it)
{
    bench_boot(&b);
    bench_run(&b, 500);
    b.acks = false;
    command(1, MOTE_CMD_RECORD, "acc", "x", 3000);
    bench_run(&b, 300);
    b.broker.refuse = true;
    loop_broker_cut(&b.broker);
    bench_run(&b, 4000);
    size_t before = mote_spool_blocks(&b.agent.spool);
    ck_assert_uint_ge(before, 2);
    bench_crash(&b);
    b.broker.refuse = false;
    b.acks = true;
    bench_boot(&b);
    ck_assert_uint_eq(b.agent.spool.boot, 2);
    bench_run(&b, 3000);
    command(2, MOTE_CMD_RECORD, "acc", "y", 1000);
    bench_run(&b, 3000);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1),
                      400); // 300 of the first session, 100 of the second
    ck_assert_uint_eq(mote_spool_blocks(&b.agent.spool), 0);
    ck_assert(bench_complete(&b));
}
END_TEST

START_TEST(a_silent_collector_is_not_flooded)
{
    bench_boot(&b);
    b.acks = false;
    bench_run(&b, 500);
    b.config.in_flight = 0;
    command(1, MOTE_CMD_RECORD, "acc", "x", 60000);
    bench_run(&b, 120000);
    size_t blocks = mote_spool_blocks(&b.agent.spool);
    ck_assert_uint_ge(blocks, 10);
    ck_assert_uint_le(b.repeats, 6 * blocks); // 5, 10, 20, 40 s
    b.acks = true;
    bench_run(&b, 70000);
    ck_assert_uint_eq(mote_spool_blocks(&b.agent.spool), 0);
}
END_TEST

START_TEST(a_gap_is_closed_within_seconds)
{
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_RECORD, "acc", "x", 20000);
    b.broker.lose_one_in = 1; // everything, for a while
    bench_run(&b, 14000);
    b.broker.lose_one_in = 0;
    bench_run(&b, 9000);
    ck_assert_uint_eq(mote_spool_blocks(&b.agent.spool), 0);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 2000);
}
END_TEST

START_TEST(a_value_without_a_rate_is_a_block_of_its_own)
{
    bench_boot(&b);
    bench_run(&b, 500);
    b.stop_value = 1;
    bench_run(&b, 100);
    b.stop_value = 0;
    bench_run(&b, 100);
    ck_assert_uint_eq(bench_count(&b, "stop"), 2);
    ck_assert_uint_eq(bench_frames(&b, "stop", 0), 2);
}
END_TEST

START_TEST(a_full_spool_makes_a_patient_sensor_wait)
{
    bench_boot(&b);
    b.broker.refuse = true;
    loop_broker_cut(&b.broker);
    ck_assert_int_eq(mote_agent_record(&b.agent, 0, "x", 1000000000), MOTE_OK);
    bench_run(&b, 500000);
    ck_assert(!mote_agent_has_room(&b.agent));
    ck_assert_uint_eq(b.agent.spool.dropped, 0);
}
END_TEST

START_TEST(an_impatient_one_drops_the_oldest_and_says_so)
{
    b.config.patient = false;
    bench_boot(&b);
    bench_run(&b, 100);
    b.broker.refuse = true;
    loop_broker_cut(&b.broker);
    ck_assert_int_eq(mote_agent_record(&b.agent, 0, "x", 1000000000), MOTE_OK);
    bench_run(&b, 600000);
    ck_assert_uint_gt(b.agent.spool.dropped, 0);
    b.broker.refuse = false;
    bench_run(&b, 120000);
    size_t records = 0;
    for (size_t i = 0; i < b.stored_count; i++) {
        records += b.stored[i].block.kind == MOTE_BLOCK_DROPPED;
    }
    ck_assert_uint_gt(records, 0);
}
END_TEST

START_TEST(reboot_is_answered_first)
{
    struct mote_reply r;
    bench_boot(&b);
    bench_run(&b, 500);
    command(1, MOTE_CMD_REBOOT, "", "", 0);
    bench_run(&b, 100);
    ck_assert_uint_eq(b.reboots, 1);
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 2000);
    ck_assert(bench_reply(&b, 1, &r));
}
END_TEST

// --- pictures longer than a block ---------------------------------------------------------------
#define SIDE 96

struct camera {
    unsigned pixel; // the next one
    uint64_t t_us;
};

static uint8_t value_of(unsigned byte)
{
    return (uint8_t)(byte * 31 + byte / 977);
}

static int camera_read(void *ctx, unsigned stream, void *frames, size_t max, uint64_t *t_us)
{
    struct camera *c = ctx;
    size_t n = SIDE * SIDE - c->pixel;
    (void)stream;
    n = n < max ? n : max;
    for (size_t i = 0; i < 3 * n; i++) {
        ((uint8_t *)frames)[i] = value_of(3 * c->pixel + (unsigned)i);
    }
    *t_us = c->t_us++; // a camera that stamps every read
    c->pixel = (c->pixel + (unsigned)n) % (SIDE * SIDE);
    return (int)n;
}

START_TEST(a_picture_longer_than_a_block_goes_on_in_the_next)
{
    struct camera camera = {.t_us = 600000};
    struct mote_stream_info info = {.name = "picture",
                                    .units = "",
                                    .type = MOTE_U8,
                                    .channels = 3,
                                    .scale = 1,
                                    .width = SIDE,
                                    .height = SIDE};
    static uint8_t got[3 * SIDE * SIDE];
    size_t at = 0;
    unsigned ends = 0;
    uint64_t first_us = 0;
    b.config.sensor = (struct mote_sensor){&camera, &info, 1, camera_read};
    bench_boot(&b);
    bench_run(&b, 500);
    for (uint64_t id = 1; id <= 2; id++) {
        command(id, MOTE_CMD_RECORD, "", "cat", 1000);
    }
    bench_run(&b, 3000);
    ck_assert_uint_ge(b.stored_count, 14);
    for (size_t i = 0; i < b.stored_count; i++) {
        const struct mote_block *k = &b.stored[i].block;
        if (k->kind != MOTE_BLOCK_SAMPLES || k->recording != 2) {
            continue;
        }
        ck_assert_uint_eq(k->width, SIDE);
        ck_assert_uint_eq(k->height, SIDE);
        ck_assert_uint_eq(ends, 0);
        ck_assert_uint_le(at + k->data_len, sizeof(got));
        first_us = at ? first_us : k->t_us;
        ck_assert_uint_eq(k->t_us, first_us);
        memcpy(got + at, k->data, k->data_len);
        at += k->data_len;
        ends += k->flags & MOTE_BLOCK_REC_END ? 1 : 0;
    }
    ck_assert_uint_eq(ends, 1);
    ck_assert_uint_eq(at, sizeof(got));
    for (unsigned i = 0; i < sizeof(got); i++) {
        ck_assert_uint_eq(got[i], value_of(i));
    }
    ck_assert(bench_complete(&b));
}
END_TEST

START_TEST(nonsense_on_every_topic_is_left_out)
{
    static const char *const below[] = {"d/dev-1/ack", "d/dev-1/cmd", "d/dev-1/desired", "time",
                                        "r/keys"};
    uint8_t junk[200];
    uint32_t x = 9;
    bench_boot(&b);
    bench_run(&b, 500);
    for (int i = 0; i < 500; i++) {
        for (size_t k = 0; k < sizeof(junk); k++) {
            x = x * 1664525 + 1013904223;
            junk[k] = (uint8_t)(x >> 24);
        }
        junk[0] = (uint8_t)(0xa0 | (junk[0] & 7));
        bench_publish(&b, below[i % 5], junk, 1 + x % sizeof(junk), false);
        bench_run(&b, 10);
        b.log[0] = 0;
    }
    command(77, MOTE_CMD_RECORD, "acc", "x", 500);
    bench_run(&b, 2000);
    ck_assert_uint_eq(bench_frames(&b, "acc", 1), 50);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("agent");
    TCase *t = tcase_create("agent");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, says_what_it_is_when_it_connects);
    tcase_add_test(t, a_recording_arrives_whole_with_its_label);
    tcase_add_test(t, recordings_wait_their_turn_and_stop_ends_them);
    tcase_add_test(t, commands_that_cannot_be_obeyed_say_why);
    tcase_add_test(t, a_beacon_lets_commands_expire);
    tcase_add_test(t, nothing_is_lost_where_messages_and_acknowledgements_are);
    tcase_add_test(t, what_was_spooled_before_a_cut_is_sent_after_it);
    tcase_add_test(t, a_silent_collector_is_not_flooded);
    tcase_add_test(t, a_gap_is_closed_within_seconds);
    tcase_add_test(t, a_value_without_a_rate_is_a_block_of_its_own);
    tcase_add_test(t, a_full_spool_makes_a_patient_sensor_wait);
    tcase_add_test(t, an_impatient_one_drops_the_oldest_and_says_so);
    tcase_add_test(t, reboot_is_answered_first);
    tcase_add_test(t, a_picture_longer_than_a_block_goes_on_in_the_next);
    tcase_add_test(t, nonsense_on_every_topic_is_left_out);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
