// The search itself. See tune_run.h.
#include "trainer/tune_run.h"
#include "common/board/board.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/progress.h"
#include "common/project.h"
#include "trainer/recipe.h"
#include "trainer/rng.h"
#include "trainer/session.h"

#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP 3 // of so many candidates one goes on, with so many times the epochs
#define DRAWS 200 // of candidates that are there already, before the space counts as used up

struct job { // a training to run or a result to read
    struct tune_trial *trial;
    pid_t pid;
    char path[IO_PATH_MAX + 24]; // of the result, without its ending
};

struct search {
    struct tune *t;
    const struct tune_options *o;
    char folder[IO_PATH_MAX];
    struct progress bar;
    int64_t done;
};

// The text of a trial in a rung, and the name of its result.
static int write_trial(const struct search *s, const struct tune_trial *trial, struct buf *text,
                       struct job *j, struct err *e)
{
    int rc = tune_space_write(&s->t->space, trial->pick, trial->epochs, s->o->board->id, text, e);
    struct buf key = {0};
    uint8_t digest[HEX_DIGEST_LEN];
    char hex[HEX_DIGEST_TEXT];
    rc = rc || buf_put(&key, text->data, text->len) ||
                 buf_printf(&key, "%lld %s %s %s", (long long)s->o->seed,
                            s->o->validate ? s->o->validate : "", s->o->test ? s->o->test : "",
                            MOTELOOP_VERSION)
             ? err_set(e, rc ? e->code : E_MEM, "%s", rc ? e->msg : "out of memory")
             : OK;
    hex_sha256(digest, key.data ? key.data : "", key.len);
    hex_encode(hex, digest, sizeof(digest));
    buf_release(&key);
    snprintf(j->path, sizeof(j->path), "%s/%.16s", s->folder, hex);
    return rc;
}

// The child: one training, its report or its error into a file.
static void train(const struct search *s, const struct job *j)
{
    struct err e = {0};
    char recipe[IO_PATH_MAX + 32], result[IO_PATH_MAX + 32];
    struct buf text = {0}, out = {0};
    struct job same;
    json_t *report = NULL;
    snprintf(recipe, sizeof(recipe), "%s.recipe", j->path);
    snprintf(result, sizeof(result), "%s.json", j->path);
    int rc = write_trial(s, j->trial, &text, &same, &e);
    rc = rc ? rc : io_write_atomic(recipe, text.data, text.len, 0644, &e);
    const struct session_options o = {.recipe = recipe,
                                      .project = s->o->project,
                                      .test = s->o->test,
                                      .validate = s->o->validate,
                                      .seed = s->o->seed,
                                      .threads = 1,
                                      .quiet = true,
                                      .trial = true};
    rc = rc ? rc : session_train(&o, &report, &e);
    json_t *row = rc ? json_pack("{s:s}", "error", e.msg) : report;
    rc = row && jx_write(row, &out) == OK ? io_write_atomic(result, out.data, out.len, 0644, &e)
                                          : E_MEM;
    _exit(rc ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void fail(struct tune_trial *t, enum tune_state state, const char *why)
{
    t->state = state;
    snprintf(t->why, sizeof(t->why), "%.*s", (int)sizeof(t->why) - 1, why);
}

static void judge_limits(const struct search *s, struct tune_trial *t)
{
    char why[sizeof(t->why)] = "";
    if (t->arena > s->o->ram) {
        snprintf(why, sizeof(why), "needs %lld bytes of RAM, %lld are there", (long long)t->arena,
                 (long long)s->o->ram);
    } else if (t->bytes > s->o->flash) {
        snprintf(why, sizeof(why), "needs %lld bytes of flash, %lld are there", (long long)t->bytes,
                 (long long)s->o->flash);
    } else if (s->o->ms > 0 && t->ms > s->o->ms) {
        snprintf(why, sizeof(why), "takes %.1f ms, %.1f are allowed", t->ms, s->o->ms);
    } else if (s->o->ms > 0 && t->ms < 0) {
        snprintf(why, sizeof(why), "its time on the board is not known");
    }
    if (why[0]) {
        fail(t, TUNE_TOO_LARGE, why);
    }
}

// Reads a result that is there; false where it is none.
static bool read_result(const struct search *s, const struct job *j)
{
    char path[IO_PATH_MAX + 32];
    struct buf b = {0};
    struct err e = {0};
    struct tune_trial *t = j->trial;
    snprintf(path, sizeof(path), "%s.json", j->path);
    json_t *r = io_read_file(path, JX_MAX, &b, &e) == OK ? jx_parse(b.data, b.len, &e) : NULL;
    buf_release(&b);
    const char *error = json_string_value(json_object_get(r, "error"));
    bool there = r != NULL;
    if (error) {
        fail(t, TUNE_FAILED, error);
    } else if (r) {
        double loss = 0;
        there = jx_get_f64(r, "int8_accuracy", &t->score, &e) == OK &&
                jx_get_f64(r, "ms", &t->ms, &e) == OK &&
                jx_get_f64(r, "check_loss", &loss, &e) == OK &&
                jx_get_i64(r, "bytes", 0, INT32_MAX, &t->bytes, &e) == OK &&
                jx_get_i64(r, "arena", 0, INT32_MAX, &t->arena, &e) == OK &&
                jx_get_i64(r, "macs", 0, INT64_MAX, &t->macs, &e) == OK;
        t->score = s->t->classes ? t->score : -loss;
        t->state = TUNE_DONE;
        judge_limits(s, t);
    }
    json_decref(r);
    return there;
}

static void note_done(struct search *s, const struct tune_trial *t)
{
    char note[200];
    snprintf(note, sizeof(note), "%s: %.3f", t->what, t->state == TUNE_DONE ? t->score : 0.0);
    progress_set(&s->bar, ++s->done, note);
}

// Waits for one of our children and reads what it left.
static int take_one(struct search *s, struct job *job, size_t jobs, struct err *e)
{
    int status;
    pid_t pid;
    do {
        pid = waitpid(-1, &status, 0);
    } while (pid < 0 && errno == EINTR);
    if (pid < 0) {
        return err_set(e, E_IO, "a training process is gone: %s", strerror(errno));
    }
    for (size_t i = 0; i < jobs; i++) {
        if (job[i].pid == pid) {
            job[i].pid = 0;
            if (!read_result(s, &job[i])) {
                fail(job[i].trial, TUNE_FAILED, "its process ended without a result");
            }
            note_done(s, job[i].trial);
        }
    }
    return OK;
}

static int run_rung(struct search *s, struct job *job, size_t jobs, struct err *e)
{
    int64_t running = 0;
    int rc = OK;
    for (size_t i = 0; i < jobs && rc == OK; i++) {
        struct buf text = {0};
        rc = write_trial(s, job[i].trial, &text, &job[i], e);
        buf_release(&text);
        s->t->runs++;
        if (rc == OK && read_result(s, &job[i])) {
            s->t->reused++;
            note_done(s, job[i].trial);
            continue;
        }
        for (; rc == OK && running >= s->o->workers; running--) {
            rc = take_one(s, job, jobs, e);
        }
        fflush(NULL); // what is waiting would be written by the child as well
        job[i].pid = rc == OK ? fork() : 0;
        if (rc == OK && job[i].pid == 0) {
            train(s, &job[i]);
        }
        rc = rc == OK && job[i].pid < 0
                 ? err_set(e, E_IO, "cannot start a process: %s", strerror(errno))
                 : rc;
        running += rc == OK;
    }
    for (; running > 0; running--) { // children are awaited even after an error
        struct err late = {0};
        int one = take_one(s, job, jobs, rc ? &late : e);
        rc = rc ? rc : one;
    }
    return rc;
}

static int by_score(const void *a, const void *b)
{
    const struct tune_trial *x = a, *y = b;
    if ((x->state == TUNE_DONE) != (y->state == TUNE_DONE)) {
        return x->state == TUNE_DONE ? -1 : 1;
    }
    if (x->rung != y->rung) {
        return x->rung > y->rung ? -1 : 1;
    }
    if (x->score < y->score || x->score > y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return x->ms < y->ms ? -1 : x->ms > y->ms;
}

// A trial of the space that is not among the first `have`; false where chance finds none any more.
static bool draw_new(const struct tune *t, struct rng *g, size_t have, struct tune_trial *out)
{
    for (int i = 0; i < DRAWS; i++) {
        bool seen = false;
        tune_space_draw(&t->space, g, out->pick);
        tune_space_describe(&t->space, out->pick, out->what, sizeof(out->what));
        for (size_t j = 0; j < have && !seen; j++) {
            seen = strcmp(t->trial[j].what, out->what) ==
                   0; // also where they differ in what neither uses
        }
        if (!seen) {
            return true;
        }
    }
    return false;
}

// Draws the candidates and has each recipe checked: a mistake shows now and not in the last rung.
static int draw(struct tune *t, const struct tune_options *o, int64_t *epochs, struct err *e)
{
    struct rng g;
    rng_seed(&g, (uint64_t)o->seed, 31);
    t->trial = calloc((size_t)o->trials, sizeof(*t->trial));
    if (!t->trial) {
        return err_set(e, E_MEM, "out of memory");
    }
    bool whole = t->space.size <= (double)o->trials;
    for (size_t i = 0; i < (size_t)o->trials; i++) {
        struct tune_trial *trial = &t->trial[t->trials];
        if (whole && (double)i >= t->space.size) {
            break;
        }
        if (whole) {
            tune_space_at(&t->space, i, trial->pick);
            tune_space_describe(&t->space, trial->pick, trial->what, sizeof(trial->what));
        } else if (!draw_new(t, &g, t->trials, trial)) {
            break;
        }
        struct buf text = {0};
        struct recipe r = {0};
        int rc = tune_space_write(&t->space, trial->pick, 0, NULL, &text, e);
        rc = rc ? rc : recipe_parse(&r, o->recipe, text.data, text.len, e);
        rc = rc || o->validate || r.validate > 0 || r.validate_groups[0]
                 ? rc
                 : err_set(e, E_FORMAT,
                           "%s: [data] validate is 0: a search chooses by validation groups, set "
                           "it to 0.2 or so "
                           "(or name them: --validate GROUPS)",
                           o->recipe);
        t->classes = r.task == TASK_CLASSIFY;
        *epochs = r.epochs > *epochs ? r.epochs : *epochs;
        recipe_release(&r);
        buf_release(&text);
        if (rc) {
            return err_wrap(e, "candidate '%s'", trial->what);
        }
        t->trials++;
    }
    return OK;
}

static void mark_front(struct tune *t)
{
    for (size_t i = 0; i < t->trials; i++) {
        struct tune_trial *a = &t->trial[i];
        a->front = a->state == TUNE_DONE;
        for (size_t j = 0; j < t->trials && a->front; j++) {
            const struct tune_trial *b = &t->trial[j];
            bool better = b->score > a->score || b->ms < a->ms || b->bytes < a->bytes;
            a->front = !(b->state == TUNE_DONE && better && b->score >= a->score &&
                         b->ms <= a->ms && b->bytes <= a->bytes);
        }
    }
}

static size_t survivors(size_t n)
{
    return (n + KEEP - 1) / KEEP;
}

static int run_rungs(struct search *s, int64_t epochs, struct err *e)
{
    struct tune *t = s->t;
    struct job *job = calloc(t->trials, sizeof(*job));
    int64_t total = 0;
    size_t left = t->trials;
    for (int64_t r = 0, n = (int64_t)t->trials; r < s->o->rungs;
         r++, n = (int64_t)survivors((size_t)n)) {
        total += n;
    }
    int rc = job ? OK : err_set(e, E_MEM, "out of memory");
    progress_start(&s->bar, "search", total);
    for (int rung = 0; rung < s->o->rungs && left > 0 && rc == OK; rung++) {
        double share = pow(KEEP, (double)(s->o->rungs - 1 - rung));
        for (size_t i = 0; i < left; i++) {
            t->trial[i].rung = rung;
            t->trial[i].epochs = (int64_t)ceil((double)epochs / share);
            job[i] = (struct job){.trial = &t->trial[i]};
        }
        rc = run_rung(s, job, left, e);
        qsort(t->trial, t->trials, sizeof(*t->trial), by_score);
        size_t done = 0;
        while (done < left && t->trial[done].state == TUNE_DONE) {
            done++;
        }
        left = done == 0 ? 0 : rung + 1 < s->o->rungs ? survivors(done) : done;
    }
    progress_end(&s->bar);
    free(job);
    return rc;
}

int tune_run(struct tune *t, const struct tune_options *o, struct err *e)
{
    *t = (struct tune){0};
    struct buf b = {0};
    struct project project;
    struct search s = {.t = t, .o = o};
    int64_t epochs = 0;
    int rc = io_read_file(o->recipe, CONF_MAX_BYTES, &b, e);
    t->text = b.data; // stays until tune_release
    rc = rc ? rc : tune_space_read(&t->space, o->recipe, b.data ? b.data : "", b.len, e);
    rc = rc ? rc : project_open(&project, o->project, e);
    rc = rc ? rc : draw(t, o, &epochs, e);
    rc = rc ? rc : io_mkdirs(project_path(&project, s.folder, "run/tune"), 0755, e);
    rc = rc ? rc : run_rungs(&s, epochs, e);
    if (rc == OK && (t->trials == 0 || t->trial[0].state != TUNE_DONE)) {
        rc = err_set(e, E_REFUSED, "no candidate fits; the first: %s: %s",
                     t->trials ? t->trial[0].what : "none", t->trials ? t->trial[0].why : "");
    }
    mark_front(t);
    return rc;
}

void tune_release(struct tune *t)
{
    free(t->text);
    free(t->trial);
    *t = (struct tune){0};
}

int tune_best(const struct tune *t, struct buf *out, struct err *e)
{
    return tune_space_write(&t->space, t->trial[0].pick, 0, NULL, out, e);
}
