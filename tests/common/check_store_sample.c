// Blocks stored once, acknowledgements, recordings and events.
#include <check.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_label.h"
#include "common/store/store_retain.h"
#include "common/store/store_sample.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct store *s;
static struct err e;
static int64_t session, stream;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define FAILS(call, code) ck_assert_int_eq((call), (code))

static void set_up(void)
{
    static const uint8_t uid[12] = {0, 0, 0, 1, 9};
    struct store_stream st = {.device = "fan-1",
                              .name = "acc",
                              .units = "m/s2",
                              .type = 2,
                              .channels = 3,
                              .interval_ns = 10000000,
                              .scale = 0.5};
    e = (struct err){0};
    store_fixture_make(&fix);
    s = fix.store;
    OKAY(store_stream_put(s, &st, &e));
    stream = st.stream_id;
    OKAY(store_session_put(s, "fan-1", uid, 0, true, &session, &e));
}

static void tear_down(void)
{
    store_fixture_remove(&fix);
}

// A block of ten frames, 100 ms each.
static struct store_block block(int64_t seq, int64_t rec_no, bool end)
{
    return (struct store_block){.session_id = session,
                                .stream_id = stream,
                                .seq = seq,
                                .rec_no = rec_no,
                                .t_us = seq * 100000,
                                .end_us = (seq + 1) * 100000,
                                .frames = 10,
                                .bytes = "bytes",
                                .len = 5,
                                .rec_end = end,
                                .device = "fan-1",
                                .hint = ""};
}

static int put(int64_t seq, int64_t rec_no, bool end)
{
    struct store_block b = block(seq, rec_no, end);
    int64_t rec_id;
    int rc = store_block_put(s, &b, &rec_id, &e);
    ck_assert_msg(rc >= 0, "%s", e.msg);
    ck_assert_int_eq(rec_id > 0, rec_no > 0);
    return rc;
}

START_TEST(a_block_is_stored_once)
{
    ck_assert_int_eq(put(0, 0, false), STORE_BLOCK_NEW);
    ck_assert_int_eq(put(0, 0, false), STORE_BLOCK_REPEAT);
    struct store_block other = block(0, 0, false);
    int64_t rec_id;
    other.bytes = "BYTES";
    ck_assert_int_eq(store_block_put(s, &other, &rec_id, &e), STORE_BLOCK_CONFLICT);
    ck_assert_int_eq(store_block_put(s, &other, &rec_id, &e), STORE_BLOCK_CONFLICT);
    ck_assert_int_eq(put(0, 0, false), STORE_BLOCK_REPEAT);
}
END_TEST

START_TEST(streams_and_sessions_keep_their_numbers)
{
    static const uint8_t uid[12] = {0, 0, 0, 1, 9};
    struct store_stream st = {.device = "fan-1",
                              .name = "acc",
                              .type = 2,
                              .channels = 3,
                              .interval_ns = 5000000,
                              .scale = 0.5};
    int64_t again;
    OKAY(store_stream_put(s, &st, &e));
    ck_assert_int_eq(st.stream_id, stream);
    OKAY(store_session_put(s, "fan-1", uid, 1000000, true, &again, &e));
    ck_assert_int_eq(again, session);
    OKAY(store_session_put(s, "fan-2", uid, 0, true, &again, &e));
    ck_assert_int_ne(again, session);
}
END_TEST

static void ack_is(int64_t next, const char *ranges_text, int max)
{
    int64_t got_next, ranges[8][2];
    char text[256] = "";
    int count = store_block_ack(s, session, stream, &got_next, ranges, max, &e);
    ck_assert_msg(count >= 0, "%s", e.msg);
    for (int i = 0; i < count; i++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%d-%d ", (int)ranges[i][0], (int)ranges[i][1]);
    }
    ck_assert_int_eq(got_next, next);
    ck_assert_str_eq(text, ranges_text);
}

START_TEST(acknowledgements_tell_what_is_stored)
{
    ack_is(0, "", 8);
    put(0, 0, false);
    put(1, 0, false);
    ack_is(2, "", 8);
    put(3, 0, false);
    put(4, 0, false);
    put(7, 0, false);
    ack_is(2, "3-4 7-7 ", 8);
    ack_is(2, "3-4 ", 1);
    put(2, 0, false);
    ack_is(5, "7-7 ", 8);
    store_fixture_reopen(&fix, STORE_WRITE);
    s = fix.store;
    ack_is(5, "7-7 ", 8);
}
END_TEST

START_TEST(dropped_ranges_count_as_there)
{
    put(0, 0, false);
    put(5, 0, false);
    OKAY(store_dropped_put(s, session, stream, 1, 3, 0, "spool full", &e));
    OKAY(store_dropped_put(s, session, stream, 1, 3, 0, "spool full", &e));
    ack_is(4, "5-5 ", 8);
    OKAY(store_dropped_put(s, session, stream, 2, 4, 0, "spool full", &e));
    ack_is(6, "", 8);
    OKAY(store_dropped_put(s, session, stream, 8, 9, 0, "spool full", &e));
    ack_is(6, "8-9 ", 8);
    put(7, 0, false);
    put(6, 0, false);
    ack_is(10, "", 8);
    FAILS(store_dropped_put(s, session, stream, 5, 4, 0, "", &e), E_USAGE);
}
END_TEST

START_TEST(an_acknowledgement_sees_its_own_transaction)
{
    OKAY(store_begin_blocks(s, &e));
    put(0, 0, false);
    ack_is(1, "", 8);
    store_rollback(s);
    ack_is(0, "", 8);
}
END_TEST

START_TEST(many_holes_give_the_first_ranges)
{
    for (int i = 1; i < 60; i += 2) {
        put(i, 0, false);
    }
    ack_is(0, "1-1 3-3 5-5 7-7 9-9 11-11 13-13 15-15 ", 8);
}
END_TEST

struct seen {
    int count;
    struct store_recording last;
    char labels[64], streams[64], device[64];
    int64_t bytes;
};

static int see_recording(void *ctx, const struct store_recording *r)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->last = *r;
    snprintf(seen->labels, sizeof seen->labels, "%s", r->labels);
    snprintf(seen->streams, sizeof seen->streams, "%s", r->streams);
    return 0;
}

static struct seen list(const struct store_recording_filter *f)
{
    struct seen seen = {0};
    int64_t count;
    OKAY(store_recording_walk(s, f, see_recording, &seen, &e));
    if (!f || !f->limit) {
        OKAY(store_recording_count(s, f, &count, &e));
        ck_assert_int_eq(count, seen.count);
    }
    return seen;
}

START_TEST(a_recording_is_complete_when_its_last_block_is_there)
{
    put(0, 1, false);
    put(1, 1, false);
    struct seen seen = list(NULL);
    ck_assert_int_eq(seen.count, 1);
    ck_assert(!seen.last.complete);
    put(2, 1, true);
    seen = list(NULL);
    ck_assert(seen.last.complete);
    ck_assert_int_eq(seen.last.start_us, 0);
    ck_assert_int_eq(seen.last.end_us, 300000);
    ck_assert_str_eq(seen.streams, "acc");
}
END_TEST

START_TEST(a_recording_with_a_hole_is_not_complete)
{
    put(0, 1, false);
    put(3, 1, true);
    put(1, 1, false);
    ck_assert(!list(NULL).last.complete);
    put(2, 1, false);
    ck_assert(list(NULL).last.complete);
}
END_TEST

START_TEST(a_recording_whose_first_block_may_be_missing_waits_for_its_predecessor)
{
    put(0, 1, false);
    put(2, 2, false);
    put(3, 2, true);
    struct store_recording_filter second = {.newest_first = true, .limit = 1};
    ck_assert(!list(&second).last.complete);
    put(1, 1, true);
    ck_assert(list(&second).last.complete);
    ck_assert_int_eq(list(&second).last.rec_no, 2);
}
END_TEST

START_TEST(a_second_stream_makes_it_wait)
{
    put(0, 1, true);
    struct store_stream mic = {
        .device = "fan-1", .name = "mic", .type = 2, .channels = 1, .scale = 1};
    OKAY(store_stream_put(s, &mic, &e));
    struct store_block b = block(0, 1, false);
    int64_t rec_id;
    b.stream_id = mic.stream_id;
    b.uncertain = true;
    ck_assert_int_eq(store_block_put(s, &b, &rec_id, &e), STORE_BLOCK_NEW);
    struct seen seen = list(NULL);
    ck_assert(!seen.last.complete);
    ck_assert(seen.last.uncertain);
    b.seq = 1;
    b.rec_end = true;
    ck_assert_int_eq(store_block_put(s, &b, &rec_id, &e), STORE_BLOCK_NEW);
    ck_assert(list(NULL).last.complete);
}
END_TEST

static void import_one(const char *name, const char *grp, const char *digest, int64_t rec_no)
{
    struct store_block b = block(100 + rec_no, rec_no, true);
    int64_t rec_id;
    b.source = "import";
    b.name = name;
    b.grp = grp;
    b.digest = digest;
    b.hint = "hinted";
    ck_assert_int_eq(store_block_put(s, &b, &rec_id, &e), STORE_BLOCK_NEW);
}

START_TEST(recordings_are_filtered)
{
    import_one("a.wav", "ann", "d1", 1);
    import_one("b.wav", "bob", "d2", 2);
    put(0, 3, true);
    struct store_region r = {.rec_id = 1,
                             .region = "",
                             .label = "yes",
                             .author = "ann",
                             .source = "import",
                             .whole = true};
    OKAY(store_label_set(s, &r, -1, &e));
    ck_assert_int_eq(list(NULL).count, 3);
    ck_assert_int_eq(list(&(struct store_recording_filter){.source = "import"}).count, 2);
    ck_assert_int_eq(list(&(struct store_recording_filter){.grp = "bob"}).last.rec_id, 2);
    ck_assert_int_eq(list(&(struct store_recording_filter){.grp = "fan-1"}).last.rec_id, 3);
    ck_assert_int_eq(list(&(struct store_recording_filter){.label = "yes"}).last.rec_id, 1);
    ck_assert_int_eq(list(&(struct store_recording_filter){.label = ""}).count, 2);
    ck_assert_int_eq(list(&(struct store_recording_filter){.search = "B.WAV"}).last.rec_id, 2);
    ck_assert_int_eq(list(&(struct store_recording_filter){.stream = "acc"}).count, 3);
    ck_assert_int_eq(list(&(struct store_recording_filter){.stream = "mic"}).count, 0);
    ck_assert_int_eq(
        list(&(struct store_recording_filter){.after_rec_id = 1, .limit = 1}).last.rec_id, 2);
    ck_assert_int_eq(list(&(struct store_recording_filter){.uncertain = 1}).count, 0);
    ck_assert_int_eq(
        list(&(struct store_recording_filter){.since_ms = clock_wall_ms() + 60000}).count, 0);
    ck_assert_str_eq(list(&(struct store_recording_filter){.rec_id = 1}).labels, "yes");
    int64_t rec_id;
    OKAY(store_recording_by_digest(s, "d2", &rec_id, &e));
    ck_assert_int_eq(rec_id, 2);
    OKAY(store_recording_by_digest(s, "d9", &rec_id, &e));
    ck_assert_int_eq(rec_id, 0);
    OKAY(store_recording_by_digest(s, "", &rec_id, &e));
    ck_assert_int_eq(rec_id, 0);
}
END_TEST

static int see_bytes(void *ctx, int64_t t_us, const void *bytes, size_t len)
{
    struct seen *seen = ctx;
    ck_assert_mem_eq(bytes, "bytes", len);
    seen->count++;
    seen->bytes = t_us;
    return 0;
}

static int see_stream(void *ctx, const struct store_recording_stream *rs)
{
    struct seen *seen = ctx;
    seen->count++;
    ck_assert_str_eq(rs->stream.name, "acc");
    ck_assert_int_eq(rs->frames, 40);
    return 0;
}

START_TEST(blocks_come_back_by_time)
{
    for (int i = 0; i < 4; i++) {
        put(i, 1, i == 3);
    }
    put(4, 2, true);
    struct seen all = {0}, some = {0}, streams = {0};
    OKAY(store_recording_blocks(s, 1, stream, INT64_MIN, INT64_MAX, see_bytes, &all, &e));
    ck_assert_int_eq(all.count, 4);
    OKAY(store_recording_blocks(s, 1, stream, 150000, 250000, see_bytes, &some, &e));
    ck_assert_int_eq(some.count, 2);
    ck_assert_int_eq(some.bytes, 200000);
    OKAY(store_recording_streams(s, 1, see_stream, &streams, &e));
    ck_assert_int_eq(streams.count, 1);
}
END_TEST

static int stop_at_second(void *ctx, const struct store_recording *r)
{
    (void)r;
    return ++*(int *)ctx == 2 ? 77 : 0;
}

static int walk_inside(void *ctx, const struct store_recording *r)
{
    (void)r;
    return store_recording_streams(s, 1, see_stream, ctx, &e);
}

START_TEST(walks_stop_and_nest)
{
    for (int i = 0; i < 4; i++) {
        put(i, i < 3 ? 1 : 2, false);
    }
    put(4, 1, false);
    int count = 0;
    struct seen seen = {0};
    FAILS(store_recording_walk(s, NULL, stop_at_second, &count, &e), 77);
    OKAY(store_recording_walk(s, NULL, walk_inside, &seen, &e));
    ck_assert_int_eq(seen.count, 2);
}
END_TEST

static int see_event(void *ctx, const struct store_event *ev)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->last.rec_id = ev->rec_id;
    snprintf(seen->labels, sizeof seen->labels, "%s", ev->label);
    return 0;
}

START_TEST(events_find_their_recording)
{
    struct store_event ev = {.session_id = session,
                             .device = "fan-1",
                             .label = "wear",
                             .model = "fan",
                             .model_digest = "aa",
                             .rec_no = 1};
    OKAY(store_event_put(s, &ev, &e));
    struct seen seen = {0};
    OKAY(store_event_walk(s, "fan-1", 0, 0, see_event, &seen, &e));
    ck_assert_int_eq(seen.last.rec_id, 0);
    put(0, 1, true);
    OKAY(store_event_walk(s, NULL, 0, 10, see_event, &seen, &e));
    ck_assert_int_eq(seen.last.rec_id, 1);
    ck_assert_str_eq(seen.labels, "wear");
    int64_t last;
    OKAY(store_event_last_id(s, &last, &e));
    seen.count = 0;
    OKAY(store_event_walk(s, NULL, last, 10, see_event, &seen, &e));
    ck_assert_int_eq(seen.count, 0);
    char json[64];
    FAILS(store_health_last(s, "fan-1", json, sizeof json, &e), E_NOT_FOUND);
    OKAY(store_health_put(s, "fan-1", "{\"a\":1}", &e));
    OKAY(store_health_put(s, "fan-1", "{\"a\":2}", &e));
    OKAY(store_health_last(s, "fan-1", json, sizeof json, &e));
    ck_assert_str_eq(json, "{\"a\":2}");
    FAILS(store_health_last(s, "fan-1", json, 3, &e), E_LIMIT);
}
END_TEST

static struct store_retain_done retain(int64_t before_ms, bool labelled_too)
{
    struct store_retain r = {.before_ms = before_ms, .labelled_too = labelled_too};
    struct store_retain_done sum = {0}, step = {.more = true};
    while (step.more) {
        OKAY(store_retain_step(s, &r, &step, &e));
        sum.recordings += step.recordings;
        sum.blocks += step.blocks;
        sum.rows += step.rows;
    }
    return sum;
}

START_TEST(what_is_old_goes_and_what_is_labelled_stays)
{
    int64_t now = clock_wall_ms() + 100000, bytes, empty;
    for (int i = 0; i < 300; i++) {
        put(i, i / 3 + 1, i % 3 == 2);
    }
    put(300, 0, false);
    struct store_region r = {.rec_id = 5,
                             .region = "",
                             .label = "yes",
                             .author = "ann",
                             .source = "human",
                             .whole = true};
    OKAY(store_label_set(s, &r, -1, &e));
    OKAY(store_health_put(s, "fan-1", "{}", &e));
    OKAY(store_health_put(s, "fan-1", "{}", &e));
    ack_is(301, "", 8);
    ck_assert_int_eq(retain(now - 200000, false).recordings, 0);
    struct store_retain_done done = retain(now, false);
    ck_assert_int_eq(done.recordings, 99);
    ck_assert_int_eq(done.blocks, 298);
    ck_assert_int_eq(done.rows, 1);
    ck_assert_int_eq(list(NULL).last.rec_id, 5);
    ck_assert_int_eq(retain(now, true).recordings, 1);
    OKAY(store_blocks_bytes(s, &bytes, &empty, &e));
    ck_assert_int_gt(bytes, empty);
}
END_TEST

START_TEST(a_block_that_went_is_not_taken_again)
{
    put(0, 1, true);
    put(1, 2, true);
    OKAY(store_begin_blocks(s, &e));
    ack_is(2, "", 8);
    OKAY(store_commit(s, &e));
    retain(clock_wall_ms() + 100000, false);
    struct store_block b = block(0, 1, true);
    int64_t rec_id;
    ck_assert_int_eq(store_block_put(s, &b, &rec_id, &e), STORE_BLOCK_REPEAT);
    ck_assert_int_eq(list(NULL).count, 0);
    ck_assert_int_eq(put(2, 3, true), STORE_BLOCK_NEW);
    ack_is(3, "", 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_sample");
    TCase *t = tcase_create("sample");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_block_is_stored_once);
    tcase_add_test(t, streams_and_sessions_keep_their_numbers);
    tcase_add_test(t, acknowledgements_tell_what_is_stored);
    tcase_add_test(t, dropped_ranges_count_as_there);
    tcase_add_test(t, an_acknowledgement_sees_its_own_transaction);
    tcase_add_test(t, many_holes_give_the_first_ranges);
    tcase_add_test(t, a_recording_is_complete_when_its_last_block_is_there);
    tcase_add_test(t, a_recording_with_a_hole_is_not_complete);
    tcase_add_test(t, a_recording_whose_first_block_may_be_missing_waits_for_its_predecessor);
    tcase_add_test(t, a_second_stream_makes_it_wait);
    tcase_add_test(t, recordings_are_filtered);
    tcase_add_test(t, blocks_come_back_by_time);
    tcase_add_test(t, walks_stop_and_nest);
    tcase_add_test(t, events_find_their_recording);
    tcase_add_test(t, what_is_old_goes_and_what_is_labelled_stays);
    tcase_add_test(t, a_block_that_went_is_not_taken_again);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
