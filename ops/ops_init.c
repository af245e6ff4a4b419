// moteloop init: makes a project folder that `moteloop up` can run.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/parse.h"
#include "common/project.h"
#include "common/store/store.h"
#include "common/store/store_user.h"
#include "ops/ops_broker.h"
#include "ops/ops_cert.h"
#include "ops/ops_cmd.h"
#include "ops/ops_proc.h"
#include "ops/ops_web.h"

#include <dirent.h>
#include <sodium.h>

struct init_opts {
    const char *name, *prefix, *host;
    const char *address;
    int64_t broker_port, web_port, tls_port, cert_port, devices;
    bool json, no_tls, tls_only;
};
enum { TLS_PORT = 8883, CERT_PORT = 8884 };
static const struct init_opts init_defaults = {.prefix = "ml/1",
                                               .host = "127.0.0.1",
                                               .broker_port = 1883,
                                               .web_port = 8080,
                                               .tls_port = -1,
                                               .cert_port = -1,
                                               .devices = 100};
static const struct opt init_options[] = {
    {"name", "TEXT", "name shown on the page (default: the folder's)", OPT_STR,
     offsetof(struct init_opts, name)},
    {"host", "ADDR", "address that broker and web server bind (default 127.0.0.1)", OPT_STR,
     offsetof(struct init_opts, host)},
    {"broker-port", "PORT", "port of the broker, 0 for one that is free (default 1883)", OPT_I64,
     offsetof(struct init_opts, broker_port)},
    {"tls-port", "PORT",
     "port of the broker for TLS with a password (default 8883, or a free one where --broker-port "
     "is 0)",
     OPT_I64, offsetof(struct init_opts, tls_port)},
    {"cert-port", "PORT",
     "port of the broker for TLS with a client certificate (default 8884, likewise)", OPT_I64,
     offsetof(struct init_opts, cert_port)},
    {"address", "ADDR", "name or address of the broker that devices are told (default: --host)",
     OPT_STR, offsetof(struct init_opts, address)},
    {"no-tls", NULL, "no port with TLS: --host is then open without it", OPT_FLAG,
     offsetof(struct init_opts, no_tls)},
    {"tls-only", NULL, "no port without TLS, for this machine's programs neither", OPT_FLAG,
     offsetof(struct init_opts, tls_only)},
    {"web-port", "PORT", "port of the page, 0 for one that is free (default 8080)", OPT_I64,
     offsetof(struct init_opts, web_port)},
    {"devices", "N", "fleet that the broker's limits are written for (default 100)", OPT_I64,
     offsetof(struct init_opts, devices)},
    {"prefix", "TEXT", "beginning of every topic (default ml/1)", OPT_STR,
     offsetof(struct init_opts, prefix)},
    OPT_JSON(struct init_opts, json),
    OPT_END};

static bool is_empty_dir(const char *path)
{
    DIR *d = opendir(path);
    bool empty = true;
    for (struct dirent *x; d && (x = readdir(d));) {
        if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0) {
            empty = false;
        }
    }
    if (d) {
        closedir(d);
    }
    return empty;
}

static int pick_port(int64_t *port, const char *what, struct err *e)
{
    if (*port == 0) {
        *port = io_free_port(e);
        return *port < 0 ? (int)*port : OK;
    }
    return *port >= 1 && *port <= 65535 ? OK
                                        : err_set(e, E_USAGE, "--%s is 1 to 65535, or 0", what);
}

// The ports of a project differ from each other; those that were left to chance are picked until they do.
static int pick_ports(struct project_conf *c, const struct init_opts *o, struct err *e)
{
    int64_t free_or = o->broker_port == 0 ? 0 : -1;
    struct {
        int64_t *port, asked;
        const char *what;
    } list[] = {{&c->broker_port, o->broker_port, "broker-port"},
                {&c->web_port, o->web_port, "web-port"},
                {&c->tls_port,
                 o->tls_port >= 0 ? o->tls_port
                 : free_or == 0   ? 0
                                  : TLS_PORT,
                 "tls-port"},
                {&c->tls_cert_port,
                 o->cert_port >= 0 ? o->cert_port
                 : free_or == 0    ? 0
                                   : CERT_PORT,
                 "cert-port"}};
    size_t count = o->no_tls ? 2 : ARRAY_LEN(list);
    c->server_tls = o->tls_only;
    for (size_t i = 0; i < count; i++) {
        bool taken = true;
        while (taken) {
            *list[i].port = list[i].asked;
            int rc = pick_port(list[i].port, list[i].what, e);
            taken = false;
            for (size_t k = 0; k < i; k++) {
                taken = taken || *list[k].port == *list[i].port;
            }
            if (rc || (taken && list[i].asked)) {
                return rc ? rc
                          : err_set(e, E_USAGE, "--%s is the port of something else here",
                                    list[i].what);
            }
        }
    }
    return OK;
}

static int make_conf(struct project *p, const struct init_opts *o, const char *dir, struct err *e)
{
    char *full = realpath(dir, NULL);
    if (!full || strlen(full) >= sizeof(p->dir)) {
        free(full);
        return err_set(e, E_LIMIT, "path of '%s' is too long", dir);
    }
    snprintf(p->dir, sizeof(p->dir), "%s", full);
    free(full);
    struct project_conf *c = &p->conf;
    const char *base = strrchr(p->dir, '/');
    project_conf_defaults(c);
    snprintf(c->name, sizeof(c->name), "%s",
             o->name           ? o->name
             : base && base[1] ? base + 1
                               : "moteloop");
    snprintf(c->prefix, sizeof(c->prefix), "%s", o->prefix);
    snprintf(c->broker_host, sizeof(c->broker_host), "%s", o->host);
    snprintf(c->web_host, sizeof(c->web_host), "%s", o->host);
    c->broker_port = o->broker_port;
    c->web_port = o->web_port;
    c->max_devices = o->devices;
    const char *local = strcmp(o->host, "0.0.0.0") == 0 ? "127.0.0.1" : o->host;
    snprintf(c->tls_address, sizeof(c->tls_address), "%s", o->address ? o->address : local);
    if (o->no_tls && o->tls_only) {
        return err_set(e, E_USAGE, "--no-tls and --tls-only exclude each other");
    }
    if (strpbrk(o->prefix, "+# \t") || !*o->prefix || o->prefix[strlen(o->prefix) - 1] == '/') {
        return err_set(e, E_USAGE,
                       "--prefix must not be empty, end in '/' or hold '+', '#' or blanks");
    }
    if (o->devices < 1 || o->devices > 1000000) {
        return err_set(e, E_USAGE, "--devices is 1 to 1000000");
    }
    int rc = pick_ports(c, o, e);
    if (rc) {
        return rc;
    }
    char path[IO_PATH_MAX];
    char *text = project_conf_text(c);
    rc = text ? io_write_atomic(project_path(p, path, "moteloop.conf"), text, strlen(text), 0600, e)
              : err_set(e, E_MEM, "out of memory");
    free(text);
    return rc;
}

static int make_folders(const struct project *p, struct err *e)
{
    static const char *const folders[] = {"keys", "devices", "broker", "web", "models", "run"};
    char path[IO_PATH_MAX];
    int rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(folders) && rc == OK; i++) {
        rc = io_mkdirs(project_path(p, path, folders[i]), 0700, e);
    }
    return rc;
}

static int make_server_user(const struct project *p, struct err *e)
{
    char password[BROKER_PASSWORD_LEN + 1], path[IO_PATH_MAX];
    struct broker_users *users = NULL;
    broker_new_password(password);
    int rc = broker_users_load(&users, p, e);
    if (rc == OK) {
        rc = broker_users_set(users, p->conf.server_user, password, e);
    }
    if (rc == OK) {
        rc = broker_users_save(users, p, e);
    }
    if (rc == OK) {
        rc = io_write_atomic(project_path(p, path, "broker/server.pw"), password, strlen(password),
                             0600, e);
    }
    broker_users_free(users);
    return rc;
}

int ops_new_setup_link(const struct project *p, struct store *s, char *url, size_t cap,
                       struct err *e)
{
    uint8_t bits[16], digest[HEX_DIGEST_LEN];
    char secret[2 * sizeof(bits) + 1], text[HEX_DIGEST_TEXT];
    randombytes_buf(bits, sizeof(bits));
    hex_encode(secret, bits, sizeof(bits));
    hex_sha256(digest, secret, strlen(secret));
    hex_encode(text, digest, sizeof(digest));
    int rc = store_setup_put(s, text, clock_wall_ms() + 24 * 3600 * 1000, e);
    if (rc == OK) {
        snprintf(url, cap, "http://%s:%lld/setup#%s", p->conf.web_host, (long long)p->conf.web_port,
                 secret);
    }
    return rc;
}

static int make_project(struct project *p, const struct init_opts *o, const char *dir, char *url,
                        size_t cap, struct err *e)
{
    struct store *s = NULL;
    if (io_exists(dir) && !is_empty_dir(dir)) {
        return err_set(e, E_EXISTS, "'%s' is not empty: name a new folder", dir);
    }
    int rc = io_mkdirs(dir, 0700, e);
    if (rc == OK) {
        rc = make_conf(p, o, dir, e);
    }
    if (rc == OK) {
        rc = make_folders(p, e);
    }
    if (rc == OK) {
        rc = store_open(&s, p->dir, STORE_CREATE, e);
    }
    if (rc == OK && p->conf.tls_port) {
        rc = certs_make(p, e);
    }
    if (rc == OK) {
        rc = broker_write_conf(p, e);
    }
    if (rc == OK) {
        rc = make_server_user(p, e);
    }
    if (rc == OK) {
        rc = web_write_conf(p, e);
    }
    if (rc == OK) {
        rc = ops_new_setup_link(p, s, url, cap, e);
    }
    store_close(s);
    if (rc == OK) {
        rc = proc_run_ok(
            (const char *[]){"moteloop-converter", "key", "init", "--project", p->dir, NULL}, NULL,
            30000, e);
    }
    return rc;
}

static int cmd_init(void *options, int npos, char **pos)
{
    const struct init_opts *o = options;
    struct err e = {0};
    static struct project p;
    char url[512];
    if (npos != 1) {
        err_set(&e, E_USAGE, "name the folder of the new project: moteloop init DIR");
        return ops_fail("init", &e);
    }
    if (make_project(&p, o, pos[0], url, sizeof(url), &e)) {
        return ops_fail("init", &e);
    }
    if (o->json) {
        printf("{\"project\":\"%s\",\"broker_port\":%lld,\"tls_port\":%lld,\"cert_port\":%lld,"
               "\"web_port\":%lld,\"setup\":\"%s\"}\n",
               p.dir, (long long)p.conf.broker_port, (long long)p.conf.tls_port,
               (long long)p.conf.tls_cert_port, (long long)p.conf.web_port, url);
        return 0;
    }
    printf("made project '%s'\n\n"
           "  moteloop up %s          runs it\n"
           "  moteloop device add DEV --project %s   gives a device its credential\n\n"
           "first administrator (once, within 24 hours): %s\n",
           p.dir, pos[0], pos[0], url);
    return 0;
}

const struct opt_command ops_init_command = {
    "init",
    "DIR",
    "make a project folder: store, keys, certificates, broker and web configuration",
    "Makes DIR with everything that one installation needs, and prints a one-time link with which "
    "the\n"
    "first administrator chooses a name and a password.\n\n"
    "  moteloop init plant-a\n"
    "  moteloop init plant-b --host 0.0.0.0 --address plant.example --devices 10000\n\n"
    "The broker gets a port for TLS with passwords, one for TLS with client certificates (a "
    "certificate authority\n"
    "is made in keys/), and one without TLS that this machine alone can reach.\n",
    init_options,
    sizeof(struct init_opts),
    &init_defaults,
    cmd_init};
