// MEAN over any axes, on int8, int16 and float32. Inputs are added in the order in which they lie in memory.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_quant.h"
#include "firmware/core/nn/nn_shape.h"

static size_t offset(const int32_t *index, const int32_t *stride, unsigned rank)
{
    size_t at = 0;
    for (unsigned d = 0; d < rank; d++) {
        at += (size_t)index[d] * (size_t)stride[d];
    }
    return at;
}

// Moves *at to the next input of the output at `base`; false after the last.
static bool next_input(const struct nn_mean *p, int32_t *inner, size_t base, size_t *at)
{
    unsigned go = (unsigned)p->rank - p->stay;
    bool more = nn_next_index(inner, p->dims + p->stay, go);
    *at = base + offset(inner, p->stride + p->stay, go);
    return more;
}

void nn_mean_quantized(const void *params)
{
    const struct nn_mean *p = params;
    int32_t outer[MOTE_NN_MAX_RANK] = {0};
    int32_t lo = p->wide ? INT16_MIN : INT8_MIN;
    for (int32_t o = 0; o < p->outputs; o++) {
        int32_t inner[MOTE_NN_MAX_RANK] = {0};
        size_t base = offset(outer, p->stride, p->stay);
        size_t at = base;
        int32_t sum = 0;
        do {
            sum = nn_wrap_add(sum,
                              p->wide ? ((const int16_t *)p->in)[at] : ((const int8_t *)p->in)[at]);
        } while (next_input(p, inner, base, &at));
        int32_t diff = (int32_t)((int64_t)sum - (int64_t)p->in_zero * p->each);
        int32_t y = nn_clamp(
            nn_wrap_add(nn_rescale(diff, p->q.multiplier, p->q.shift), p->out_zero), lo, -lo - 1);
        if (p->wide) {
            ((int16_t *)p->out)[o] = (int16_t)y;
        } else {
            ((int8_t *)p->out)[o] = (int8_t)y;
        }
        (void)nn_next_index(outer, p->dims, p->stay);
    }
}

void nn_mean_f32(const void *params)
{
    const struct nn_mean *p = params;
    int32_t outer[MOTE_NN_MAX_RANK] = {0};
    for (int32_t o = 0; o < p->outputs; o++) {
        int32_t inner[MOTE_NN_MAX_RANK] = {0};
        size_t base = offset(outer, p->stride, p->stay);
        size_t at = base;
        float sum = 0.0f;
        do {
            sum += ((const float *)p->in)[at];
        } while (next_input(p, inner, base, &at));
        ((float *)p->out)[o] = sum / (float)p->each;
        (void)nn_next_index(outer, p->dims, p->stay);
    }
}

// Sorts the dimensions into those that stay and those that go.
static int split_axes(struct nn_ctx *c, struct nn_mean *p, const struct nn_tensor *in)
{
    struct nn_tensor axes;
    const int32_t *axis;
    bool goes[MOTE_NN_MAX_RANK] = {false};
    int32_t stride[MOTE_NN_MAX_RANK];
    int rc = nn_in_constant(c, 1, -1, &axes, &axis);
    if (rc != MOTE_OK) {
        return rc;
    }
    for (int32_t i = 0; i < axes.count; i++) {
        int32_t a = nn_axis(axis[i], in->rank);
        if (a < 0) {
            return nn_misshapen(c, NN_WHY("axis is out of range"), &axes);
        }
        goes[a] = true;
    }
    nn_strides(in, stride);
    p->outputs = 1;
    p->each = 1;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned d = 0; d < in->rank; d++) {
            if (goes[d] == (pass == 1)) {
                p->dims[p->rank] = in->dims[d];
                p->stride[p->rank] = stride[d];
                p->rank++;
                *(pass == 0 ? &p->outputs : &p->each) *= in->dims[d];
            }
        }
        p->stay = pass == 0 ? p->rank : p->stay;
    }
    return MOTE_OK;
}

// The factor of a sum: in.scale / out.scale / n, with the reference's own way of dividing.
static int mean_scale(struct nn_ctx *c, struct nn_mean *p, const struct nn_tensor *in,
                      const struct nn_tensor *out)
{
    if (!nn_scale_from(in->scale, 1.0f, out->scale, 0, &p->q)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), out);
    }
    int32_t shift = 0;
    while ((p->each >> shift) > 1) {
        shift++;
    }
    shift = nn_min32(shift, 31 + p->q.shift);
    p->q.multiplier = (int32_t)(((int64_t)p->q.multiplier << shift) / p->each);
    p->q.shift -= shift;
    p->in_zero = in->zero_point;
    p->out_zero = out->zero_point;
    return MOTE_OK;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_mean *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_arity(c, 2, 2, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK || (rc = split_axes(c, p, &in)) != MOTE_OK) {
        return rc;
    }
    if (in.type != out.type || p->outputs != out.count || p->each < 1) {
        return nn_misshapen(c, NN_WHY("output does not follow from input and axes"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->wide = in.type == MOTE_NN_I16;
    c->eval = in.type == MOTE_NN_F32 ? nn_mean_f32 : nn_mean_quantized;
    if (in.type == MOTE_NN_F32) {
        return MOTE_OK;
    }
    if ((rc = nn_need_scale(c, &in)) != MOTE_OK || (rc = nn_need_scale(c, &out)) != MOTE_OK) {
        return rc;
    }
    return mean_scale(c, p, &in, &out);
}

const struct mote_nn_op mote_nn_op_mean_i8 = {"MEAN", prepare, NULL, NN_MEAN, MOTE_NN_I8, 3};
const struct mote_nn_op mote_nn_op_mean_i16 = {"MEAN", prepare, NULL, NN_MEAN, MOTE_NN_I16, 3};
const struct mote_nn_op mote_nn_op_mean_f32 = {"MEAN", prepare, NULL, NN_MEAN, MOTE_NN_F32, 3};
