// The explorer's job. See explore.h.
#include "labeler/explore.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "common/recording.h"
#include "common/store/store_explore.h"
#include "common/store/store_model.h"
#include "common/store/store_sample.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "labeler/plane.h"

#define FILE_MAX ((size_t)64 << 20)
#define FRAMES_MAX ((size_t)1 << 26)
#define KEEP 12          // projections
#define BATCH 400        // windows of one transaction
#define COMPONENTS 24    // that t-SNE starts from
#define TSNE_ROUNDS 500
#define FEATURES_MAX 4096
#define MOTION_US 2000000 // windows without a model
#define SOUND_US 1000000
#define SOUND_NS 333334

struct job {
    struct store *s;
    struct err *e;
    int64_t id, limit, seed;
    bool tsne;
    char stream[MOTE_NAME_MAX + 1], model[80];
    // The model, or the pipeline that stands in for it.
    void *file, *arena;
    size_t file_len;
    struct mote_pipe pipe; // nn is used only with a model
    struct mote_pipe_config config;
    void *scratch;
    size_t scratch_len;
    // Recordings that have the stream, and what came of them.
    int64_t *rec;
    size_t recs, rec_cap;
    float *x;
    struct store_projection_window *w;
    size_t count, cap, seen, every;
    bool ready;
};

static int no_memory(struct err *e)
{
    return err_set(e, E_MEM, "out of memory");
}

static void *aligned(size_t bytes)
{
    size_t rounded = (bytes + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, rounded);
    if (p) {
        memset(p, 0, rounded);
    }
    return p;
}

static int on_row(void *ctx, const struct store_projection *p)
{
    struct job *j = ctx;
    j->limit = p->window_limit;
    j->seed = p->seed;
    j->tsne = strcmp(p->method, "tsne") == 0;
    (void)snprintf(j->stream, sizeof(j->stream), "%s", p->stream);
    (void)snprintf(j->model, sizeof(j->model), "%s", p->model);
    return OK;
}

static int on_path(void *ctx, const struct store_model *m)
{
    (void)snprintf(ctx, IO_PATH_MAX / 2, "%s", m->path);
    return OK;
}

static int read_model(struct job *j, const struct project *project)
{
    char name[IO_PATH_MAX / 2] = "", path[IO_PATH_MAX];
    struct buf file = {0};
    int rc = store_model_find(j->s, j->model, NULL, on_path, name, j->e);
    rc = rc ? rc : io_read_file(project_path(project, path, name), FILE_MAX, &file, j->e);
    j->file = rc ? NULL : aligned(file.len);
    if (rc == OK && !j->file) {
        rc = no_memory(j->e);
    }
    if (rc == OK) {
        memcpy(j->file, file.data, file.len);
        j->file_len = file.len;
    }
    buf_release(&file);
    return rc;
}

static int open_model(struct job *j, const struct project *project)
{
    struct mote_nn_diag diag = {0};
    size_t bytes = 0;
    int rc = read_model(j, project);
    if (rc) {
        return rc;
    }
    int status = mote_pipe_arena_size(j->file, j->file_len, &mote_nn_ops_all, &bytes, &diag);
    j->arena = status == MOTE_OK ? aligned(bytes) : NULL;
    status = j->arena ? mote_pipe_open(&j->pipe, j->file, j->file_len, &mote_nn_ops_all, j->arena,
                                       bytes, &diag)
                      : status;
    if (status != MOTE_OK || !j->arena) {
        return err_set(j->e, E_FORMAT, "model %.10s cannot run here: %s", j->model,
                       status ? mote_status_text(status) : "out of memory");
    }
    j->config = j->pipe.config;
    if (!mote_str_is(j->config.stream, j->stream)) {
        return err_set(j->e, E_FORMAT, "model %.10s listens to stream '%.*s', not to '%s'",
                       j->model, (int)j->config.stream.len, j->config.stream.p, j->stream);
    }
    return OK;
}

// Without a model: statistics of motion, mel bands of sound, small grey pictures.
static void stand_in(struct job *j, const struct rec_samples *r)
{
    struct mote_pipe_config *c = &j->config;
    *c = (struct mote_pipe_config){.channels = (uint8_t)r->channels, .interval_ns = r->interval_ns};
    if (r->width) {
        c->window = r->width * r->height;
        c->width = r->width;
        c->height = r->height;
        mote_dsp_defaults(&c->dsp, MOTE_DSP_IMAGE);
        c->dsp.width = (uint16_t)r->width;
        c->dsp.height = (uint16_t)r->height;
        c->dsp.out_width = c->dsp.out_height = 24;
        c->dsp.gray = r->channels != 1;
    } else {
        bool sound = r->interval_ns <= SOUND_NS;
        int64_t frames = (sound ? SOUND_US : MOTION_US) * 1000ll /
                         (int64_t)(r->interval_ns ? r->interval_ns : 1000000);
        c->window = (uint32_t)(frames < 16 ? 16 : frames > 65536 ? 65536 : frames);
        mote_dsp_defaults(&c->dsp, sound ? MOTE_DSP_MFE : MOTE_DSP_SPECTRAL);
        if (mote_dsp_suggest(&c->dsp, r->interval_ns) != MOTE_OK ||
            mote_dsp_check(&c->dsp, c->channels, c->window, c->interval_ns) != MOTE_OK) {
            mote_dsp_defaults(&c->dsp, sound ? MOTE_DSP_MFE : MOTE_DSP_FLATTEN);
        }
    }
    c->stride = c->window;
}

static int prepare(struct job *j, const struct rec_samples *first)
{
    struct mote_pipe_config *c = &j->config;
    if (!j->file) {
        stand_in(j, first);
    }
    int features = mote_dsp_features(&c->dsp, c->channels, c->window, c->interval_ns);
    if (features < 1 || features > FEATURES_MAX ||
        mote_dsp_scratch(&c->dsp, c->channels, c->window, c->interval_ns, &j->scratch_len) !=
            MOTE_OK) {
        return err_set(j->e, E_FORMAT, "stream '%s' gives no features that can be projected",
                       j->stream);
    }
    c->features = (uint32_t)features;
    j->scratch = aligned(j->scratch_len);
    j->ready = j->scratch != NULL;
    return j->ready ? OK : no_memory(j->e);
}

static int grow(struct job *j)
{
    if (j->count < j->cap) {
        return OK;
    }
    j->cap = j->cap ? j->cap * 2 : 512;
    float *x = realloc(j->x, j->cap * j->config.features * sizeof(*x));
    j->x = x ? x : j->x;
    struct store_projection_window *w = x ? realloc(j->w, j->cap * sizeof(*w)) : NULL;
    j->w = w ? w : j->w;
    return w ? OK : no_memory(j->e);
}

// What the model calls class k; the pipeline's texts live as long as the file.
static int judge(struct job *j, const struct rec_samples *r, const uint8_t *raw,
                 struct store_projection_window *w)
{
    struct mote_pipe_result res;
    w->said = "";
    if (!j->file || j->config.task != MOTE_TASK_CLASSIFY) {
        return OK;
    }
    int status = mote_pipe_run(&j->pipe, raw, r->type, r->scale, &res);
    if (status != MOTE_OK) {
        return err_set(j->e, E_FORMAT, "recording %lld: %s", (long long)w->rec_id,
                       mote_status_text(status));
    }
    struct mote_str name = j->config.label[res.class_index];
    char *copy = malloc(name.len + 1);
    if (!copy) {
        return no_memory(j->e);
    }
    memcpy(copy, name.p, name.len);
    copy[name.len] = 0;
    w->said = copy;
    w->score = (double)res.score[res.class_index];
    w->novelty = (double)res.novelty;
    return OK;
}

static int add_window(struct job *j, const struct rec_samples *r, int64_t rec,
                      const struct rec_run *run, size_t at)
{
    if (j->seen++ % j->every || j->count == (size_t)j->limit) {
        return OK;
    }
    size_t frame = (size_t)r->channels * mote_sample_size((uint8_t)r->type);
    const uint8_t *raw = r->raw + (run->first_frame + at) * frame;
    int rc = grow(j);
    if (rc) {
        return rc;
    }
    struct store_projection_window *w = &j->w[j->count];
    int64_t start = run->start_us + (int64_t)(at * r->interval_ns / 1000),
            end = start + (int64_t)(j->config.window * r->interval_ns / 1000);
    *w = (struct store_projection_window){
        .n = (int64_t)j->count, .rec_id = rec, .start_us = start, .end_us = end, .said = ""};
    int status = mote_pipe_features(&j->config, raw, r->type, r->scale, j->scratch, j->scratch_len,
                                    j->x + j->count * j->config.features);
    if (status != MOTE_OK) {
        return err_set(j->e, E_FORMAT, "recording %lld: %s", (long long)rec,
                       mote_status_text(status));
    }
    rc = judge(j, r, raw, w);
    j->count += rc == OK;
    return rc;
}

static int add_recording(struct job *j, int64_t rec)
{
    struct rec_samples r = {0};
    int rc = rec_load(j->s, rec, j->stream, INT64_MIN, INT64_MAX, FRAMES_MAX, &r, j->e);
    if (rc == OK && !j->ready && r.frames) {
        rc = prepare(j, &r);
    }
    bool fits = rc == OK && j->ready && r.channels == j->config.channels &&
                (!r.width || r.width * r.height == j->config.window);
    for (size_t k = 0; fits && rc == OK && k < r.runs; k++) {
        for (size_t at = 0; rc == OK && at + j->config.window <= r.run[k].frames;
             at += j->config.window) {
            rc = add_window(j, &r, rec, &r.run[k], at);
        }
    }
    rec_release(&r);
    return rc;
}

static int on_recording(void *ctx, const struct store_recording *c)
{
    struct job *j = ctx;
    if (j->recs == j->rec_cap) {
        j->rec_cap = j->rec_cap ? j->rec_cap * 2 : 256;
        int64_t *more = realloc(j->rec, j->rec_cap * sizeof(*more));
        if (!more) {
            return no_memory(j->e);
        }
        j->rec = more;
    }
    j->rec[j->recs++] = c->rec_id;
    return OK;
}

static int progress(struct job *j, double part)
{
    struct err e = {0};
    (void)!store_projection_set(j->s, j->id, "running", "", (int64_t)(part * 1000),
                                &e); // only for people who watch
    return OK;
}

static int tick(void *ctx, double part)
{
    return progress(ctx, 0.5 + part / 2);
}

// Where there are more windows than asked for, every so manyth is taken: guessed from a few recordings.
static int gather(struct job *j)
{
    struct store_recording_filter f = {
        .stream = j->stream, .newest_first = true, .limit = EXPLORE_WINDOWS_MAX};
    int rc = store_recording_walk(j->s, &f, on_recording, j, j->e);
    if (rc == OK && j->recs == 0) {
        rc = err_set(j->e, E_NOT_FOUND, "no recording has stream '%s'", j->stream);
    }
    size_t sample = j->recs < 24 ? j->recs : 24;
    j->every = SIZE_MAX;
    for (size_t i = 0; i < sample && rc == OK; i++) {
        rc = add_recording(j, j->rec[i * j->recs / sample]);
    }
    j->every = sample ? (j->seen * j->recs / sample + (size_t)j->limit - 1) / (size_t)j->limit : 1;
    j->every = j->every ? j->every : 1;
    for (size_t i = 0; i < j->count; i++) {
        free((void *)(uintptr_t)(*j->w[i].said ? j->w[i].said : NULL));
    }
    j->seen = j->count = 0;
    for (size_t i = 0; i < j->recs && rc == OK; i++) {
        rc = add_recording(j, j->rec[i]);
        if (i % 64 == 63) {
            (void)progress(j, 0.5 * (double)i / (double)j->recs);
        }
    }
    if (rc == OK && j->count < 3) {
        rc = err_set(j->e, E_NOT_FOUND, "fewer than three windows of stream '%s' are long enough",
                     j->stream);
    }
    return rc;
}

static int to_plane(struct job *j, double explained[2])
{
    size_t d = j->config.features;
    int k = j->tsne ? COMPONENTS : 2;
    k = (size_t)k > d ? (int)d : k;
    float *scores = calloc(j->count * (size_t)(k < 2 ? 2 : k), sizeof(*scores)),
          *xy = calloc(j->count * 2, sizeof(*xy));
    double share[PLANE_K_MAX] = {0};
    int rc =
        scores && xy ? plane_pca(j->x, j->count, d, k, (uint64_t)j->seed, scores, share) : E_MEM;
    for (size_t i = 0; i < j->count && rc == OK; i++) {
        xy[i * 2] = scores[i * (size_t)k];
        xy[i * 2 + 1] = k > 1 ? scores[i * (size_t)k + 1] : 0;
    }
    if (rc == OK && j->tsne) {
        rc = plane_tsne(scores, j->count, (size_t)k, 30, TSNE_ROUNDS, xy, tick, j);
    }
    if (rc == OK) {
        plane_fit(xy, j->count);
    }
    for (size_t i = 0; i < j->count && rc == OK; i++) {
        j->w[i].x = (double)xy[i * 2];
        j->w[i].y = (double)xy[i * 2 + 1];
    }
    explained[0] = share[0];
    explained[1] = share[1];
    free(scores);
    free(xy);
    return rc == OK ? OK : err_set(j->e, rc, "out of memory");
}

static int keep(struct job *j, const double explained[2])
{
    char note[120] = "t-SNE of its principal components";
    int rc = OK;
    if (!j->tsne) {
        (void)snprintf(note, sizeof(note),
                       "principal components: %.0f %% and %.0f %% of the variance",
                       explained[0] * 100, explained[1] * 100);
    }
    for (size_t i = 0; i < j->count && rc == OK; i += BATCH) {
        rc = store_projection_put(j->s, j->id, j->w + i,
                                  j->count - i < BATCH ? j->count - i : BATCH, j->e);
    }
    rc = rc ? rc : store_projection_set(j->s, j->id, "done", note, 1000, j->e);
    return rc ? rc : store_projection_prune(j->s, KEEP, j->e);
}

static void release(struct job *j)
{
    for (size_t i = 0; i < j->count; i++) {
        free((void *)(uintptr_t)(*j->w[i].said ? j->w[i].said : NULL));
    }
    free(j->w);
    free(j->x);
    free(j->rec);
    free(j->scratch);
    free(j->arena);
    free(j->file);
}

int explore_run(const struct project *project, struct store *s, int64_t id, struct err *e)
{
    struct job j = {.s = s, .e = e, .id = id, .every = 1};
    double explained[2] = {0};
    int rc = store_projection_walk(s, id, on_row, &j, e);
    if (rc == OK && !j.stream[0]) {
        return err_set(e, E_NOT_FOUND, "there is no projection %lld", (long long)id);
    }
    j.limit = j.tsne && j.limit > EXPLORE_TSNE_MAX ? EXPLORE_TSNE_MAX : j.limit;
    rc = rc ? rc : store_projection_set(s, id, "running", "", 0, e);
    rc = rc || !j.model[0] ? rc : open_model(&j, project);
    rc = rc ? rc : gather(&j);
    rc = rc ? rc : to_plane(&j, explained);
    rc = rc ? rc : keep(&j, explained);
    release(&j);
    if (rc) {
        struct err other = {0};
        (void)!store_projection_set(s, id, "failed", e->msg, 0,
                                    &other); // the first failure is the one to tell
    }
    return rc;
}
