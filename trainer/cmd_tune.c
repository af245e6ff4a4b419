// moteloop tune: the best recipe for a board out of many.
#include "common/board/board.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/jx.h"
#include "trainer/cmd.h"
#include "trainer/tune_run.h"

#include <unistd.h>

struct tune_opts {
    const char *project, *board, *out, *page, *test, *validate;
    int64_t ram, flash, trials, rungs, seed, workers;
    double ms;
    bool json;
};
static const struct tune_opts tune_defaults = {
    .board = "pico", .trials = 27, .rungs = 3, .seed = 1};

static const struct opt tune_options[] = {
    OPT_PROJECT(struct tune_opts, project),
    {"board", "B", "the device's board, see 'moteloop inspect --help' (default pico)", OPT_STR,
     offsetof(struct tune_opts, board)},
    {"ram", "BYTES", "arena at most (default: what the board has)", OPT_I64,
     offsetof(struct tune_opts, ram)},
    {"flash", "BYTES", "model at most (default: what the board has)", OPT_I64,
     offsetof(struct tune_opts, flash)},
    {"ms", "T", "time of an inference at most, estimated (default: none)", OPT_F64,
     offsetof(struct tune_opts, ms)},
    {"trials", "N", "candidates to begin with (default 27)", OPT_I64,
     offsetof(struct tune_opts, trials)},
    {"rungs", "N",
     "rounds; each keeps the best third and trains it three times as long (default 3)", OPT_I64,
     offsetof(struct tune_opts, rungs)},
    {"workers", "N", "trainings at once (default: processors)", OPT_I64,
     offsetof(struct tune_opts, workers)},
    {"seed", "N", "seed of every random choice (default 1)", OPT_I64,
     offsetof(struct tune_opts, seed)},
    {"validate", "GROUPS", "groups to choose by, in place of the recipe's", OPT_STR,
     offsetof(struct tune_opts, validate)},
    {"test", "GROUPS", "groups that stay unseen, in place of the recipe's", OPT_STR,
     offsetof(struct tune_opts, test)},
    {"out", "FILE", "the winner's recipe (default: RECIPE with .best before its ending)", OPT_STR,
     offsetof(struct tune_opts, out)},
    {"page", "FILE",
     "a page with every candidate and the front drawn (default: beside the winner, .html)", OPT_STR,
     offsetof(struct tune_opts, page)},
    OPT_JSON(struct tune_opts, json),
    OPT_END};

static int read_options(const struct tune_opts *o, const char *recipe, struct tune_options *t,
                        struct err *e)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *t = (struct tune_options){.recipe = recipe,
                               .project = o->project,
                               .validate = o->validate,
                               .test = o->test,
                               .board = board_find(o->board),
                               .ms = o->ms,
                               .trials = o->trials,
                               .rungs = o->rungs,
                               .seed = o->seed,
                               .workers = o->workers > 0 ? o->workers
                                          : cpus > 0     ? cpus
                                                         : 1};
    if (!t->board) {
        return err_set(e, E_USAGE, "unknown board '%s': see 'moteloop inspect --help'", o->board);
    }
    if (t->trials < 1 || t->trials > 10000 || t->rungs < 1 || t->rungs > 8 || t->workers > 256) {
        return err_set(e, E_USAGE, "--trials is 1..10000, --rungs 1..8, --workers at most 256");
    }
    t->ram = o->ram > 0 ? o->ram : (int64_t)t->board->ram;
    t->flash = o->flash > 0 ? o->flash : (int64_t)t->board->flash;
    return OK;
}

// "motion.recipe" to "motion.best.recipe"; a file's ending to another.
static void beside(char out[IO_PATH_MAX], const char *path, const char *middle, const char *ending)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path);
    snprintf(out, IO_PATH_MAX, "%.*s%s%s", (int)stem, path, middle,
             ending ? ending
             : dot  ? dot
                    : "");
}

static int write_files(const struct tune *t, const struct tune_options *o, const char *recipe,
                       const char *page, struct err *e)
{
    struct buf b = {0};
    int rc = tune_best(t, &b, e);
    rc = rc ? rc : io_write_atomic(recipe, b.data, b.len, 0644, e);
    buf_clear(&b);
    rc = rc ? rc : tune_page(t, o, &b) ? err_set(e, E_MEM, "out of memory") : OK;
    rc = rc ? rc : io_write_atomic(page, b.data, b.len, 0644, e);
    buf_release(&b);
    return rc;
}

static void print(const struct tune *t, const char *recipe, const char *page)
{
    size_t shown = 0, too_large = 0, failed = 0;
    printf("%8s %9s %9s %9s %7s   on the front of %s, time and bytes\n",
           t->classes ? "accuracy" : "score", "ms", "bytes", "arena", "epochs",
           t->classes ? "accuracy" : "score");
    for (size_t i = 0; i < t->trials; i++) {
        const struct tune_trial *x = &t->trial[i];
        too_large += x->state == TUNE_TOO_LARGE;
        failed += x->state == TUNE_FAILED;
        if (x->front && shown++ < 12) {
            printf("%8.4f %9.2f %9lld %9lld %7lld %c %s\n", x->score, x->ms, (long long)x->bytes,
                   (long long)x->arena, (long long)x->epochs, i == 0 ? '*' : ' ', x->what);
        }
    }
    printf("%zu candidates of %.0f, %zu trainings (%zu of an earlier search), %zu do not fit, %zu "
           "failed\n",
           t->trials, t->space.size, t->runs, t->reused, too_large, failed);
    for (size_t i = 0, said = 0; i < t->trials && said < 3; i++) {
        if (t->trial[i].state == TUNE_FAILED) {
            printf("failed: %s: %s\n", t->trial[i].what, t->trial[i].why);
            said++;
        }
    }
    printf("winner (*): %s   all: %s\nnow judge it on groups that the search has not seen: "
           "moteloop train %s\n",
           recipe, page, recipe);
}

static int run(void *options, int npos, char **pos)
{
    const struct tune_opts *o = options;
    struct err e = {0};
    struct tune t = {0};
    struct tune_options to;
    char recipe[IO_PATH_MAX] = "", page[IO_PATH_MAX] = "";
    int rc = npos == 1 ? read_options(o, pos[0], &to, &e)
                       : err_set(&e, E_USAGE, "name one recipe: moteloop tune RECIPE");
    rc = rc ? rc : tune_run(&t, &to, &e);
    if (rc == OK) {
        if (o->out) {
            snprintf(recipe, sizeof(recipe), "%s", o->out);
        } else {
            beside(recipe, pos[0], ".best", NULL);
        }
        beside(page, recipe, "", ".html");
        if (o->page) {
            snprintf(page, sizeof(page), "%s", o->page);
        }
        rc = write_files(&t, &to, recipe, page, &e);
    }
    if (rc == OK && o->json) {
        json_t *j = tune_json(&t, &to);
        json_object_set_new(j, "winner", json_string(recipe));
        json_object_set_new(j, "page", json_string(page));
        jx_print(j);
    } else if (rc == OK) {
        print(&t, recipe, page);
    }
    if (rc) {
        fprintf(stderr, "moteloop tune: %s\n", e.msg);
    }
    tune_release(&t);
    return err_exit_code(rc);
}

const struct opt_command cmd_tune = {
    "tune",
    "RECIPE",
    "search pre-processing and network under a board's limits",
    "RECIPE is a recipe whose values may name several possibilities with ' | ' between them:\n\n"
    "  [features]\n"
    "  block = raw | spectral\n"
    "  [network]\n"
    "  type = mlp | cnn1d\n"
    "  hidden = 32, 16 | 64, 32\n\n"
    "Candidates are drawn by the seed, trained for a share of the epochs, and the best third "
    "trains on for three times as\n"
    "long, round by round, on all processors. Those that the board cannot hold are left out. The "
    "search chooses by the\n"
    "validation groups; the test groups stay unseen. Results are kept in the project's run/tune: a "
    "search that was stopped\n"
    "goes on where it was. Times are the network's, by the cost of its operators; features are not "
    "in them.\n\n"
    "  moteloop tune motion.recipe --project plant --board nano33iot --ms 20\n"
    "  moteloop train motion.best.recipe --project plant\n",
    tune_options,
    sizeof(struct tune_opts),
    &tune_defaults,
    run};
