// Tallies against counts: random labels, blocks, deletions and renames, then every figure of the overview counted anew by
// plain SQL over the tables; and once more after a store of the version before was migrated.
#include <check.h>
#include <sqlite3.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/store/store_label.h"
#include "common/store/store_page.h"
#include "common/store/store_retain.h"
#include "common/store/store_sample.h"
#include "common/store/store_erase.h"
#include "common/store/store_survey.h"
#include "tests/support/store_fixture.h"

static struct store_fixture fix;
static struct store *s;
static struct err e;
static int64_t session, stream[2], first_rec;
static unsigned state;

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)
#define RECORDINGS 60

static unsigned draw(unsigned n)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 10) % n;
}

// Adds blocks of recordings in random order; some streams grow, some are uncertain later than at first.
static void add_recordings(void)
{
    for (int i = 0; i < RECORDINGS * 5; i++) {
        int64_t rec = 0, no = 1 + draw(RECORDINGS), which = draw(2);
        struct store_block b = {.session_id = session,
                                .stream_id = stream[which],
                                .seq = i,
                                .rec_no = no,
                                .t_us = i * 1000,
                                .end_us = i * 1000 + 900,
                                .frames = 1 + (int64_t)draw(9),
                                .bytes = "b",
                                .len = 1,
                                .rec_end = draw(3) == 0,
                                .uncertain = draw(7) == 0,
                                .simulated = true,
                                .device = "fan-1",
                                .hint = ""};
        ck_assert_msg(store_block_put(s, &b, &rec, &e) >= 0, "%s", e.msg);
        if (first_rec == 0) {
            first_rec = rec;
        }
    }
    OKAY(store_dropped_put(s, session, stream[0], 5000, 5009, 0, "full", &e));
    OKAY(store_dropped_put(s, session, stream[0], 5000, 5009, 0, "full",
                           &e)); // told again: counts once
}

static void set_up(void)
{
    static const uint8_t uid[12] = {0, 0, 0, 1, 9};
    static const char *const names[] = {"acc", "mic"};
    e = (struct err){0};
    state = 7;
    first_rec = 0;
    store_fixture_make(&fix);
    s = fix.store;
    for (int i = 0; i < 2; i++) {
        struct store_stream st = {.device = "fan-1",
                                  .name = names[i],
                                  .units = "",
                                  .type = 2,
                                  .channels = 3,
                                  .interval_ns = 100000,
                                  .scale = 1};
        OKAY(store_stream_put(s, &st, &e));
        stream[i] = st.stream_id;
    }
    OKAY(store_session_put(s, "fan-1", uid, 0, true, &session, &e));
    add_recordings();
}

static void tear_down(void)
{
    store_fixture_remove(&fix);
}

static void label_at_random(int times)
{
    static const char *const names[] = {"a", "b", "c", "d"}, *const regions[] = {"", "r1", "r2"};
    for (int i = 0; i < times; i++) {
        struct store_region g = {.rec_id = first_rec + draw(RECORDINGS),
                                 .region = regions[draw(3)],
                                 .label = names[draw(4)],
                                 .author = "t",
                                 .source = "human",
                                 .model = "",
                                 .whole = true};
        int rc = draw(4) ? store_label_set(s, &g, -1, &e) : store_label_delete(s, &g, -1, &e);
        ck_assert_msg(rc == OK || rc == E_NOT_FOUND, "%s", e.msg);
    }
}

static int64_t count(const char *text)
{
    char path[400], attach[500];
    sqlite3 *db;
    sqlite3_stmt *st;
    snprintf(path, sizeof path, "%s/main.db", fix.dir);
    snprintf(attach, sizeof attach, "ATTACH '%s/blocks.db' AS blk", fix.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static void run(const char *file, const char *text)
{
    char path[400];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", fix.dir, file);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int on_class(void *ctx, const struct store_label_class *c)
{
    char text[200];
    (void)ctx;
    snprintf(text, sizeof text, "SELECT count(*) FROM region WHERE label = '%s'", c->name);
    ck_assert_int_eq(c->uses, count(text));
    snprintf(text, sizeof text, "SELECT count(DISTINCT rec_id) FROM region WHERE label = '%s'",
             c->name);
    int64_t found = 0;
    OKAY(store_recording_count(s, &(struct store_recording_filter){.label = c->name}, &found, &e));
    ck_assert_int_eq(found, count(text));
    return OK;
}

static int on_name(void *ctx, const char *name, int64_t n, int64_t extra)
{
    char text[300];
    (void)ctx;
    snprintf(
        text, sizeof text,
        "SELECT count(*) FROM recording_stream JOIN stream USING (stream_id) WHERE name = '%s'",
        name);
    ck_assert_int_eq(n, count(text));
    snprintf(
        text, sizeof text,
        "SELECT sum(frames) FROM recording_stream JOIN stream USING (stream_id) WHERE name = '%s'",
        name);
    ck_assert_int_eq(extra, count(text));
    return OK;
}

static int on_minute(void *ctx, const char *name, int64_t n, int64_t extra)
{
    (void)name;
    ((int64_t *)ctx)[0] += n;
    ((int64_t *)ctx)[1] += extra;
    return OK;
}

struct cells { // of the coverage by a key
    const char *group, *stream; // group as SQL
    int count;
};

static int on_cell(void *ctx, const struct store_survey_cell *c)
{
    struct cells *x = ctx;
    char from[700], text[900];
    snprintf(from, sizeof from,
             "FROM region g JOIN recording r USING (rec_id) WHERE g.label = '%s' AND %s = '%s' AND "
             "(%d OR EXISTS"
             " (SELECT 1 FROM recording_stream JOIN stream USING (stream_id) WHERE rec_id = "
             "r.rec_id AND name = '%s'))",
             c->label, x->group, c->group, !x->stream, x->stream ? x->stream : "");
    snprintf(text, sizeof text, "SELECT count(DISTINCT g.rec_id) %s", from);
    ck_assert_int_eq(c->recordings, count(text));
    snprintf(text, sizeof text,
             "SELECT sum(coalesce(g.end_us - g.start_us, r.end_us - r.start_us)) %s", from);
    ck_assert_int_eq(c->labelled_us, count(text));
    x->count++;
    return OK;
}

// The coverage by a key against a plain count; what no recording has any longer is no cell.
static void compare_coverage(const char *key, const char *group, const char *name)
{
    struct cells x = {.group = group, .stream = name};
    char text[500];
    OKAY(store_survey_coverage(s, key, name, on_cell, &x, &e));
    snprintf(text, sizeof text,
             "SELECT count(*) FROM (SELECT DISTINCT g.label, %s FROM region g JOIN recording r "
             "USING (rec_id)"
             " WHERE %d OR EXISTS (SELECT 1 FROM recording_stream JOIN stream USING (stream_id) "
             "WHERE rec_id = r.rec_id AND name = '%s'))",
             group, !name, name ? name : "");
    ck_assert_int_eq(x.count, count(text));
}

static void compare_coverages(void)
{
    int64_t chunk = -1;
    do {
        OKAY(store_survey_count(s, &chunk, &e));
    } while (chunk >= 0);
    compare_coverage("device", "r.device", NULL);
    compare_coverage("group", "iif(r.grp = '', r.device, r.grp)", NULL);
    compare_coverage("meta:room", "coalesce(r.meta ->> 'room', '')", "mic");
}

static void compare(void)
{
    compare_coverages();
    struct store_overview o;
    int64_t minutes[2] = {0}, unlabelled = 0, all = 0;
    OKAY(store_page_overview(s, &o, &e));
    ck_assert_int_eq(o.recordings, count("SELECT count(*) FROM recording"));
    ck_assert_int_eq(o.recordings_labelled, count("SELECT count(DISTINCT rec_id) FROM region"));
    ck_assert_int_eq(o.recordings_uncertain,
                     count("SELECT count(*) FROM recording WHERE uncertain = 1"));
    ck_assert_int_eq(o.recordings_simulated,
                     count("SELECT count(*) FROM recording WHERE simulated = 1"));
    ck_assert_int_eq(o.recorded_us,
                     count("SELECT coalesce(sum(end_us - start_us), 0) FROM recording"));
    ck_assert_int_eq(o.sample_bytes,
                     count("SELECT coalesce(sum(frames * 6), 0) FROM recording_stream"));
    ck_assert_int_eq(o.regions, count("SELECT count(*) FROM region"));
    ck_assert_int_eq(o.events_uncertain, count("SELECT count(*) FROM event WHERE uncertain = 1"));
    ck_assert_int_eq(o.dropped, 10);
    ck_assert_int_eq(o.queue,
                     count("SELECT count(*) FROM recording r WHERE uncertain = 1 AND NOT EXISTS"
                           " (SELECT 1 FROM region g WHERE g.rec_id = r.rec_id)"));
    OKAY(store_label_class_walk(s, on_class, NULL, &e));
    OKAY(store_page_by_stream(s, on_name, NULL, &e));
    OKAY(store_page_by_minute(s, 0, on_minute, minutes, &e));
    ck_assert_int_eq(minutes[0], o.recordings);
    ck_assert_int_eq(minutes[1], o.recordings_uncertain);
    OKAY(store_recording_count(s, NULL, &all, &e));
    ck_assert_int_eq(all, o.recordings);
    OKAY(store_recording_count(s, &(struct store_recording_filter){.label = ""}, &unlabelled, &e));
    ck_assert_int_eq(unlabelled, o.recordings - o.recordings_labelled);
}

START_TEST(tallies_follow_every_change)
{
    int64_t changed;
    compare();
    label_at_random(200);
    compare();
    OKAY(store_page_label_rename(s, "a", "b", "t", &changed, &e));
    OKAY(store_page_label_rename(s, "c", "new", "t", &changed, &e));
    compare();
    for (int i = 0; i < 40; i++) {
        struct store_event ev = {.session_id = session,
                                 .t_us = i,
                                 .device = "fan-1",
                                 .label = "x",
                                 .model = "m",
                                 .model_digest = "d",
                                 .uncertain = i % 3 == 0};
        OKAY(store_event_put(s, &ev, &e));
    }
    compare();
}
END_TEST

// Groups, metadata and lengths stand in the other file; regions have times of their own.
START_TEST(coverage_follows_both_files)
{
    int64_t chunk = -1;
    label_at_random(120);
    run("blocks.db", "UPDATE recording SET grp = 'user-' || (rec_id % 5), meta = "
                     "json_object('room', 'r' || (rec_id % 3))");
    compare_coverages();
    struct store_region g = {.rec_id = first_rec,
                             .region = "r9",
                             .label = "a",
                             .author = "t",
                             .source = "human",
                             .model = "",
                             .start_us = 10,
                             .end_us = 500};
    OKAY(store_label_set(s, &g, -1, &e));
    compare_coverages();
    g.end_us = 700;
    OKAY(store_label_set(s, &g, -1, &e));
    compare_coverages();
    run("blocks.db", "UPDATE recording SET end_us = end_us + 5000, counted_us = counted_us + 5000 "
                     "WHERE rec_id % 7 = 0");
    run("blocks.db", "DELETE FROM recording_stream WHERE rec_id % 11 = 0 AND stream_id = 2");
    run("blocks.db", "UPDATE recording SET meta = '{}' WHERE rec_id % 4 = 0");
    compare_coverages();
    // Nothing is left to count, and who was erased is in no table of the coverage.
    OKAY(store_survey_count(s, &chunk, &e));
    ck_assert_int_eq(chunk, -1);
    struct store_erased erased;
    bool left;
    OKAY(store_erase_run(s, &(struct store_erase){.person = "user-2"}, "t", "asked", NULL, NULL,
                         &erased, &left, &e));
    ck_assert_int_gt(erased.labels, 0);
    ck_assert_int_eq(count("SELECT count(*) FROM coverage_kind WHERE grp = 'user-2'"), 0);
    compare_coverages();
    ck_assert_int_gt(count("SELECT count(*) FROM coverage_kind WHERE grp = 'user-1'"), 0);
}
END_TEST

START_TEST(deleted_recordings_leave_the_tallies)
{
    struct store_retain r = {.before_ms = INT64_MAX / 2, .labelled_too = false};
    struct store_retain_done done = {0};
    label_at_random(30);
    do {
        OKAY(store_retain_step(s, &r, &done, &e));
    } while (done.more);
    ck_assert_int_gt(done.recordings, 0);
    compare();
}
END_TEST

static void run_step(const char *file, const char *step)
{
    const char *src = getenv("MOTELOOP_SRC");
    char path[500];
    struct buf text = {0};
    snprintf(path, sizeof path, "%s/common/store/%s", src ? src : ".", step);
    OKAY(io_read_file(path, 1 << 20, &text, &e));
    run(file, text.data);
    buf_release(&text);
}

#define COVERAGE_AWAY                                                                              \
    "DROP TRIGGER coverage_region_added; DROP TRIGGER coverage_region_removed; DROP TRIGGER "      \
    "coverage_region_changed;"                                                                     \
    "DROP TABLE coverage_part; DROP TABLE coverage_sum; DROP TABLE coverage_kind; DROP TABLE "     \
    "coverage_chunk"

// What the step does is taken away, and the step run again over rows that are there.
START_TEST(a_store_of_the_version_before_is_counted_once)
{
    label_at_random(100);
    store_close(s);
    run("main.db", "DROP TRIGGER region_added; DROP TRIGGER region_removed; DROP TRIGGER "
                   "region_renamed; DROP TABLE label_tally;"
                   "DROP TABLE main_tally; DROP INDEX rollout_device_changed;" COVERAGE_AWAY);
    run("blocks.db", "DROP TRIGGER recording_changed; DROP TRIGGER recording_gone; DROP TRIGGER "
                     "recording_stream_joined;"
                     "DROP TRIGGER recording_stream_left; DROP TABLE recording_chunk;"
                     "DROP TRIGGER recording_added; DROP TRIGGER recording_removed;"
                     "DROP TRIGGER recording_doubted; DROP TRIGGER recording_stream_added; DROP "
                     "TRIGGER recording_stream_removed;"
                     "DROP TRIGGER event_added; DROP TRIGGER event_removed;"
                     "DROP TRIGGER conflict_added; DROP TRIGGER conflict_removed; DROP TRIGGER "
                     "dropped_added; DROP TRIGGER dropped_removed;"
                     "DROP TABLE blocks_tally; DROP TABLE stream_tally; DROP TABLE minute_tally; "
                     "DROP INDEX event_time;"
                     "ALTER TABLE recording DROP COLUMN counted_us; ALTER TABLE recording_stream "
                     "DROP COLUMN counted");
    run_step("main.db", "main_003.sql");
    run_step("blocks.db", "blocks_003.sql");
    run_step("main.db", "main_009.sql");
    run_step("blocks.db", "blocks_007.sql");
    OKAY(store_open(&fix.store, fix.dir, STORE_WRITE, &e));
    s = fix.store;
    compare();
    label_at_random(50);
    compare();
}
END_TEST

static int on_rec(void *ctx, const struct store_recording *c)
{
    int64_t *seen = ctx;
    ck_assert(seen[0] == 0 || c->rec_id < seen[0]);
    seen[0] = c->rec_id;
    seen[1]++;
    return OK;
}

START_TEST(a_list_by_label_pages_without_holes)
{
    label_at_random(300);
    struct store_recording_filter f = {.label = "b", .newest_first = true, .limit = 7};
    int64_t all = 0, got = 0, seen[2] = {0};
    OKAY(store_recording_count(s, &f, &all, &e));
    do {
        seen[1] = 0;
        OKAY(store_recording_walk(s, &f, on_rec, seen, &e));
        got += seen[1];
        f.before_rec_id = seen[0];
    } while (seen[1] == f.limit);
    ck_assert_int_eq(got, all);
    // An offset, told as a number or stepped over, names the same row.
    struct store_recording_filter far = {.newest_first = true, .limit = 1, .offset = 9},
                                  stepped = far;
    int64_t a[2] = {0}, b[2] = {0};
    stepped.device = "fan-1";
    OKAY(store_recording_walk(s, &far, on_rec, a, &e));
    OKAY(store_recording_walk(s, &stepped, on_rec, b, &e));
    ck_assert_int_eq(a[0], b[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tally");
    TCase *t = tcase_create("tally");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, tallies_follow_every_change);
    tcase_add_test(t, coverage_follows_both_files);
    tcase_add_test(t, deleted_recordings_leave_the_tallies);
    tcase_add_test(t, a_store_of_the_version_before_is_counted_once);
    tcase_add_test(t, a_list_by_label_pages_without_holes);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
