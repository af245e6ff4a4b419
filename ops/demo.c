// moteloop demo: the whole loop on simulated devices, each step checked, with the page to look at.
#include "ops/demo.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "common/store/store_sample.h"
#include "ops/ops_cmd.h"
#include "ops/ops_proc.h"

#include <curl/curl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct demo_opts {
    const char *dir;
    bool once;
};
static const struct demo_opts demo_defaults = {.dir = "demo"};
static const struct opt demo_options[] = {
    {"dir", "DIR", "project folder; made anew at every start (default: demo)", OPT_STR,
     offsetof(struct demo_opts, dir)},
    {"once", NULL, "end after the checks instead of keeping the page up", OPT_FLAG,
     offsetof(struct demo_opts, once)},
    OPT_END};

// Written into the folder, so that only a folder of the demo's own is ever removed.
#define DEMO_MARK "this-is-a-demo"

static volatile sig_atomic_t interrupted;
static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

int demo_wait(struct demo *d, demo_until_fn done, void *ctx, int64_t limit_ms, const char *what,
              struct err *e)
{
    int64_t until = clock_mono_us() + limit_ms * 1000;
    int status;
    for (;;) {
        int rc = done(d, ctx, e);
        if (rc) {
            return rc < 0 ? rc : OK;
        }
        if (interrupted) {
            return err_set(e, E_STATE, "interrupted");
        }
        if (proc_ended(d->up, &status)) {
            d->up = 0;
            return err_set(e, E_STATE, "'moteloop up' ended: see '%s/run/up.log'", d->p.dir);
        }
        if (clock_mono_us() > until) {
            return err_set(e, E_STATE, "gave up waiting for %s after %lld s (%s)", what,
                           (long long)(limit_ms / 1000), d->note);
        }
        struct timespec pause = {.tv_nsec = 40000000};
        nanosleep(&pause, NULL); // the store is watched, not notified
    }
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static int clear_old(const char *dir, struct err *e)
{
    char mark[IO_PATH_MAX];
    if (!io_exists(dir)) {
        return OK;
    }
    if (io_join(mark, sizeof(mark), dir, DEMO_MARK) || !io_exists(mark)) {
        return err_set(
            e, E_EXISTS,
            "'%s' is there and was not made by the demo: choose another folder with --dir", dir);
    }
    return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS)
               ? err_errno(e, E_IO, "cannot remove '%s'", dir)
               : OK;
}

static int find_recipes(struct demo *d, struct err *e)
{
    char bin[IO_PATH_MAX];
    int rc = io_program_dir(bin, sizeof(bin), e);
    if (rc == OK && (io_join(d->recipes, sizeof(d->recipes), bin, "../share/moteloop/recipes") ||
                     !io_is_dir(d->recipes))) {
        rc = err_set(e, E_NOT_FOUND, "cannot find the recipes at '%s': build with 'make'",
                     d->recipes);
    }
    return rc;
}

static int step_init(struct demo *d, struct err *e)
{
    struct buf out = {0};
    char mark[IO_PATH_MAX];
    const char *dir = d->p.dir, *setup = NULL;
    int rc = clear_old(dir, e);
    if (rc == OK) {
        rc = proc_run_ok((const char *[]){"moteloop", "init", dir, "--name", "demo",
                                          "--broker-port", "0", "--web-port", "0", "--json", NULL},
                         &out, 30000, e);
    }
    json_t *made = rc == OK ? jx_parse(out.data, out.len, e) : NULL;
    rc = rc ? rc : made ? jx_get_str(made, "setup", 500, &setup, e) : e->code;
    if (rc == OK) {
        const char *hash = strchr(setup, '#');
        snprintf(d->setup, sizeof(d->setup), "%s", hash ? hash + 1 : "");
        char full[sizeof(d->p.dir)];
        snprintf(full, sizeof(full), "%s", dir);
        rc = project_open(&d->p, full, e);
    }
    if (rc == OK) {
        rc = io_write_atomic(project_path(&d->p, mark, DEMO_MARK), "", 0, 0600, e);
    }
    demo_fleet_define(d);
    for (int class = 0; class <= 2 && rc == OK; class++) {
        char number[4];
        const char *argv[16] = {"moteloop", "device",  "add", "--project",
                                d->p.dir,   "--class", number};
        size_t n = 7;
        snprintf(number, sizeof(number), "%d", class);
        for (size_t i = 0; i < DEMO_DEVICES; i++) {
            if (d->dev[i].device_class == class) {
                argv[n++] = d->dev[i].id;
            }
        }
        rc = proc_run_ok(argv, NULL, 20000, e);
    }
    json_decref(made);
    buf_release(&out);
    return rc;
}

static int collector_alive(void *ctx, const struct store_collector *c)
{
    int *alive = ctx;
    *alive += clock_wall_ms() - c->alive_ms < 10000;
    return 0;
}
static int is_up(struct demo *d, void *ctx, struct err *e)
{
    (void)ctx;
    int alive = 0;
    struct buf page = {0};
    struct err not_yet = {0};
    int rc = store_collector_walk(d->store, collector_alive, &alive, e);
    bool page_there = http_get(d->http, "/", &page, &not_yet) == OK;
    buf_release(&page);
    return rc ? rc : alive && page_there;
}

static int step_up(struct demo *d, struct err *e)
{
    char log[IO_PATH_MAX];
    int rc = store_open(&d->store, d->p.dir, STORE_WRITE, e);
    if (rc == OK) {
        rc = http_new(&d->http, d->p.conf.web_host, d->p.conf.web_port, e);
    }
    if (rc == OK) {
        rc = proc_start(&d->up, (const char *[]){"moteloop", "up", d->p.dir, NULL},
                        project_path(&d->p, log, "run/up.log"), NULL, e);
    }
    if (rc == OK) {
        rc = demo_wait(d, is_up, NULL, 20000, "broker, collector and page", e);
    }
    return rc ? rc : demo_login(d, e);
}

static int step_train(struct demo *d, struct err *e)
{
    return demo_train(d, NULL, e);
}

static int step_release(struct demo *d, struct err *e)
{
    int64_t release = 0;
    int rc = demo_release(d, d->model, &release, e);
    return rc ? rc : demo_rollout(d, release, e);
}

static int step_attack(struct demo *d, struct err *e)
{
    return demo_attack(d, d->model, e);
}

enum { OBSERVED_WINDOWS = 60 }; // a state and device: enough that two points are more than chance

static int observe_known(struct demo *d, struct score *score, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(demo_known) && rc == OK; i++) {
        rc = demo_observe(d, demo_known[i], OBSERVED_WINDOWS, score, e);
    }
    return rc;
}

// The relay opened because of a decision, and said so in its own stream.
static int stop_arrived(struct demo *d, void *ctx, struct err *e)
{
    int64_t frames = 0;
    (void)ctx;
    int rc = store_stream_frames(d->store, d->dev[DEMO_DEVICES - 1].id, "stop", &frames, e);
    return rc ? rc : frames > 0;
}

static int step_field(struct demo *d, struct err *e)
{
    int rc = demo_classify(d, e);
    if (rc == OK) {
        rc = observe_known(d, &d->before, e);
    }
    if (rc == OK && score_accuracy(&d->before, NULL) < 0.9) {
        rc = err_set(e, E_STATE, "field accuracy is %.1f %%, below 90 %%",
                     100 * score_accuracy(&d->before, NULL));
    }
    return rc ? rc
              : demo_wait(d, stop_arrived, NULL, 15000, "the stop of the fan in its stream", e);
}

static double recall(const struct score *s, bool flagged)
{
    const struct score_class *c = score_of(s, DEMO_NEW_FAULT);
    return c && c->windows ? (double)(flagged ? c->flagged : c->right) / (double)c->windows : 0;
}

static int step_new_fault(struct demo *d, struct err *e)
{
    int rc = demo_observe(d, DEMO_NEW_FAULT, OBSERVED_WINDOWS, &d->before, e);
    double flagged = recall(&d->before, true), known = score_flagged(&d->before, DEMO_NEW_FAULT);
    if (rc == OK && (flagged < 0.8 || known > 0.05)) {
        rc = err_set(e, E_STATE,
                     "flagged as uncertain: %.0f %% of the new fault (at least 80 wanted), %.1f %% "
                     "of the known (at most 5)",
                     100 * flagged, 100 * known);
    }
    if (rc == OK && recall(&d->before, false) >= 0.2) {
        rc = err_set(e, E_STATE, "the first model knows the new fault already");
    }
    return rc;
}

static int step_improve(struct demo *d, struct err *e)
{
    int64_t release = 0;
    int rc = demo_label_uncertain(d, e);
    rc = rc ? rc : demo_train(d, d->model, e);
    rc = rc ? rc : demo_release(d, d->model2, &release, e);
    rc = rc ? rc : demo_rollout(d, release, e);
    d->seconds_to_active = (double)(clock_mono_us() - d->last_label_us) / 1e6;
    return rc;
}

static int step_better(struct demo *d, struct err *e)
{
    int rc = observe_known(d, &d->after, e);
    rc = rc ? rc : demo_observe(d, DEMO_NEW_FAULT, OBSERVED_WINDOWS, &d->after, e);
    double lost =
        score_accuracy(&d->before, DEMO_NEW_FAULT) - score_accuracy(&d->after, DEMO_NEW_FAULT);
    if (rc == OK && recall(&d->after, false) < 0.8) {
        rc = err_set(e, E_STATE,
                     "recall of the new fault is %.2f after the update, at least 0.8 wanted",
                     recall(&d->after, false));
    }
    if (rc == OK && lost > 0.02) {
        rc = err_set(e, E_STATE, "known classes lost %.1f points, at most 2 wanted", 100 * lost);
    }
    return rc;
}

static const struct step {
    const char *what;
    int budget_s;
    int (*run)(struct demo *d, struct err *e);
} steps[] = {
    {"a project: store, keys, credentials", 3, step_init},
    {"broker, collector, page, rollout runner", 4, step_up},
    {"six simulated devices", 4, demo_fleet_start},
    {"recordings over MQTT, labelled through the page's API", 8, demo_record},
    {"a model, tested on devices it was not trained on", 8, step_train},
    {"a signed release, one device first, then all", 8, step_release},
    {"damaged payload and forged signature are refused", 5, step_attack},
    {"accuracy in the field, and a fan that is stopped", 14, step_field},
    {"a fault nobody has seen", 5, step_new_fault},
    {"labels, fine-tuning, release, every device active", 12, step_improve},
    {"accuracy after the update", 16, step_better},
    {"the page shows it", 3, demo_look_at_page},
};

struct ticker { // redraws the line of the present step while it runs
    pthread_t thread;
    volatile int run;
    const struct step *step;
    struct demo *d;
    int64_t started_us;
};
static void *tick(void *ctx)
{
    struct ticker *t = ctx;
    while (t->run) {
        double passed = (double)(clock_mono_us() - t->started_us) / 1e6;
        fprintf(stderr, "\r  ....  %-56s %5.1f of %d s  %s\033[K", t->step->what, passed,
                t->step->budget_s, t->d->note);
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static int run_step(struct demo *d, const struct step *s, struct err *e)
{
    struct ticker t = {
        .run = isatty(STDERR_FILENO), .step = s, .d = d, .started_us = clock_mono_us()};
    bool shown = t.run && pthread_create(&t.thread, NULL, tick, &t) == 0;
    d->note[0] = 0;
    int rc = s->run(d, e);
    if (shown) {
        t.run = 0;
        pthread_join(t.thread, NULL);
        fprintf(stderr, "\r\033[K");
    }
    double took = (double)(clock_mono_us() - t.started_us) / 1e6;
    printf("  %-5s %-56s %5.1f s of %d%s\n", rc ? "FAIL" : "ok", s->what, took, s->budget_s,
           took > s->budget_s ? "  (over its budget)" : "");
    fflush(stdout);
    return rc;
}

static void print_scores(const struct demo *d)
{
    printf("\n  in the field, by the simulator's truth      before                 after\n");
    for (size_t i = 0; i < d->after.count; i++) {
        const struct score_class *a = &d->after.c[i], *b = score_of(&d->before, a->state);
        printf("    %-14s recall %20.2f %22.2f\n", a->state,
               b && b->windows ? (double)b->right / (double)b->windows : 0,
               a->windows ? (double)a->right / (double)a->windows : 0);
    }
    printf("    known classes, accuracy %18.3f %22.3f\n",
           score_accuracy(&d->before, DEMO_NEW_FAULT), score_accuracy(&d->after, DEMO_NEW_FAULT));
}

static void print_summary(const struct demo *d, double seconds)
{
    print_scores(d);
    printf("\n  %lld recordings, %lld labels; model of %lld bytes, on unseen devices float %.3f "
           "and int8 %.3f\n"
           "  trainer and device runtime agree bit for bit on %lld of %lld test windows\n"
           "  flagged as uncertain and sent: %.0f %% of the new fault's windows, %.1f %% of the "
           "known ones'\n"
           "  refused: %s\n  refused: %s\n"
           "  from the last label to the new model active on every device: %.1f s\n"
           "  all in %.0f s. Simulated data: docs/simulator.md has the model.\n",
           (long long)d->recordings, (long long)d->labels, (long long)d->model_bytes, d->test_float,
           d->test_int8, (long long)d->parity_windows, (long long)d->parity_windows,
           100 * recall(&d->before, true), 100 * score_flagged(&d->before, DEMO_NEW_FAULT),
           d->damaged_reason, d->forged_reason, d->seconds_to_active, seconds);
}

static int run_steps(struct demo *d, struct err *e)
{
    enum { HANG_S = 240 };
    int64_t started = clock_mono_us();
    int budget = 0, rc = OK;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        budget += steps[i].budget_s;
    }
    printf("Moteloop demo: the whole loop in %d seconds\n\n", budget);
    for (size_t i = 0; i < ARRAY_LEN(steps) && rc == OK && !interrupted; i++) {
        rc = run_step(d, &steps[i], e);
        if (rc == OK && clock_mono_us() - started > (int64_t)HANG_S * 1000000) {
            rc = err_set(e, E_STATE, "took more than %d s", HANG_S);
        }
    }
    if (rc == OK && interrupted) {
        rc = err_set(e, E_STATE, "interrupted");
    }
    if (rc == OK) {
        print_summary(d, (double)(clock_mono_us() - started) / 1e6);
    } else if (d->after.count) {
        print_scores(d); // why the last steps were not satisfied
    }
    return rc;
}

static void keep_up(struct demo *d)
{
    printf("\n  the page: http://%s:%lld/   name demo, password %s\n  Ctrl-C ends it\n",
           d->p.conf.web_host, (long long)d->p.conf.web_port, d->password);
    fflush(stdout);
    while (!interrupted) {
        pause();
    }
}

static int cmd_demo(void *options, int npos, char **pos)
{
    static struct demo d;
    const struct demo_opts *o = options;
    struct err e = {0};
    char parent[IO_PATH_MAX];
    (void)npos;
    (void)pos;
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    int rc = *o->dir == '/'                   ? OK
             : getcwd(parent, sizeof(parent)) ? OK
                                              : err_errno(&e, E_IO, "cannot find this folder");
    int n = rc ? 0
               : snprintf(d.p.dir, sizeof(d.p.dir), "%s%s%s", *o->dir == '/' ? "" : parent,
                          *o->dir == '/' ? "" : "/", o->dir);
    if (rc == OK && (n < 0 || (size_t)n >= sizeof(d.p.dir))) {
        rc = err_set(&e, E_LIMIT, "path of '%s' is too long", o->dir);
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (rc == OK) {
        rc = find_recipes(&d, &e);
    }
    if (rc == OK) {
        rc = run_steps(&d, &e);
    }
    if (rc == OK && !o->once) {
        keep_up(&d);
    }
    if (rc) {
        fprintf(stderr, "moteloop demo: %s\n", e.msg);
        fprintf(stderr, "moteloop demo: logs are in '%s/run/'\n", d.p.dir);
    }
    demo_fleet_stop(&d);
    proc_stop(d.up, 15000);
    http_free(d.http);
    store_close(d.store);
    curl_global_cleanup();
    return rc ? 1 : 0;
}

const struct opt_command ops_demo_command = {
    "demo",
    NULL,
    "the whole loop on simulated devices, with a page to look at",
    "Makes a project, starts everything, six simulated devices among it, and goes once round the "
    "loop:\n"
    "record, label, train, release, attack, measure, meet an unknown fault, learn it, update. "
    "Every step is\n"
    "checked; the exit code is 0 only where all were true. Then the page stays up until Ctrl-C.\n",
    demo_options,
    sizeof(struct demo_opts),
    &demo_defaults,
    cmd_demo};
