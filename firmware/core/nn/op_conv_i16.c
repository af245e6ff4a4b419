// CONV_2D and DEPTHWISE_CONV_2D on int16 with int8 weights. The bias is int64, summed in 64 bits and scaled with
// a 16-bit multiplier; or, for CONV_2D, int32 and treated as the int8 operator does.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_window.h"

static int64_t sum_of(const struct nn_conv *p, int32_t b, int32_t y0, int32_t x0, int32_t channel,
                      bool depthwise)
{
    const struct nn_window *g = &p->g;
    int32_t group =
        depthwise ? channel / p->filter_c : channel / (g->out_c / (g->in_c / p->filter_c));
    int32_t depth = depthwise ? 1 : p->filter_c;
    int64_t sum = 0;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        for (int32_t kx = 0; kx < g->k_w; kx++) {
            int32_t y = y0 + ky * g->dilation_h;
            int32_t x = x0 + kx * g->dilation_w;
            if (y < 0 || y >= g->in_h || x < 0 || x >= g->in_w) {
                continue;
            }
            size_t place = (size_t)ky * (size_t)g->k_w + (size_t)kx;
            const int8_t *w = (const int8_t *)p->weights;
            w += depthwise
                     ? place * (size_t)g->out_c + (size_t)channel
                     : ((size_t)channel * (size_t)g->k_h * (size_t)g->k_w + place) * (size_t)depth;
            const int16_t *in =
                (const int16_t *)p->in +
                ((size_t)(b * g->in_h + y) * (size_t)g->in_w + (size_t)x) * (size_t)g->in_c;
            for (int32_t c = 0; c < depth; c++) {
                sum += (int32_t)w[c] * in[group * depth + c];
            }
        }
    }
    return sum;
}

static int32_t finish(const struct nn_conv *p, int64_t sum, int32_t channel)
{
    int32_t y;
    if (p->wide_bias) {
        const int64_t *bias = p->bias;
        uint64_t acc = (uint64_t)sum + (bias != NULL ? (uint64_t)bias[channel] : 0);
        y = nn_rescale64((int64_t)acc, p->multiplier[channel], p->shift[channel]);
    } else {
        const int32_t *bias = p->bias;
        y = nn_rescale(nn_wrap_add((int32_t)sum, bias != NULL ? bias[channel] : 0),
                       p->multiplier[channel], p->shift[channel]);
    }
    return nn_clamp(y, p->lo, p->hi);
}

static void eval(const struct nn_conv *p, bool depthwise)
{
    const struct nn_window *g = &p->g;
    int16_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++) {
        for (int32_t y = 0; y < g->out_h; y++) {
            for (int32_t x = 0; x < g->out_w; x++) {
                for (int32_t c = 0; c < g->out_c; c++) {
                    int64_t sum = sum_of(p, b, y * g->stride_h - g->pad_h,
                                         x * g->stride_w - g->pad_w, c, depthwise);
                    *out++ = (int16_t)finish(p, sum, c);
                }
            }
        }
    }
}

void nn_conv_i16(const void *params)
{
    eval(params, false);
}

void nn_depthwise_i16(const void *params)
{
    eval(params, true);
}

static int prepare(struct nn_ctx *c, bool depthwise)
{
    struct nn_conv *p;
    struct nn_conv_tensors t;
    uint8_t fused;
    int rc = nn_conv_prepare(c, depthwise, &p, &t, &fused);
    if (rc != MOTE_OK) {
        return rc;
    }
    rc = nn_wide_bias(c, depthwise ? UINT_MAX : 6, &p->wide_bias);
    if (rc != MOTE_OK ||
        (rc = nn_conv_prepare_quantized(c, p, &t, fused, p->wide_bias ? MOTE_NN_I64 : MOTE_NN_I32,
                                        depthwise ? 3 : 0, 2)) != MOTE_OK) {
        return rc;
    }
    c->eval = depthwise ? nn_depthwise_i16 : nn_conv_i16;
    return nn_symmetric_i16(c, &t.in, &t.out, p->wide_bias, p->shift, p->g.out_c);
}

static int prepare_conv(struct nn_ctx *c)
{
    return prepare(c, false);
}

static int prepare_depthwise(struct nn_ctx *c)
{
    return prepare(c, true);
}

const struct mote_nn_op mote_nn_op_conv_2d_i16 = {"CONV_2D",  prepare_conv, nn_conv_macs,
                                                  NN_CONV_2D, MOTE_NN_I16,  8};
const struct mote_nn_op mote_nn_op_depthwise_conv_2d_i16 = {
    "DEPTHWISE_CONV_2D",  prepare_depthwise, nn_depthwise_macs,
    NN_DEPTHWISE_CONV_2D, MOTE_NN_I16,       7};
