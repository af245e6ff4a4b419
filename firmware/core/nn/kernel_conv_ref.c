// Convolutions, portable reference: one output at a time, in the order of the definition.
#include "firmware/core/nn/nn_kernels.h"

// Position of (y, x) in an NHWC tensor's batch b, channel 0; false where it is padding.
static bool source(const struct nn_window *g, int32_t b, int32_t y, int32_t x, size_t *at)
{
    if (y < 0 || y >= g->in_h || x < 0 || x >= g->in_w) {
        return false;
    }
    *at =
        (((size_t)b * (size_t)g->in_h + (size_t)y) * (size_t)g->in_w + (size_t)x) * (size_t)g->in_c;
    return true;
}

static int8_t finish(const struct nn_conv *p, uint32_t sum, int32_t channel)
{
    const int32_t *bias = p->bias;
    int32_t acc = bias != NULL ? nn_wrap_add((int32_t)sum, bias[channel]) : (int32_t)sum;
    acc = nn_rescale(acc, p->multiplier[channel], p->shift[channel]);
    return (int8_t)nn_clamp(nn_wrap_add(acc, p->out_offset), p->lo, p->hi);
}

// How the weights of both kinds lie.
struct shape {
    int32_t depth;   // inputs of one tap
    int32_t tap;     // from tap to tap
    int32_t channel; // from channel to channel
    int32_t group;   // channels that read the same inputs
};

static uint32_t sum_i8(const struct nn_conv *p, const struct shape *s, int32_t b, int32_t y0,
                       int32_t x0, int32_t channel)
{
    const struct nn_window *g = &p->g;
    const int8_t *w = (const int8_t *)p->weights + (size_t)channel * (size_t)s->channel;
    int32_t first = channel / s->group * s->depth;
    uint32_t sum = 0;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        for (int32_t kx = 0; kx < g->k_w; kx++, w += s->tap) {
            size_t at;
            if (!source(g, b, y0 + ky * g->dilation_h, x0 + kx * g->dilation_w, &at)) {
                continue;
            }
            const int8_t *x = (const int8_t *)p->in + at + first;
            for (int32_t c = 0; c < s->depth; c++) {
                sum += (uint32_t)(w[c] * (x[c] + p->in_offset));
            }
        }
    }
    return sum;
}

static void run(const struct nn_conv *p, const struct shape *s)
{
    const struct nn_window *g = &p->g;
    int8_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++) {
        for (int32_t y = 0; y < g->out_h; y++) {
            for (int32_t x = 0; x < g->out_w; x++) {
                for (int32_t c = 0; c < g->out_c; c++) {
                    *out++ = finish(
                        p,
                        sum_i8(p, s, b, y * g->stride_h - g->pad_h, x * g->stride_w - g->pad_w, c),
                        c);
                }
            }
        }
    }
}

void nn_conv_i8_ref(const void *params)
{
    const struct nn_conv *p = params;
    int32_t depth = p->filter_c;
    const struct shape s = {depth, depth, p->g.k_h * p->g.k_w * depth,
                            p->g.out_c / (p->g.in_c / depth)};
    run(p, &s);
}

void nn_depthwise_i8_ref(const void *params)
{
    const struct nn_conv *p = params;
    const struct shape s = {1, p->g.out_c, 1, p->filter_c};
    run(p, &s);
}
