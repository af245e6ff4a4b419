// Verdicts. See store_verdict.h.
#include "common/store/store_verdict.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

int store_verdict_put(struct store *s, const struct store_verdict *v, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO verdict (verdict, rec_id, device, t_us, dur_us, label, model, score, "
             "author, time_ms)"
             " VALUES (?,?,?,?,?,?,?,?,?,?)",
             e);
    sql_text(&q, v->verdict);
    sql_i64(&q, v->rec_id);
    sql_text(&q, v->device);
    sql_i64(&q, v->t_us);
    sql_i64(&q, v->dur_us);
    sql_text(&q, v->label);
    sql_text(&q, v->model);
    sql_f64(&q, v->score);
    sql_text(&q, v->author);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_verdict_refused(struct store *s, int64_t rec_id, const char *label, bool *refused,
                          struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT 1 FROM verdict WHERE rec_id = ? AND rec_id > 0 AND label = ? AND verdict = "
             "'refused' LIMIT 1",
             e);
    sql_i64(&q, rec_id);
    sql_text(&q, label);
    int rc = sql_step(&q);
    *refused = rc == SQL_ROW;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}
