// QUANTIZE: float32 to integers, and integers from one scale to another.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"

static int32_t load(const void *p, uint8_t type, int32_t i)
{
    switch (type) {
    case MOTE_NN_I8:
        return ((const int8_t *)p)[i];
    case MOTE_NN_U8:
        return ((const uint8_t *)p)[i];
    case MOTE_NN_I16:
        return ((const int16_t *)p)[i];
    default:
        return ((const int32_t *)p)[i];
    }
}

static void store(void *p, uint8_t type, int32_t i, int32_t v)
{
    switch (type) {
    case MOTE_NN_I8:
        ((int8_t *)p)[i] = (int8_t)v;
        break;
    case MOTE_NN_U8:
        ((uint8_t *)p)[i] = (uint8_t)v;
        break;
    case MOTE_NN_I16:
        ((int16_t *)p)[i] = (int16_t)v;
        break;
    default:
        ((int32_t *)p)[i] = v;
    }
}

void nn_quantize_f32(const void *params)
{
    const struct nn_quantize *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        float v = nn_roundf(((const float *)p->in)[i] / p->scale);
        // Out of int32 the reference's conversion is undefined; not-a-number becomes the lowest value here.
        int32_t q = v > 1e9f ? 1000000000 : v > -1e9f ? (int32_t)v : -1000000000;
        store(p->out, p->out_type, i, nn_clamp(q + p->out_zero, p->lo, p->hi));
    }
}

void nn_quantize_integer(const void *params)
{
    const struct nn_quantize *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        int32_t x = nn_wrap_sub(load(p->in, p->in_type, i), p->in_zero);
        int32_t y = nn_wrap_add(nn_rescale(x, p->q.multiplier, p->q.shift), p->out_zero);
        store(p->out, p->out_type, i, nn_clamp(y, p->lo, p->hi));
    }
}

static bool range_of(uint8_t type, int32_t *lo, int32_t *hi)
{
    *lo = type == MOTE_NN_I8    ? INT8_MIN
          : type == MOTE_NN_U8  ? 0
          : type == MOTE_NN_I16 ? INT16_MIN
                                : INT32_MIN;
    *hi = type == MOTE_NN_I8    ? INT8_MAX
          : type == MOTE_NN_U8  ? UINT8_MAX
          : type == MOTE_NN_I16 ? INT16_MAX
                                : INT32_MAX;
    return type == MOTE_NN_I8 || type == MOTE_NN_U8 || type == MOTE_NN_I16 || type == MOTE_NN_I32;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_quantize *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_unary(c, &in, &out);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &out)) != MOTE_OK) {
        return rc;
    }
    int32_t lo;
    int32_t hi;
    bool from_float = in.type == MOTE_NN_F32;
    if (!range_of(out.type, &p->lo, &p->hi) || (!from_float && !range_of(in.type, &lo, &hi)) ||
        (from_float && out.type == MOTE_NN_I32)) {
        return nn_unsupported(c, NN_WHY("types are not supported"));
    }
    if (!from_float && ((rc = nn_need_scale(c, &in)) != MOTE_OK)) {
        return rc;
    }
    if (!from_float && !nn_scale_from(in.scale, 1.0f, out.scale, 0, &p->q)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->count = in.count;
    p->in_type = in.type;
    p->out_type = out.type;
    p->in_zero = in.zero_point;
    p->out_zero = out.zero_point;
    p->scale = out.scale;
    c->eval = from_float ? nn_quantize_f32 : nn_quantize_integer;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_quantize = {"QUANTIZE",  prepare,     NULL,
                                               NN_QUANTIZE, NN_ANY_TYPE, 3};
