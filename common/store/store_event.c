// What devices decided and how they are, and what the collectors say of themselves.
#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"
#include "common/store/store_sample.h"

int store_event_put(struct store *s, const struct store_event *ev, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO event (session_id, device, t_us, dur_us, label, score, novelty, "
             "uncertain, rec_no, model,"
             " model_digest, received_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, ev->session_id);
    sql_text(&q, ev->device);
    sql_i64(&q, ev->t_us);
    sql_i64(&q, ev->dur_us);
    sql_text(&q, ev->label);
    sql_f64(&q, ev->score);
    sql_f64(&q, ev->novelty);
    sql_i64(&q, ev->uncertain);
    sql_i64(&q, ev->rec_no);
    sql_text(&q, ev->model);
    sql_text(&q, ev->model_digest);
    sql_i64(&q, ev->received_ms ? ev->received_ms : clock_wall_ms());
    return sql_run(&q);
}

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
                                 .rec_id = sql_get_i64(q, 10),
                                 .model = sql_get_text(q, 11),
                                 .model_digest = sql_get_text(q, 12),
                                 .received_ms = sql_get_i64(q, 13)};
        rc = fn(ctx, &ev);
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

#define EVENT_COLUMNS                                                                              \
    " v.event_id, v.session_id, v.device, v.t_us, v.dur_us, v.label, v.score, v.novelty, "         \
    "v.uncertain, v.rec_no,"                                                                       \
    " (SELECT rec_id FROM recording r WHERE r.session_id = v.session_id AND r.rec_no = v.rec_no)," \
    " v.model, v.model_digest, v.received_ms "

int store_event_walk(struct store *s, const char *device, int64_t after_event_id, int64_t limit,
                     store_event_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    int64_t most = limit > 0 ? limit : INT64_MAX;
    if (device) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS
                 "FROM event v WHERE v.device = ? AND v.event_id > ? ORDER BY v.event_id LIMIT ?",
                 e);
        sql_text(&q, device);
    } else {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS
                 "FROM event v WHERE v.event_id > ? ORDER BY v.event_id LIMIT ?",
                 e);
    }
    sql_i64(&q, after_event_id);
    sql_i64(&q, most);
    return walk_events(&q, fn, ctx);
}

int store_event_last_id(struct store *s, int64_t *event_id, struct err *e)
{
    struct sql q;
    *event_id = 0;
    sql_open(&q, s, SQL_MAIN, "SELECT coalesce(max(event_id), 0) FROM event", e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *event_id = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_health_put(struct store *s, const char *device, const char *json, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS, "INSERT INTO health (device, received_ms, body) VALUES (?,?,?)", e);
    sql_text(&q, device);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, json);
    return sql_run(&q);
}

int store_health_last(struct store *s, const char *device, char *json, size_t cap, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT body FROM health WHERE device = ? ORDER BY health_id DESC LIMIT 1", e);
    sql_text(&q, device);
    int rc = sql_step(&q);
    if (rc == OK) {
        rc = err_set(e, E_NOT_FOUND, "device '%s' has not reported its health", device);
    } else if (rc == SQL_ROW) {
        int n = snprintf(json, cap, "%s", sql_get_text(&q, 0));
        rc = n < 0 || (size_t)n >= cap
                 ? err_set(e, E_LIMIT, "health of device '%s' is too long", device)
                 : OK;
    }
    return sql_close(&q, rc);
}

int store_collector_alive(struct store *s, const struct store_collector *c, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_BLOCKS,
        "INSERT INTO collector (collector_id, pid, started_ms, alive_ms, blocks, repeats, "
        "conflicts, refused,"
        " last_error) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (collector_id) DO UPDATE SET pid = "
        "excluded.pid,"
        " started_ms = excluded.started_ms, alive_ms = excluded.alive_ms, blocks = excluded.blocks,"
        " repeats = excluded.repeats, conflicts = excluded.conflicts, refused = excluded.refused,"
        " last_error = excluded.last_error",
        e);
    sql_text(&q, c->id);
    sql_i64(&q, c->pid);
    sql_i64(&q, c->started_ms);
    sql_i64(&q, c->alive_ms ? c->alive_ms : clock_wall_ms());
    sql_i64(&q, c->blocks);
    sql_i64(&q, c->repeats);
    sql_i64(&q, c->conflicts);
    sql_i64(&q, c->refused);
    sql_text(&q, c->last_error);
    return sql_run(&q);
}

int store_collector_walk(struct store *s, store_collector_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT collector_id, pid, started_ms, alive_ms, blocks, repeats, conflicts, refused, "
             "last_error"
             " FROM collector ORDER BY collector_id",
             e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_collector c = {.id = sql_get_text(&q, 0),
                                    .pid = sql_get_i64(&q, 1),
                                    .started_ms = sql_get_i64(&q, 2),
                                    .alive_ms = sql_get_i64(&q, 3),
                                    .blocks = sql_get_i64(&q, 4),
                                    .repeats = sql_get_i64(&q, 5),
                                    .conflicts = sql_get_i64(&q, 6),
                                    .refused = sql_get_i64(&q, 7),
                                    .last_error = sql_get_text(&q, 8)};
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
