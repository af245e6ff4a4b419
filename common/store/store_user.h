// People, their sessions, tokens, and the audit log. Secrets arrive here as digests only.
#ifndef STORE_USER_H
#define STORE_USER_H

#include "common/store/store.h"

struct store_user {
    int64_t user_id, created_ms, disabled_ms;
    const char *name, *password, *role; // password: argon2id string
};
typedef int (*store_user_fn)(void *ctx, const struct store_user *u);
int store_user_add(struct store *s, const char *name, const char *password, const char *role,
                   struct err *e) MUST_CHECK;
int store_user_set_password(struct store *s, const char *name, const char *password,
                            struct err *e) MUST_CHECK;
int store_user_set_role(struct store *s, const char *name, const char *role, bool disabled,
                        struct err *e) MUST_CHECK;
// name NULL: all.
int store_user_walk(struct store *s, const char *name, store_user_fn fn, void *ctx,
                    struct err *e) MUST_CHECK;

// token: hex digest of the secret.
int store_setup_put(struct store *s, const char *token, int64_t expires_ms,
                    struct err *e) MUST_CHECK;
// Uses it up; E_AUTH where it is unknown, used or expired.
int store_setup_use(struct store *s, const char *token, struct err *e) MUST_CHECK;
int store_login_put(struct store *s, const char *token, int64_t user_id, const char *csrf,
                    int64_t expires_ms, struct err *e) MUST_CHECK;
struct store_login {
    struct store_user user;
    const char *csrf;
    int64_t expires_ms;
};
typedef int (*store_login_fn)(void *ctx, const struct store_login *l);
int store_login_find(struct store *s, const char *token, store_login_fn fn, void *ctx,
                     struct err *e) MUST_CHECK; // E_AUTH
int store_login_drop(struct store *s, const char *token, struct err *e) MUST_CHECK;
int store_token_put(struct store *s, const char *token, const char *name, const char *scope,
                    const char *author, int64_t expires_ms, struct err *e) MUST_CHECK;
// scope receives at most cap bytes. E_AUTH.
int store_token_find(struct store *s, const char *token, char *scope, size_t cap, char *name,
                     size_t name_cap, struct err *e) MUST_CHECK;
struct store_token {
    const char *name, *scope, *author;
    int64_t created_ms, expires_ms; // 0: never
};
typedef int (*store_token_fn)(void *ctx, const struct store_token *t);
int store_token_walk(struct store *s, store_token_fn fn, void *ctx, struct err *e) MUST_CHECK;
// Every token of that name ends now. E_NOT_FOUND.
int store_token_revoke(struct store *s, const char *name, struct err *e) MUST_CHECK;
typedef int (*store_audit_fn)(void *ctx, int64_t audit_id, int64_t time_ms, const char *who,
                              const char *what);
// Newest first, those before the number (0: all), at most limit.
int store_audit_walk(struct store *s, int64_t before, int64_t limit, store_audit_fn fn, void *ctx,
                     struct err *e) MUST_CHECK;
int store_audit(struct store *s, const char *who, const char *what, struct err *e) MUST_CHECK;

#endif
