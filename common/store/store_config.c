// Desired configurations and the recordings they list. See store_config.h.
#include "common/store/store_config.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

int store_config_get(struct store *s, const char *device, store_config_fn fn, void *ctx,
                     struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT device, settings, author, reply, revision, changed_ms, applied, applied_ms, status"
        " FROM device_config WHERE device = ?",
        e);
    sql_text(&q, device);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        struct store_config c = {.device = sql_get_text(&q, 0),
                                 .settings = sql_get_text(&q, 1),
                                 .author = sql_get_text(&q, 2),
                                 .reply = sql_get_text(&q, 3),
                                 .revision = sql_get_i64(&q, 4),
                                 .changed_ms = sql_get_i64(&q, 5),
                                 .applied = sql_get_i64(&q, 6),
                                 .applied_ms = sql_get_i64(&q, 7),
                                 .status = sql_get_i64(&q, 8)};
        rc = fn(ctx, &c);
    }
    return sql_close(&q, rc);
}

int store_config_put(struct store *s, const char *device, const char *settings, const char *author,
                     struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO device_config (device, revision, settings, author, changed_ms) VALUES "
             "(?1, ?2, coalesce(?3, '{}'), ?4, ?2)"
             " ON CONFLICT (device) DO UPDATE SET revision = max(revision + 1, ?2), settings = "
             "coalesce(?3, settings),"
             " author = ?4, changed_ms = ?2",
             e);
    sql_text(&q, device);
    sql_i64(&q, clock_wall_ms());
    sql_text_or_null(&q, settings);
    sql_text(&q, author);
    return sql_run(&q);
}

int store_config_applied(struct store *s, const char *device, int64_t revision, int64_t status,
                         const char *text, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE device_config SET applied = ?2, applied_ms = ?3, status = ?4, reply = ?5 "
             "WHERE device = ?1 AND applied <= ?2",
             e);
    sql_text(&q, device);
    sql_i64(&q, revision);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, status);
    sql_text(&q, text);
    return sql_run(&q);
}

int store_config_stale(struct store *s, int64_t limit, store_name_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT device FROM device_config WHERE stale = 1 ORDER BY device LIMIT ?", e);
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_text(&q, 0));
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_config_fresh(struct store *s, const char *device, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE device_config SET stale = 0 WHERE device = ?", e);
    sql_text(&q, device);
    return sql_run(&q);
}

// --- recordings asked for ------------------------------------------------------------------------

#define COMMAND_COLUMNS                                                                            \
    " c.command_id, c.device, c.kind, c.stream, c.label, c.duration_ms, c.author, c.created_ms, "  \
    "c.expires_ms, c.replied_ms,"                                                                  \
    " c.status, c.reply, c.via, c.began_ms, c.done_ms, c.withdrawn_ms,"                            \
    " (SELECT r.rec_id FROM recording r WHERE c.rec_no > 0 AND r.session_id = c.session_id AND "   \
    "r.rec_no = c.rec_no) FROM command c "

static int give_commands(struct sql *q, store_command_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        struct store_command c = {.command_id = sql_get_i64(q, 0),
                                  .device = sql_get_text(q, 1),
                                  .kind = sql_get_text(q, 2),
                                  .stream = sql_get_text(q, 3),
                                  .label = sql_get_text(q, 4),
                                  .duration_ms = sql_get_i64(q, 5),
                                  .author = sql_get_text(q, 6),
                                  .created_ms = sql_get_i64(q, 7),
                                  .expires_ms = sql_get_i64(q, 8),
                                  .replied_ms = sql_get_i64(q, 9),
                                  .status = sql_get_i64(q, 10),
                                  .reply = sql_get_text(q, 11),
                                  .via = sql_get_text(q, 12),
                                  .began_ms = sql_get_i64(q, 13),
                                  .done_ms = sql_get_i64(q, 14),
                                  .withdrawn_ms = sql_get_i64(q, 15),
                                  .rec_id = sql_get_i64(q, 16)};
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_asked_walk(struct store *s, const char *device, store_command_fn fn, void *ctx,
                     struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT" COMMAND_COLUMNS "WHERE c.device = ? AND c.via = 'config' AND c.replied_ms IS "
                                      "NULL AND c.withdrawn_ms IS NULL"
             " AND (c.expires_ms IS NULL OR c.expires_ms > ?) ORDER BY c.command_id",
             e);
    sql_text(&q, device);
    sql_i64(&q, clock_wall_ms());
    return give_commands(&q, fn, ctx);
}

int store_asked_last(struct store *s, const char *device, int64_t limit, store_command_fn fn,
                     void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT" COMMAND_COLUMNS "WHERE c.kind = 'record' AND (?1 = '' OR c.device = ?1) "
                                      "ORDER BY c.command_id DESC LIMIT ?2",
             e);
    sql_text(&q, device);
    sql_i64(&q, limit);
    return give_commands(&q, fn, ctx);
}

int store_command_walk(struct store *s, const char *device, int64_t after_id, store_command_fn fn,
                       void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT" COMMAND_COLUMNS
             "WHERE c.command_id > ?2 AND (?1 IS NULL OR c.device = ?1) ORDER BY c.command_id",
             e);
    sql_text_or_null(&q, device);
    sql_i64(&q, after_id);
    return give_commands(&q, fn, ctx);
}

int store_asked_withdraw(struct store *s, const char *device, int64_t *count, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE command SET withdrawn_ms = ?2 WHERE device = ?1 AND via = 'config' AND "
             "replied_ms IS NULL"
             " AND withdrawn_ms IS NULL",
             e);
    sql_text(&q, device);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    *count = rc ? 0 : sql_changes(&q);
    return rc;
}

static int mark_stale(struct store *s, const char *device, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE device_config SET stale = 1 WHERE device = ?", e);
    sql_text(&q, device);
    return sql_run(&q);
}

static int put_progress(struct store *s, const struct store_progress *p, struct err *e)
{
    struct sql q;
    // The device is part of the key: one device cannot answer for another. What comes late, such as a word about the
    // beginning behind the last word, changes nothing that is over.
    sql_open(
        &q, s, SQL_MAIN,
        "UPDATE command SET began_ms = CASE WHEN ?7 > 0 THEN coalesce(began_ms, ?3) ELSE began_ms "
        "END,"
        " done_ms = max(done_ms, ?6), session_id = CASE WHEN ?7 > 0 THEN ?8 ELSE session_id END,"
        " rec_no = CASE WHEN ?7 > 0 THEN ?7 ELSE rec_no END,"
        " replied_ms = CASE WHEN ?9 THEN replied_ms ELSE ?3 END, status = CASE WHEN ?9 THEN status "
        "ELSE ?4 END,"
        " reply = CASE WHEN ?9 THEN reply ELSE ?5 END WHERE command_id = ?1 AND device = ?2",
        e);
    sql_i64(&q, p->command_id);
    sql_text(&q, p->device);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, p->status);
    sql_text(&q, p->text);
    sql_i64(&q, p->done_ms);
    sql_i64(&q, p->rec_no);
    sql_i64(&q, p->session_id);
    sql_i64(&q, p->going);
    int rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 0) {
        return err_set(e, E_NOT_FOUND, "device '%s' was never sent command %lld", p->device,
                       (long long)p->command_id);
    }
    return rc || p->going ? rc : mark_stale(s, p->device, e);
}

int store_command_progress(struct store *s, const struct store_progress *p, struct err *e)
{
    int rc = sql_enter(s, SQL_MAIN, e);
    return rc ? rc : sql_leave(s, put_progress(s, p, e), e);
}
