// moteloop explore: computes a projection for the page's explorer, here or as the job that the page started.
#include "common/err.h"
#include "common/jx.h"
#include "common/opt.h"
#include "common/project.h"
#include "common/store/store.h"
#include "common/store/store_explore.h"
#include "common/store/store_model.h"
#include "labeler/explore.h"

#include <fcntl.h>
#include <unistd.h>

struct explore_opts {
    const char *project, *stream, *model, *method;
    int64_t windows, seed, id;
    bool detach, json;
};
static const struct explore_opts explore_defaults = {.method = "pca", .windows = 5000, .seed = 1};

static const struct opt explore_options[] = {
    {"stream", "NAME", "stream whose windows are projected", OPT_STR,
     offsetof(struct explore_opts, stream)},
    {"model", "ID",
     "model (number or digest) whose features are used and that judges every window (default: "
     "none)",
     OPT_STR, offsetof(struct explore_opts, model)},
    {"method", "NAME", "pca (default) or tsne", OPT_STR, offsetof(struct explore_opts, method)},
    {"windows", "N", "at most so many windows (default 5000)", OPT_I64,
     offsetof(struct explore_opts, windows)},
    {"seed", "N", "seed of every random choice (default 1)", OPT_I64,
     offsetof(struct explore_opts, seed)},
    {"id", "N", "carry out the projection that the page asked for", OPT_I64,
     offsetof(struct explore_opts, id)},
    {"detach", NULL, "go on in the background", OPT_FLAG, offsetof(struct explore_opts, detach)},
    OPT_PROJECT(struct explore_opts, project),
    OPT_JSON(struct explore_opts, json),
    OPT_END};

static int copy_digest(void *ctx, const struct store_model *m)
{
    (void)snprintf(ctx, STORE_DIGEST_TEXT, "%s", m->digest);
    return OK;
}

static int add(struct store *s, struct explore_opts *o, struct err *e)
{
    char digest[STORE_DIGEST_TEXT] = "";
    if (!o->stream || (strcmp(o->method, "pca") != 0 && strcmp(o->method, "tsne") != 0)) {
        return err_set(
            e, E_USAGE,
            "say which stream, and pca or tsne: moteloop explore --stream acc --method tsne");
    }
    if (o->windows < 3 || o->windows > EXPLORE_WINDOWS_MAX) {
        return err_set(e, E_USAGE, "--windows is 3 to %d", EXPLORE_WINDOWS_MAX);
    }
    int rc = o->model ? store_model_find(s, o->model, NULL, copy_digest, digest, e) : OK;
    struct store_projection p = {.method = o->method,
                                 .stream = o->stream,
                                 .model = digest,
                                 .window_limit = o->windows,
                                 .seed = o->seed,
                                 .author = "moteloop explore"};
    rc = rc ? rc : store_projection_add(s, &p, e);
    o->id = p.projection_id;
    return rc;
}

static int on_done(void *ctx, const struct store_projection *p)
{
    const struct explore_opts *o = ctx;
    if (o->json) {
        jx_print(json_pack("{s:I,s:s,s:s,s:I,s:s}", "id", (json_int_t)p->projection_id, "method",
                           p->method, "stream", p->stream, "windows", (json_int_t)p->windows,
                           "note", p->note));
    } else {
        printf("%lld windows of stream '%s' projected: %s\n", (long long)p->windows, p->stream,
               p->note);
    }
    return OK;
}

// The server waits for the first process alone; the second goes on with no tie to it.
static bool leave(void)
{
    pid_t child = fork();
    if (child != 0) {
        return true;
    }
    (void)setsid();
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
    }
    return nice(10) == -1 && false; // the page and the collector come first
}

static int cmd_explore(void *options, int npos, char **pos)
{
    struct explore_opts *o = options;
    struct err e = {0};
    struct project project;
    struct store *s = NULL;
    (void)pos;
    if (o->detach && leave()) {
        return 0;
    }
    int rc = npos ? err_set(&e, E_USAGE, "moteloop explore takes options alone")
                  : project_open(&project, o->project, &e);
    rc = rc ? rc : store_open(&s, project.dir, STORE_WRITE, &e);
    rc = rc || o->id ? rc : add(s, o, &e);
    rc = rc ? rc : explore_run(&project, s, o->id, &e);
    rc = rc ? rc : store_projection_walk(s, o->id, on_done, o, &e);
    store_close(s);
    if (rc) {
        fprintf(stderr, "moteloop explore: %s\n", e.msg);
    }
    return err_exit_code(rc);
}

int main(int argc, char **argv)
{
    const struct opt_command commands[] = {
        {"explore", NULL, "project all windows into a plane, with what a model says of each",
         "The page's explorer shows the result, coloured by label; likely label errors and "
         "proposals come from it.\n"
         "Example: moteloop explore --stream acc --model 3 --method tsne\n",
         explore_options, sizeof(struct explore_opts), &explore_defaults, cmd_explore},
        {0}};
    return opt_main("moteloop-explorer", commands, argc, argv);
}
