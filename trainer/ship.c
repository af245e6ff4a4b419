// Pipelines, and the device runtime as the trainer's judge. See ship.h.
#include "trainer/ship.h"
#include "common/err.h"
#include "firmware/core/pipe/mote_pipe.h"

struct ship_runtime {
    struct mote_pipe pipe;
    void *arena;
    size_t arena_len;
};

// float32 little-endian, as the pipeline wants its arrays.
static uint8_t *little_endian(const float *v, size_t n)
{
    uint8_t *p = malloc(4 * n + 1);
    for (size_t i = 0; p && i < n; i++) {
        mote_putf(p + 4 * i, v[i]);
    }
    return p;
}

static int name_labels(const struct windows *w, struct mote_pipe_config *c, struct err *e)
{
    if (w->label.count > MOTE_MAX_CLASSES) {
        return err_set(e, E_LIMIT, "%zu classes, devices know at most %d", w->label.count,
                       MOTE_MAX_CLASSES);
    }
    c->classes = (uint8_t)w->label.count;
    for (size_t i = 0; i < w->label.count; i++) {
        size_t len = strlen(w->label.name[i]);
        if (len == 0 || len > MOTE_NAME_MAX) {
            return err_set(e, E_LIMIT,
                           "label '%s' has more than %d characters: rename it in [data]",
                           w->label.name[i], MOTE_NAME_MAX);
        }
        c->label[i] = (struct mote_str){w->label.name[i], len};
    }
    return OK;
}

static void describe(const struct features *f, const struct novelty *n, float threshold,
                     struct mote_pipe_config *c)
{
    const struct windows *w = f->w;
    const struct recipe *r = f->r;
    static const uint8_t tasks[] = {[TASK_CLASSIFY] = MOTE_TASK_CLASSIFY,
                                    [TASK_ANOMALY] = MOTE_TASK_ANOMALY,
                                    [TASK_REGRESS] = MOTE_TASK_REGRESS,
                                    [TASK_DETECT] = MOTE_TASK_DETECT};
    c->version = MOTE_PIPE_VERSION;
    c->task = tasks[r->task];
    c->stream = (struct mote_str){r->stream, strlen(r->stream)};
    c->channels = (uint8_t)w->channels;
    c->interval_ns = w->interval_ns;
    c->window = w->window;
    c->stride = w->stride;
    c->width = w->width;
    c->height = w->height;
    c->dsp = r->dsp;
    c->features = (uint32_t)f->count;
    c->threshold = threshold;
    c->centroids = (uint32_t)n->count;
    c->smooth = (uint8_t)r->smooth;
    c->suppress = (uint8_t)r->suppress;
}

int ship_pipeline(const struct features *f, const struct novelty *n, float threshold,
                  struct buf *out, struct err *e)
{
    struct mote_pipe_config c = {0};
    size_t cap = 4 * (2 * f->count + n->count * (f->count + 1)) + 8192;
    uint8_t *offset = f->offset ? little_endian(f->offset, f->count) : NULL;
    uint8_t *gain = f->gain ? little_endian(f->gain, f->count) : NULL;
    uint8_t *centroid = little_endian(n->centroid, n->count * f->count),
            *radius = little_endian(n->radius, n->count);
    uint8_t *bytes = malloc(cap);
    int rc = OK;
    if (!centroid || !radius || !bytes || (f->offset && (!offset || !gain))) {
        rc = err_set(e, E_MEM, "out of memory");
        goto out;
    }
    describe(f, n, threshold, &c);
    c.offset = offset;
    c.gain = gain;
    c.centroid = n->count ? centroid : NULL;
    c.radius = n->count ? radius : NULL;
    rc = name_labels(f->w, &c, e);
    int len = rc ? rc : mote_pipe_config_encode(bytes, cap, &c);
    if (rc == OK && len < 0) {
        rc = err_set(e, E_FORMAT,
                     "the pipeline cannot be described (%s): stream names are [a-z0-9_], smooth "
                     "and centroids "
                     "have limits",
                     mote_status_text(len));
    }
    rc = rc ? rc : buf_put(out, bytes, (size_t)len);
out:
    free(offset);
    free(gain);
    free(centroid);
    free(radius);
    free(bytes);
    return rc;
}

void *ship_aligned(const void *data, size_t len)
{
    void *p = aligned_alloc(64, (len + 63) & ~(size_t)63);
    if (p) {
        memcpy(p, data, len);
    }
    return p;
}

static int refused(int status, const struct mote_nn_diag *d, struct err *e)
{
    return err_set(e, E_REFUSED, "the device runtime refuses the model: %s%s%s (%s)",
                   d->op_name ? d->op_name : "", d->op_name ? ": " : "",
                   d->reason ? d->reason : "no reason given", mote_status_text(status));
}

struct ship_runtime *ship_open(const void *file, size_t len, struct err *e)
{
    struct mote_nn_diag diag = {0};
    struct ship_runtime *r = calloc(1, sizeof(*r));
    if (!r) {
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    int status = mote_pipe_arena_size(file, len, &mote_nn_ops_all, &r->arena_len, &diag);
    if (status) {
        refused(status, &diag, e);
        ship_close(r);
        return NULL;
    }
    r->arena = aligned_alloc(64, (r->arena_len + 127) & ~(size_t)63);
    status = r->arena ? mote_pipe_open(&r->pipe, file, len, &mote_nn_ops_all, r->arena,
                                       r->arena_len, &diag)
                      : MOTE_E_SPACE;
    if (status) {
        refused(status, &diag, e);
        ship_close(r);
        return NULL;
    }
    return r;
}

void ship_close(struct ship_runtime *r)
{
    if (r) {
        free(r->arena);
        free(r);
    }
}

const struct mote_pipe_config *ship_config(const struct ship_runtime *r)
{
    return &r->pipe.config;
}

unsigned ship_input_type(const struct ship_runtime *r)
{
    struct mote_nn_tensor in;
    return mote_nn_input(&r->pipe.nn, 0, &in) == MOTE_OK ? in.type : MOTE_NN_I8;
}

size_t ship_arena(const struct ship_runtime *r)
{
    return r->arena_len;
}

int ship_run(struct ship_runtime *r, const void *raw, unsigned type, float scale,
             struct mote_pipe_result *out, struct mote_nn_tensor *output, struct err *e)
{
    int status = mote_pipe_run(&r->pipe, raw, type, scale, out);
    status = status ? status : mote_nn_output(&r->pipe.nn, 0, output);
    return status ? err_set(e, E_STATE, "the device runtime failed on a window: %s",
                            mote_status_text(status))
                  : OK;
}

// The trainer's features, quantized as the pipeline does it, through the trainer's arithmetic.
static int compare(struct ship_runtime *r, struct quant_sim *sim, const float *x, size_t count,
                   const struct mote_nn_tensor *output, struct parity *p, struct err *e)
{
    struct mote_nn_tensor in;
    int16_t *q = calloc(count, sizeof(*q)); // int8 takes half of it
    int status = q ? mote_nn_input(&r->pipe.nn, 0, &in) : MOTE_E_SPACE;
    if (status == MOTE_OK) {
        in.data = q;
        status = mote_pipe_quantize(x, count, &in);
    }
    if (status == MOTE_OK) {
        p->windows++;
        p->equal += memcmp(quant_sim_run(sim, q), output->data, output->bytes) == 0;
    }
    free(q);
    return status ? err_set(e, E_STATE, "cannot compare with the device runtime: %s",
                            mote_status_text(status))
                  : OK;
}

void ship_anomaly_scores(float distance, float threshold, float *score)
{
    float sum = distance + threshold;
    score[1] = sum > 0 ? distance / sum : 0;
    score[0] = 1 - score[1];
}

// What the last run found, beside what is there.
static int judge_cells(const struct ship_runtime *r, const struct windows *w, uint32_t window,
                       struct judge *j, struct err *e)
{
    uint16_t grid[2];
    int count = mote_pipe_cells(&r->pipe, NULL, 0, grid);
    struct mote_pipe_cell *cell = count < 0 ? NULL : calloc((size_t)count + 1, sizeof(*cell));
    int rc = cell && mote_pipe_cells(&r->pipe, cell, (size_t)count, grid) == count
                 ? judge_cells_add(j, w, window, cell, (size_t)count, grid)
                 : E_STATE;
    free(cell);
    return rc ? err_set(e, rc, "the finds of a window cannot be read") : OK;
}

int ship_judge(struct ship_runtime *r, const struct windows *w, enum split split,
               struct quant_sim *sim, const struct features *f, struct judge *j, struct parity *p,
               struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < w->count && rc == OK; i++) {
        const struct window *x = &w->w[i];
        if (split != SPLIT_NONE && x->split != split) {
            continue;
        }
        const struct piece *piece = &w->piece[x->piece];
        size_t size = w->channels * mote_sample_size(piece->type);
        struct mote_pipe_result result;
        struct mote_nn_tensor output;
        rc = ship_run(r, piece->raw + x->frame * size, piece->type, piece->scale, &result, &output,
                      e);
        if (rc == OK && sim) {
            rc = compare(r, sim, f->x + i * f->count, f->count, &output, p, e);
        }
        if (rc == OK && r->pipe.config.task == MOTE_TASK_ANOMALY) {
            ship_anomaly_scores(result.score[0], r->pipe.config.threshold, result.score);
        }
        struct judged one = {.label = x->label,
                             .group = x->group,
                             .answer = (uint16_t)result.class_index,
                             .uncertain = result.uncertain,
                             .score = result.score[result.class_index],
                             .novelty = result.novelty,
                             .recording = x->recording,
                             .value = x->value};
        if (rc == OK && r->pipe.config.task == MOTE_TASK_DETECT) {
            rc = judge_cells(r, w, (uint32_t)i, j, e);
        }
        if (rc == OK && judge_add(j, one, result.score)) {
            rc = err_set(e, E_MEM, "out of memory");
        }
    }
    return rc;
}
