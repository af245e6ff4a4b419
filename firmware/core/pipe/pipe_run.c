// Opens a model with the pipeline that it carries, and runs windows through both.
//
// Arena: features and scratch live only until the model's input is written, and so share the memory
// that the model keeps nothing in between invokes:
//
//   | plan, state | idle: input, activations ... |
//                 | scratch, where it fits | features |     then, where there is room, | stream |
//
// Features begin at or behind the input: an element is read before the input's bytes reach it. Of
// an autoencoder they are needed until the end, and stand behind the model's arena.
#include "firmware/core/pipe/mote_pipe.h"
#include "firmware/core/pipe/pipe_cells.h"

#define ALIGN(n) (((n) + 15) & ~(size_t)15)

struct layout {
    size_t model;             // bytes of the model's own arena, at the start
    size_t features, scratch; // offsets
    size_t scratch_len;
    size_t least;  // bytes in all
    size_t stream; // bytes behind it; 0 where it would save nothing
};

static int refuse(struct mote_nn_diag *diag, int status, const char *reason)
{
    if (diag) {
        *diag = (struct mote_nn_diag){reason, NULL, -1, -1};
    }
    return status;
}

static int read_pipeline(const void *file, size_t len, struct mote_pipe_config *c,
                         struct mote_nn_diag *diag)
{
    const uint8_t *data;
    size_t bytes;
    if (mote_nn_metadata(file, len, MOTE_PIPE_METADATA, &data, &bytes) != MOTE_OK) {
        return refuse(diag, MOTE_E_NOT_FOUND,
                      "the model carries no pipeline (metadata " MOTE_PIPE_METADATA ")");
    }
    int status = mote_pipe_config_decode(c, data, bytes);
    if (status == MOTE_E_UNSUPPORTED) {
        return refuse(diag, status, "the pipeline needs what this runtime does not have");
    }
    return status ? refuse(diag, status, "the pipeline is damaged") : MOTE_OK;
}

// Only blocks with frames need more for a stream than for a window, and only overlapping windows
// share frames.
static int measure_stream(const struct mote_pipe_config *c, struct layout *out)
{
    int status =
        mote_dsp_stream_size(&c->dsp, c->channels, c->window, c->interval_ns, &out->stream);
    if (status || out->stream == out->scratch_len || c->stride >= c->window) {
        out->stream = 0;
    }
    return status;
}

static void lay_out(const struct mote_pipe_config *c, const struct mote_nn_space *model,
                    struct layout *out)
{
    size_t idle = ALIGN(model->idle), features = (size_t)c->features * sizeof(float);
    out->model = ALIGN(model->arena);
    out->features = ALIGN(model->input > idle ? model->input : idle);
    if (c->task == MOTE_TASK_ANOMALY) {
        out->features = out->model;
    }
    bool in_front = out->features >= idle && out->features - idle >= out->scratch_len;
    out->scratch = in_front ? idle : ALIGN(out->features + features);
    size_t end = out->scratch + out->scratch_len;
    end = end > out->features + features ? end : out->features + features;
    out->least = ALIGN(end > out->model ? end : out->model);
}

// Reads the pipeline of a verified file, and says what both need.
static int measure(const void *file, size_t len, const struct mote_nn_space *model,
                   struct mote_pipe_config *c, struct layout *out, struct mote_nn_diag *diag)
{
    memset(out, 0, sizeof(*out));
    int status = read_pipeline(file, len, c, diag);
    status = status ? status
                    : mote_dsp_scratch(&c->dsp, c->channels, c->window, c->interval_ns,
                                       &out->scratch_len);
    status = status ? status : measure_stream(c, out);
    if (status == MOTE_OK) {
        lay_out(c, model, out);
    }
    return status;
}

int mote_pipe_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops,
                         size_t *arena_bytes, struct mote_nn_diag *diag)
{
    struct mote_pipe_config c;
    struct layout l;
    struct mote_nn_space model;
    int status = mote_nn_space(file, len, ops, 0, &model, diag);
    status = status ? status : measure(file, len, &model, &c, &l, diag);
    *arena_bytes = status ? 0 : l.least;
    return status;
}

int mote_pipe_stream_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops,
                                size_t *arena_bytes, struct mote_nn_diag *diag)
{
    struct mote_pipe_config c;
    struct layout l;
    struct mote_nn_space model;
    int status = mote_nn_space(file, len, ops, 0, &model, diag);
    status = status ? status : measure(file, len, &model, &c, &l, diag);
    *arena_bytes = status ? 0 : l.least + l.stream;
    return status;
}

static size_t value_size(unsigned type)
{
    return type == MOTE_NN_F32                        ? 4
           : type == MOTE_NN_I16                      ? 2
           : type == MOTE_NN_I8 || type == MOTE_NN_U8 ? 1
                                                      : 0;
}

static size_t values(const struct mote_nn_tensor *t)
{
    size_t size = value_size(t->type);
    return size ? t->bytes / size : 0;
}

static bool outputs_fit(const struct mote_pipe_config *c, size_t outputs)
{
    if (c->task == MOTE_TASK_ANOMALY) {
        return outputs == c->features || outputs == 1;
    }
    if (c->task == MOTE_TASK_DETECT) {
        return outputs > 0 && outputs % (c->classes + 1u) == 0;
    }
    return outputs == c->classes ||
           (c->task == MOTE_TASK_CLASSIFY && outputs == 1 && c->classes == 2);
}

static int match(const struct mote_pipe *p, struct mote_nn_diag *diag)
{
    struct mote_nn_tensor in, out;
    if (mote_nn_input_count(&p->nn) != 1 || mote_nn_output_count(&p->nn) != 1 ||
        mote_nn_input(&p->nn, 0, &in) != MOTE_OK || mote_nn_output(&p->nn, 0, &out) != MOTE_OK) {
        return refuse(diag, MOTE_E_MISMATCH,
                      "a pipeline needs a model with one input and one output");
    }
    if (values(&in) != p->config.features || (in.type != MOTE_NN_F32 && !(in.scale > 0.0f))) {
        return refuse(diag, MOTE_E_MISMATCH,
                      "the model's input does not take the pipeline's features");
    }
    if (!outputs_fit(&p->config, values(&out))) {
        return refuse(diag, MOTE_E_MISMATCH,
                      "the model's outputs do not fit the pipeline's labels");
    }
    return MOTE_OK;
}

int mote_pipe_open(struct mote_pipe *p, const void *file, size_t len, const struct mote_nn_ops *ops,
                   void *arena, size_t arena_len, struct mote_nn_diag *diag)
{
    struct layout l;
    const struct mote_pipe_config *c = &p->config;
    memset(p, 0, sizeof(*p));
    struct mote_nn_space model;
    int status = mote_nn_space_in(file, len, ops, 0, arena, arena_len, &model, diag);
    if (status == MOTE_E_LIMIT && arena_len < MOTE_NN_MAX_BLOCKS * 16) {
        status = refuse(diag, MOTE_E_SPACE, "the arena is too small");
    }
    status = status ? status : measure(file, len, &model, &p->config, &l, diag);
    if (status) {
        return status;
    }
    if (arena_len < l.least) {
        return refuse(diag, MOTE_E_SPACE, "the arena is too small");
    }
    status = mote_nn_open(&p->nn, file, len, ops, 0, arena, l.model, diag);
    if (status) {
        return status;
    }
    uint8_t *at = arena;
    p->features = (float *)(void *)(at + l.features);
    p->scratch = at + l.scratch;
    p->scratch_len = l.scratch_len;
    p->streams = l.stream && arena_len - l.least >= l.stream;
    if (p->streams) {
        status = mote_dsp_stream_open(&p->stream, &c->dsp, c->channels, c->window, c->interval_ns,
                                      at + l.least, l.stream);
    }
    return status ? status : match(p, diag);
}

static float reconstruction_error(const struct mote_nn_tensor *out, const float *features,
                                  uint32_t count)
{
    float sum = 0.0f;
    for (uint32_t i = 0; i < count; i++) {
        float d = mote_pipe_dequantize(out, i) - features[i];
        sum += d * d;
    }
    return sum / (float)count;
}

void mote_pipe_judge(const struct mote_pipe_config *c, struct mote_pipe_result *r)
{
    bool strange = r->novelty > 1.0f;
    r->class_index = 0;
    switch (c->task) {
    case MOTE_TASK_ANOMALY:
        r->uncertain = r->score[0] > c->threshold || strange;
        r->class_index = r->score[0] > c->threshold && c->classes > 1 ? 1 : 0;
        break;
    case MOTE_TASK_REGRESS:
        r->uncertain = strange;
        break;
    default:
        for (uint32_t i = 1; i < r->scores; i++) {
            r->class_index = r->score[i] > r->score[r->class_index] ? i : r->class_index;
        }
        r->uncertain = r->score[r->class_index] < c->threshold || strange;
        break;
    }
}

static int features_of(struct mote_pipe *p, const void *raw, unsigned type, float scale,
                       uint32_t advance)
{
    if (!p->streams) {
        return mote_pipe_features(&p->config, raw, type, scale, p->scratch, p->scratch_len,
                                  p->features);
    }
    int status = mote_dsp_stream_run(&p->stream, raw, type, scale, advance, p->features);
    if (status == MOTE_OK) {
        mote_pipe_normalise(&p->config, p->features);
    }
    return status;
}

int mote_pipe_run(struct mote_pipe *p, const void *raw, unsigned type, float scale,
                  struct mote_pipe_result *out)
{
    return mote_pipe_run_next(p, raw, type, scale, 0, out);
}

int mote_pipe_run_next(struct mote_pipe *p, const void *raw, unsigned type, float scale,
                       uint32_t advance, struct mote_pipe_result *out)
{
    const struct mote_pipe_config *c = &p->config;
    struct mote_nn_tensor in, scores;
    memset(out, 0, sizeof(*out));
    int status = features_of(p, raw, type, scale, advance);
    status = status ? status : mote_nn_input(&p->nn, 0, &in);
    if (status == MOTE_OK) { // before the input takes their place
        out->novelty = mote_pipe_novelty(c, p->features);
    }
    status = status ? status : mote_pipe_quantize(p->features, c->features, &in);
    status = status ? status : mote_nn_invoke(&p->nn);
    status = status ? status : mote_nn_output(&p->nn, 0, &scores);
    if (status) {
        return status;
    }
    out->scores = c->classes;
    if (c->task == MOTE_TASK_ANOMALY) {
        out->scores = 1;
        out->score[0] = values(&scores) == c->features
                            ? reconstruction_error(&scores, p->features, c->features)
                            : mote_pipe_dequantize(&scores, 0);
        if (c->centroids == 0 && c->threshold > 0.0f) {
            out->novelty = out->score[0] / c->threshold;
        }
    } else if (c->task == MOTE_TASK_DETECT) {
        mote_pipe_cells_best(c, &scores, out->score);
    } else if (values(&scores) == 1 && c->task == MOTE_TASK_CLASSIFY && c->classes == 2) {
        out->score[1] = mote_pipe_dequantize(&scores, 0);
        out->score[0] = 1.0f - out->score[1];
    } else {
        for (uint32_t i = 0; i < c->classes; i++) {
            out->score[i] = mote_pipe_dequantize(&scores, i);
        }
    }
    mote_pipe_judge(c, out);
    return MOTE_OK;
}
