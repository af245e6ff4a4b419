// See store_clock.h.
#include "common/store/store_clock.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

#define COLUMNS                                                                                    \
    "SELECT m.device_us, m.server_us, m.bound_us, m.drift_ppb, m.drift_bound_ppb, "                \
    "m.since_device_us, m.since_server_us,"                                                        \
    " m.since_bound_us, m.reason, m.session_id, m.version, m.made_ms"

static void read_map(struct sql *q, struct clock_map *m)
{
    *m = (struct clock_map){.device_us = sql_get_i64(q, 0),
                            .server_us = sql_get_i64(q, 1),
                            .bound_us = sql_get_i64(q, 2),
                            .drift_ppb = sql_get_i64(q, 3),
                            .drift_bound_ppb = sql_get_i64(q, 4),
                            .since_device_us = sql_get_i64(q, 5),
                            .since_server_us = sql_get_i64(q, 6),
                            .since_bound_us = sql_get_i64(q, 7),
                            .reason = clock_reason_of(sql_get_text(q, 8))};
}

int store_clock_add(struct store *s, int64_t session_id, const struct clock_map *m, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO clock_map (session_id, version, device_us, server_us, bound_us, "
             "drift_ppb, drift_bound_ppb,"
             " since_device_us, since_server_us, since_bound_us, reason, made_ms) VALUES (?1,"
             " (SELECT coalesce(max(version), 0) + 1 FROM clock_map WHERE session_id = "
             "?1),?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
             e);
    sql_i64(&q, session_id);
    sql_i64(&q, m->device_us);
    sql_i64(&q, m->server_us);
    sql_i64(&q, m->bound_us);
    sql_i64(&q, m->drift_ppb);
    sql_i64_or_null(&q, m->drift_bound_ppb);
    sql_i64(&q, m->since_device_us);
    sql_i64(&q, m->since_server_us);
    sql_i64(&q, m->since_bound_us);
    sql_text(&q, clock_reason_text(m->reason));
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_clock_last(struct store *s, int64_t session_id, struct clock_map map[2], struct err *e)
{
    struct sql q;
    int n = 0, rc;
    sql_open(&q, s, SQL_BLOCKS,
             COLUMNS " FROM clock_map m WHERE m.session_id = ? ORDER BY m.version DESC LIMIT 2", e);
    sql_i64(&q, session_id);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        read_map(&q, &map[n++]);
    }
    rc = sql_close(&q, rc);
    return rc ? rc : n;
}

int store_clock_walk(struct store *s, const char *device, int64_t limit, store_clock_fn fn,
                     void *ctx, struct err *e)
{
    struct sql q;
    if (device) {
        sql_open(&q, s, SQL_MAIN,
                 COLUMNS
                 ", x.device FROM session x JOIN clock_map m USING (session_id) WHERE x.device = ?"
                 " ORDER BY m.session_id DESC, m.version DESC LIMIT ?",
                 e);
        sql_text(&q, device);
    } else {
        sql_open(
            &q, s, SQL_MAIN,
            COLUMNS
            ", x.device FROM session x JOIN clock_map m USING (session_id) WHERE NOT EXISTS "
            "(SELECT 1 FROM clock_map n"
            " JOIN session y USING (session_id) WHERE y.device = x.device AND (n.session_id > "
            "m.session_id OR"
            " (n.session_id = m.session_id AND n.version > m.version))) ORDER BY x.device LIMIT ?",
            e);
    }
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_clock c = {.session_id = sql_get_i64(&q, 9),
                                .version = sql_get_i64(&q, 10),
                                .made_ms = sql_get_i64(&q, 11),
                                .device = sql_get_text(&q, 12)};
        read_map(&q, &c.map);
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
