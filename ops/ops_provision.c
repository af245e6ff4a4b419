// See ops_provision.h.
#include "ops/ops_provision.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/names.h"
#include "common/progress.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "ops/ops_broker.h"
#include "ops/ops_cert.h"

#include <fcntl.h>
#include <unistd.h>

enum { STORE_STEP = 256 }; // devices of a transaction: the collector writes too

struct work {
    const struct project *p;
    const struct provision *o;
    struct store *store;
    struct broker_users *users;
    struct certs *certs; // NULL: no TLS
    struct buf root;
    char **id; // to add; borrowed
    size_t count, left_out;
};

static void end_work(struct work *w)
{
    broker_users_free(w->users);
    certs_free(w->certs);
    store_close(w->store);
    buf_release(&w->root);
    free(w->id);
}

static int read_root(const struct project *p, struct buf *root, struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = io_read_file(project_path(p, path, "keys/root.pub"), 4096, root, e);
    if (rc == OK) {
        root->data[strcspn(root->data, "\r\n")] = 0;
        uint8_t point[65];
        if (hex_decode(point, sizeof(point), root->data)) {
            rc = err_set(e, E_FORMAT, "'%s' is not the hex of a 65-byte point", path);
        }
    }
    return rc;
}

static int check_options(const struct project *p, const struct provision *o, struct err *e)
{
    if (o->device_class < 0 || o->device_class > 2) {
        return err_set(e, E_USAGE, "--class is 0, 1 or 2");
    }
    if (o->cert && (o->plain || !p->conf.tls_cert_port)) {
        return err_set(e, E_USAGE,
                       o->plain ? "a certificate needs TLS: --cert or --plain, not both"
                                : "this project takes no certificates: it was made with --no-tls");
    }
    return o->plain && p->conf.server_tls
               ? err_set(
                     e, E_USAGE,
                     "this project's broker has no port without TLS ([mqtt] tls in moteloop.conf)")
               : OK;
}

// --- files of a device ---------------------------------------------------------------------------

// Whole or not at all, but on the disk only after sync_folder: one wait for ten thousand files, not as many.
static int write_file(const struct project *p, const char *id, const char *ending, const char *text,
                      size_t len, struct err *e)
{
    char name[64], path[IO_PATH_MAX], part[IO_PATH_MAX + 8];
    snprintf(name, sizeof(name), "devices/%s.%s", id, ending);
    project_path(p, path, name);
    snprintf(part, sizeof(part), "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0;
    while (good && len > 0) {
        ssize_t n = write(fd, text, len);
        good = n > 0;
        text += good ? n : 0;
        len -= good ? (size_t)n : 0;
    }
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    return good && rename(part, path) == 0 ? OK : err_errno(e, E_IO, "cannot write '%s'", path);
}

static int sync_folder(const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX];
    int fd = open(project_path(p, path, "devices"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || syncfs(fd) ? err_errno(e, E_IO, "cannot write '%s' to the disk", path) : OK;
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static int put_conf(struct buf *b, const struct work *w, const char *id, const char *password,
                    const struct cert_text *cert)
{
    static const struct {
        int slot_bytes, spool_bytes, arena;
    } limits[] = {{49152, 131072, 32768}, {98304, 524288, 98304}, {262144, 2097152, 262144}};
    const struct project_conf *c = &w->p->conf;
    int64_t k = w->o->device_class;
    bool tls = w->certs != NULL;
    int rc = buf_printf(
        b,
        "# Credential and limits of one device: as secret as a password.\n"
        "[device]\nid = %s\nclass = %lld\nslot_bytes = %d\nspool_bytes = %d\narena = %d\n\n"
        "[mqtt]\nhost = %s\nport = %lld\nprefix = %s\n",
        id, (long long)k, limits[k].slot_bytes, limits[k].spool_bytes, limits[k].arena,
        tls ? c->tls_address : project_broker_host(w->p),
        (long long)(cert  ? c->tls_cert_port
                    : tls ? c->tls_port
                          : c->broker_port),
        c->prefix);
    rc = rc || cert ? rc : buf_printf(b, "password = %s\n", password);
    if (rc == OK && tls) {
        rc = buf_printf(b,
                        "\n[tls]\n# What the broker's certificate is checked for, and by whom it "
                        "is signed (base64 of DER).\n"
                        "name = " CERT_BROKER_NAME "\nca = %s\n",
                        certs_ca64(w->certs));
    }
    if (rc == OK && cert) {
        rc = buf_printf(b, "cert = %s\nkey = %s\n", cert->der64, cert->key64);
    }
    return rc ? rc
              : buf_printf(b,
                           "\n[trust]\n# The key that signs key sets: uncompressed P-256 "
                           "point.\nroot = %s\n",
                           w->root.data);
}

static int make_credential(struct work *w, const char *id, struct err *e)
{
    char password[BROKER_PASSWORD_LEN + 1] = "";
    struct cert_text cert;
    struct buf b = {0};
    int rc = OK;
    if (w->o->cert) {
        rc = certs_issue(w->certs, id, &cert, e);
        rc = rc ? rc : write_file(w->p, id, "key", cert.key_pem, strlen(cert.key_pem), e);
        rc = rc ? rc : write_file(w->p, id, "pem", cert.pem, strlen(cert.pem), e);
    } else {
        broker_new_password(password);
        rc = broker_users_set(w->users, id, password, e);
    }
    if (rc == OK && put_conf(&b, w, id, password, w->o->cert ? &cert : NULL)) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    rc = rc ? rc : write_file(w->p, id, "conf", b.data, b.len, e);
    buf_release(&b);
    return rc;
}

// --- add -----------------------------------------------------------------------------------------

static int note_used(void *ctx, const struct store_device *d)
{
    return d->removed_ms ? 0 : name_set_put(ctx, d->id, 1);
}

// What is to be added of the list: nobody twice, nobody in use, never the server itself.
static int choose(struct work *w, const struct device_ids *l, bool skip, struct err *e)
{
    struct name_set used = {0};
    w->id = calloc(l->count, sizeof(*w->id));
    int rc = w->id ? store_device_walk(w->store, NULL, note_used, &used, e)
                   : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        if (strncmp(l->id[i], w->p->conf.server_user, strlen(w->p->conf.server_user)) == 0) {
            rc = err_set(e, E_USAGE,
                         "'%s' is like the collector's own name at the broker ([mqtt] user)",
                         l->id[i]);
        } else if (name_set_find(&used, l->id[i]) == NAME_NONE) {
            w->id[w->count++] = l->id[i];
            rc = name_set_put(&used, l->id[i], 1) ? err_set(e, E_MEM, "out of memory") : OK;
        } else if (skip) {
            w->left_out++;
        } else {
            rc = err_set(
                e, E_EXISTS,
                "device '%s' is in use already: 'moteloop device remove %s' makes its name free",
                l->id[i], l->id[i]);
        }
    }
    name_set_release(&used);
    return rc;
}

static int add_to_store(struct work *w, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < w->count && rc == OK; i++) {
        rc = i % STORE_STEP == 0 ? store_begin(w->store, e) : OK;
        rc = rc ? rc : store_device_add(w->store, w->id[i], w->o->name, w->o->group, e);
        if (rc) {
            store_rollback(w->store);
        } else if (i % STORE_STEP == STORE_STEP - 1 || i + 1 == w->count) {
            rc = store_commit(w->store, e);
        }
    }
    return rc;
}

static void say_added(const struct work *w)
{
    for (size_t i = 0; i < w->count && w->count <= 20; i++) {
        printf("%s: credential in %s/devices/%s.conf\n", w->id[i], w->p->dir, w->id[i]);
    }
    if (w->count > 20) {
        printf("%zu devices: credentials in %s/devices/\n", w->count, w->p->dir);
    }
    if (w->left_out) {
        printf("%zu were in use already\n", w->left_out);
    }
}

static int open_work(struct work *w, struct err *e)
{
    int rc = store_open(&w->store, w->p->dir, STORE_WRITE, e);
    rc = rc ? rc : broker_users_load(&w->users, w->p, e);
    return rc || !w->p->conf.tls_port || (w->o && w->o->plain) ? rc
                                                               : certs_open(&w->certs, w->p, e);
}

int provision_add(const struct project *p, const struct provision *o, const struct device_ids *l,
                  bool skip, struct err *e)
{
    struct work w = {.p = p, .o = o};
    struct progress bar;
    int rc = check_options(p, o, e);
    rc = rc ? rc : read_root(p, &w.root, e);
    rc = rc ? rc : open_work(&w, e);
    rc = rc ? rc : choose(&w, l, skip, e);
    if (rc == OK && w.count) {
        progress_start(&bar, "devices", (int64_t)w.count);
        for (size_t i = 0; i < w.count && rc == OK; i++) {
            rc = make_credential(&w, w.id[i], e);
            progress_set(&bar, (int64_t)i + 1, NULL);
        }
        progress_end(&bar);
        rc = rc ? rc : sync_folder(p, e);
        rc = rc || !o->cert ? rc : certs_save(w.certs, p, e);
        rc = rc ? rc : broker_users_save(w.users, p, e);
        rc = rc ? rc : broker_deny(p, (const char *const *)w.id, w.count, false, e);
        rc = rc ? rc : add_to_store(&w, e);
    }
    if (rc == OK) {
        broker_reload(p);
        say_added(&w);
    }
    end_work(&w);
    return rc;
}

// --- remove --------------------------------------------------------------------------------------

// The store forgets it last: what is cut off can be run again.
static int remove_one(struct work *w, const char *id, struct err *e)
{
    static const char *const endings[] = {"conf", "pem", "key"};
    static const char *const retained[] = {"hello", "status", "reported", "desired", "config"};
    int rc = OK;
    // What the broker still holds of it would come back as a ghost at every subscription.
    for (size_t k = 0; k < ARRAY_LEN(retained) && rc == OK; k++) {
        char topic[96];
        snprintf(topic, sizeof(topic), "d/%s/%s", id, retained[k]);
        rc = store_outbox_put(w->store, topic, "", 0, true, 0, e);
    }
    rc = rc ? rc : store_device_remove(w->store, id, e);
    for (size_t k = 0; k < ARRAY_LEN(endings) && rc == OK; k++) {
        char name[64], path[IO_PATH_MAX];
        snprintf(name, sizeof(name), "devices/%s.%s", id, endings[k]);
        (void)unlink(project_path(w->p, path, name)); // gone already is fine
    }
    return rc;
}

static int check_known(struct work *w, const struct device_ids *l, struct err *e)
{
    struct name_set used = {0};
    int rc = store_device_walk(w->store, NULL, note_used, &used, e);
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        if (name_set_find(&used, l->id[i]) == NAME_NONE) {
            rc = err_set(e, E_NOT_FOUND, "no device '%s': 'moteloop device list' names them",
                         l->id[i]);
        }
    }
    name_set_release(&used);
    return rc;
}

static int take_credentials(struct work *w, const struct device_ids *l, struct err *e)
{
    size_t with_cert = 0, number;
    const char **denied = calloc(l->count, sizeof(*denied));
    int rc = denied ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        broker_users_remove(w->users, l->id[i]);
        rc = w->certs ? certs_revoke(w->certs, l->id[i], &number, e) : OK;
        if (w->certs && rc == OK && number) {
            denied[with_cert++] = l->id[i];
        }
    }
    rc = rc || !w->certs ? rc : certs_save(w->certs, w->p, e);
    rc = rc ? rc : broker_users_save(w->users, w->p, e);
    rc = rc ? rc : broker_deny(w->p, denied, with_cert, true, e);
    free(denied);
    return rc;
}

int provision_remove(const struct project *p, const struct device_ids *l, struct err *e)
{
    struct work w = {.p = p};
    int rc = open_work(&w, e);
    rc = rc ? rc : check_known(&w, l, e);
    rc = rc ? rc : take_credentials(&w, l, e);
    if (rc == OK) {
        broker_reload(p);
    }
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        rc = i % STORE_STEP == 0 ? store_begin(w.store, e) : OK;
        rc = rc ? rc : remove_one(&w, l->id[i], e);
        if (rc) {
            store_rollback(w.store);
        } else if (i % STORE_STEP == STORE_STEP - 1 || i + 1 == l->count) {
            rc = store_commit(w.store, e);
        }
    }
    if (rc == OK) {
        printf("removed %zu device%s; what they sent is kept\n", l->count,
               l->count == 1 ? "" : "s");
    }
    end_work(&w);
    return rc;
}
