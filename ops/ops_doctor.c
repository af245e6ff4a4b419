// moteloop doctor: what is wrong with a project, and how to mend it. A line a finding; exit code 1
// where something must be mended.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "common/store/store_sample.h"
#include "ops/ops_broker.h"
#include "ops/ops_cert.h"
#include "ops/ops_cmd.h"
#include "ops/ops_proc.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct doctor_opts {
    const char *project;
    bool json;
};
static const struct opt doctor_options[] = {
    OPT_PROJECT(struct doctor_opts, project), OPT_JSON(struct doctor_opts, json), OPT_END};

struct findings {
    json_t *list;
    bool bad;
};

static void PRINTF_LIKE(3, 4) say(struct findings *f, const char *level, const char *fmt, ...)
{
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    f->bad = f->bad || strcmp(level, "bad") == 0;
    json_array_append_new(f->list, json_pack("{ss ss}", "level", level, "text", text));
}

static void check_programs(struct findings *f)
{
    static const char *const needed[] = {
        "mosquitto",        "lighttpd",        "moteloop-collector",   "moteloop-converter",
        "moteloop-trainer", "moteloop-import", "moteloop-labeler.fcgi"};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        char path[IO_PATH_MAX];
        struct err e = {0};
        if (proc_find(path, sizeof(path), needed[i], &e)) {
            say(f, "bad", "%s", e.msg);
        }
    }
}

static void check_secrets(struct findings *f, const struct project *p)
{
    static const char *const secret[] = {"keys", "devices", "broker/passwd", "broker/server.pw",
                                         "main.db"};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        char path[IO_PATH_MAX];
        struct stat st;
        project_path(p, path, secret[i]);
        if (stat(path, &st)) {
            say(f, "bad", "'%s' is missing: restore it from a backup", path);
        } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
            say(f, "bad", "others can read '%s': chmod go= '%s'", path, path);
        }
    }
}

static void check_broker(struct findings *f, const struct project *p)
{
    struct err e = {0};
    int64_t fleet = broker_conf_fleet(p, &e);
    if (fleet < 0) {
        say(f, "bad", "%s", e.msg);
    } else if (fleet < p->conf.max_devices) {
        say(f, "bad",
            "broker/mosquitto.conf queues enough for %lld devices, moteloop.conf says %lld: raise "
            "max_queued_messages to %lld",
            (long long)fleet, (long long)p->conf.max_devices,
            (long long)p->conf.max_devices * BROKER_QUEUE_PER_DEVICE);
    }
}

static void check_certificates(struct findings *f, const struct project *p)
{
    enum { SOON_DAYS = 60 };
    static const char *const names[] = {"keys/ca.pem", "broker/broker.pem"};
    for (size_t i = 0; i < ARRAY_LEN(names) && p->conf.tls_port; i++) {
        int64_t days = 0;
        struct err e = {0};
        if (certs_days_left(p, names[i], &days, &e)) {
            say(f, "bad", "%s", e.msg);
        } else if (days < SOON_DAYS) {
            say(f, days < 0 ? "bad" : "warn", "the certificate '%s' ends in %lld days%s", names[i],
                (long long)days,
                i == 1 ? ": the next 'moteloop up' makes another in its last month"
                       : ": devices need the next authority's before");
        }
    }
}

static void check_disk(struct findings *f, const struct project *p)
{
    struct statvfs v;
    if (statvfs(p->dir, &v) == 0) {
        double free_mb = (double)v.f_bavail * (double)v.f_frsize / 1e6;
        if (free_mb < 200) {
            say(f, "bad",
                "%.0f MB are free at '%s': the collector stops acknowledging when the disk is full",
                free_mb, p->dir);
        } else if (free_mb < 2000) {
            say(f, "warn", "%.0f MB are free at '%s'", free_mb, p->dir);
        }
    }
}

struct fleet {
    struct findings *f;
    int64_t devices, unheard, troubled;
};
static int check_device(void *ctx, const struct store_device *d)
{
    struct fleet *all = ctx;
    if (d->removed_ms) {
        return 0;
    }
    all->devices++;
    all->unheard += d->hello_ms == 0;
    if (strcmp(d->rel_state, "refused") == 0 || strcmp(d->rel_state, "rolled-back") == 0) {
        say(all->f, "warn", "device '%s' %s release %lld: %s", d->id, d->rel_state,
            (long long)d->rel_seq, d->rel_reason);
    }
    return 0;
}

static int check_collector(void *ctx, const struct store_collector *c)
{
    struct fleet *all = ctx;
    enum { SILENT_MS = 10000 };
    if (clock_wall_ms() - c->alive_ms > SILENT_MS) {
        say(all->f, "warn", "collector '%s' is not running: 'moteloop up' runs it", c->id);
    }
    if (c->conflicts) {
        say(all->f, "warn",
            "collector '%s' kept %lld blocks whose key was taken by other bytes: a device may have "
            "reused a session",
            c->id, (long long)c->conflicts);
    }
    if (*c->last_error) {
        say(all->f, "warn", "collector '%s' last said: %s", c->id, c->last_error);
    }
    return 0;
}

static void check_store(struct findings *f, const struct project *p)
{
    struct err e = {0};
    struct store *s = NULL;
    struct fleet all = {.f = f};
    int64_t pending = 0;
    int rc = store_open(&s, p->dir, STORE_READ, &e);
    rc = rc ? rc : store_device_walk(s, NULL, check_device, &all, &e);
    rc = rc ? rc : store_collector_walk(s, check_collector, &all, &e);
    rc = rc ? rc : store_outbox_count(s, &pending, &e);
    store_close(s);
    if (rc) {
        say(f, "bad", "store: %s", e.msg);
        return;
    }
    if (all.devices > p->conf.max_devices) {
        say(f, "bad",
            "%lld devices, but moteloop.conf and the broker are set for %lld: raise [limits] "
            "devices and run 'moteloop up' again",
            (long long)all.devices, (long long)p->conf.max_devices);
    }
    if (all.unheard) {
        say(f, "warn", "%lld of %lld devices were never heard of", (long long)all.unheard,
            (long long)all.devices);
    }
    if (pending > 1000) {
        say(f, "warn", "%lld messages wait for the broker", (long long)pending);
    }
}

static int cmd_doctor(void *options, int npos, char **pos)
{
    const struct doctor_opts *o = options;
    struct err e = {0};
    static struct project p;
    struct findings f = {.list = json_array()};
    if (project_open(&p, npos ? pos[0] : o->project, &e)) {
        json_decref(f.list);
        return ops_fail("doctor", &e);
    }
    check_programs(&f);
    check_secrets(&f, &p);
    check_broker(&f, &p);
    check_certificates(&f, &p);
    check_disk(&f, &p);
    check_store(&f, &p);
    bool bad = f.bad;
    if (o->json) {
        jx_print(f.list);
        return bad;
    }
    size_t i;
    const json_t *line;
    json_array_foreach(f.list, i, line)
    {
        printf("%-4s  %s\n", json_string_value(json_object_get(line, "level")),
               json_string_value(json_object_get(line, "text")));
    }
    if (!json_array_size(f.list)) {
        printf("nothing is wrong\n");
    }
    json_decref(f.list);
    return bad;
}

const struct opt_command ops_doctor_command = {
    "doctor",
    "[DIR]",
    "what is wrong with a project, and how to mend it",
    "Looks at programs, secrets, the broker's limits, the disk and the fleet. Exit code 1 where "
    "something\n"
    "must be mended.\n",
    doctor_options,
    sizeof(struct doctor_opts),
    NULL,
    cmd_doctor};
