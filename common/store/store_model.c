// Models: one row a .tflite file, found by digest.
#include "common/store/store_model.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

#define MODEL_COLUMNS                                                                              \
    " model_id, digest, name, path, bytes, arena, dataset, recipe, seed, program, parent,"         \
    " float_accuracy, int8_accuracy, metrics, created_ms "

int store_model_put(struct store *s, struct store_model *m, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO model (digest, name, path, bytes, arena, dataset, recipe, seed, program, "
        "parent,"
        " float_accuracy, int8_accuracy, metrics, created_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (digest) DO UPDATE SET metrics = excluded.metrics, created_ms = "
        "excluded.created_ms"
        " RETURNING model_id",
        e);
    sql_text(&q, m->digest);
    sql_text(&q, m->name);
    sql_text(&q, m->path);
    sql_i64(&q, m->bytes);
    sql_i64(&q, m->arena);
    sql_text(&q, m->dataset);
    sql_text(&q, m->recipe);
    sql_i64(&q, m->seed);
    sql_text(&q, m->program);
    sql_text(&q, m->parent);
    sql_f64_or_null(&q, m->float_accuracy >= 0, m->float_accuracy);
    sql_f64_or_null(&q, m->int8_accuracy >= 0, m->int8_accuracy);
    sql_text(&q, m->metrics && m->metrics[0] ? m->metrics : "{}");
    sql_i64(&q, m->created_ms ? m->created_ms : clock_wall_ms());
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        m->model_id = sql_get_i64(&q, 0);
        rc = sql_step(&q);
    }
    return sql_close(&q, rc);
}

static int give(struct sql *q, store_model_fn fn, void *ctx)
{
    struct store_model m = {.model_id = sql_get_i64(q, 0),
                            .digest = sql_get_text(q, 1),
                            .name = sql_get_text(q, 2),
                            .path = sql_get_text(q, 3),
                            .bytes = sql_get_i64(q, 4),
                            .arena = sql_get_i64(q, 5),
                            .dataset = sql_get_text(q, 6),
                            .recipe = sql_get_text(q, 7),
                            .seed = sql_get_i64(q, 8),
                            .program = sql_get_text(q, 9),
                            .parent = sql_get_text(q, 10),
                            .float_accuracy = sql_get_f64(q, 11, -1),
                            .int8_accuracy = sql_get_f64(q, 12, -1),
                            .metrics = sql_get_text(q, 13),
                            .created_ms = sql_get_i64(q, 14)};
    return fn(ctx, &m);
}

// Runs q, which lists at most two models; two mean that the beginning was not enough.
static int give_only(struct sql *q, const char *which, store_model_fn fn, void *ctx, struct err *e)
{
    int rc = sql_step(q);
    if (rc == OK) {
        rc = which ? err_set(e, E_NOT_FOUND, "no model '%s'", which)
                   : err_set(e, E_NOT_FOUND, "no model yet");
    } else if (rc == SQL_ROW) {
        rc = give(q, fn, ctx);
    }
    return sql_close(q, rc);
}

static bool is_row_id(const char *which)
{
    // Digests are asked for by at least 6 digits, so a short number is a row's.
    return strlen(which) < 6 && strspn(which, "0123456789") == strlen(which);
}

static int find_by_digest(struct store *s, const char *which, const char *name, store_model_fn fn,
                          void *ctx, struct err *e)
{
    struct sql q;
    int64_t count = 0;
    sql_open(&q, s, SQL_MAIN,
             "SELECT count(*) FROM model WHERE substr(digest, 1, length(?1)) = ?1 AND (?2 = '' OR "
             "name = ?2)",
             e);
    sql_text(&q, which);
    sql_text(&q, name);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        count = sql_get_i64(&q, 0);
    }
    rc = sql_close(&q, rc == SQL_ROW ? OK : rc);
    if (rc) {
        return rc;
    }
    if (count > 1) {
        return err_set(e, E_USAGE, "%lld models begin with '%s': give more digits",
                       (long long)count, which);
    }
    sql_open(&q, s, SQL_MAIN,
             "SELECT" MODEL_COLUMNS
             "FROM model WHERE substr(digest, 1, length(?1)) = ?1 AND (?2 = '' OR name = ?2)",
             e);
    sql_text(&q, which);
    sql_text(&q, name);
    return give_only(&q, which, fn, ctx, e);
}

int store_model_find(struct store *s, const char *which, const char *name, store_model_fn fn,
                     void *ctx, struct err *e)
{
    struct sql q;
    if (which && which[0] && !is_row_id(which)) {
        return find_by_digest(s, which, name, fn, ctx, e);
    }
    if (which && which[0]) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" MODEL_COLUMNS
                 "FROM model WHERE model_id = CAST(?1 AS INTEGER) AND (?2 = '' OR name = ?2)",
                 e);
        sql_text(&q, which);
        sql_text(&q, name);
    } else {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" MODEL_COLUMNS "FROM model WHERE ?1 = '' OR name = ?1"
                 " ORDER BY created_ms DESC, model_id DESC LIMIT 1",
                 e);
        sql_text(&q, name);
        which = name;
    }
    return give_only(&q, which, fn, ctx, e);
}

int store_model_walk(struct store *s, store_model_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT" MODEL_COLUMNS "FROM model ORDER BY created_ms DESC, model_id DESC", e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = give(&q, fn, ctx);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
