// mosquitto's files. See ops_broker.h.
//
// Password lines are those of mosquitto_passwd 2.0: NAME:$7$ITERATIONS$SALT$HASH, PBKDF2 (RFC 8018)
// with HMAC-SHA-512, salt and hash in base64. Made here because a fleet of ten thousand must not start
// ten thousand processes. Passwords are 128 random bits, so few iterations are enough.
#include "ops/ops_broker.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/names.h"
#include "common/parse.h"
#include "common/project.h"

#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <unistd.h>

enum { ITERATIONS = 101, SALT_LEN = 12, HASH_LEN = 64 };

void broker_new_password(char *out)
{
    uint8_t bits[BROKER_PASSWORD_LEN / 2];
    randombytes_buf(bits, sizeof(bits));
    hex_encode(out, bits, sizeof(bits));
}

// One block of PBKDF2 is enough: the hash is as long as HMAC-SHA-512's output.
static void pbkdf2(uint8_t hash[HASH_LEN], const char *password, const uint8_t salt[SALT_LEN])
{
    uint8_t first[SALT_LEN + 4] = {0};
    memcpy(first, salt, SALT_LEN);
    first[SALT_LEN + 3] = 1;
    uint8_t u[HASH_LEN];
    crypto_auth_hmacsha512_state st;
    crypto_auth_hmacsha512_init(&st, (const uint8_t *)password, strlen(password));
    crypto_auth_hmacsha512_state keyed = st;
    crypto_auth_hmacsha512_update(&st, first, sizeof(first));
    crypto_auth_hmacsha512_final(&st, u);
    memcpy(hash, u, HASH_LEN);
    for (int i = 1; i < ITERATIONS; i++) {
        st = keyed;
        crypto_auth_hmacsha512_update(&st, u, sizeof(u));
        crypto_auth_hmacsha512_final(&st, u);
        for (int k = 0; k < HASH_LEN; k++) {
            hash[k] ^= u[k];
        }
    }
}

struct user_line {
    char *name, *rest; // rest: "$7$..."
};
struct broker_users {
    struct user_line *line;
    size_t count, cap;
    struct name_set index; // name to its place in line, so that a list of devices is not quadratic
};

static struct user_line *find_user(struct broker_users *u, const char *name)
{
    size_t at = name_set_find(&u->index, name);
    return at == NAME_NONE ? NULL : &u->line[at];
}

static int add_user(struct broker_users *u, const char *name, const char *rest)
{
    if (u->count == u->cap) {
        size_t cap = u->cap ? u->cap * 2 : 64;
        struct user_line *grown = realloc(u->line, cap * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        u->line = grown;
        u->cap = cap;
    }
    struct user_line l = {strdup(name), strdup(rest)};
    if (!l.name || !l.rest) {
        free(l.name);
        free(l.rest);
        return E_MEM;
    }
    if (name_set_put(&u->index, l.name, u->count)) {
        free(l.name);
        free(l.rest);
        return E_MEM;
    }
    u->line[u->count++] = l;
    return OK;
}

int broker_users_load(struct broker_users **out, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf text = {0};
    struct broker_users *u = calloc(1, sizeof(*u));
    int rc = u ? OK : err_set(e, E_MEM, "out of memory");
    project_path(p, path, "broker/passwd");
    if (rc == OK && io_exists(path)) {
        rc = io_read_file(path, 64 << 20, &text, e);
    }
    char *rest = text.data;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        char *colon = strchr(line, ':');
        if (colon) {
            *colon = 0;
            rc = add_user(u, line, colon + 1) ? err_set(e, E_MEM, "out of memory") : OK;
        }
    }
    buf_release(&text);
    if (rc) {
        broker_users_free(u);
        return rc;
    }
    *out = u;
    return OK;
}

int broker_users_set(struct broker_users *u, const char *name, const char *password, struct err *e)
{
    uint8_t salt[SALT_LEN], hash[HASH_LEN];
    char salt64[sodium_base64_ENCODED_LEN(SALT_LEN, sodium_base64_VARIANT_ORIGINAL)];
    char hash64[sodium_base64_ENCODED_LEN(HASH_LEN, sodium_base64_VARIANT_ORIGINAL)];
    char rest[200];
    randombytes_buf(salt, sizeof(salt));
    pbkdf2(hash, password, salt);
    sodium_bin2base64(salt64, sizeof(salt64), salt, sizeof(salt), sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(hash64, sizeof(hash64), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
    snprintf(rest, sizeof(rest), "$7$%d$%s$%s", ITERATIONS, salt64, hash64);
    struct user_line *l = find_user(u, name);
    if (!l) {
        return add_user(u, name, rest) ? err_set(e, E_MEM, "out of memory") : OK;
    }
    char *copy = strdup(rest);
    if (!copy) {
        return err_set(e, E_MEM, "out of memory");
    }
    free(l->rest);
    l->rest = copy;
    return OK;
}

void broker_users_remove(struct broker_users *u, const char *name)
{
    struct user_line *l = find_user(u, name);
    if (l) { // its place stays empty: the index counts on the others
        free(l->rest);
        l->rest = NULL;
    }
}

int broker_users_save(struct broker_users *u, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    int rc = OK;
    for (size_t i = 0; i < u->count && rc == OK; i++) {
        rc = u->line[i].rest ? buf_printf(&b, "%s:%s\n", u->line[i].name, u->line[i].rest) : OK;
    }
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(project_path(p, path, "broker/passwd"), b.data ? b.data : "", b.len,
                              0600, e);
    buf_release(&b);
    return rc;
}

void broker_users_free(struct broker_users *u)
{
    for (size_t i = 0; u && i < u->count; i++) {
        free(u->line[i].name);
        free(u->line[i].rest);
    }
    if (u) {
        name_set_release(&u->index);
        free(u->line);
        free(u);
    }
}

// Behind this line of the access list: users whose certificate is void. Their connections outlive the list of
// void certificates, which the broker reads only when somebody connects; the access list counts at once.
#define VOID_MARK "# Certificates that are void:"

static int load_denied(struct name_set *set, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf text = {0};
    if (!io_exists(project_path(p, path, "broker/acl"))) {
        return OK;
    }
    int rc = io_read_file(path, 64 << 20, &text, e);
    char *rest = rc ? NULL : strstr(text.data, VOID_MARK);
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        if (strncmp(line, "user ", 5) == 0 && name_set_put(set, line + 5, 1)) {
            rc = err_set(e, E_MEM, "out of memory");
        }
    }
    buf_release(&text);
    return rc;
}

struct denied_ctx {
    struct buf *b;
    const char *prefix;
};
static int write_denied(void *ctx, const char *name, size_t value)
{
    const struct denied_ctx *c = ctx;
    return value ? buf_printf(c->b, "user %s\ntopic deny %s/#\n", name, c->prefix) : OK;
}

static int write_acl(const struct project *p, const struct name_set *denied, struct err *e)
{
    static const char *const device_writes[] = {"hello",  "status",   "data/#",
                                                "live/#", "reported", "split/out"};
    char path[IO_PATH_MAX];
    struct buf b = {0};
    const char *prefix = p->conf.prefix;
    int rc = buf_printf(
        &b,
        "# Written by 'moteloop init'. A device may write its own leaves and read its own subtree\n"
        "# and the releases; %%u is its name, which is its client id as well.\n"
        "user %s\ntopic readwrite %s/#\n\n",
        p->conf.server_user, prefix);
    for (int64_t n = 2; n <= p->conf.collectors && rc == OK; n++) {
        rc = buf_printf(&b, "user %s-%lld\ntopic readwrite %s/#\n\n", p->conf.server_user,
                        (long long)n, prefix);
    }
    for (size_t i = 0; i < ARRAY_LEN(device_writes) && rc == OK; i++) {
        rc = buf_printf(&b, "pattern write %s/d/%%u/%s\n", prefix, device_writes[i]);
    }
    if (rc == OK) {
        rc = buf_printf(&b, "pattern read %s/d/%%u/#\npattern read %s/r/#\npattern read %s/time\n",
                        prefix, prefix, prefix);
    }
    rc = rc ? rc : buf_printf(&b, "\n%s\n", VOID_MARK);
    struct denied_ctx ctx = {&b, prefix};
    rc = rc ? rc : name_set_walk(denied, write_denied, &ctx);
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(project_path(p, path, "broker/acl"), b.data, b.len, 0600, e);
    buf_release(&b);
    return rc;
}

int broker_deny(const struct project *p, const char *const *names, size_t count, bool deny,
                struct err *e)
{
    struct name_set set = {0};
    bool changed = false;
    int rc = load_denied(&set, p, e);
    for (size_t i = 0; i < count && rc == OK; i++) {
        size_t at = name_set_find(&set, names[i]);
        bool denied = at != NAME_NONE && at != 0;
        if (denied != deny) {
            changed = true;
            rc = name_set_put(&set, names[i], deny) ? err_set(e, E_MEM, "out of memory") : OK;
        }
    }
    rc = rc || !changed ? rc : write_acl(p, &set, e);
    name_set_release(&set);
    return rc;
}

// A port, and what it takes to speak TLS there; with_cert: who connects is who the certificate says.
static int write_tls(struct buf *b, const struct project *p, int64_t port, bool with_cert)
{
    if (port == 0) {
        return OK;
    }
    return buf_printf(b,
                      "\nlistener %lld %s\n"
                      "cafile %s/keys/ca.pem\n"
                      "certfile %s/broker/broker.pem\n"
                      "keyfile %s/broker/broker.key\n"
                      "tls_version tlsv1.2\n" // and newer
                      "use_username_as_clientid true\n",
                      (long long)port, p->conf.broker_host, p->dir, p->dir, p->dir) ||
                   (with_cert && buf_printf(b,
                                            "require_certificate true\nuse_identity_as_username "
                                            "true\ncrlfile %s/broker/crl.pem\n",
                                            p->dir))
               ? E_MEM
               : OK;
}

// Without TLS only this machine gets in, where there is a listener with it.
static int write_listeners(struct buf *b, const struct project *p)
{
    const struct project_conf *c = &p->conf;
    int rc = OK;
    if (!c->server_tls) {
        rc = buf_printf(b, "\nlistener %lld %s\nuse_username_as_clientid true\n",
                        (long long)c->broker_port, project_broker_host(p));
    }
    rc = rc ? rc : write_tls(b, p, c->tls_port, false);
    return rc ? rc : write_tls(b, p, c->tls_cert_port, true);
}

int broker_write_conf(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    const struct passwd *me = getpwuid(geteuid());
    // Retained messages of a fleet arrive at once when the collector subscribes, and every device may have a
    // window of blocks under way; the default queue of 1,000 would drop the rest without a word.
    int64_t queued = p->conf.max_devices * BROKER_QUEUE_PER_DEVICE;
    int rc = buf_printf(
        &b,
        "# Written by 'moteloop init' for a fleet of %lld devices; 'moteloop doctor' checks it.\n"
        "user %s\n"
        "allow_anonymous false\n"
        "password_file %s/broker/passwd\n"
        "acl_file %s/broker/acl\n"
        "pid_file %s/run/mosquitto.pid\n"
        "persistence true\n"
        "persistence_location %s/broker/\n"
        "autosave_interval 60\n"
        "max_queued_messages %lld\n"
        "max_queued_bytes 0\n"
        "max_inflight_messages 100\n"
        "max_packet_size %lld\n" // refuses aloud; message_size_limit acknowledges and drops
        "set_tcp_nodelay true\n"
        "log_dest stderr\n"
        "log_type error\nlog_type warning\nlog_type notice\n",
        (long long)p->conf.max_devices, me ? me->pw_name : "mosquitto", p->dir, p->dir, p->dir,
        p->dir, (long long)queued,
        (long long)p->conf.max_message + 1024); // the payload's ceiling, and its topic
    rc = rc ? rc : write_listeners(&b, p);
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(project_path(p, path, "broker/mosquitto.conf"), b.data, b.len, 0600,
                              e);
    buf_release(&b);
    struct name_set denied = {0};
    rc = rc ? rc : load_denied(&denied, p, e);
    rc = rc ? rc : write_acl(p, &denied, e);
    name_set_release(&denied);
    return rc;
}

int broker_ensure_collectors(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf password = {0};
    struct broker_users *users = NULL;
    struct name_set denied = {0};
    if (p->conf.collectors < 2) {
        return OK;
    }
    int rc = io_read_file(project_path(p, path, "broker/server.pw"), 256, &password, e);
    rc = rc ? rc : broker_users_load(&users, p, e);
    for (int64_t n = 2; n <= p->conf.collectors && rc == OK; n++) {
        char name[96];
        snprintf(name, sizeof(name), "%s-%lld", p->conf.server_user, (long long)n);
        rc = broker_users_set(users, name, password.data, e);
    }
    rc = rc ? rc : broker_users_save(users, p, e);
    rc = rc ? rc : load_denied(&denied, p, e);
    rc = rc ? rc : write_acl(p, &denied, e);
    name_set_release(&denied);
    broker_users_free(users);
    buf_release(&password);
    return rc;
}

void broker_reload(const struct project *p)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    struct err ignored = {0};
    int64_t pid = 0;
    if (io_read_file(project_path(p, path, "run/mosquitto.pid"), 64, &b, &ignored) == OK) {
        b.data[strcspn(b.data, "\n")] = 0;
        if (parse_i64(b.data, 2, 1 << 30, &pid) == OK) {
            (void)kill((pid_t)pid,
                       SIGHUP); // gone already: it will read the files at its next start
        }
    }
    buf_release(&b);
}

int64_t broker_conf_fleet(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf b = {0};
    int64_t queued = 1000; // mosquitto's default
    int rc = io_read_file(project_path(p, path, "broker/mosquitto.conf"), 1 << 20, &b, e);
    char *rest = b.data;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        static const char key[] = "max_queued_messages ";
        if (strncmp(line, key, sizeof(key) - 1) == 0 &&
            parse_i64(line + sizeof(key) - 1, 0, INT64_MAX, &queued)) {
            rc = err_set(e, E_FORMAT, "%s: max_queued_messages is not a number", path);
        }
    }
    buf_release(&b);
    return rc ? rc : queued == 0 ? INT64_MAX : queued / BROKER_QUEUE_PER_DEVICE;
}
