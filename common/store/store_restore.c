// Labels as they were. See store_restore.h.
#include "common/store/store_restore.h"

#include "common/err.h"
#include "common/store/sql.h"

// k: every region that ever was; t: the event that made it what it was then; g: what it is now.
#define CHANGED                                                                                    \
    " LEFT JOIN label_event t ON t.event_id = (SELECT max(x.event_id) FROM label_event x WHERE "   \
    "x.rec_id = k.rec_id"                                                                          \
    " AND x.region = k.region AND x.time_ms <= ?2) LEFT JOIN region g ON g.rec_id = k.rec_id AND " \
    "g.region = k.region"                                                                          \
    " WHERE (coalesce(t.action, 'delete') = 'set') <> (g.rec_id IS NOT NULL) OR (t.action = "      \
    "'set' AND"                                                                                    \
    " (t.label <> g.label OR t.start_us IS NOT g.start_us OR t.end_us IS NOT g.end_us OR t.x IS "  \
    "NOT g.x OR t.y IS NOT g.y"                                                                    \
    " OR t.w IS NOT g.w OR t.h IS NOT g.h)) ORDER BY k.rec_id, k.region"
#define COLUMNS                                                                                    \
    "SELECT k.rec_id, k.region, coalesce(t.action, 'delete') <> 'set', t.label, t.start_us, "      \
    "t.end_us, t.x, t.y, t.w, t.h,"                                                                \
    " coalesce(g.version, 0), coalesce(t.author, ''), coalesce(t.time_ms, 0) FROM "

int store_restore_walk(struct store *s, const char *digest, int64_t rec_id, int64_t time_ms,
                       store_region_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    if (digest) {
        sql_open(&q, s, SQL_MAIN,
                 COLUMNS "(SELECT DISTINCT rec_id, region FROM label_event WHERE rec_id IN (SELECT "
                         "i.rec_id FROM dataset_item i"
                         " JOIN dataset d USING (dataset_id) WHERE d.digest = ?1)) k" CHANGED,
                 e);
        sql_text(&q, digest);
    } else {
        sql_open(&q, s, SQL_MAIN,
                 COLUMNS
                 "(SELECT DISTINCT rec_id, region FROM label_event WHERE rec_id = ?1) k" CHANGED,
                 e);
        sql_i64(&q, rec_id);
    }
    sql_i64(&q, time_ms);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_region r = {.rec_id = sql_get_i64(&q, 0),
                                 .region = sql_get_text(&q, 1),
                                 .deleted = sql_get_i64(&q, 2) != 0,
                                 .label = sql_get_text(&q, 3),
                                 .whole = sqlite3_column_type(q.st, 4) == SQLITE_NULL,
                                 .start_us = sql_get_i64(&q, 4),
                                 .end_us = sql_get_i64(&q, 5),
                                 .has_box = sqlite3_column_type(q.st, 6) != SQLITE_NULL,
                                 .x = sql_get_f64(&q, 6, 0),
                                 .y = sql_get_f64(&q, 7, 0),
                                 .w = sql_get_f64(&q, 8, 0),
                                 .h = sql_get_f64(&q, 9, 0),
                                 .version = sql_get_i64(&q, 10),
                                 .author = sql_get_text(&q, 11),
                                 .source = "human",
                                 .model = "",
                                 .time_ms = sql_get_i64(&q, 12)};
        rc = fn(ctx, &r);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
