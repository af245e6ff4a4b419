// Queries that only the page asks. See store_page.h.
//
// No count here grows with a table: triggers keep tallies (main_003.sql, blocks_003.sql), the greatest row id of an
// append-only table stands for its number of rows, and what must be looked for is looked for among the newest.
#include "common/store/store_page.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

static int one_number(struct store *s, const char *text, int64_t *out, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, text, e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *out = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

struct number {
    const char *text;
    size_t offset;
};

static int numbers(struct store *s, const struct number *n, size_t count, void *out, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; rc == OK && i < count; i++) {
        rc = one_number(s, n[i].text, (int64_t *)(void *)((char *)out + n[i].offset), e);
    }
    return rc;
}

int store_page_changes(struct store *s, struct store_changes *out, struct err *e)
{
    static const struct number all[] = {
        {"SELECT max(rec_id) FROM recording", offsetof(struct store_changes, recording)},
        {"SELECT max(block_id) FROM block", offsetof(struct store_changes, blocks)},
        {"SELECT max(event_id) FROM event", offsetof(struct store_changes, event)},
        {"SELECT max(event_id) FROM label_event", offsetof(struct store_changes, label_event)},
        {"SELECT max(model_id) FROM model", offsetof(struct store_changes, model)},
        {"SELECT max(release_id) FROM release", offsetof(struct store_changes, release)},
        {"SELECT max(coalesce((SELECT max(changed_ms) FROM rollout), 0),"
         " coalesce((SELECT max(changed_ms) FROM rollout_device), 0))",
         offsetof(struct store_changes, rollout_ms)},
        {"SELECT max(max(coalesce(hello_ms, 0), coalesce(status_ms, 0), coalesce(reported_ms, 0))) "
         "FROM device_state",
         offsetof(struct store_changes, device_ms)},
        {"SELECT count(*) FROM label_class", offsetof(struct store_changes, class_count)},
        {"SELECT coalesce(max(command_id), 0) + coalesce(max(replied_ms), 0) FROM"
         " (SELECT command_id, replied_ms FROM command ORDER BY command_id DESC LIMIT 50)",
         offsetof(struct store_changes, command)},
    };
    *out = (struct store_changes){0};
    return numbers(s, all, ARRAY_LEN(all), out, e);
}

int store_page_overview(struct store *s, struct store_overview *out, struct err *e)
{
    static const struct number all[] = {
        {"SELECT count(*) FROM device WHERE removed_ms IS NULL",
         offsetof(struct store_overview, devices)},
        {"SELECT count(*) FROM device_state JOIN device ON device.id = device_state.device WHERE "
         "online = 1 AND removed_ms IS NULL",
         offsetof(struct store_overview, devices_online)},
        {"SELECT count(*) FROM device_state WHERE simulated = 1",
         offsetof(struct store_overview, devices_simulated)},
        {"SELECT recordings FROM blocks_tally", offsetof(struct store_overview, recordings)},
        {"SELECT labelled FROM main_tally", offsetof(struct store_overview, recordings_labelled)},
        {"SELECT uncertain FROM blocks_tally",
         offsetof(struct store_overview, recordings_uncertain)},
        {"SELECT count(*) FROM (SELECT rec_id FROM recording WHERE uncertain = 1 ORDER BY rec_id "
         "DESC LIMIT 2000) r"
         " WHERE NOT EXISTS (SELECT 1 FROM region WHERE region.rec_id = r.rec_id)",
         offsetof(struct store_overview, queue)},
        {"SELECT simulated FROM blocks_tally",
         offsetof(struct store_overview, recordings_simulated)},
        {"SELECT coalesce(max(block_id), 0) FROM block", offsetof(struct store_overview, blocks)},
        {"SELECT coalesce(sum(frames * channels * CASE type WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 "
         "THEN 2 ELSE 4 END), 0)"
         " FROM stream_tally JOIN stream USING (stream_id)",
         offsetof(struct store_overview, sample_bytes)},
        {"SELECT recorded_us FROM blocks_tally", offsetof(struct store_overview, recorded_us)},
        {"SELECT conflicts FROM blocks_tally", offsetof(struct store_overview, conflicts)},
        {"SELECT dropped FROM blocks_tally", offsetof(struct store_overview, dropped)},
        {"SELECT regions FROM main_tally", offsetof(struct store_overview, regions)},
        {"SELECT coalesce(max(event_id), 0) FROM label_event",
         offsetof(struct store_overview, label_events)},
        {"SELECT count(*) FROM label_class WHERE retired_ms IS NULL",
         offsetof(struct store_overview, classes)},
        {"SELECT count(*) FROM user WHERE disabled_ms IS NULL",
         offsetof(struct store_overview, people)},
        {"SELECT coalesce(max(event_id), 0) FROM event", offsetof(struct store_overview, events)},
        {"SELECT events_uncertain FROM blocks_tally",
         offsetof(struct store_overview, events_uncertain)},
        {"SELECT count(*) FROM model", offsetof(struct store_overview, models)},
        {"SELECT count(*) FROM release", offsetof(struct store_overview, releases)},
        {"SELECT count(*) FROM rollout WHERE state = 'running'",
         offsetof(struct store_overview, rollouts_running)},
        {"SELECT count(*) FROM dataset", offsetof(struct store_overview, datasets)},
        {"SELECT count(*) FROM outbox WHERE sent_ms IS NULL",
         offsetof(struct store_overview, outbox_pending)},
    };
    *out = (struct store_overview){0};
    return numbers(s, all, ARRAY_LEN(all), out, e);
}

static int walk_counts(struct sql *q, store_page_count_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_text(q, 0), sql_get_i64(q, 1), sql_get_i64(q, 2));
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_page_by_stream(struct store *s, store_page_count_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT name, sum(recordings), sum(frames) FROM stream_tally JOIN stream USING "
             "(stream_id) WHERE recordings > 0"
             " GROUP BY name ORDER BY name",
             e);
    return walk_counts(&q, fn, ctx);
}

int store_page_by_minute(struct store *s, int64_t since_ms, store_page_count_fn fn, void *ctx,
                         struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT minute * 60000, recordings, uncertain FROM minute_tally WHERE minute >= ? / "
             "60000 AND recordings > 0"
             " ORDER BY minute",
             e);
    sql_i64(&q, since_ms);
    return walk_counts(&q, fn, ctx);
}

int store_page_audit_count(struct store *s, const char *who, const char *what, int64_t since_ms,
                           int64_t *count, struct err *e)
{
    struct sql q;
    // Only the newest lines can count: reading stops after as many as the limits could ever need.
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT count(*) FROM (SELECT time_ms, who, what FROM audit ORDER BY audit_id DESC LIMIT "
        "1000)"
        " WHERE time_ms >= ?1 AND (?2 IS NULL OR who = ?2) AND substr(what, 1, length(?3)) = ?3",
        e);
    sql_i64(&q, since_ms);
    sql_text_or_null(&q, who);
    sql_text(&q, what);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *count = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

static int retire_class(struct store *s, const char *name, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE label_class SET retired_ms = ? WHERE name = ?", e);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, name);
    int rc = sql_run(&q);
    return rc == OK && sql_changes(&q) == 0
               ? err_set(e, E_NOT_FOUND, "there is no label '%s'", name)
               : rc;
}

// The new class takes over key, colour and guideline of the old one where it is new.
static int carry_class(struct store *s, const char *from, const char *to, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO label_class (name, hotkey, color, guideline, position, created_ms)"
             " SELECT ?2, hotkey, color, guideline, position, ?3 FROM label_class WHERE name = ?1"
             " ON CONFLICT (name) DO UPDATE SET retired_ms = NULL",
             e);
    sql_text(&q, from);
    sql_text(&q, to);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

static int rename_regions(struct store *s, const char *from, const char *to, const char *author,
                          int64_t *changed, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO label_event (rec_id, region, action, label, start_us, end_us, x, y, w, "
             "h, author, source, model, score,"
             " version, time_ms) SELECT ev.rec_id, ev.region, 'set', ?2, ev.start_us, ev.end_us, "
             "ev.x, ev.y, ev.w, ev.h, ?3,"
             " ev.source, ev.model, ev.score, ev.version + 1, ?4 FROM region JOIN label_event ev "
             "USING (event_id)"
             " WHERE region.label = ?1",
             e);
    sql_text(&q, from);
    sql_text(&q, to);
    sql_text(&q, author);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    *changed = rc == OK ? sql_changes(&q) : 0;
    if (rc) {
        return rc;
    }
    sql_open(&q, s, SQL_MAIN,
             "UPDATE region SET label = ?2, author = ?3, version = version + 1, event_id ="
             " (SELECT max(event_id) FROM label_event ev WHERE ev.rec_id = region.rec_id AND "
             "ev.region = region.region)"
             " WHERE label = ?1",
             e);
    sql_text(&q, from);
    sql_text(&q, to);
    sql_text(&q, author);
    return sql_run(&q);
}

int store_page_label_rename(struct store *s, const char *from, const char *to, const char *author,
                            int64_t *changed, struct err *e)
{
    *changed = 0;
    if (strcmp(from, to) == 0) {
        return err_set(e, E_USAGE, "'%s' has that name already", from);
    }
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    rc = retire_class(s, from, e);
    rc = rc ? rc : carry_class(s, from, to, e);
    rc = rc ? rc : rename_regions(s, from, to, author, changed, e);
    return sql_leave(s, rc, e);
}

int store_page_commands(struct store *s, const char *device, int64_t limit, store_command_fn fn,
                        void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT command_id, device, kind, stream, label, duration_ms, author, created_ms, "
             "expires_ms, replied_ms, status, reply"
             " FROM command WHERE device = ? ORDER BY command_id DESC LIMIT ?",
             e);
    sql_text(&q, device);
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_command c = {.command_id = sql_get_i64(&q, 0),
                                  .device = sql_get_text(&q, 1),
                                  .kind = sql_get_text(&q, 2),
                                  .stream = sql_get_text(&q, 3),
                                  .label = sql_get_text(&q, 4),
                                  .duration_ms = sql_get_i64(&q, 5),
                                  .author = sql_get_text(&q, 6),
                                  .created_ms = sql_get_i64(&q, 7),
                                  .expires_ms = sql_get_i64(&q, 8),
                                  .replied_ms = sql_get_i64(&q, 9),
                                  .status = sql_get_i64(&q, 10),
                                  .reply = sql_get_text(&q, 11)};
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

#define EVENT_COLUMNS                                                                              \
    "SELECT ev.event_id, ev.session_id, ev.device, ev.t_us, ev.dur_us, ev.label, ev.score, "       \
    "ev.novelty, ev.uncertain,"                                                                    \
    " ev.rec_no, ev.model, ev.model_digest, ev.received_ms, coalesce((SELECT rec_id FROM "         \
    "recording r WHERE ev.rec_no > 0"                                                              \
    " AND r.session_id = ev.session_id AND r.rec_no = ev.rec_no), 0) FROM event ev "

static int walk_events(struct sql *q, store_event_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        struct store_event ev = {.event_id = sql_get_i64(q, 0),
                                 .session_id = sql_get_i64(q, 1),
                                 .device = sql_get_text(q, 2),
                                 .t_us = sql_get_i64(q, 3),
                                 .dur_us = sql_get_i64(q, 4),
                                 .label = sql_get_text(q, 5),
                                 .score = sql_get_f64(q, 6, 0),
                                 .novelty = sql_get_f64(q, 7, 0),
                                 .uncertain = sql_get_i64(q, 8) != 0,
                                 .rec_no = sql_get_i64(q, 9),
                                 .model = sql_get_text(q, 10),
                                 .model_digest = sql_get_text(q, 11),
                                 .received_ms = sql_get_i64(q, 12),
                                 .rec_id = sql_get_i64(q, 13)};
        rc = fn(ctx, &ev);
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_page_last_events(struct store *s, const char *device, int64_t limit, store_event_fn fn,
                           void *ctx, struct err *e)
{
    struct sql q;
    if (device) {
        sql_open(&q, s, SQL_MAIN,
                 EVENT_COLUMNS "WHERE ev.device = ? ORDER BY ev.event_id DESC LIMIT ?", e);
        sql_text(&q, device);
    } else {
        sql_open(&q, s, SQL_MAIN, EVENT_COLUMNS "ORDER BY ev.event_id DESC LIMIT ?", e);
    }
    sql_i64(&q, limit);
    return walk_events(&q, fn, ctx);
}

int store_page_recording_events(struct store *s, int64_t rec_id, store_event_fn fn, void *ctx,
                                struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             EVENT_COLUMNS
             "JOIN recording rec ON rec.rec_id = ? AND rec.session_id = ev.session_id AND "
             "ev.device = rec.device"
             " WHERE ev.t_us >= rec.start_us AND ev.t_us < rec.end_us ORDER BY ev.t_us LIMIT 2000",
             e);
    sql_i64(&q, rec_id);
    return walk_events(&q, fn, ctx);
}

int store_page_streams(struct store *s, const char *device, store_stream_fn fn, void *ctx,
                       struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT stream_id, device, name, units, type, channels, scale, interval_ns, "
             "channel_names FROM stream"
             " WHERE ?1 IS NULL OR device = ?1 ORDER BY device, name",
             e);
    sql_text_or_null(&q, device);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_stream st = {.stream_id = sql_get_i64(&q, 0),
                                  .device = sql_get_text(&q, 1),
                                  .name = sql_get_text(&q, 2),
                                  .units = sql_get_text(&q, 3),
                                  .type = sql_get_i64(&q, 4),
                                  .channels = sql_get_i64(&q, 5),
                                  .scale = sql_get_f64(&q, 6, 1),
                                  .interval_ns = sql_get_i64(&q, 7),
                                  .channel_names = sql_get_text(&q, 8)};
        rc = fn(ctx, &st);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_page_recording_by_name(struct store *s, const char *name, int64_t *rec_id, struct err *e)
{
    struct sql q;
    *rec_id = 0;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT rec_id FROM recording WHERE name = ? AND name <> '' ORDER BY rec_id DESC LIMIT 1",
        e);
    sql_text(&q, name);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *rec_id = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_page_dataset_parts(struct store *s, const char *digest, store_page_part_fn fn, void *ctx,
                             struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT label, split, grp, count(*) FROM dataset_item JOIN dataset USING (dataset_id) "
             "WHERE digest = ?"
             " GROUP BY label, split, grp ORDER BY label, split, grp",
             e);
    sql_text(&q, digest);
    int rc;
    bool any = false;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        any = true;
        rc = fn(ctx, sql_get_text(&q, 0), sql_get_text(&q, 1), sql_get_text(&q, 2),
                sql_get_i64(&q, 3));
        if (rc) {
            break;
        }
    }
    rc = sql_close(&q, rc);
    return rc == OK && !any ? err_set(e, E_NOT_FOUND, "there is no dataset '%.70s'", digest) : rc;
}
