// moteloop device: provisions devices (one or a list), lists and removes them.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/command.h"
#include "ops/ops_cmd.h"
#include "ops/ops_provision.h"

struct device_opts {
    const char *project, *list;
    struct provision add;
    const char *stream, *label;
    int64_t duration_ms;
    bool json;
};
static const struct device_opts device_defaults = {
    .add = {.name = "", .group = "", .device_class = 1},
    .stream = "",
    .label = "",
    .duration_ms = 10000};
static const struct opt device_options[] = {
    OPT_PROJECT(struct device_opts, project),
    {"name", "TEXT", "name for people (of add)", OPT_STR, offsetof(struct device_opts, add.name)},
    {"group", "NAME", "group that a rollout can name (of add)", OPT_STR,
     offsetof(struct device_opts, add.group)},
    {"class", "N", "capability class: 0 small, 1 medium, 2 large (of add; default 1)", OPT_I64,
     offsetof(struct device_opts, add.device_class)},
    {"cert", NULL, "a client certificate in place of a password (of add)", OPT_FLAG,
     offsetof(struct device_opts, add.cert)},
    {"plain", NULL, "connect without TLS, with a password (of add)", OPT_FLAG,
     offsetof(struct device_opts, add.plain)},
    {"list", "FILE", "add or remove every id of a file, one a line ('-': standard input)", OPT_STR,
     offsetof(struct device_opts, list)},
    {"stream", "NAME", "stream to record (of record; default: every stream)", OPT_STR,
     offsetof(struct device_opts, stream)},
    {"label", "NAME", "label to ask for (of record)", OPT_STR, offsetof(struct device_opts, label)},
    {"duration", "TIME", "how long (of record and classify; default 10s)", OPT_DURATION,
     offsetof(struct device_opts, duration_ms)},
    OPT_JSON(struct device_opts, json),
    OPT_END};

static void ids_release(struct device_ids *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->id[i]);
    }
    free(l->id);
}

static int ids_add(struct device_ids *l, const char *id, struct err *e)
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

static int ids_from(struct device_ids *l, const char *list, int npos, char **pos, struct err *e)
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

static int print_device(void *ctx, const struct store_device *d)
{
    json_t *list = ctx;
    char seen[24] = "never";
    if (d->last_data_ms || d->hello_ms) {
        clock_iso(d->last_data_ms > d->hello_ms ? d->last_data_ms : d->hello_ms, seen,
                  sizeof(seen));
    }
    if (list) {
        json_array_append_new(
            list, json_pack("{ss ss ss sb sb sI ss sI ss}", "id", d->id, "name", d->name, "group",
                            d->grp, "online", d->online && !d->removed_ms, "removed",
                            d->removed_ms != 0, "class", (json_int_t)d->device_class, "release",
                            d->rel_state, "active_seq", (json_int_t)d->active_seq, "seen", seen));
        return 0;
    }
    printf("%-32s %-8s %-9s class %lld  release %lld %-11s last seen %s\n", d->id,
           d->removed_ms ? "removed"
           : d->online   ? "online"
                         : "offline",
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

static int ask_devices(const struct project *p, const struct device_opts *o, const char *kind,
                       const struct device_ids *l, struct err *e)
{
    struct store *s = NULL;
    const char *user = getenv("USER");
    int rc = store_open(&s, p->dir, STORE_WRITE, e);
    for (size_t i = 0; i < l->count && rc == OK; i++) {
        struct store_command c = {.device = l->id[i],
                                  .kind = kind,
                                  .stream = o->stream,
                                  .label = o->label,
                                  .duration_ms = o->duration_ms,
                                  .author = user ? user : "moteloop",
                                  .expires_ms = clock_wall_ms() + 3600 * 1000};
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
    struct device_ids l = {0};
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
        rc = provision_add(&p, &o->add, &l, o->list != NULL, &e);
    } else if (rc == OK && strcmp(verb, "remove") == 0) {
        known = true;
        rc = provision_remove(&p, &l, &e);
    }
    for (size_t i = 0; rc == OK && !known && i < ARRAY_LEN(asks); i++) {
        if (strcmp(verb, asks[i]) == 0) {
            known = true;
            rc = ask_devices(&p, o, asks[i], &l, &e);
        }
    }
    if (rc == OK && !known) {
        rc = err_set(
            &e, E_USAGE,
            "unknown verb '%s': add, list, remove, record, classify, stop, reboot or hello", verb);
    }
    ids_release(&l);
    return rc ? ops_fail("device", &e) : 0;
}

const struct opt_command ops_device_command = {
    "device",
    "add|list|remove|record|classify|stop|reboot|hello [DEV...]",
    "provision devices, list them, ask something of them",
    "  moteloop device add pump-1 pump-2 --class 0 --group pilot\n"
    "  moteloop device add pump-3 --cert         a client certificate instead of a password\n"
    "  moteloop device add --list ids.txt        ten thousand at once; those in use already are "
    "left out\n"
    "  moteloop device record pump-1 --duration 30s --label normal\n"
    "  moteloop device classify pump-1 --duration 1h\n"
    "  moteloop device remove pump-2             its credential is void; what it sent is kept\n",
    device_options,
    sizeof(struct device_opts),
    &device_defaults,
    cmd_device};
