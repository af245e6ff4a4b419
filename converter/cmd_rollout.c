// moteloop rollout: starts, shows, pauses, resumes and aborts rollouts; `run` is the runner.
#include <pwd.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/project.h"
#include "common/store/store_release.h"
#include "converter/cvt_beacon.h"
#include "converter/cvt_cmd.h"
#include "converter/roll_run.h"

#define POLL_US 200000    // how often the runner looks for changes
#define IDLE_PASS_MS 1000 // and passes without one, for waits and timeouts

struct rollout_opts {
    const char *project, *stages, *canary, *group, *abort_over;
    int64_t wait_ms, timeout_ms;
    bool once, json;
};

static const struct rollout_opts rollout_defaults = {
    .stages = "1,50%,100%", .abort_over = "20%", .wait_ms = 2000, .timeout_ms = 600000};

static const struct opt rollout_options[] = {
    {"stages", "LIST",
     "devices or percentages that fit, in all, by the end of each stage (default: 1,50%,100%)",
     OPT_STR, offsetof(struct rollout_opts, stages)},
    {"canary", "DEV", "the device that goes first", OPT_STR, offsetof(struct rollout_opts, canary)},
    {"group", "NAME", "only devices of that group", OPT_STR, offsetof(struct rollout_opts, group)},
    {"wait", "TIME", "quiet after a stage's last device before the next (default: 2s)",
     OPT_DURATION, offsetof(struct rollout_opts, wait_ms)},
    {"timeout", "TIME", "silence after which a device has failed, beside its trial (default: 10m)",
     OPT_DURATION, offsetof(struct rollout_opts, timeout_ms)},
    {"abort-over", "PERCENT",
     "pause where more of the devices offered so far have failed (default: 20%)", OPT_STR,
     offsetof(struct rollout_opts, abort_over)},
    {"once", NULL, "run: one pass, then end (exit code 3 where nothing was running)", OPT_FLAG,
     offsetof(struct rollout_opts, once)},
    OPT_PROJECT(struct rollout_opts, project),
    OPT_JSON(struct rollout_opts, json),
    OPT_END};

// Who asks, for the audit log.
static const char *user_name(void)
{
    const struct passwd *pw = getpwuid(getuid());
    return pw && pw->pw_name ? pw->pw_name : "operator";
}

// --- start ---------------------------------------------------------------------------------------
static int start(const struct project *p, struct store *s, const struct rollout_opts *o,
                 const char *release, struct err *e)
{
    struct roll_policy policy = {.wait_ms = o->wait_ms, .timeout_ms = o->timeout_ms};
    int64_t id = 0, superseded = 0;
    int rc = roll_parse_stages(&policy, o->stages, e);
    rc = rc == OK ? roll_parse_percent(o->abort_over, &policy.abort_over, e) : rc;
    if (rc == OK && (o->wait_ms < 0 || o->timeout_ms < 1)) {
        rc = err_set(e, E_USAGE, "--wait must not be negative, --timeout must be over 0");
    }
    if (rc == OK && o->canary && !parse_is_device_id(o->canary)) {
        rc = err_set(e, E_USAGE, "'%.40s' is not a device id", o->canary);
    }
    if (rc == OK && o->group && strlen(o->group) >= sizeof policy.group) {
        rc = err_set(e, E_USAGE, "the group's name is longer than %zu characters",
                     sizeof policy.group - 1);
    }
    if (rc != OK) {
        return rc;
    }
    (void)snprintf(policy.canary, sizeof policy.canary, "%s", o->canary ? o->canary : "");
    (void)snprintf(policy.group, sizeof policy.group, "%s", o->group ? o->group : "");
    rc = roll_start(p, s, release, &policy, user_name(), &id, &superseded, e);
    if (rc == OK && o->json) {
        jx_print(
            json_pack("{sI sI}", "rollout", (json_int_t)id, "superseded", (json_int_t)superseded));
    } else if (rc == OK) {
        printf("rollout %lld started%s\n", (long long)id,
               superseded ? "; an unfinished one of the same slot was aborted" : "");
    }
    return rc;
}

// --- list, show ----------------------------------------------------------------------------------
struct listing {
    struct store *s;
    json_t *list;
    struct err *e;
    bool devices;
};

static int add_device(void *ctx, const struct store_rollout_device *d)
{
    json_array_append_new(ctx, json_pack("{ss sI ss ss sI sI}", "device", d->device, "stage",
                                         (json_int_t)d->stage, "state", d->state, "reason",
                                         d->reason, "offered_ms", (json_int_t)d->offered_ms,
                                         "changed_ms", (json_int_t)d->changed_ms));
    return 0;
}

static int add_release(void *ctx, const struct store_release *r)
{
    json_object_set_new(ctx, "name", json_string(r->name));
    json_object_set_new(ctx, "seq", json_integer(r->seq));
    json_object_set_new(ctx, "manifest", json_string(r->manifest_digest));
    json_object_set_new(ctx, "model", json_string(r->model));
    return 0;
}

static int add_rollout(void *ctx, const struct store_rollout *r)
{
    struct listing *l = ctx;
    char id[24];
    json_t *devices = json_array();
    json_t *o = json_pack("{sI sI ss sI ss sI sI}", "rollout", (json_int_t)r->rollout_id, "release",
                          (json_int_t)r->release_id, "state", r->state, "stage",
                          (json_int_t)r->stage, "reason", r->reason, "created_ms",
                          (json_int_t)r->created_ms, "changed_ms", (json_int_t)r->changed_ms);
    json_object_set_new(o, "policy", json_loads(r->policy, 0, NULL));
    json_object_set_new(o, "devices", devices);
    json_array_append_new(l->list, o);
    (void)snprintf(id, sizeof id, "%lld", (long long)r->release_id);
    int rc = store_release_find(l->s, id, add_release, o, l->e);
    return rc == OK ? store_rollout_device_walk(l->s, r->rollout_id, add_device, devices, l->e)
                    : rc;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static long long number_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void print_rollout(const json_t *o, bool devices)
{
    size_t i, counts[3] = {0};
    const json_t *d, *list = json_object_get(o, "devices");
    json_array_foreach(list, i, d)
    {
        enum roll_state state = roll_state_parse(text_of(d, "state"));
        counts[0] += state == ROLL_ACTIVE;
        counts[1] += state == ROLL_OFFERED;
        counts[2] += roll_failed(state);
    }
    const char *reason = text_of(o, "reason");
    printf("rollout %lld  release %lld ('%s' number %lld)  %s, stage %lld of %zu: %zu active, %zu "
           "on the way, %zu failed%s%s\n",
           number_of(o, "rollout"), number_of(o, "release"), text_of(o, "name"),
           number_of(o, "seq"), text_of(o, "state"), number_of(o, "stage") + 1,
           json_array_size(json_object_get(json_object_get(o, "policy"), "stages")), counts[0],
           counts[1], counts[2], *reason ? "; " : "", reason);
    if (!devices) {
        return;
    }
    json_array_foreach(list, i, d)
    {
        printf("  %-32s stage %lld  %-11s %s\n", text_of(d, "device"), number_of(d, "stage") + 1,
               text_of(d, "state"), text_of(d, "reason"));
    }
}

static int show(struct store *s, const struct rollout_opts *o, int64_t id, struct err *e)
{
    struct listing l = {.s = s, .list = json_array(), .e = e, .devices = id != 0};
    int rc = id ? store_rollout_find(s, id, add_rollout, &l, e)
                : store_rollout_walk(s, NULL, add_rollout, &l, e);
    if (rc == OK && o->json) {
        jx_print(json_incref(id ? json_array_get(l.list, 0) : l.list));
    } else if (rc == OK) {
        size_t i;
        const json_t *v;
        json_array_foreach(l.list, i, v)
        {
            print_rollout(v, l.devices);
        }
        if (!json_array_size(l.list)) {
            printf("no rollouts yet\n");
        }
    }
    json_decref(l.list);
    return rc;
}

// --- run -----------------------------------------------------------------------------------------
static volatile sig_atomic_t stop; // set by the handler only

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void pass_and_log(const struct project *p, struct store *s, struct roll_totals *totals)
{
    struct err e = {0};
    if (roll_pass(p, s, clock_wall_ms(), totals, &e) != OK) {
        log_error("%s", e.msg); // the next pass tries again
    }
}

static int stop_walk(void *ctx, const struct store_rollout *r)
{
    (void)ctx;
    (void)r;
    return 1;
}

// Blocks arrive all the time; they are a reason to look at the fleet again only while a rollout
// runs.
static bool is_running(struct store *s)
{
    struct err e = {0};
    return store_rollout_walk(s, "running", stop_walk, NULL, &e) !=
           OK; // an error shows in the pass
}

static int run_forever(const struct project *p, struct store *s)
{
    struct roll_totals totals;
    int64_t seen = -1, last_us = 0;
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    log_init("rollout", LOG_INFO, false);
    log_info("watching '%s'", p->dir);
    struct cvt_beacon beacon = {0};
    while (!stop) {
        int64_t version = store_data_version(s), now_us = clock_mono_us();
        if (now_us - last_us >= IDLE_PASS_MS * 1000 || (version != seen && is_running(s))) {
            seen = version;
            last_us = now_us;
            pass_and_log(p, s, &totals);
            cvt_beacon_keep(&beacon, p, s);
        }
        struct timespec nap = {0, POLL_US * 1000};
        (void)nanosleep(&nap, NULL);
    }
    log_info("stopped");
    return OK;
}

static int run(const struct project *p, struct store *s, const struct rollout_opts *o,
               struct err *e)
{
    struct roll_totals totals;
    if (!o->once) {
        return run_forever(p, s);
    }
    log_init("rollout", LOG_WARN, false);
    int rc = roll_pass(p, s, clock_wall_ms(), &totals, e);
    if (rc == OK && o->json) {
        jx_print(json_pack("{sI sI}", "running", (json_int_t)totals.running, "changed",
                           (json_int_t)totals.changed));
    }
    return rc == OK && !totals.running ? err_set(e, E_REFUSED, "no rollout is running") : rc;
}

static int act(const struct rollout_opts *o, const char *action, const char *what, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    int64_t id = 0;
    bool starts = strcmp(action, "start") == 0, runs = strcmp(action, "run") == 0,
         lists = strcmp(action, "list") == 0, shows = strcmp(action, "show") == 0,
         changes = strcmp(action, "pause") == 0 || strcmp(action, "resume") == 0 ||
                   strcmp(action, "abort") == 0;
    if (!starts && !runs && !lists && !shows && !changes) {
        return err_set(e, E_USAGE,
                       "unknown action '%.40s': start, list, show, pause, resume, abort or run",
                       action);
    }
    if ((runs || lists) && what) {
        return err_set(e, E_USAGE, "'%s' takes nothing behind it", action);
    }
    if ((shows || changes) && (!what || parse_i64(what, 1, INT64_MAX, &id) != OK)) {
        return err_set(e, E_USAGE, "'%s' needs the number of a rollout", action);
    }
    int rc = project_open(&p, o->project, e);
    rc = rc == OK ? store_open(&s, p.dir, lists || shows ? STORE_READ : STORE_WRITE, e) : rc;
    if (rc == OK) {
        rc = starts    ? start(&p, s, o, what, e)
             : runs    ? run(&p, s, o, e)
             : changes ? roll_change(s, id, action, user_name(), e)
                       : show(s, o, id, e);
    }
    if (rc == OK && changes) {
        rc = show(s, o, id, e);
    }
    store_close(s);
    return rc;
}

static int cmd_rollout(void *options, int npos, char **pos)
{
    struct err e = {0};
    int rc =
        npos < 1 || npos > 2
            ? err_set(&e, E_USAGE, "say what to do: start, list, show, pause, resume, abort or run")
            : act(options, pos[0], npos == 2 ? pos[1] : NULL, &e);
    return rc != OK ? cvt_fail("rollout", &e) : 0;
}

const struct opt_command cvt_rollout_command = {
    "rollout",
    "ACTION [ID]",
    "ship a release in stages and watch it",
    "Actions:\n"
    "  start [RELEASE]   a number or manifest digest of a release; without it the newest\n"
    "  list              every rollout, newest first\n"
    "  show ID           its devices with what they said\n"
    "  pause ID          nobody else is offered the release\n"
    "  resume ID         go on; failures so far are accepted\n"
    "  abort ID          withdraw it from devices that have not switched\n"
    "  run               the runner ('moteloop up' keeps it running)\n\n"
    "A device fits by capability class, slot, arena, operators, feature arithmetic and stream; "
    "those that\n"
    "do not are listed as unfit, with the reason. A device that is silent for --timeout counts as "
    "failed.\n",
    rollout_options,
    sizeof(struct rollout_opts),
    &rollout_defaults,
    cmd_rollout};
