// moteloop status: what is going on, from the store alone.
#include "common/alarms.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_clock.h"
#include "common/store/store_device.h"
#include "common/store/store_erase.h"
#include "common/store/store_label.h"
#include "common/store/store_model.h"
#include "common/store/store_outbox.h"
#include "common/store/store_release.h"
#include "common/store/store_sample.h"
#include "ops/ops_cmd.h"

struct status_opts {
    const char *project;
    bool json;
};
static const struct opt status_options[] = {
    OPT_PROJECT(struct status_opts, project), OPT_JSON(struct status_opts, json), OPT_END};

enum { SILENT_MS = 10000, SHOWN_ROLLOUTS = 3, SHOWN_ALARMS = 10, SHOWN_CLOCKS = 10000 };

static json_int_t num(int64_t v)
{
    return (json_int_t)v;
}

static int add_device(void *ctx, const struct store_device *d)
{
    if (!d->removed_ms) {
        json_array_append_new(
            ctx, json_pack("{ss ss sb sb sI ss ss sI sI ss ss sI sI sI}", "id", d->id, "group",
                           d->grp, "online", d->online, "simulated", d->simulated, "class",
                           num(d->device_class), "board", d->board, "state", d->rel_state, "seq",
                           num(d->rel_seq), "active_seq", num(d->active_seq), "active_model",
                           d->active_model, "reason", d->rel_reason, "fetched", num(d->fetched),
                           "total", num(d->total), "last_data_ms", num(d->last_data_ms)));
    }
    return 0;
}

static int add_collector(void *ctx, const struct store_collector *c)
{
    json_array_append_new(
        ctx, json_pack("{ss sI sb sI sI sI sI ss}", "id", c->id, "pid", num(c->pid), "alive",
                       clock_wall_ms() - c->alive_ms < SILENT_MS, "blocks", num(c->blocks),
                       "repeats", num(c->repeats), "conflicts", num(c->conflicts), "refused",
                       num(c->refused), "last_error", c->last_error));
    return 0;
}

static int add_clock(void *ctx, const struct store_clock *c)
{
    const struct clock_map *m = &c->map;
    json_array_append_new(
        ctx,
        json_pack("{ss sI ss sI sI sI sf so sI}", "device", c->device, "version", num(c->version),
                  "reason", clock_reason_text(m->reason), "device_us", num(m->device_us),
                  "server_us", num(m->server_us), "bound_us", num(m->bound_us), "drift_ppm",
                  (double)m->drift_ppb / 1000, "drift_bound_ppm",
                  m->drift_bound_ppb ? json_real((double)m->drift_bound_ppb / 1000) : json_null(),
                  "made_ms", num(c->made_ms)));
    return 0;
}

static int add_class(void *ctx, const struct store_label_class *c)
{
    json_array_append_new(ctx, json_pack("{ss sI}", "name", c->name, "uses", num(c->uses)));
    return 0;
}

static int add_model(void *ctx, const struct store_model *m)
{
    json_t *list = ctx;
    if (json_array_size(list) < 5) {
        json_array_append_new(list, json_pack("{ss ss sI sf sf sI}", "digest", m->digest, "name",
                                              m->name, "bytes", num(m->bytes), "float_accuracy",
                                              m->float_accuracy, "int8_accuracy", m->int8_accuracy,
                                              "created_ms", num(m->created_ms)));
    }
    return 0;
}

static int add_rollout_device(void *ctx, const struct store_rollout_device *d)
{
    json_array_append_new(ctx, json_pack("{ss sI ss ss}", "device", d->device, "stage",
                                         num(d->stage), "state", d->state, "reason", d->reason));
    return 0;
}

struct rollouts {
    json_t *list;
    struct store *s;
    struct err *e;
};
static int add_rollout(void *ctx, const struct store_rollout *r)
{
    struct rollouts *all = ctx;
    if (json_array_size(all->list) >= SHOWN_ROLLOUTS) {
        return 0;
    }
    json_t *devices = json_array();
    int rc = store_rollout_device_walk(all->s, r->rollout_id, add_rollout_device, devices, all->e);
    json_array_append_new(all->list,
                          json_pack("{sI sI ss sI ss so}", "rollout", num(r->rollout_id), "release",
                                    num(r->release_id), "state", r->state, "stage", num(r->stage),
                                    "reason", r->reason, "devices", devices));
    return rc;
}

static int add_forgetful(void *ctx, const char *digest, const char *name, int64_t erased,
                         int64_t items)
{
    json_array_append_new(ctx, json_pack("{ss ss sI sI}", "digest", digest, "name", name, "erased",
                                         num(erased), "windows", num(items)));
    return 0;
}

static int gather(struct store *s, json_t *out, struct err *e)
{
    int64_t recordings = 0, unlabelled = 0, pending = 0;
    struct store_recording_filter all = {0}, none = {.label = ""};
    json_t *devices = json_array(), *collectors = json_array(), *classes = json_array(),
           *models = json_array(), *forgetful = json_array();
    struct rollouts rollouts = {json_array(), s, e};
    json_object_set_new(out, "devices", devices);
    json_object_set_new(out, "collectors", collectors);
    json_object_set_new(out, "labels", classes);
    json_object_set_new(out, "models", models);
    json_object_set_new(out, "erased", forgetful);
    json_object_set_new(out, "rollouts", rollouts.list);
    int rc = store_device_walk(s, NULL, add_device, devices, e);
    rc = rc ? rc : store_collector_walk(s, add_collector, collectors, e);
    json_t *clocks = json_array();
    json_object_set_new(out, "clocks", clocks);
    rc = rc ? rc : store_clock_walk(s, NULL, SHOWN_CLOCKS, add_clock, clocks, e);
    rc = rc ? rc : store_label_class_walk(s, add_class, classes, e);
    rc = rc ? rc : store_model_walk(s, add_model, models, e);
    rc = rc ? rc : store_erase_models(s, add_forgetful, forgetful, e);
    rc = rc ? rc : store_rollout_walk(s, NULL, add_rollout, &rollouts, e);
    rc = rc ? rc : store_recording_count(s, &all, &recordings, e);
    rc = rc ? rc : store_recording_count(s, &none, &unlabelled, e);
    rc = rc ? rc : store_outbox_count(s, &pending, e);
    json_object_set_new(out, "recordings", json_integer(recordings));
    json_object_set_new(out, "unlabelled", json_integer(unlabelled));
    json_object_set_new(out, "outbox", json_integer(pending));
    return rc;
}

static const char *str_of(const json_t *o, const char *key)
{
    const char *v = json_string_value(json_object_get(o, key));
    return v ? v : "";
}
static long long int_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void print_devices(const json_t *devices)
{
    size_t i;
    const json_t *d;
    printf("\n%-24s %-8s %-6s %-12s %s\n", "device", "link", "class", "release", "state");
    json_array_foreach(devices, i, d)
    {
        printf("%-24s %-8s %-6lld %-12lld %s%s%s\n", str_of(d, "id"),
               json_is_true(json_object_get(d, "online")) ? "online" : "offline",
               int_of(d, "class"), int_of(d, "active_seq"),
               *str_of(d, "state") ? str_of(d, "state") : "no model",
               *str_of(d, "reason") ? ": " : "", str_of(d, "reason"));
    }
}

static void print_clocks(const json_t *clocks)
{
    size_t i;
    const json_t *c;
    json_array_foreach(clocks, i, c)
    {
        char start[24];
        const json_t *bound = json_object_get(c, "drift_bound_ppm");
        clock_iso((int_of(c, "server_us") - int_of(c, "device_us")) / 1000, start, sizeof(start));
        printf("%sclock of %-20s zero at %s +-%.1f ms", i ? "" : "\n", str_of(c, "device"), start,
               (double)int_of(c, "bound_us") / 1000);
        if (json_is_real(bound)) {
            printf(", drift %+.2f +-%.2f ppm", json_real_value(json_object_get(c, "drift_ppm")),
                   json_real_value(bound));
        }
        printf(" (version %lld, %s)\n", int_of(c, "version"), str_of(c, "reason"));
    }
}

static void print_rollouts(const json_t *rollouts)
{
    size_t i, k;
    const json_t *r, *d;
    json_array_foreach(rollouts, i, r)
    {
        printf("\nrollout %lld of release %lld: %s, stage %lld%s%s\n", int_of(r, "rollout"),
               int_of(r, "release"), str_of(r, "state"), int_of(r, "stage") + 1,
               *str_of(r, "reason") ? ": " : "", str_of(r, "reason"));
        json_array_foreach(json_object_get(r, "devices"), k, d)
        {
            printf("  %-22s stage %lld  %s%s%s\n", str_of(d, "device"), int_of(d, "stage") + 1,
                   str_of(d, "state"), *str_of(d, "reason") ? ": " : "", str_of(d, "reason"));
        }
    }
}

static void print_text(const json_t *out)
{
    size_t i;
    const json_t *c;
    const json_t *collectors = json_object_get(out, "collectors");
    json_array_foreach(collectors, i, c)
    {
        printf("collector %s: %s, %lld blocks stored, %lld repeats, %lld conflicts, %lld "
               "refused%s%s\n",
               str_of(c, "id"), json_is_true(json_object_get(c, "alive")) ? "alive" : "not running",
               int_of(c, "blocks"), int_of(c, "repeats"), int_of(c, "conflicts"),
               int_of(c, "refused"), *str_of(c, "last_error") ? "; last error: " : "",
               str_of(c, "last_error"));
    }
    if (!json_array_size(collectors)) {
        printf("collector: has not run yet ('moteloop up' runs it)\n");
    }
    json_array_foreach(json_object_get(out, "alarms"), i, c)
    {
        if (i == SHOWN_ALARMS) {
            printf("ALARM and %zu more (--json lists them)\n",
                   json_array_size(json_object_get(out, "alarms")) - i);
            break;
        }
        printf("ALARM since %s: %s\n", str_of(c, "since"), str_of(c, "text"));
    }
    printf("recordings %lld, %lld without a label; %lld messages wait for the broker\n",
           int_of(out, "recordings"), int_of(out, "unlabelled"), int_of(out, "outbox"));
    json_array_foreach(json_object_get(out, "models"), i, c)
    {
        printf("model %.12s '%s': %lld bytes, test accuracy float %.3f, int8 %.3f\n",
               str_of(c, "digest"), str_of(c, "name"), int_of(c, "bytes"),
               json_real_value(json_object_get(c, "float_accuracy")),
               json_real_value(json_object_get(c, "int8_accuracy")));
    }
    json_array_foreach(json_object_get(out, "erased"), i, c)
    {
        printf(
            "model %.12s '%s': %lld of the %lld windows that it was made from were erased since\n",
            str_of(c, "digest"), str_of(c, "name"), int_of(c, "erased"), int_of(c, "windows"));
    }
    print_devices(json_object_get(out, "devices"));
    print_clocks(json_object_get(out, "clocks"));
    print_rollouts(json_object_get(out, "rollouts"));
}

static int cmd_status(void *options, int npos, char **pos)
{
    const struct status_opts *o = options;
    struct err e = {0};
    static struct project p;
    struct store *s = NULL;
    json_t *out = json_object();
    int rc = project_open(&p, npos ? pos[0] : o->project, &e);
    if (rc == OK) {
        rc = store_open(&s, p.dir, STORE_READ, &e);
    }
    if (rc == OK) {
        rc = gather(s, out, &e);
    }
    if (rc == OK) {
        json_t *alarms = alarms_read(&p);
        json_object_set_new(out, "alarms", alarms ? alarms : json_array());
    }
    if (rc == OK && o->json) {
        jx_print(json_incref(out));
    } else if (rc == OK) {
        print_text(out);
    }
    json_decref(out);
    store_close(s);
    return rc ? ops_fail("status", &e) : 0;
}

const struct opt_command ops_status_command = {
    "status",
    "[DIR]",
    "devices, recordings, models and rollouts at a glance",
    "Reads the store, so it works whether or not 'moteloop up' runs.\n",
    status_options,
    sizeof(struct status_opts),
    NULL,
    cmd_status};
