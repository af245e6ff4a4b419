// The demo's devices: processes of the POSIX firmware, each with a simulated fan, and what they say.
#include "common/buf.h"
#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "common/store/store_sample.h"
#include "ops/demo.h"
#include "ops/ops_proc.h"

// Simulated seconds to a second: recordings and windows come in bursts, and are marked as simulated.
#define DEMO_SPEED "20"
enum {
    SETTLE_US = 2500000
}; // FAN_SETTLE_US of the simulator: windows this soon after a change count for neither state

const char *const demo_known[4] = {"off", "normal", "imbalance", "bearing"};

void demo_fleet_define(struct demo *d)
{
    static const struct demo_device fleet[DEMO_DEVICES] = {
        {.id = "fan-1", .device_class = 0}, {.id = "fan-2", .device_class = 1, .mic = true},
        {.id = "fan-3", .device_class = 1}, {.id = "fan-4", .device_class = 2, .mic = true},
        {.id = "fan-5", .device_class = 2}, {.id = "fan-6", .device_class = 0, .relay = true}};
    for (size_t i = 0; i < DEMO_DEVICES; i++) {
        char name[64];
        d->dev[i] = fleet[i];
        snprintf(name, sizeof(name), "run/%s", fleet[i].id);
        project_path(&d->p, d->dev[i].state_dir, name);
    }
}

// What makes a credential a simulated fan of the demo: behind what `device add` wrote.
static int add_simulation(const struct demo_device *dev, const char *conf, struct err *e)
{
    FILE *f = fopen(conf, "ae");
    if (!f) {
        return err_errno(e, E_IO, "cannot open '%s'", conf);
    }
    fprintf(f, "\n[sim]\nmic = %s\n\n[agent]\nkeep_per_minute = 200\n", dev->mic ? "yes" : "no");
    if (dev->relay) {
        fprintf(f, "\n[actuator]\nstop_on = imbalance bearing\n");
    }
    return fclose(f) ? err_errno(e, E_IO, "cannot write '%s'", conf) : OK;
}

static int start_device(struct demo *d, struct demo_device *dev, struct err *e)
{
    char conf[IO_PATH_MAX], log[IO_PATH_MAX], name[64];
    snprintf(name, sizeof(name), "devices/%s.conf", dev->id);
    project_path(&d->p, conf, name);
    snprintf(name, sizeof(name), "run/%s.log", dev->id);
    project_path(&d->p, log, name);
    const char *argv[] = {"moteloop-device",
                          "--config",
                          conf,
                          "--state",
                          dev->state_dir,
                          "--sim",
                          "fan",
                          "--speed",
                          DEMO_SPEED,
                          dev->relay ? "--actuate" : NULL,
                          NULL};
    int rc = io_mkdirs(dev->state_dir, 0700, e);
    rc = rc ? rc : add_simulation(dev, conf, e);
    return rc ? rc : proc_start(&dev->pid, argv, log, NULL, e);
}

static int count_heard(void *ctx, const struct store_device *dev)
{
    int *heard = ctx;
    *heard += dev->hello_ms != 0 && dev->online;
    return 0;
}

static int all_heard(struct demo *d, void *ctx, struct err *e)
{
    (void)ctx;
    int heard = 0;
    int rc = store_device_walk(d->store, NULL, count_heard, &heard, e);
    snprintf(d->note, sizeof(d->note), "%d of %d devices are there", heard, DEMO_DEVICES);
    return rc ? rc : heard == DEMO_DEVICES;
}

int demo_fleet_start(struct demo *d, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < DEMO_DEVICES && rc == OK; i++) {
        rc = start_device(d, &d->dev[i], e);
    }
    return rc ? rc : demo_wait(d, all_heard, NULL, 20000, "six devices to say hello", e);
}

void demo_fleet_stop(struct demo *d)
{
    for (size_t i = 0; i < DEMO_DEVICES; i++) {
        proc_stop(d->dev[i].pid, 3000);
        d->dev[i].pid = 0;
    }
}

int demo_machine(struct demo *d, const struct demo_device *dev, const char *line, struct err *e)
{
    char path[IO_PATH_MAX], text[64];
    (void)d;
    if (io_join(path, sizeof(path), dev->state_dir, "control")) {
        return err_set(e, E_LIMIT, "path of the demo is too long");
    }
    snprintf(text, sizeof(text), "%s\n", line);
    return io_write_atomic(path, text, strlen(text), 0600, e);
}

int demo_classify(struct demo *d, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < DEMO_DEVICES && rc == OK; i++) {
        struct store_command c = {.device = d->dev[i].id,
                                  .kind = "classify",
                                  .stream = "",
                                  .label = "",
                                  .duration_ms = -1,
                                  .author = "demo"};
        rc = command_send(d->store, &c, e);
    }
    return rc;
}

struct watch {
    const struct truth *truth;
    const char *state;
    struct score score;
    int64_t last_event;
};

static int watch_event(void *ctx, const struct store_event *ev)
{
    struct watch *w = ctx;
    const char *state = truth_at(w->truth, ev->t_us, ev->t_us + ev->dur_us, SETTLE_US);
    w->last_event = ev->event_id;
    if (state && strcmp(state, w->state) == 0) {
        score_add(&w->score, state, ev->label, ev->uncertain);
    }
    return 0;
}

static int read_truth(const struct demo_device *dev, struct truth *t, struct err *e)
{
    char path[IO_PATH_MAX];
    struct buf text = {0};
    int rc = io_join(path, sizeof(path), dev->state_dir, "truth.csv")
                 ? err_set(e, E_LIMIT, "path is too long")
                 : io_read_file(path, 1 << 20, &text, e);
    if (rc == OK) {
        rc = truth_parse(t, text.data ? text.data : "", e);
    }
    buf_release(&text);
    return rc;
}

struct observe {
    const char *state;
    int64_t windows;
    struct score merged;
};

// Counts anew each time from the device's first event of this observation: truth and events arrive
// independently of each other.
static int observed(struct demo *d, void *ctx, struct err *e)
{
    struct observe *o = ctx;
    int64_t least = INT64_MAX;
    o->merged = (struct score){0};
    for (size_t i = 0; i < DEMO_DEVICES; i++) {
        struct truth t = {0};
        struct watch w = {.truth = &t, .state = o->state};
        int rc = read_truth(&d->dev[i], &t, e);
        if (rc == OK) {
            rc = store_event_walk(d->store, d->dev[i].id, d->dev[i].windows_from, 0, watch_event,
                                  &w, e);
        }
        truth_release(&t);
        if (rc) {
            return rc;
        }
        int64_t windows = w.score.count ? w.score.c[0].windows : 0;
        // A relay that opened leaves its fan off: that device has shown what it does.
        bool excused = d->dev[i].relay;
        if (!excused && windows < least) {
            least = windows;
        }
        if (w.score.count) {
            const struct score_class *c = &w.score.c[0];
            struct score_class *to = &o->merged.c[0];
            o->merged.count = 1;
            snprintf(to->state, sizeof(to->state), "%s", c->state);
            to->windows += c->windows;
            to->right += c->right;
            to->flagged += c->flagged;
        }
    }
    snprintf(d->note, sizeof(d->note), "%s: %lld of %lld windows a device", o->state,
             (long long)(least == INT64_MAX ? 0 : least), (long long)o->windows);
    return least >= o->windows;
}

int demo_observe(struct demo *d, const char *state, int64_t windows, struct score *score,
                 struct err *e)
{
    char line[48];
    struct observe o = {.state = state, .windows = windows};
    int64_t last = 0;
    int rc = store_event_last_id(d->store, &last, e);
    snprintf(line, sizeof(line), "state %s", state);
    for (size_t i = 0; i < DEMO_DEVICES && rc == OK; i++) {
        d->dev[i].windows_from = last;
        rc = demo_machine(d, &d->dev[i], line, e);
    }
    if (rc == OK) {
        rc = demo_wait(d, observed, &o, 40000, "devices to classify", e);
    }
    if (rc == OK && o.merged.count && score->count < SCORE_STATES) {
        score->c[score->count++] = o.merged.c[0];
    }
    return rc;
}
