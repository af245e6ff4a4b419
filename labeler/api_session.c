// Signing in and out, the first administrator, people, tokens.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_user.h"

static int check_name(const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len == 0 || !lab_text_ok(name, 64, false) || name[0] == ' ' || name[len - 1] == ' ') {
        return err_set(e, E_FORMAT, "a name has 1 to 64 bytes and no blank at its ends");
    }
    return OK;
}

static int name_and_password(const struct lab_req *q, const char **name, const char **password,
                             struct err *e)
{
    int rc = jx_get_str(q->json, "name", 64, name, e);
    return rc ? rc : jx_get_str(q->json, "password", LAB_PASSWORD_MAX, password, e);
}

static json_t *me_json(const struct lab *lab, const struct lab_req *q, const char *csrf)
{
    json_t *user =
        q->level ? json_pack("{s:o,s:s}", "name", api_text(q->user), "role", q->role) : json_null();
    return json_pack("{s:o,s:s,s:o,s:s}", "user", user, "csrf", csrf, "project",
                     api_text(lab->project.conf.name), "version", MOTELOOP_VERSION);
}

static int sign_in(struct lab *lab, struct lab_req *q, struct lab_res *r, const char *name,
                   const char *password, struct err *e)
{
    char csrf[65];
    int rc = lab_auth_login(lab, q, r, name, password, csrf, e);
    if (rc == E_LIMIT) {
        lab_res_error(r, 429, e);
        return lab_res_header(r, "Retry-After", "60");
    }
    return rc ? rc : api_answer(r, me_json(lab, q, csrf), e);
}

int api_setup(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *token, *name, *password;
    char hash[LAB_HASH_TEXT], digest[65];
    int rc = jx_get_str(q->json, "token", 128, &token, e);
    if (rc == OK) {
        rc = name_and_password(q, &name, &password, e);
    }
    if (rc == OK) {
        rc = check_name(name, e);
    }
    if (rc == OK) {
        rc = lab_auth_hash(password, hash, e);
    }
    if (rc == OK) {
        rc = store_begin(lab->store, e);
    }
    if (rc) {
        return rc;
    }
    lab_auth_digest(token, digest);
    rc = store_setup_use(lab->store, digest, e);
    if (rc == E_AUTH) {
        err_set(e, E_REFUSED,
                "the set-up link was used already or has expired; `moteloop user add` makes a "
                "person too");
        rc = E_REFUSED;
    }
    if (rc == OK) {
        rc = store_user_add(lab->store, name, hash, "admin", e);
    }
    if (rc == OK) {
        rc = store_audit(lab->store, name, "made by the set-up link", e);
    }
    rc = rc ? rc : store_commit(lab->store, e);
    if (rc) {
        store_rollback(lab->store);
        return rc;
    }
    return sign_in(lab, q, r, name, password, e);
}

int api_login(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *name, *password;
    int rc = name_and_password(q, &name, &password, e);
    return rc ? rc : sign_in(lab, q, r, name, password, e);
}

int api_logout(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int rc = lab_auth_logout(lab, q, r, e);
    return rc ? rc : api_answer(r, json_object(), e);
}

static int copy_csrf(void *ctx, const struct store_login *l)
{
    (void)snprintf(ctx, 80, "%s", l->csrf);
    return OK;
}

int api_me(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char csrf[80] = "";
    int rc =
        q->login_token[0] ? store_login_find(lab->store, q->login_token, copy_csrf, csrf, e) : OK;
    return rc ? rc : api_answer(r, me_json(lab, q, csrf), e);
}

static int on_user(void *ctx, const struct store_user *u)
{
    return json_array_append_new(ctx,
                                 json_pack("{s:o,s:s,s:o,s:o}", "name", api_text(u->name), "role",
                                           u->role, "created_ms", api_time(u->created_ms),
                                           "disabled_ms", api_time(u->disabled_ms)));
}

int api_users(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_user_walk(lab->store, NULL, on_user, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "users", list), e);
}

static int audit(struct lab *lab, const struct lab_req *q, const char *what, const char *whom,
                 struct err *e)
{
    char line[200];
    (void)snprintf(line, sizeof(line), "%s %s", what, whom);
    return store_audit(lab->store, q->user, line, e);
}

static int check_role_name(const char *role, struct err *e)
{
    return lab_role_level(role) < LAB_VIEWER
               ? err_set(e, E_FORMAT, "a role is viewer, annotator, reviewer or admin")
               : OK;
}

int api_user_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *name, *password, *role;
    char hash[LAB_HASH_TEXT];
    int rc = name_and_password(q, &name, &password, e);
    if (rc == OK) {
        rc = jx_get_str(q->json, "role", 16, &role, e);
    }
    if (rc == OK) {
        rc = check_name(name, e);
    }
    if (rc == OK) {
        rc = check_role_name(role, e);
    }
    if (rc == OK) {
        rc = lab_auth_hash(password, hash, e);
    }
    if (rc == OK) {
        rc = store_user_add(lab->store, name, hash, role, e);
    }
    if (rc == OK) {
        rc = audit(lab, q, "added person", name, e);
    }
    r->status = 201;
    return rc ? rc : api_answer(r, json_pack("{s:s,s:s}", "name", name, "role", role), e);
}

struct present {
    char role[16];
    bool disabled;
};

static int on_present(void *ctx, const struct store_user *u)
{
    struct present *p = ctx;
    (void)snprintf(p->role, sizeof(p->role), "%s", u->role);
    p->disabled = u->disabled_ms != 0;
    return OK;
}

int api_user_set(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *name = q->arg[0], *role = NULL, *password = NULL;
    struct present now = {.role = ""};
    int rc = store_user_walk(lab->store, name, on_present, &now, e);
    if (rc == OK && !now.role[0]) {
        rc = err_set(e, E_NOT_FOUND, "there is no person '%s'", name);
    }
    bool disabled = now.disabled;
    if (rc == OK) {
        rc = api_opt_str(q->json, "role", 16, &role, e);
    }
    if (rc == OK) {
        rc = api_opt_str(q->json, "password", LAB_PASSWORD_MAX, &password, e);
    }
    if (rc == OK) {
        rc = api_opt_bool(q->json, "disabled", &disabled, e);
    }
    if (rc == OK && role) {
        rc = check_role_name(role, e);
    }
    if (rc == OK && strcmp(name, q->user) == 0 &&
        (disabled || (role && strcmp(role, "admin") != 0))) {
        rc = err_set(e, E_STATE, "you cannot lock yourself out");
    }
    char hash[LAB_HASH_TEXT];
    if (rc == OK && password) {
        rc = lab_auth_hash(password, hash, e);
        rc = rc ? rc : store_user_set_password(lab->store, name, hash, e);
    }
    if (rc == OK) {
        rc = store_user_set_role(lab->store, name, role ? role : now.role, disabled, e);
    }
    if (rc == OK) {
        rc = audit(lab, q, "changed person", name, e);
    }
    return rc ? rc
              : api_answer(r,
                           json_pack("{s:s,s:s,s:b}", "name", name, "role", role ? role : now.role,
                                     "disabled", disabled),
                           e);
}

int api_token_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    static const char *const scopes[] = {"ingest", "read", "label", "admin"};
    const char *name, *scope;
    int64_t days = 365;
    int rc = jx_get_str(q->json, "name", 64, &name, e);
    if (rc == OK) {
        rc = jx_get_str(q->json, "scope", 16, &scope, e);
    }
    if (rc == OK) {
        rc = api_opt_i64(q->json, "days", 1, 3650, &days, e);
    }
    if (rc == OK) {
        rc = check_name(name, e);
    }
    size_t i = 0;
    while (rc == OK && i < ARRAY_LEN(scopes) && strcmp(scope, scopes[i]) != 0) {
        i++;
    }
    if (rc == OK && i == ARRAY_LEN(scopes)) {
        rc = err_set(e, E_FORMAT, "a scope is ingest, read, label or admin");
    }
    if (rc) {
        return rc;
    }
    char secret[65], digest[65];
    lab_auth_secret(secret, digest);
    rc = store_token_put(lab->store, digest, name, scope, q->user,
                         clock_wall_ms() + days * 86400000, e);
    if (rc == OK) {
        rc = audit(lab, q, "made API token", name, e);
    }
    r->status = 201;
    return rc ? rc
              : api_answer(
                    r, json_pack("{s:s,s:s,s:s}", "token", secret, "name", name, "scope", scope),
                    e);
}
