// Sessions, tokens, roles, forged requests, passwords. See lab_auth.h.
#include "labeler/lab_auth.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/parse.h"
#include "common/store/store_page.h"
#include "common/store/store_user.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

#define COOKIE "moteloop"
#define GUESS_WINDOW_MS 60000
#define GUESSES_PER_NAME 8
#define GUESSES_IN_ALL 60

// One argon2id at a time in a process: each takes 64 MB and a core.
static pthread_mutex_t hashing = PTHREAD_MUTEX_INITIALIZER;

static const char *const role_names[] = {"", "ingest", "viewer", "annotator", "reviewer", "admin"};

const char *lab_role_text(int level)
{
    return level >= 0 && level < (int)ARRAY_LEN(role_names) ? role_names[level] : "";
}

int lab_role_level(const char *name)
{
    for (int i = 1; i < (int)ARRAY_LEN(role_names); i++) {
        if (strcmp(name, role_names[i]) == 0) {
            return i;
        }
    }
    return LAB_NOBODY;
}

static bool is_address(const char *host)
{
    unsigned char raw[16];
    return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

// The host of "name:port", "[v6]:port" or "name".
static bool host_name(const char *header, char *out, size_t cap)
{
    const char *start = header, *end;
    if (*start == '[') {
        start++;
        end = strchr(start, ']');
    } else {
        end = start + strcspn(start, ":");
    }
    if (!end || end == start || (size_t)(end - start) >= cap) {
        return false;
    }
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = 0;
    return true;
}

int lab_auth_check_host(const struct lab *lab, const struct lab_req *q, struct err *e)
{
    char name[256], machine[256] = "";
    (void)gethostname(machine, sizeof(machine) - 1);
    if (!host_name(q->host, name, sizeof(name)) ||
        (!is_address(name) && strcasecmp(name, "localhost") != 0 &&
         strcasecmp(name, machine) != 0 && strcasecmp(name, lab->project.conf.web_host) != 0)) {
        return err_set(e, E_REFUSED,
                       "this server does not answer to that Host; set [web] host in moteloop.conf");
    }
    if (*q->origin) {
        const char *rest = strncmp(q->origin, "http://", 7) == 0    ? q->origin + 7
                           : strncmp(q->origin, "https://", 8) == 0 ? q->origin + 8
                                                                    : NULL;
        if (!rest || strcasecmp(rest, q->host) != 0) {
            return err_set(e, E_REFUSED, "the request comes from another site");
        }
    }
    return OK;
}

void lab_auth_digest(const char *secret, char digest[65])
{
    uint8_t raw[HEX_DIGEST_LEN];
    hex_sha256(raw, secret, strlen(secret));
    hex_encode(digest, raw, sizeof(raw));
}

void lab_auth_secret(char secret[65], char digest[65])
{
    uint8_t raw[32];
    randombytes_buf(raw, sizeof(raw));
    hex_encode(secret, raw, sizeof(raw));
    sodium_memzero(raw, sizeof(raw));
    lab_auth_digest(secret, digest);
}

static void become(struct lab_req *q, const char *user, int level)
{
    (void)snprintf(q->user_text, sizeof(q->user_text), "%s", user);
    (void)snprintf(q->role_text, sizeof(q->role_text), "%s", lab_role_text(level));
    q->user = q->user_text;
    q->role = q->role_text;
    q->level = level;
}

static int by_token(struct lab *lab, struct lab_req *q, const char *secret, struct err *e)
{
    char digest[65], scope[32], name[72];
    lab_auth_digest(secret, digest);
    if (store_token_find(lab->store, digest, scope, sizeof(scope), name, sizeof(name), e)) {
        return err_set(e, E_AUTH, "the API token is unknown or has expired");
    }
    int level = strcmp(scope, "read") == 0    ? LAB_VIEWER
                : strcmp(scope, "label") == 0 ? LAB_ANNOTATOR
                                              : lab_role_level(scope);
    become(q, name, level);
    return OK;
}

struct found {
    struct lab_req *q;
    char csrf[80];
};

static int on_login(void *ctx, const struct store_login *l)
{
    struct found *f = ctx;
    become(f->q, l->user.name, lab_role_level(l->user.role));
    (void)snprintf(f->csrf, sizeof(f->csrf), "%s", l->csrf);
    return OK;
}

int lab_auth_identify(struct lab *lab, struct lab_req *q, struct err *e)
{
    if (strncmp(q->authorization, "Bearer ", 7) == 0) {
        return by_token(lab, q, q->authorization + strlen("Bearer "), e);
    }
    const char *key =
        q->io->get(q->io->ctx, "HTTP_X_API_KEY"); // how uploaders made for Edge Impulse say it
    if (key && strlen(key) <= LAB_HEADER_MAX) {
        return by_token(lab, q, key, e);
    }
    char secret[72];
    if (!lab_req_cookie(q, COOKIE, secret, sizeof(secret)) || strlen(secret) != 64) {
        return OK;
    }
    struct found f = {.q = q};
    lab_auth_digest(secret, q->login_token);
    int rc = store_login_find(lab->store, q->login_token, on_login, &f, e);
    if (rc == E_AUTH || rc == E_NOT_FOUND) {
        become(q, "", LAB_NOBODY);
        q->login_token[0] = 0;
        return OK;
    }
    if (rc == OK && q->method > LAB_HEAD &&
        (strlen(q->csrf) != strlen(f.csrf) ||
         sodium_memcmp(q->csrf, f.csrf, strlen(f.csrf)) != 0)) {
        return err_set(e, E_REFUSED,
                       "the X-CSRF-Token header is missing or wrong; reload the page");
    }
    return rc;
}

int lab_auth_hash(const char *password, char out[LAB_HASH_TEXT], struct err *e)
{
    size_t len = strlen(password);
    if (len < LAB_PASSWORD_MIN || len > LAB_PASSWORD_MAX) {
        return err_set(e, E_FORMAT, "a password has %d to %d bytes", LAB_PASSWORD_MIN,
                       LAB_PASSWORD_MAX);
    }
    _Static_assert(crypto_pwhash_STRBYTES <= LAB_HASH_TEXT, "room for the argon2id string");
    pthread_mutex_lock(&hashing);
    int rc = crypto_pwhash_str(out, password, len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                               crypto_pwhash_MEMLIMIT_INTERACTIVE);
    pthread_mutex_unlock(&hashing);
    return rc ? err_set(e, E_MEM, "cannot hash the password: out of memory") : OK;
}

struct who {
    char hash[LAB_HASH_TEXT];
    char role[16];
    int64_t user_id;
    bool there;
};

static int on_user(void *ctx, const struct store_user *u)
{
    struct who *w = ctx;
    (void)snprintf(w->hash, sizeof(w->hash), "%s", u->password);
    (void)snprintf(w->role, sizeof(w->role), "%s", u->role);
    w->user_id = u->user_id;
    w->there = u->disabled_ms == 0;
    return OK;
}

// E_LIMIT where this name, or everybody together, guessed too often in the last minute.
static int check_guesses(struct lab *lab, const char *name, struct err *e)
{
    int64_t since = clock_wall_ms() - GUESS_WINDOW_MS, of_name = 0, in_all = 0;
    int rc = store_page_audit_count(lab->store, name, "login refused", since, &of_name, e);
    if (rc == OK) {
        rc = store_page_audit_count(lab->store, NULL, "login refused", since, &in_all, e);
    }
    if (rc == OK && (of_name >= GUESSES_PER_NAME || in_all >= GUESSES_IN_ALL)) {
        return err_set(e, E_LIMIT, "too many wrong passwords; wait a minute");
    }
    return rc;
}

static int start_session(struct lab *lab, const struct lab_req *q, struct lab_res *r,
                         int64_t user_id, char csrf[65], struct err *e)
{
    char secret[65], digest[65], unused[65], cookie[200];
    lab_auth_secret(secret, digest);
    lab_auth_secret(csrf, unused);
    int rc =
        store_login_put(lab->store, digest, user_id, csrf, clock_wall_ms() + LAB_SESSION_MS, e);
    if (rc) {
        return rc;
    }
    bool tls = strncmp(q->origin, "https://", 8) == 0;
    (void)snprintf(cookie, sizeof(cookie),
                   COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", secret,
                   (long long)(LAB_SESSION_MS / 1000), tls ? "; Secure" : "");
    return lab_res_header(r, "Set-Cookie", cookie) ? err_set(e, E_MEM, "out of memory") : OK;
}

int lab_auth_login(struct lab *lab, struct lab_req *q, struct lab_res *r, const char *name,
                   const char *password, char csrf[65], struct err *e)
{
    // Verified against where the name is unknown, so that the time taken does not tell.
    static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    int rc = check_guesses(lab, name, e);
    if (rc) {
        return rc;
    }
    struct who w = {0};
    rc = store_user_walk(lab->store, name, on_user, &w, e);
    if (rc && rc != E_NOT_FOUND) {
        return rc;
    }
    if (!w.hash[0]) {
        (void)snprintf(w.hash, sizeof(w.hash), "%s", nobody);
    }
    pthread_mutex_lock(&hashing);
    bool right = crypto_pwhash_str_verify(w.hash, password, strlen(password)) == 0;
    pthread_mutex_unlock(&hashing);
    if (!right || !w.there) {
        char line[120];
        (void)snprintf(line, sizeof(line), "login refused from %.60s", q->remote);
        rc = store_audit(lab->store, name, line, e);
        return rc ? rc : err_set(e, E_AUTH, "wrong name or password");
    }
    rc = start_session(lab, q, r, w.user_id, csrf, e);
    if (rc == OK) {
        become(q, name, lab_role_level(w.role));
        rc = store_audit(lab->store, name, "login", e);
    }
    return rc;
}

int lab_auth_logout(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int rc = q->login_token[0] ? store_login_drop(lab->store, q->login_token, e) : OK;
    if (rc == OK &&
        lab_res_header(r, "Set-Cookie", COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    return rc;
}
