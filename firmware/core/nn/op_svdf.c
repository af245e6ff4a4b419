// SVDF: each filter reduces the input to one number, remembers the last `memory` of them, and weighs those;
// `rank` filters add up to one unit. On int8 with int8 or int16 memory, and on float32.
#include "firmware/core/nn/nn_dots.h"
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_window.h"

#define FILTERS 4 // at a time

// All memories lie behind each other, so that one move ages all of them; the gaps are then filled.
static void age_f32(const struct nn_svdf *p)
{
    size_t n = (size_t)p->batches * (size_t)p->filters * (size_t)p->memory;
    if (n > 0) {
        memmove(p->state, (float *)p->state + 1, (n - 1) * sizeof(float));
    }
}

// What up to four filters from f on make of the input of batch b.
static void features(const struct nn_svdf *p, int32_t b, int32_t f, int32_t count, int32_t *newest)
{
    const int8_t *w[FILTERS];
    int32_t sums[FILTERS] = {0};
    const int32_t least = p->wide ? INT16_MIN : INT8_MIN;
    for (int32_t i = 0; i < FILTERS; i++) {
        w[i] =
            (const int8_t *)p->feature + (size_t)(f + nn_min32(i, count - 1)) * (size_t)p->inputs;
    }
    nn_dots_4(w, (const int8_t *)p->in + (size_t)b * (size_t)p->inputs, p->inputs, -p->in_zero,
              sums);
    for (int32_t i = 0; i < count; i++) {
        int32_t x = nn_clamp(nn_rescale(sums[i], p->to_state.multiplier, p->to_state.shift), least,
                             -least - 1);
        newest[i] = p->wide ? (int16_t)(p->state_zero + x) : (int8_t)(p->state_zero + x);
    }
}

// The weighed memory of filter f in batch b, which ages on the way.
static uint32_t recall(const struct nn_svdf *p, int32_t b, int32_t f, int32_t newest)
{
    const int32_t last = p->memory - 1;
    const size_t at = ((size_t)b * (size_t)p->filters + (size_t)f) * (size_t)p->memory;
    if (p->wide) {
        return (uint32_t)nn_recall_i16((int16_t *)p->state + at,
                                       (const int16_t *)p->time + (size_t)f * (size_t)p->memory,
                                       last, newest, p->state_zero);
    }
    uint32_t sum = 0;
    int8_t *s = (int8_t *)p->state + at;
    const int8_t *w = (const int8_t *)p->time + (size_t)f * (size_t)p->memory;
    for (int32_t i = last; i > 0; i--, s++) {
        *s = s[1];
        sum += (uint32_t)(*w++) * (uint32_t)(*s - p->state_zero);
    }
    *s = (int8_t)newest;
    return sum + (uint32_t)*w * (uint32_t)(newest - p->state_zero);
}

void nn_svdf_i8(const void *params)
{
    const struct nn_svdf *p = params;
    int8_t *out = p->out;
    for (int32_t b = 0; b < p->batches; b++) {
        const int32_t *bias = p->bias;
        uint32_t sum = 0;
        int32_t rank = 0; // filters of the present unit so far
        for (int32_t f = 0; f < p->filters; f += FILTERS) {
            const int32_t count = nn_min32(FILTERS, p->filters - f);
            int32_t newest[FILTERS];
            features(p, b, f, count, newest);
            for (int32_t i = 0; i < count; i++) {
                sum += recall(p, b, f + i, newest[i]);
                if (++rank == p->rank) {
                    int32_t y = (int32_t)(sum + (bias != NULL ? (uint32_t)*bias++ : 0));
                    y = nn_wrap_add(nn_rescale(y, p->to_out.multiplier, p->to_out.shift),
                                    p->out_zero);
                    *out++ = (int8_t)nn_clamp(y, INT8_MIN, INT8_MAX);
                    sum = 0;
                    rank = 0;
                }
            }
        }
    }
}

static float filter_f32(const struct nn_svdf *p, int32_t b, int32_t f)
{
    const float *in = (const float *)p->in + (size_t)b * (size_t)p->inputs;
    const float *w = (const float *)p->feature + (size_t)f * (size_t)p->inputs;
    float sum = 0.0f;
    for (int32_t i = 0; i < p->inputs; i++) {
        sum += w[i] * in[i];
    }
    return sum;
}

static float recall_f32(const struct nn_svdf *p, int32_t b, int32_t f)
{
    const float *w = (const float *)p->time + (size_t)f * (size_t)p->memory;
    const float *s =
        (const float *)p->state + ((size_t)b * (size_t)p->filters + (size_t)f) * (size_t)p->memory;
    float sum = 0.0f;
    for (int32_t i = 0; i < p->memory; i++) {
        sum += w[i] * s[i];
    }
    return sum;
}

void nn_svdf_f32(const void *params)
{
    const struct nn_svdf *p = params;
    float *out = p->out;
    age_f32(p);
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t f = 0; f < p->filters; f++) {
            size_t at = ((size_t)b * (size_t)p->filters + (size_t)f + 1) * (size_t)p->memory - 1;
            ((float *)p->state)[at] = filter_f32(p, b, f);
        }
        for (int32_t u = 0; u < p->filters / p->rank; u++) {
            float sum = p->bias != NULL ? ((const float *)p->bias)[u] : 0.0f;
            for (int32_t r = 0; r < p->rank; r++) {
                sum += recall_f32(p, b, u * p->rank + r);
            }
            sum = sum < p->lo ? p->lo : sum;
            *out++ = p->hi < sum ? p->hi : sum;
        }
    }
}

struct svdf_tensors {
    struct nn_tensor in, feature, time, state, out;
};

static int shapes(struct nn_ctx *c, struct nn_svdf *p, struct svdf_tensors *t)
{
    int rc = nn_arity(c, 5, 5, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &t->in)) != MOTE_OK ||
        (rc = nn_in(c, 1, &t->feature)) != MOTE_OK || (rc = nn_in(c, 2, &t->time)) != MOTE_OK ||
        (rc = nn_in(c, 4, &t->state)) != MOTE_OK || (rc = nn_out(c, 0, &t->out)) != MOTE_OK) {
        return rc;
    }
    if (t->in.rank != 2 || t->feature.rank != 2 || t->time.rank != 2 || t->out.rank != 2) {
        return nn_misshapen(c, NN_WHY("tensors must have two dimensions"), &t->in);
    }
    p->batches = t->in.dims[0];
    p->inputs = t->in.dims[1];
    p->filters = t->feature.dims[0];
    p->memory = t->time.dims[1];
    p->rank = nn_opt_i32(c, 0, 0);
    if (p->rank < 1 || p->filters % p->rank != 0 || p->memory < 1 ||
        t->feature.dims[1] != p->inputs || t->time.dims[0] != p->filters ||
        t->out.dims[0] != p->batches || t->out.dims[1] != p->filters / p->rank ||
        (int64_t)p->batches * p->filters * p->memory != t->state.count || !t->state.variable) {
        return nn_misshapen(c, NN_WHY("tensors do not match each other"), &t->state);
    }
    p->in = nn_data(c, &t->in);
    p->feature = nn_data(c, &t->feature);
    p->time = nn_data(c, &t->time);
    p->state = nn_data(c, &t->state);
    p->out = nn_data(c, &t->out);
    return MOTE_OK;
}

static int prepare_i8(struct nn_ctx *c)
{
    struct nn_svdf *p = nn_keep(c, sizeof *p);
    struct svdf_tensors t;
    int rc = shapes(c, p, &t);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &t.in)) != MOTE_OK ||
        (rc = nn_need_scale(c, &t.feature)) != MOTE_OK ||
        (rc = nn_need_scale(c, &t.time)) != MOTE_OK ||
        (rc = nn_need_scale(c, &t.state)) != MOTE_OK ||
        (rc = nn_need_scale(c, &t.out)) != MOTE_OK) {
        return rc;
    }
    if (t.feature.type != MOTE_NN_I8 || t.out.type != MOTE_NN_I8 || t.time.type != t.state.type ||
        (t.state.type != MOTE_NN_I8 && t.state.type != MOTE_NN_I16)) {
        return nn_unsupported(c, NN_WHY("types of weights and state"));
    }
    if (!nn_scale_from(t.in.scale * t.feature.scale / t.state.scale, 1.0f, 1.0f, 0, &p->to_state) ||
        !nn_scale_from(t.state.scale * t.time.scale / t.out.scale, 1.0f, 1.0f, 0, &p->to_out)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &t.state);
    }
    p->wide = t.state.type == MOTE_NN_I16;
    p->in_zero = t.in.zero_point;
    p->state_zero = t.state.zero_point;
    p->out_zero = t.out.zero_point;
    c->eval = nn_svdf_i8;
    return nn_bias(c, 3, MOTE_NN_I32, p->filters / p->rank, &p->bias);
}

static int prepare_f32(struct nn_ctx *c)
{
    struct nn_svdf *p = nn_keep(c, sizeof *p);
    struct svdf_tensors t;
    int rc = shapes(c, p, &t);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (t.feature.type != MOTE_NN_F32 || t.out.type != MOTE_NN_F32 || t.time.type != MOTE_NN_F32 ||
        t.state.type != MOTE_NN_F32) {
        return nn_unsupported(c, NN_WHY("types of weights and state"));
    }
    c->eval = nn_svdf_f32;
    rc = nn_activation_range_f32(c, nn_opt_u8(c, 1, 0), &p->lo, &p->hi);
    return rc != MOTE_OK ? rc : nn_bias(c, 3, MOTE_NN_F32, p->filters / p->rank, &p->bias);
}

static uint64_t macs(struct nn_ctx *c)
{
    struct nn_tensor in;
    struct nn_tensor f;
    struct nn_tensor t;
    if (nn_in(c, 0, &in) != MOTE_OK || nn_in(c, 1, &f) != MOTE_OK || nn_in(c, 2, &t) != MOTE_OK) {
        return 0;
    }
    return (uint64_t)in.dims[0] * (uint64_t)(f.count + t.count);
}

const struct mote_nn_op mote_nn_op_svdf_i8 = {"SVDF", prepare_i8, macs, NN_SVDF, MOTE_NN_I8, 4};
const struct mote_nn_op mote_nn_op_svdf_f32 = {"SVDF", prepare_f32, macs, NN_SVDF, MOTE_NN_F32, 4};
