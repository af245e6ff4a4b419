// moteloop device: provisions devices (one or a list), lists and removes them.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/jx.h"
#include "common/parse.h"
#include "common/progress.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/command.h"
#include "ops/ops_broker.h"
#include "ops/ops_cmd.h"

#include <unistd.h>

struct device_opts {
    const char *project, *name, *group, *list;
    int64_t device_class;
    const char *stream, *label;
    int64_t duration_ms;
    bool json;
};
static const struct device_opts device_defaults = {.name = "", .group = "", .device_class = 1, .stream = "", .label = "", .duration_ms = 10000};
static const struct opt device_options[] = {
    OPT_PROJECT(struct device_opts, project),
    {"name", "TEXT", "name for people (of add)", OPT_STR, offsetof(struct device_opts, name)},
    {"group", "NAME", "group that a rollout can name (of add)", OPT_STR, offsetof(struct device_opts, group)},
    {"class", "N", "capability class: 0 small, 1 medium, 2 large (of add; default 1)", OPT_I64, offsetof(struct device_opts, device_class)},
    {"list", "FILE", "add or remove every id of a file, one a line ('-': standard input)", OPT_STR, offsetof(struct device_opts, list)},
    {"stream", "NAME", "stream to record (of record; default: every stream)", OPT_STR, offsetof(struct device_opts, stream)},
    {"label", "NAME", "label to ask for (of record)", OPT_STR, offsetof(struct device_opts, label)},
    {"duration", "TIME", "how long (of record and classify; default 10s)", OPT_DURATION, offsetof(struct device_opts, duration_ms)},
    OPT_JSON(struct device_opts, json),
    OPT_END};

struct ids {
    char **id;
    size_t count;
};

static void ids_release(struct ids *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->id[i]);
    }
    free(l->id);
}

static int ids_add(struct ids *l, const char *id, struct err *e)
{
    if (!parse_is_device_id(id)) {
        return err_set(e, E_USAGE, "'%s' is not a device id: 1 to 32 of a-z, 0-9 and '-'", id);
    }
    if (l->count % 256 == 0) {
        char **grown = realloc(l->id, (l->count + 256) * sizeof(*grown));
        if (!grown) {
            return err_set(e, E_MEM, "out of memory");
        }
        l->id = grown;
    }
    l->id[l->count] = strdup(id);
    return l->id[l->count++] ? OK : err_set(e, E_MEM, "out of memory");
}

static int ids_from(struct ids *l, const char *list, int npos, char **pos, struct err *e)
{
    int rc = OK;
    for (int i = 0; i < npos && rc == OK; i++) {
        rc = ids_add(l, pos[i], e);
    }
    if (rc || !list) {
        return rc;
    }
    struct buf text = {0};
    rc = io_read_file(strcmp(list, "-") == 0 ? "/dev/stdin" : list, 16 << 20, &text, e);
    char *rest = text.data;
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        line[strcspn(line, "\r \t,;#")] = 0;
        if (*line) {
            rc = ids_add(l, line, e);
        }
    }
    buf_release(&text);
    return rc;
}

static int write_device_conf(const struct project *p, const char *id, const char *password, int64_t device_class, const char *root, struct err *e)
{
    static const struct {
        int slot_bytes, spool_bytes, arena;
    } limits[] = {{49152, 131072, 32768}, {98304, 524288, 98304}, {262144, 2097152, 262144}};
    char name[64], path[IO_PATH_MAX];
    struct buf b = {0};
    snprintf(name, sizeof(name), "devices/%s.conf", id);
    int rc = buf_printf(&b,
                        "# Credential and limits of one device: as secret as a password.\n"
                        "[device]\nid = %s\nclass = %lld\nslot_bytes = %d\nspool_bytes = %d\narena = %d\n\n"
                        "[mqtt]\nhost = %s\nport = %lld\nprefix = %s\npassword = %s\n\n"
                        "[trust]\n# The key that signs key sets: uncompressed P-256 point.\nroot = %s\n",
                        id, (long long)device_class, limits[device_class].slot_bytes, limits[device_class].spool_bytes,
                        limits[device_class].arena, p->conf.broker_host, (long long)p->conf.broker_port, p->conf.prefix, password, root);
    rc = rc ? err_set(e, rc, "out of memory") : io_write_atomic(project_path(p, path, name), b.data, b.len, 0600, e);
    buf_release(&b);
    return rc;
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

static int add_devices(const struct project *p, const struct device_opts *o, const struct ids *l, struct err *e)
{
    struct store *s = NULL;
    struct broker_users *users = NULL;
    struct buf root = {0};
    struct progress bar;
    progress_start(&bar, "devices", (int64_t)l->count);
    int rc = o->device_class < 0 || o->device_class > 2 ? err_set(e, E_USAGE, "--class is 0, 1 or 2") : read_root(p, &root, e);
    if (rc == OK) {
        rc = store_open(&s, p->dir, STORE_WRITE, e);
    }
    if (rc == OK) {
        rc = broker_users_load(&users, p, e);
    }
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        char password[BROKER_PASSWORD_LEN + 1];
        broker_new_password(password);
        if (i % 256 == 0 && (rc = store_begin(s, e))) { // short transactions: the collector writes too
            break;
        }
        rc = store_device_add(s, l->id[i], o->name, o->group, e);
        if (rc == OK) {
            rc = broker_users_set(users, l->id[i], password, e);
        }
        if (rc == OK) {
            rc = write_device_conf(p, l->id[i], password, o->device_class, root.data, e);
        }
        if (rc) {
            store_rollback(s);
        } else if (i % 256 == 255 || i + 1 == l->count) {
            rc = store_commit(s, e);
        }
        progress_set(&bar, (int64_t)i + 1, NULL);
    }
    if (rc == OK) {
        rc = broker_users_save(users, p, e);
    }
    progress_end(&bar);
    if (rc == OK) {
        broker_reload(p);
        for (size_t i = 0; i < l->count && l->count <= 20; i++) {
            printf("%s: credential in %s/devices/%s.conf\n", l->id[i], p->dir, l->id[i]);
        }
        if (l->count > 20) {
            printf("%zu devices: credentials in %s/devices/\n", l->count, p->dir);
        }
    }
    broker_users_free(users);
    store_close(s);
    buf_release(&root);
    return rc;
}

static int remove_devices(const struct project *p, const struct ids *l, struct err *e)
{
    struct store *s = NULL;
    struct broker_users *users = NULL;
    int rc = store_open(&s, p->dir, STORE_WRITE, e);
    if (rc == OK) {
        rc = broker_users_load(&users, p, e);
    }
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        char name[64], path[IO_PATH_MAX];
        static const char *const retained[] = {"hello", "status", "reported", "desired", "config"};
        rc = store_device_remove(s, l->id[i], e);
        broker_users_remove(users, l->id[i]);
        snprintf(name, sizeof(name), "devices/%s.conf", l->id[i]);
        (void)unlink(project_path(p, path, name)); // gone already is fine
        // What the broker still holds of it would come back as a ghost at every subscription.
        for (size_t k = 0; k < ARRAY_LEN(retained) && rc == OK; k++) {
            char topic[96];
            snprintf(topic, sizeof(topic), "d/%s/%s", l->id[i], retained[k]);
            rc = store_outbox_put(s, topic, "", 0, true, 0, e);
        }
    }
    if (rc == OK) {
        rc = broker_users_save(users, p, e);
    }
    if (rc == OK) {
        broker_reload(p);
        printf("removed %zu device%s; what they sent is kept\n", l->count, l->count == 1 ? "" : "s");
    }
    broker_users_free(users);
    store_close(s);
    return rc;
}

static int print_device(void *ctx, const struct store_device *d)
{
    json_t *list = ctx;
    char seen[24] = "never";
    if (d->last_data_ms || d->hello_ms) {
        clock_iso(d->last_data_ms > d->hello_ms ? d->last_data_ms : d->hello_ms, seen, sizeof(seen));
    }
    if (list) {
        json_array_append_new(list, json_pack("{ss ss ss sb sb sI ss sI ss}", "id", d->id, "name", d->name, "group", d->grp, "online", d->online,
                                              "removed", d->removed_ms != 0, "class", (json_int_t)d->device_class, "release", d->rel_state,
                                              "active_seq", (json_int_t)d->active_seq, "seen", seen));
        return 0;
    }
    printf("%-32s %-8s %-9s class %lld  release %lld %-11s last seen %s\n", d->id, d->removed_ms ? "removed" : d->online ? "online" : "offline",
           d->grp, (long long)d->device_class, (long long)d->active_seq, d->rel_state, seen);
    return 0;
}

static int list_devices(const struct project *p, bool json, struct err *e)
{
    struct store *s = NULL;
    json_t *list = json ? json_array() : NULL;
    int rc = store_open(&s, p->dir, STORE_READ, e);
    if (rc == OK) {
        rc = store_device_walk(s, NULL, print_device, list, e);
    }
    if (rc == OK && list) {
        jx_print(json_incref(list));
    }
    json_decref(list);
    store_close(s);
    return rc;
}

static int ask_devices(const struct project *p, const struct device_opts *o, const char *kind, const struct ids *l, struct err *e)
{
    struct store *s = NULL;
    const char *user = getenv("USER");
    int rc = store_open(&s, p->dir, STORE_WRITE, e);
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        struct store_command c = {.device = l->id[i], .kind = kind, .stream = o->stream, .label = o->label, .duration_ms = o->duration_ms,
                                  .author = user ? user : "moteloop", .expires_ms = clock_wall_ms() + 3600 * 1000};
        rc = command_send(s, &c, e);
        if (rc == OK) {
            printf("%s: command %lld\n", l->id[i], (long long)c.command_id);
        }
    }
    store_close(s);
    return rc;
}

static int cmd_device(void *options, int npos, char **pos)
{
    static const char *const asks[] = {"record", "classify", "stop", "reboot", "hello"};
    const struct device_opts *o = options;
    struct err e = {0};
    static struct project p;
    struct ids l = {0};
    const char *verb = npos ? pos[0] : "list";
    int rc = project_open(&p, o->project, &e);
    if (rc == OK) {
        rc = ids_from(&l, o->list, npos - 1, pos + 1, &e);
    }
    bool known = strcmp(verb, "list") == 0;
    if (rc == OK && known) {
        rc = list_devices(&p, o->json, &e);
    } else if (rc == OK && l.count == 0) {
        rc = err_set(&e, E_USAGE, "name a device: moteloop device %s DEV", verb);
    } else if (rc == OK && strcmp(verb, "add") == 0) {
        known = true;
        rc = add_devices(&p, o, &l, &e);
    } else if (rc == OK && strcmp(verb, "remove") == 0) {
        known = true;
        rc = remove_devices(&p, &l, &e);
    }
    for (size_t i = 0; rc == OK && !known && i < ARRAY_LEN(asks); i++) {
        if (strcmp(verb, asks[i]) == 0) {
            known = true;
            rc = ask_devices(&p, o, asks[i], &l, &e);
        }
    }
    if (rc == OK && !known) {
        rc = err_set(&e, E_USAGE, "unknown verb '%s': add, list, remove, record, classify, stop, reboot or hello", verb);
    }
    ids_release(&l);
    return rc ? ops_fail("device", &e) : 0;
}

const struct opt_command ops_device_command = {
    "device", "add|list|remove|record|classify|stop|reboot|hello [DEV...]", "provision devices, list them, ask something of them",
    "  moteloop device add pump-1 pump-2 --class 0 --group pilot\n"
    "  moteloop device add --list ids.txt        ten thousand at once\n"
    "  moteloop device record pump-1 --duration 30s --label normal\n"
    "  moteloop device classify pump-1 --duration 1h\n"
    "  moteloop device remove pump-2             its credential is void; what it sent is kept\n",
    device_options, sizeof(struct device_opts), &device_defaults, cmd_device};
