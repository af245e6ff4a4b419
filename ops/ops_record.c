// moteloop record: asks devices and groups for recordings, whether they are awake or not; says how far they are; sets
// recording rates and what sets a recording off.
#include "common/ask.h"
#include "common/ask_settings.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/progress.h"
#include "common/project.h"
#include "ops/ops_cmd.h"

#include <unistd.h>

#define LOOK_MS 200
#define SHOWN 20 // recordings of a device

struct record_opts {
    const char *project, *stream, *label;
    int64_t duration_ms, expires_ms, gap_ms;
    struct opt_list rate, trigger;
    bool stop, show, wait, reset, json;
};
static const struct record_opts record_defaults = {
    .stream = "", .label = "", .duration_ms = 10000, .expires_ms = ASK_EXPIRES_MS};
static const struct opt record_options[] = {
    OPT_PROJECT(struct record_opts, project),
    {"duration", "TIME", "how long (default 10s; at most 1h)", OPT_DURATION,
     offsetof(struct record_opts, duration_ms)},
    {"label", "NAME", "label to ask for", OPT_STR, offsetof(struct record_opts, label)},
    {"stream", "NAME", "one stream (default: every stream)", OPT_STR,
     offsetof(struct record_opts, stream)},
    {"expires", "TIME", "do not record later than that from now (default 30 days)", OPT_DURATION,
     offsetof(struct record_opts, expires_ms)},
    {"wait", NULL, "wait until all are over, or settings are heard; exit code 1 where one failed",
     OPT_FLAG, offsetof(struct record_opts, wait)},
    {"stop", NULL, "end and withdraw recordings instead", OPT_FLAG,
     offsetof(struct record_opts, stop)},
    {"show", NULL, "show what was asked for and how far it is, instead", OPT_FLAG,
     offsetof(struct record_opts, show)},
    {"rate", "STREAM=HZ", "record a stream more slowly from now on, instead", OPT_LIST,
     offsetof(struct record_opts, rate)},
    {"trigger", "STREAM>LEVEL",
     "record for --duration whenever a value rises over a level; class:NAME>SCORE for a class "
     "that the model sees",
     OPT_LIST, offsetof(struct record_opts, trigger)},
    {"gap", "TIME", "least time between two recordings of a trigger", OPT_DURATION,
     offsetof(struct record_opts, gap_ms)},
    {"reset", NULL, "back to every stream's own rate and no triggers", OPT_FLAG,
     offsetof(struct record_opts, reset)},
    OPT_JSON(struct record_opts, json),
    OPT_END};

struct job {
    const struct record_opts *o;
    struct store *s;
    struct ask_targets t;
    int64_t *command; // one for each target
    const char *author;
    json_t *out;      // list of what is printed, with --json
};

// --- asking --------------------------------------------------------------------------------------

static int ask_all(struct job *j, struct err *e)
{
    const struct record_opts *o = j->o;
    struct ask_recording r = {.stream = o->stream,
                              .label = o->label,
                              .author = j->author,
                              .duration_ms = o->duration_ms,
                              .expires_ms = clock_wall_ms() + o->expires_ms};
    int rc = o->expires_ms > 0 ? OK : err_set(e, E_USAGE, "--expires is a time to come");
    for (size_t i = 0; i < j->t.count && !rc; i++) {
        rc = ask_record(j->s, j->t.id[i], &r, &j->command[i], e);
        if (!rc && j->out) {
            json_array_append_new(j->out, json_pack("{s:s,s:I}", "device", j->t.id[i], "command",
                                                    (json_int_t)j->command[i]));
        } else if (!rc) {
            printf("%s: asked (command %lld)\n", j->t.id[i], (long long)j->command[i]);
        }
    }
    return rc;
}

static int stop_all(struct job *j, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < j->t.count && !rc; i++) {
        int64_t count = 0;
        rc = ask_stop(j->s, j->t.id[i], j->author, &count, e);
        if (!rc && j->out) {
            json_array_append_new(j->out, json_pack("{s:s,s:I}", "device", j->t.id[i], "withdrawn",
                                                    (json_int_t)count));
        } else if (!rc) {
            printf("%s: told to stop, %lld withdrawn\n", j->t.id[i], (long long)count);
        }
    }
    return rc;
}

static int settings_of(const struct record_opts *o, json_t *settings, struct err *e)
{
    json_t *rates = json_array(), *triggers = json_array();
    int rc = OK;
    for (size_t i = 0; i < o->rate.count && !rc; i++) {
        rc = ask_rate_word(rates, o->rate.item[i], e);
    }
    for (size_t i = 0; i < o->trigger.count && !rc; i++) {
        rc = ask_trigger_word(triggers, o->trigger.item[i], o->label, o->duration_ms, o->gap_ms, e);
    }
    if (o->rate.count || o->reset) {
        json_object_set(settings, "rates", rates);
    }
    if (o->trigger.count || o->reset) {
        json_object_set(settings, "triggers", triggers);
    }
    json_decref(rates);
    json_decref(triggers);
    return rc;
}

static int set_all(struct job *j, struct err *e)
{
    json_t *settings = json_object();
    int rc = settings_of(j->o, settings, e);
    for (size_t i = 0; i < j->t.count && !rc; i++) {
        rc = ask_set(j->s, j->t.id[i], settings, j->author, e);
        if (!rc && j->out) {
            json_array_append_new(
                j->out, json_pack("{s:s,s:O}", "device", j->t.id[i], "settings", settings));
        } else if (!rc) {
            printf("%s: settings are laid out for it\n", j->t.id[i]);
        }
    }
    json_decref(settings);
    return rc;
}

// --- showing -------------------------------------------------------------------------------------

static int show_command(void *ctx, const struct store_command *c)
{
    struct job *j = ctx;
    const char *state = ask_state(c, clock_wall_ms());
    if (j->out) {
        return json_array_append_new(
            j->out, json_pack("{s:s,s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:s}", "device", c->device,
                              "command", (json_int_t)c->command_id, "state", state, "stream",
                              c->stream, "label", c->label, "duration_ms",
                              (json_int_t)c->duration_ms, "done_ms", (json_int_t)c->done_ms,
                              "recording", (json_int_t)c->rec_id, "reply", c->reply));
    }
    printf("%-20s %6lld  %-9s %5.1f of %.1f s  %s%s%s", c->device, (long long)c->command_id, state,
           (double)c->done_ms / 1000, (double)c->duration_ms / 1000, c->label,
           c->label[0] ? "  " : "", c->reply);
    if (c->rec_id) {
        printf("  (recording %lld)", (long long)c->rec_id);
    }
    printf("\n");
    return 0;
}

static int show_config(void *ctx, const struct store_config *c)
{
    struct job *j = ctx;
    const char *state = c->applied < c->revision ? "not heard yet"
                        : c->status              ? c->reply
                                                 : "in force";
    if (j->out) {
        return json_array_append_new(j->out, json_pack("{s:s,s:I,s:s,s:s}", "device", c->device,
                                                       "revision", (json_int_t)c->revision,
                                                       "settings", c->settings, "answer", state));
    }
    printf("%-20s settings %s: %s\n", c->device, c->settings, state);
    return 0;
}

static int show_all(struct job *j, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < j->t.count && !rc; i++) {
        rc = store_config_get(j->s, j->t.id[i], show_config, j, e);
        rc = rc ? rc : store_asked_last(j->s, j->t.id[i], SHOWN, show_command, j, e);
    }
    return rc;
}

// --- waiting -------------------------------------------------------------------------------------

struct tally {
    int64_t over, failed, done_ms, all_ms;
};

static int tally_one(void *ctx, const struct store_command *c)
{
    struct tally *t = ctx;
    const char *state = ask_state(c, clock_wall_ms());
    bool going = strcmp(state, "asked") == 0 || strcmp(state, "recording") == 0;
    t->over += !going;
    t->failed += !going && strcmp(state, "done") != 0;
    t->done_ms += going ? c->done_ms : c->duration_ms;
    t->all_ms += c->duration_ms;
    return 1; // one command was looked for
}

static int wait_all(struct job *j, struct err *e)
{
    struct progress bar;
    struct tally t = {0};
    int rc = OK;
    progress_start(&bar, "recording", 1000);
    do {
        t = (struct tally){0};
        for (size_t i = 0; i < j->t.count && rc >= 0; i++) {
            rc = store_command_walk(j->s, j->t.id[i], j->command[i] - 1, tally_one, &t, e);
        }
        progress_set(&bar, t.all_ms ? 1000 * t.done_ms / t.all_ms : 0, NULL);
        if (rc >= 0 && t.over < (int64_t)j->t.count) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
        }
    } while (rc >= 0 && t.over < (int64_t)j->t.count);
    progress_end(&bar);
    if (rc < 0) {
        return rc;
    }
    return t.failed ? err_set(e, E_STATE,
                              "%lld of %zu recordings were not made: see 'moteloop record --show'",
                              (long long)t.failed, j->t.count)
                    : OK;
}

struct heard {
    size_t count, refused;
    char reply[256]; // of the last that refused
};

static int hear(void *ctx, const struct store_config *c)
{
    struct heard *h = ctx;
    h->count += c->applied >= c->revision;
    if (c->applied >= c->revision && c->status) {
        h->refused++;
        snprintf(h->reply, sizeof(h->reply), "'%s': %.200s", c->device, c->reply);
    }
    return 0;
}

// Until every device has answered its settings.
static int wait_heard(struct job *j, struct err *e)
{
    struct heard h = {.count = 0};
    int rc = OK;
    while (!rc && h.count < j->t.count) {
        h = (struct heard){.count = 0};
        for (size_t i = 0; i < j->t.count && !rc; i++) {
            rc = store_config_get(j->s, j->t.id[i], hear, &h, e);
        }
        if (!rc && h.count < j->t.count) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
        }
    }
    return rc || !h.refused ? rc
                            : err_set(e, E_STATE, "%zu of %zu devices cannot do so: %s", h.refused,
                                      j->t.count, h.reply);
}

static int work(struct job *j, int npos, char **pos, struct err *e)
{
    const struct record_opts *o = j->o;
    bool sets = o->rate.count || o->trigger.count || o->reset;
    if (o->stop + o->show + sets > 1) {
        return err_set(e, E_USAGE,
                       "--stop, --show, and settings are different jobs: one at a time");
    }
    const char *const all[] = {"all"};
    bool show_all_devices = o->show && npos == 0;
    if (npos == 0 && !show_all_devices) {
        return err_set(e, E_USAGE, "name a device, a group, or 'all'");
    }
    int rc = ask_targets_find(j->s, show_all_devices ? all : (const char *const *)pos,
                              show_all_devices ? 1 : (size_t)npos, &j->t, e);
    j->command = rc ? NULL : calloc(j->t.count, sizeof(*j->command));
    if (rc || !j->command) {
        return rc ? rc : err_set(e, E_MEM, "out of memory");
    }
    rc = o->stop ? stop_all(j, e) : o->show ? show_all(j, e) : sets ? set_all(j, e) : ask_all(j, e);
    return rc || !o->wait || o->stop || o->show ? rc : sets ? wait_heard(j, e) : wait_all(j, e);
}

static int cmd_record(void *options, int npos, char **pos)
{
    const struct record_opts *o = options;
    struct err e = {0};
    static struct project p;
    const char *user = getenv("USER");
    struct job j = {
        .o = o, .author = user ? user : "moteloop", .out = o->json ? json_array() : NULL};
    int rc = project_open(&p, o->project, &e);
    rc = rc ? rc : store_open(&j.s, p.dir, o->show ? STORE_READ : STORE_WRITE, &e);
    rc = rc ? rc : work(&j, npos, pos, &e);
    if (j.out && json_array_size(j.out) + (rc == OK) > 0) {
        jx_print(json_incref(j.out));
    }
    json_decref(j.out);
    free(j.command);
    ask_targets_release(&j.t);
    store_close(j.s);
    return rc ? ops_fail("record", &e) : 0;
}

const struct opt_command ops_record_command = {
    "record",
    "DEV|GROUP|all...",
    "ask devices for recordings, awake or not; rates and triggers",
    "  moteloop record pump-1 --duration 30s --label normal --wait\n"
    "  moteloop record hall --duration 5m           every device of a group, each when it wakes\n"
    "  moteloop record --show                       what was asked for, and how far it is\n"
    "  moteloop record hall --stop                  end what runs, withdraw what waits\n"
    "  moteloop record pump-1 --rate acc=50         a whole part of the stream's own rate\n"
    "  moteloop record pump-1 --trigger 'acc>20' --label shock --duration 3s --gap 1m\n"
    "A recorded frame at a lower rate is the mean of the sensor's frames; models still see all of "
    "them.\n",
    record_options,
    sizeof(struct record_opts),
    &record_defaults,
    cmd_record};
