// The outbox: messages that the collector publishes, and commands. What came of them is in store_config.c.
#include "common/store/store_outbox.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

static int replace_retained(struct store *s, const char *topic, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "DELETE FROM outbox WHERE topic = ? AND retain = 1", e);
    sql_text(&q, topic);
    return sql_run(&q);
}

static int put_row(struct store *s, const char *topic, const void *payload, size_t len, bool retain,
                   int64_t expires_ms, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO outbox (topic, payload, retain, created_ms, expires_ms) VALUES (?,?,?,?,?)",
        e);
    sql_text(&q, topic);
    sql_blob(&q, payload, len);
    sql_i64(&q, retain);
    sql_i64(&q, clock_wall_ms());
    sql_i64_or_null(&q, expires_ms);
    return sql_run(&q);
}

int store_outbox_put(struct store *s, const char *topic, const void *payload, size_t len,
                     bool retain, int64_t expires_ms, struct err *e)
{
    if (!topic[0] || strpbrk(topic, "#+")) {
        return err_set(e, E_USAGE, "'%s' is not a topic to publish to", topic);
    }
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    if (retain) {
        rc = replace_retained(s, topic, e);
    }
    if (!rc) {
        rc = put_row(s, topic, payload, len, retain, expires_ms, e);
    }
    return sql_leave(s, rc, e);
}

int store_outbox_pending(struct store *s, int64_t after_id, int64_t limit, store_outbox_fn fn,
                         void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT msg_id, topic, payload, retain FROM outbox WHERE sent_ms IS NULL AND msg_id > ?"
        " AND (expires_ms IS NULL OR expires_ms > ?) ORDER BY msg_id LIMIT ?",
        e);
    sql_i64(&q, after_id);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_outbox_msg m = {.msg_id = sql_get_i64(&q, 0),
                                     .topic = sql_get_text(&q, 1),
                                     .retain = sql_get_i64(&q, 3) != 0};
        m.payload = sql_get_blob(&q, 2, &m.len);
        rc = fn(ctx, &m);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_outbox_sent(struct store *s, int64_t msg_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE outbox SET sent_ms = ? WHERE msg_id = ?", e);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, msg_id);
    return sql_run(&q);
}

int store_outbox_resend_retained(struct store *s, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE outbox SET sent_ms = NULL WHERE retain = 1 AND sent_ms IS NOT NULL", e);
    return sql_run(&q);
}

int store_outbox_resend_after(struct store *s, int64_t msg_id, int64_t sent_before_ms,
                              int64_t *count, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "UPDATE outbox SET sent_ms = NULL WHERE retain = 1 AND sent_ms < ?2 AND (msg_id > ?1 OR"
        " ?1 > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0))",
        e);
    sql_i64(&q, msg_id);
    sql_i64(&q, sent_before_ms);
    int rc = sql_run(&q);
    *count = rc ? 0 : sql_changes(&q);
    return rc;
}

int store_outbox_count(struct store *s, int64_t *pending, struct err *e)
{
    struct sql q;
    *pending = 0;
    sql_open(&q, s, SQL_MAIN,
             "SELECT count(*) FROM outbox WHERE sent_ms IS NULL AND (expires_ms IS NULL OR "
             "expires_ms > ?)",
             e);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *pending = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_command_put(struct store *s, struct store_command *c, struct err *e)
{
    struct sql q;
    c->created_ms = c->created_ms ? c->created_ms : clock_wall_ms();
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO command (device, kind, stream, label, duration_ms, author, created_ms, "
             "expires_ms, via)"
             " VALUES (?,?,?,?,?,?,?,?,coalesce(?, 'cmd'))",
             e);
    sql_text(&q, c->device);
    sql_text(&q, c->kind);
    sql_text(&q, c->stream);
    sql_text(&q, c->label);
    sql_i64(&q, c->duration_ms);
    sql_text(&q, c->author);
    sql_i64(&q, c->created_ms);
    sql_i64_or_null(&q, c->expires_ms);
    sql_text_or_null(&q, c->via);
    int rc = sql_run(&q);
    if (!rc) {
        c->command_id = sql_last_id(s, SQL_MAIN);
    }
    return rc;
}
