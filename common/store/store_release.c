// Releases, rollouts, and what each device of a rollout has come to.
#include "common/store/store_release.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

#define RELEASE_COLUMNS                                                                            \
    " release_id, seq, name, manifest_digest, model, payload_digest, payload_bytes, manifest, "    \
    "min_class,"                                                                                   \
    " arena, ops, stream, dsp_variant, created_ms, swept_ms "

int store_release_next_seq(struct store *s, const char *name, int64_t *seq, struct err *e)
{
    struct sql q;
    *seq = 1;
    sql_open(&q, s, SQL_MAIN, "SELECT coalesce(max(seq), 0) + 1 FROM release WHERE name = ?", e);
    sql_text(&q, name);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *seq = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_release_put(struct store *s, struct store_release *r, struct err *e)
{
    struct sql q;
    r->created_ms = r->created_ms ? r->created_ms : clock_wall_ms();
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO release (seq, name, manifest_digest, model, payload_digest, "
             "payload_bytes, manifest,"
             " min_class, arena, ops, stream, dsp_variant, created_ms) VALUES "
             "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, r->seq);
    sql_text(&q, r->name);
    sql_text(&q, r->manifest_digest);
    sql_text(&q, r->model);
    sql_text(&q, r->payload_digest);
    sql_i64(&q, r->payload_bytes);
    sql_blob(&q, r->manifest, r->manifest_len);
    sql_i64(&q, r->min_class);
    sql_i64(&q, r->arena);
    sql_text(&q, r->ops);
    sql_text(&q, r->stream);
    sql_text(&q, r->dsp_variant);
    sql_i64(&q, r->created_ms);
    int rc = sql_run(&q);
    if (!rc) {
        r->release_id = sql_last_id(s, SQL_MAIN);
    } else if (rc == E_EXISTS) {
        return err_set(e, rc, "release %lld of '%s' is there already", (long long)r->seq, r->name);
    }
    return rc;
}

static int give_release(struct sql *q, store_release_fn fn, void *ctx)
{
    struct store_release r = {.release_id = sql_get_i64(q, 0),
                              .seq = sql_get_i64(q, 1),
                              .name = sql_get_text(q, 2),
                              .manifest_digest = sql_get_text(q, 3),
                              .model = sql_get_text(q, 4),
                              .payload_digest = sql_get_text(q, 5),
                              .payload_bytes = sql_get_i64(q, 6),
                              .min_class = sql_get_i64(q, 8),
                              .arena = sql_get_i64(q, 9),
                              .ops = sql_get_text(q, 10),
                              .stream = sql_get_text(q, 11),
                              .dsp_variant = sql_get_text(q, 12),
                              .created_ms = sql_get_i64(q, 13),
                              .swept_ms = sql_get_i64(q, 14)};
    r.manifest = sql_get_blob(q, 7, &r.manifest_len);
    return fn(ctx, &r);
}

static int count_releases(struct store *s, const char *digest, int64_t *count, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT count(*) FROM release WHERE substr(manifest_digest, 1, length(?1)) = ?1", e);
    sql_text(&q, digest);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *count = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_release_find(struct store *s, const char *which, store_release_fn fn, void *ctx,
                       struct err *e)
{
    struct sql q;
    if (!which || !which[0]) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" RELEASE_COLUMNS "FROM release ORDER BY release_id DESC LIMIT 1", e);
    } else if (strlen(which) < 6 && strspn(which, "0123456789") == strlen(which)) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" RELEASE_COLUMNS "FROM release WHERE release_id = CAST(? AS INTEGER)", e);
        sql_text(&q, which);
    } else {
        int64_t count = 0;
        int failed = count_releases(s, which, &count, e);
        if (failed) {
            return failed;
        }
        if (count > 1) {
            return err_set(e, E_USAGE, "%lld releases begin with '%s': give more digits",
                           (long long)count, which);
        }
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" RELEASE_COLUMNS
                 "FROM release WHERE substr(manifest_digest, 1, length(?1)) = ?1",
                 e);
        sql_text(&q, which);
    }
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        rc = give_release(&q, fn, ctx);
    } else if (rc == OK) {
        rc = which && which[0] ? err_set(e, E_NOT_FOUND, "no release '%s'", which)
                               : err_set(e, E_NOT_FOUND, "no release yet");
    }
    return sql_close(&q, rc);
}

int store_release_walk(struct store *s, store_release_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT" RELEASE_COLUMNS "FROM release ORDER BY release_id DESC", e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = give_release(&q, fn, ctx);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_release_set_swept(struct store *s, int64_t release_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE release SET swept_ms = ? WHERE release_id = ?", e);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, release_id);
    return sql_run(&q);
}

static int add_rollout(struct store *s, struct store_rollout *r, struct err *e)
{
    struct sql q;
    r->created_ms = r->changed_ms;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO rollout (release_id, state, stage, policy, reason, created_ms, "
             "changed_ms) VALUES (?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, r->release_id);
    sql_text(&q, r->state);
    sql_i64(&q, r->stage);
    sql_text(&q, r->policy);
    sql_text(&q, r->reason);
    sql_i64(&q, r->created_ms);
    sql_i64(&q, r->changed_ms);
    int rc = sql_run(&q);
    if (!rc) {
        r->rollout_id = sql_last_id(s, SQL_MAIN);
    }
    return rc;
}

int store_rollout_put(struct store *s, struct store_rollout *r, struct err *e)
{
    struct sql q;
    r->changed_ms = clock_wall_ms();
    if (r->rollout_id == 0) {
        return add_rollout(s, r, e);
    }
    sql_open(&q, s, SQL_MAIN,
             "UPDATE rollout SET state = ?, stage = ?, policy = coalesce(?, policy), reason = ?, "
             "changed_ms = ?"
             " WHERE rollout_id = ?",
             e);
    sql_text(&q, r->state);
    sql_i64(&q, r->stage);
    sql_text_or_null(&q, r->policy);
    sql_text(&q, r->reason);
    sql_i64(&q, r->changed_ms);
    sql_i64(&q, r->rollout_id);
    int rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 0) {
        rc = err_set(e, E_NOT_FOUND, "no rollout %lld", (long long)r->rollout_id);
    }
    return rc;
}

static int give_rollout(struct sql *q, store_rollout_fn fn, void *ctx)
{
    struct store_rollout r = {.rollout_id = sql_get_i64(q, 0),
                              .release_id = sql_get_i64(q, 1),
                              .state = sql_get_text(q, 2),
                              .stage = sql_get_i64(q, 3),
                              .policy = sql_get_text(q, 4),
                              .reason = sql_get_text(q, 5),
                              .created_ms = sql_get_i64(q, 6),
                              .changed_ms = sql_get_i64(q, 7)};
    return fn(ctx, &r);
}

int store_rollout_find(struct store *s, int64_t rollout_id, store_rollout_fn fn, void *ctx,
                       struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT rollout_id, release_id, state, stage, policy, reason, created_ms, changed_ms "
             "FROM rollout"
             " WHERE rollout_id = ?",
             e);
    sql_i64(&q, rollout_id);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        rc = give_rollout(&q, fn, ctx);
    } else if (rc == OK) {
        rc = err_set(e, E_NOT_FOUND, "no rollout %lld", (long long)rollout_id);
    }
    return sql_close(&q, rc);
}

int store_rollout_walk(struct store *s, const char *state, store_rollout_fn fn, void *ctx,
                       struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT rollout_id, release_id, state, stage, policy, reason, created_ms, changed_ms "
             "FROM rollout"
             " WHERE ?1 IS NULL OR state = ?1 ORDER BY rollout_id DESC",
             e);
    sql_text_or_null(&q, state);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = give_rollout(&q, fn, ctx);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_rollout_device_put(struct store *s, const struct store_rollout_device *d, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO rollout_device (rollout_id, device, stage, state, reason, offered_ms, "
             "changed_ms)"
             " VALUES (?,?,?,?,?,?,?) ON CONFLICT (rollout_id, device) DO UPDATE SET stage = "
             "excluded.stage,"
             " state = excluded.state, reason = excluded.reason, offered_ms = excluded.offered_ms,"
             " changed_ms = excluded.changed_ms",
             e);
    sql_i64(&q, d->rollout_id);
    sql_text(&q, d->device);
    sql_i64(&q, d->stage);
    sql_text(&q, d->state);
    sql_text(&q, d->reason);
    sql_i64_or_null(&q, d->offered_ms);
    sql_i64(&q, d->changed_ms ? d->changed_ms : clock_wall_ms());
    return sql_run(&q);
}

int store_rollout_device_walk(struct store *s, int64_t rollout_id, store_rollout_device_fn fn,
                              void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT rollout_id, device, stage, state, reason, offered_ms, changed_ms FROM "
             "rollout_device"
             " WHERE rollout_id = ? ORDER BY stage, device",
             e);
    sql_i64(&q, rollout_id);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_rollout_device d = {.rollout_id = sql_get_i64(&q, 0),
                                         .device = sql_get_text(&q, 1),
                                         .stage = sql_get_i64(&q, 2),
                                         .state = sql_get_text(&q, 3),
                                         .reason = sql_get_text(&q, 4),
                                         .offered_ms = sql_get_i64(&q, 5),
                                         .changed_ms = sql_get_i64(&q, 6)};
        rc = fn(ctx, &d);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
