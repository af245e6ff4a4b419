// Groups and examples of labels. See store_guide.h.
#include "common/store/store_guide.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

int store_guide_set_group(struct store *s, const char *label, const char *group, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE label_class SET grp = ? WHERE name = ?", e);
    sql_text(&q, group);
    sql_text(&q, label);
    int rc = sql_run(&q);
    return rc == OK && sql_changes(&q) == 0
               ? err_set(e, E_NOT_FOUND, "there is no label '%s'", label)
               : rc;
}

int store_guide_put_example(struct store *s, const char *label, int64_t rec_id, const char *note,
                            const char *author, struct err *e)
{
    struct sql q;
    if (!note) {
        sql_open(&q, s, SQL_MAIN, "DELETE FROM label_example WHERE label = ? AND rec_id = ?", e);
        sql_text(&q, label);
        sql_i64(&q, rec_id);
        return sql_run(&q);
    }
    sql_open(&q, s, SQL_MAIN,
             "INSERT OR REPLACE INTO label_example (label, rec_id, note, author, time_ms) VALUES "
             "(?,?,?,?,?)",
             e);
    sql_text(&q, label);
    sql_i64(&q, rec_id);
    sql_text(&q, note);
    sql_text(&q, author);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_guide_walk(struct store *s, store_guide_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT name, grp, '', '', 0 FROM label_class WHERE grp <> '' UNION ALL"
             " SELECT label, '', note, author, rec_id FROM label_example ORDER BY 1, 5",
             e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_guide g = {.label = sql_get_text(&q, 0),
                                .group = sql_get_text(&q, 1),
                                .note = sql_get_text(&q, 2),
                                .author = sql_get_text(&q, 3),
                                .rec_id = sql_get_i64(&q, 4)};
        rc = fn(ctx, &g);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
