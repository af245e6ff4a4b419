// The explorer: windows in a plane, what a model says of them, likely label errors, proposals.
#include "labeler/api.h"

#include "common/err.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/store/store_explore.h"
#include "common/store/store_model.h"
#include "common/store/store_sample.h"
#include "labeler/explore.h"

#include <spawn.h>
#include <sys/wait.h>

#define ERRORS_MAX 500
#define PROPOSALS_MAX 5000

static int on_projection(void *ctx, const struct store_projection *p)
{
    return json_array_append_new(
        ctx, json_pack("{s:I,s:o,s:o,s:o,s:o,s:o,s:I,s:f,s:I,s:o,s:I,s:I}", "id",
                       (json_int_t)p->projection_id, "method", api_text(p->method), "stream",
                       api_text(p->stream), "model", api_text(p->model), "state",
                       api_text(p->state), "note", api_text(p->note), "windows",
                       (json_int_t)p->windows, "done", (double)p->done / 1000, "seed",
                       (json_int_t)p->seed, "author", api_text(p->author), "created_ms",
                       (json_int_t)p->created_ms, "changed_ms", (json_int_t)p->changed_ms));
}

int api_projections(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_projection_walk(lab->store, 0, on_projection, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "projections", list), e);
}

// Starts the program beside this one. It leaves for the background by itself, so that waiting for it is short.
static int start(struct lab *lab, int64_t id, struct err *e)
{
    char dir[IO_PATH_MAX], path[IO_PATH_MAX], number[24];
    int rc = io_program_dir(dir, sizeof(dir), e);
    if (rc == OK && io_join(path, sizeof(path), dir, "moteloop-explorer")) {
        rc = err_set(e, E_LIMIT, "the path of the programs is too long");
    }
    if (rc) {
        return rc;
    }
    (void)snprintf(number, sizeof(number), "%lld", (long long)id);
    char *const argv[] = {path,
                          (char[]){"explore"},
                          (char[]){"--id"},
                          number,
                          (char[]){"--project"},
                          lab->project.dir,
                          (char[]){"--detach"},
                          NULL};
    char *const env[] = {NULL};
    pid_t child;
    int status = 0, code = posix_spawn(&child, path, NULL, NULL, argv, env);
    if (code || waitpid(child, &status, 0) != child || status) {
        return err_set(e, E_IO, "cannot start '%s': is it installed beside the labeler?", path);
    }
    return OK;
}

static int copy_digest(void *ctx, const struct store_model *m)
{
    (void)snprintf(ctx, STORE_DIGEST_TEXT, "%s", m->digest);
    return OK;
}

int api_projection_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char digest[STORE_DIGEST_TEXT] = "";
    const char *model = "";
    struct store_projection p = {
        .method = "pca", .window_limit = 5000, .seed = 1, .author = q->user};
    int rc = jx_get_str(q->json, "stream", 64, &p.stream, e);
    rc = rc ? rc : api_opt_str(q->json, "method", 8, &p.method, e);
    rc = rc ? rc : api_opt_str(q->json, "model", 64, &model, e);
    rc = rc ? rc : api_opt_i64(q->json, "windows", 3, EXPLORE_WINDOWS_MAX, &p.window_limit, e);
    rc = rc ? rc : api_opt_i64(q->json, "seed", 0, INT64_MAX, &p.seed, e);
    if (rc == OK && strcmp(p.method, "pca") != 0 && strcmp(p.method, "tsne") != 0) {
        rc = err_set(e, E_FORMAT, "'method' is pca or tsne");
    }
    rc = rc || !*model ? rc : store_model_find(lab->store, model, NULL, copy_digest, digest, e);
    p.model = digest;
    rc = rc ? rc : store_projection_add(lab->store, &p, e);
    rc = rc ? rc : start(lab, p.projection_id, e);
    if (rc && p.projection_id) {
        struct err other = {0};
        (void)!store_projection_set(lab->store, p.projection_id, "failed", e->msg, 0,
                                    &other); // the first failure is the one to tell
    }
    r->status = 202;
    return rc ? rc : api_answer(r, json_pack("{s:I}", "id", (json_int_t)p.projection_id), e);
}

// --- windows: columns, because there are thousands ------------------------------------------
struct columns {
    json_t *rec, *start, *end, *x, *y, *label, *said, *score, *novelty, *names;
};

static int place_of(json_t *names, const char *name)
{
    size_t i;
    json_t *v;
    if (!*name) {
        return -1;
    }
    json_array_foreach(names, i, v) {
        if (strcmp(json_string_value(v), name) == 0) {
            return (int)i;
        }
    }
    json_array_append_new(names, api_text(name));
    return (int)i;
}

static json_t *rounded(double v)
{
    return json_real((double)(int64_t)(v * 10000 + (v < 0 ? -0.5 : 0.5)) / 10000);
}

static int on_window(void *ctx, const struct store_projection_window *w)
{
    struct columns *c = ctx;
    json_array_append_new(c->rec, json_integer(w->rec_id));
    json_array_append_new(c->start, json_integer(w->start_us));
    json_array_append_new(c->end, json_integer(w->end_us));
    json_array_append_new(c->x, rounded(w->x));
    json_array_append_new(c->y, rounded(w->y));
    json_array_append_new(c->label, json_integer(place_of(c->names, w->label)));
    json_array_append_new(c->said, json_integer(place_of(c->names, w->said)));
    json_array_append_new(c->score, rounded(w->score));
    return json_array_append_new(c->novelty, rounded(w->novelty));
}

int api_projection(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    json_t *list = json_array();
    struct columns c = {json_array(), json_array(), json_array(), json_array(), json_array(),
                        json_array(), json_array(), json_array(), json_array(), json_array()};
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : store_projection_walk(lab->store, id, on_projection, list, e);
    if (rc == OK && json_array_size(list) == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no projection %lld", (long long)id);
    }
    rc = rc ? rc : store_projection_windows(lab->store, id, on_window, &c, e);
    json_t *v = json_pack("{s:O,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "projection",
                          rc ? json_null() : json_array_get(list, 0), "names", c.names, "rec",
                          c.rec, "start_us", c.start, "end_us", c.end, "x", c.x, "y", c.y, "label",
                          c.label, "said", c.said, "score", c.score, "novelty", c.novelty);
    json_decref(list);
    if (rc) {
        json_decref(v);
        return rc;
    }
    return api_answer(r, v, e);
}

static int on_error(void *ctx, const struct store_projection_window *w)
{
    return json_array_append_new(
        ctx, json_pack("{s:I,s:I,s:I,s:o,s:o,s:f}", "rec", (json_int_t)w->rec_id, "start_us",
                       (json_int_t)w->start_us, "end_us", (json_int_t)w->end_us, "label",
                       api_text(w->label), "said", api_text(w->said), "score", w->score));
}

int api_projection_errors(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, limit = 100;
    json_t *list = json_array();
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, ERRORS_MAX, &limit, e);
    rc = rc ? rc
            : store_projection_errors(lab->store, id, lab_req_param(q, "label"),
                                      lab_req_param(q, "said"), limit, on_error, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "windows", list), e);
}

static int on_proposal(void *ctx, const struct store_proposal *p)
{
    return json_array_append_new(ctx,
                                 json_pack("{s:I,s:o,s:o,s:f,s:I}", "rec", (json_int_t)p->rec_id,
                                           "label", api_text(p->label), "now", api_text(p->now),
                                           "score", p->score, "windows", (json_int_t)p->windows));
}

int api_projection_proposals(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, limit = 1000, unlabelled = 1, least = 0;
    json_t *list = json_array();
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, PROPOSALS_MAX, &limit, e);
    rc = rc ? rc : lab_req_param_i64(q, "unlabelled", 0, 1, &unlabelled, e);
    rc = rc ? rc : lab_req_param_i64(q, "least", 0, 100, &least, e);
    rc = rc ? rc
            : store_projection_proposals(lab->store, id, (double)least / 100, unlabelled, limit,
                                         on_proposal, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "proposals", list), e);
}
