// People, page sessions, tokens, the audit log. Secrets arrive as digests.
#include "common/store/store_user.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

int store_user_add(struct store *s, const char *name, const char *password, const char *role,
                   struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO user (name, password, role, created_ms) VALUES (?,?,?,?)", e);
    sql_text(&q, name);
    sql_text(&q, password);
    sql_text(&q, role);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    if (rc == E_EXISTS) {
        return err_set(e, rc, "user '%s' is there already", name);
    }
    return rc == E_FORMAT
               ? err_set(e, E_USAGE, "'%s' is not a role: admin, reviewer, annotator, viewer", role)
               : rc;
}

static int must_change_one(struct sql *q, int rc, const char *name)
{
    if (!rc && sql_changes(q) == 0) {
        rc = err_set(q->e, E_NOT_FOUND, "no user '%s'", name);
    }
    return rc;
}

int store_user_set_password(struct store *s, const char *name, const char *password, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "UPDATE user SET password = ? WHERE name = ?", e);
    sql_text(&q, password);
    sql_text(&q, name);
    return must_change_one(&q, sql_run(&q), name);
}

int store_user_set_role(struct store *s, const char *name, const char *role, bool disabled,
                        struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE user SET role = ?, disabled_ms = CASE WHEN ? THEN coalesce(disabled_ms, ?) "
             "END WHERE name = ?",
             e);
    sql_text(&q, role);
    sql_i64(&q, disabled);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, name);
    int rc = sql_run(&q);
    if (rc == E_FORMAT) {
        return err_set(e, E_USAGE, "'%s' is not a role: admin, reviewer, annotator, viewer", role);
    }
    return must_change_one(&q, rc, name);
}

// The columns user_id, name, password, role, created_ms, disabled_ms.
static struct store_user user_of(struct sql *q)
{
    return (struct store_user){.user_id = sql_get_i64(q, 0),
                               .name = sql_get_text(q, 1),
                               .password = sql_get_text(q, 2),
                               .role = sql_get_text(q, 3),
                               .created_ms = sql_get_i64(q, 4),
                               .disabled_ms = sql_get_i64(q, 5)};
}

int store_user_walk(struct store *s, const char *name, store_user_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT user_id, name, password, role, created_ms, disabled_ms FROM user"
             " WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
             e);
    sql_text_or_null(&q, name);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_user u = user_of(&q);
        rc = fn(ctx, &u);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_setup_put(struct store *s, const char *token, int64_t expires_ms, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO setup_link (token, created_ms, expires_ms) VALUES (?,?,?)", e);
    sql_text(&q, token);
    sql_i64(&q, clock_wall_ms());
    sql_i64(&q, expires_ms);
    return sql_run(&q);
}

int store_setup_use(struct store *s, const char *token, struct err *e)
{
    struct sql q;
    int64_t now = clock_wall_ms();
    sql_open(&q, s, SQL_MAIN,
             "UPDATE setup_link SET used_ms = ?1 WHERE token = ?2 AND used_ms IS NULL AND "
             "expires_ms > ?1",
             e);
    sql_i64(&q, now);
    sql_text(&q, token);
    int rc = sql_run(&q);
    if (!rc && sql_changes(&q) == 0) {
        rc = err_set(e, E_AUTH, "this set-up link is unknown, used or expired");
    }
    return rc;
}

int store_login_put(struct store *s, const char *token, int64_t user_id, const char *csrf,
                    int64_t expires_ms, struct err *e)
{
    struct sql q;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    // Expired ones go when a new one comes, so the table stays as small as the people who use it.
    sql_open(&q, s, SQL_MAIN, "DELETE FROM login WHERE expires_ms < ?", e);
    sql_i64(&q, clock_wall_ms());
    rc = sql_run(&q);
    if (!rc) {
        sql_open(
            &q, s, SQL_MAIN,
            "INSERT INTO login (token, user_id, csrf, created_ms, expires_ms) VALUES (?,?,?,?,?)",
            e);
        sql_text(&q, token);
        sql_i64(&q, user_id);
        sql_text(&q, csrf);
        sql_i64(&q, clock_wall_ms());
        sql_i64(&q, expires_ms);
        rc = sql_run(&q);
    }
    return sql_leave(s, rc, e);
}

int store_login_find(struct store *s, const char *token, store_login_fn fn, void *ctx,
                     struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT u.user_id, u.name, u.password, u.role, u.created_ms, u.disabled_ms, l.csrf, "
             "l.expires_ms"
             " FROM login l JOIN user u USING (user_id)"
             " WHERE l.token = ? AND l.expires_ms > ? AND u.disabled_ms IS NULL",
             e);
    sql_text(&q, token);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        struct store_login l = {
            .user = user_of(&q), .csrf = sql_get_text(&q, 6), .expires_ms = sql_get_i64(&q, 7)};
        rc = fn(ctx, &l);
    } else if (rc == OK) {
        rc = err_set(e, E_AUTH, "not logged in");
    }
    return sql_close(&q, rc);
}

int store_login_drop(struct store *s, const char *token, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "DELETE FROM login WHERE token = ?", e);
    sql_text(&q, token);
    return sql_run(&q);
}

int store_token_put(struct store *s, const char *token, const char *name, const char *scope,
                    const char *author, int64_t expires_ms, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO api_token (token, name, scope, author, created_ms, expires_ms) VALUES "
             "(?,?,?,?,?,?)",
             e);
    sql_text(&q, token);
    sql_text(&q, name);
    sql_text(&q, scope);
    sql_text(&q, author);
    sql_i64(&q, clock_wall_ms());
    sql_i64_or_null(&q, expires_ms);
    return sql_run(&q);
}

int store_token_find(struct store *s, const char *token, char *scope, size_t cap, char *name,
                     size_t name_cap, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT scope, name FROM api_token WHERE token = ? AND (expires_ms IS NULL OR "
             "expires_ms > ?)",
             e);
    sql_text(&q, token);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        snprintf(scope, cap, "%s", sql_get_text(&q, 0));
        snprintf(name, name_cap, "%s", sql_get_text(&q, 1));
        rc = OK;
    } else if (rc == OK) {
        rc = err_set(e, E_AUTH, "this key is unknown or expired");
    }
    return sql_close(&q, rc);
}

int store_audit(struct store *s, const char *who, const char *what, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "INSERT INTO audit (time_ms, who, what) VALUES (?,?,?)", e);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, who);
    sql_text(&q, what);
    return sql_run(&q);
}

int store_token_walk(struct store *s, store_token_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT name, scope, author, created_ms, expires_ms FROM api_token ORDER BY "
             "created_ms DESC",
             e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_token t = {sql_get_text(&q, 0), sql_get_text(&q, 1), sql_get_text(&q, 2),
                                sql_get_i64(&q, 3), sql_get_i64(&q, 4)};
        rc = fn(ctx, &t);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_token_revoke(struct store *s, const char *name, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "DELETE FROM api_token WHERE name = ?", e);
    sql_text(&q, name);
    int rc = sql_run(&q);
    return rc == OK && sql_changes(&q) == 0
               ? err_set(e, E_NOT_FOUND, "there is no API token '%s'", name)
               : rc;
}

int store_audit_walk(struct store *s, int64_t before, int64_t limit, store_audit_fn fn, void *ctx,
                     struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT audit_id, time_ms, who, what FROM audit WHERE ?1 = 0 OR audit_id < ?1 ORDER "
             "BY audit_id DESC LIMIT ?2",
             e);
    sql_i64(&q, before);
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_i64(&q, 0), sql_get_i64(&q, 1), sql_get_text(&q, 2),
                sql_get_text(&q, 3));
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
