// Projections and what follows from them. See store_explore.h.
#include "common/store/store_explore.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

int store_projection_add(struct store *s, struct store_projection *p, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO projection (method, stream, model, state, window_limit, seed, author, "
             "created_ms, changed_ms)"
             " VALUES (?1,?2,?3,'waiting',?4,?5,?6,?7,?7)",
             e);
    sql_text(&q, p->method);
    sql_text(&q, p->stream);
    sql_text(&q, p->model);
    sql_i64(&q, p->window_limit);
    sql_i64(&q, p->seed);
    sql_text(&q, p->author);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    p->projection_id = rc ? 0 : sql_last_id(s, SQL_MAIN);
    return rc;
}

int store_projection_set(struct store *s, int64_t id, const char *state, const char *note,
                         int64_t done, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE projection SET state = ?2, note = ?3, done = ?4, changed_ms = ?5, windows = "
             "CASE WHEN ?2 = 'done' THEN"
             " (SELECT count(*) FROM projection_window w WHERE w.projection_id = ?1) ELSE windows "
             "END WHERE projection_id = ?1",
             e);
    sql_i64(&q, id);
    sql_text(&q, state);
    sql_text(&q, note);
    sql_i64(&q, done);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_projection_walk(struct store *s, int64_t id, store_projection_fn fn, void *ctx,
                          struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT projection_id, windows, done, window_limit, seed, created_ms, changed_ms, "
             "method, stream, model, state,"
             " note, author FROM projection WHERE ?1 = 0 OR projection_id = ?1 ORDER BY "
             "projection_id DESC LIMIT 50",
             e);
    sql_i64(&q, id);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_projection p = {.projection_id = sql_get_i64(&q, 0),
                                     .windows = sql_get_i64(&q, 1),
                                     .done = sql_get_i64(&q, 2),
                                     .window_limit = sql_get_i64(&q, 3),
                                     .seed = sql_get_i64(&q, 4),
                                     .created_ms = sql_get_i64(&q, 5),
                                     .changed_ms = sql_get_i64(&q, 6),
                                     .method = sql_get_text(&q, 7),
                                     .stream = sql_get_text(&q, 8),
                                     .model = sql_get_text(&q, 9),
                                     .state = sql_get_text(&q, 10),
                                     .note = sql_get_text(&q, 11),
                                     .author = sql_get_text(&q, 12)};
        rc = fn(ctx, &p);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_projection_prune(struct store *s, int64_t keep, struct err *e)
{
    struct sql q;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    sql_open(&q, s, SQL_MAIN,
             "DELETE FROM projection WHERE state IN ('done', 'failed') AND projection_id NOT IN"
             " (SELECT projection_id FROM projection WHERE state = 'done' ORDER BY projection_id "
             "DESC LIMIT ?)",
             e);
    sql_i64(&q, keep);
    rc = sql_run(&q);
    if (rc == OK) {
        sql_open(&q, s, SQL_MAIN,
                 "DELETE FROM projection_window WHERE projection_id NOT IN (SELECT projection_id "
                 "FROM projection)",
                 e);
        rc = sql_run(&q);
    }
    return sql_leave(s, rc, e);
}

static int put_window(struct store *s, int64_t id, const struct store_projection_window *w,
                      struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO projection_window (projection_id, n, rec_id, start_us, end_us, x, y, "
             "said, score, novelty)"
             " VALUES (?,?,?,?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, id);
    sql_i64(&q, w->n);
    sql_i64(&q, w->rec_id);
    sql_i64(&q, w->start_us);
    sql_i64(&q, w->end_us);
    sql_f64(&q, w->x);
    sql_f64(&q, w->y);
    sql_text(&q, w->said);
    sql_f64(&q, w->score);
    sql_f64(&q, w->novelty);
    return sql_run(&q);
}

int store_projection_put(struct store *s, int64_t id, const struct store_projection_window *w,
                         size_t count, struct err *e)
{
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == OK; i++) {
        rc = put_window(s, id, &w[i], e);
    }
    return sql_leave(s, rc, e);
}

// The present label of a window w: the shortest region over its middle, else the whole recording's.
#define LABEL                                                                                      \
    "coalesce((SELECT g.label FROM region g WHERE g.rec_id = w.rec_id AND g.x IS NULL AND "        \
    "g.start_us <= (w.start_us + w.end_us) / 2"                                                    \
    " AND g.end_us > (w.start_us + w.end_us) / 2 ORDER BY g.end_us - g.start_us LIMIT 1),"         \
    " (SELECT g.label FROM region g WHERE g.rec_id = w.rec_id AND g.region = ''), '')"
#define WINDOW_COLUMNS                                                                             \
    "SELECT w.n, w.rec_id, w.start_us, w.end_us, w.x, w.y, w.score, w.novelty, w.said, " LABEL     \
    " AS now"

static int walk_windows(struct sql *q, store_projection_window_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        struct store_projection_window w = {.n = sql_get_i64(q, 0),
                                            .rec_id = sql_get_i64(q, 1),
                                            .start_us = sql_get_i64(q, 2),
                                            .end_us = sql_get_i64(q, 3),
                                            .x = sql_get_f64(q, 4, 0),
                                            .y = sql_get_f64(q, 5, 0),
                                            .score = sql_get_f64(q, 6, 0),
                                            .novelty = sql_get_f64(q, 7, 0),
                                            .said = sql_get_text(q, 8),
                                            .label = sql_get_text(q, 9)};
        rc = fn(ctx, &w);
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_projection_windows(struct store *s, int64_t id, store_projection_window_fn fn, void *ctx,
                             struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             WINDOW_COLUMNS " FROM projection_window w WHERE w.projection_id = ? ORDER BY w.n", e);
    sql_i64(&q, id);
    return walk_windows(&q, fn, ctx);
}

int store_projection_errors(struct store *s, int64_t id, const char *label, const char *said,
                            int64_t limit, store_projection_window_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT * FROM (" WINDOW_COLUMNS
        " FROM projection_window w WHERE w.projection_id = ?1 AND w.said <> '')"
        " WHERE now <> '' AND (?2 IS NULL OR now = ?2) AND (?3 IS NULL OR said = ?3)"
        " AND (now <> said OR (?2 IS NOT NULL AND ?3 IS NOT NULL)) ORDER BY score DESC, n LIMIT ?4",
        e);
    sql_i64(&q, id);
    sql_text_or_null(&q, label);
    sql_text_or_null(&q, said);
    sql_i64(&q, limit);
    return walk_windows(&q, fn, ctx);
}

int store_projection_proposals(struct store *s, int64_t id, double least, bool unlabelled,
                               int64_t limit, store_proposal_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    // SQLite gives the bare columns of the row that max() chose.
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT * FROM (SELECT rec_id, said, max(weight) / sum(n) AS sure, sum(n), now, labelled "
        "FROM (SELECT w.rec_id, w.said,"
        " total(w.score) AS weight, count(*) AS n,"
        " coalesce((SELECT g.label FROM region g WHERE g.rec_id = w.rec_id AND g.region = ''), '') "
        "AS now,"
        " EXISTS (SELECT 1 FROM region g WHERE g.rec_id = w.rec_id) AS labelled FROM "
        "projection_window w"
        " WHERE w.projection_id = ?1 AND w.said <> '' GROUP BY w.rec_id, w.said) GROUP BY rec_id)"
        " WHERE sure >= ?2 AND NOT (?3 AND labelled) ORDER BY sure DESC, rec_id LIMIT ?4",
        e);
    sql_i64(&q, id);
    sql_f64(&q, least);
    sql_i64(&q, unlabelled);
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_proposal p = {.rec_id = sql_get_i64(&q, 0),
                                   .label = sql_get_text(&q, 1),
                                   .score = sql_get_f64(&q, 2, 0),
                                   .windows = sql_get_i64(&q, 3),
                                   .now = sql_get_text(&q, 4)};
        rc = fn(ctx, &p);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
