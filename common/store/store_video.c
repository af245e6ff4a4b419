// Videos of recordings. See store_video.h.
#include "common/store/store_video.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

static int none(int64_t rec_id, struct err *e)
{
    return err_set(e, E_NOT_FOUND, "recording %lld has no video", (long long)rec_id);
}

int store_video_put(struct store *s, const struct store_video *v, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT OR REPLACE INTO video (rec_id, path, type, bytes, offset_us, author, time_ms) "
             "VALUES (?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, v->rec_id);
    sql_text(&q, v->path);
    sql_text(&q, v->type);
    sql_i64(&q, v->bytes);
    sql_i64(&q, v->offset_us);
    sql_text(&q, v->author);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_video_set_offset(struct store *s, int64_t rec_id, int64_t offset_us, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE video SET offset_us = ? WHERE rec_id = ?", e);
    sql_i64(&q, offset_us);
    sql_i64(&q, rec_id);
    int rc = sql_run(&q);
    return rc == OK && sql_changes(&q) == 0 ? none(rec_id, e) : rc;
}

int store_video_drop(struct store *s, int64_t rec_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "DELETE FROM video WHERE rec_id = ?", e);
    sql_i64(&q, rec_id);
    int rc = sql_run(&q);
    return rc == OK && sql_changes(&q) == 0 ? none(rec_id, e) : rc;
}

int store_video_find(struct store *s, int64_t rec_id, store_video_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT rec_id, bytes, offset_us, time_ms, path, type, author FROM video WHERE rec_id = ?",
        e);
    sql_i64(&q, rec_id);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        struct store_video v = {.rec_id = sql_get_i64(&q, 0),
                                .bytes = sql_get_i64(&q, 1),
                                .offset_us = sql_get_i64(&q, 2),
                                .time_ms = sql_get_i64(&q, 3),
                                .path = sql_get_text(&q, 4),
                                .type = sql_get_text(&q, 5),
                                .author = sql_get_text(&q, 6)};
        rc = fn(ctx, &v);
    } else if (rc == OK) {
        rc = none(rec_id, e);
    }
    return sql_close(&q, rc);
}

int store_video_uses(struct store *s, const char *path, bool *used, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT 1 FROM video WHERE path = ? LIMIT 1", e);
    sql_text(&q, path);
    int rc = sql_step(&q);
    *used = rc == SQL_ROW;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}
