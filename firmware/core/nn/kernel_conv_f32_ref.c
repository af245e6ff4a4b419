// Float32 convolutions, portable. Sums run in the order of the definition: other orders give other bits.
#include "firmware/core/nn/nn_kernels.h"

static const float *source(const struct nn_conv *p, int32_t b, int32_t y, int32_t x)
{
    const struct nn_window *g = &p->g;
    if (y < 0 || y >= g->in_h || x < 0 || x >= g->in_w) {
        return NULL;
    }
    return (const float *)p->in +
           (((size_t)b * (size_t)g->in_h + (size_t)y) * (size_t)g->in_w + (size_t)x) *
               (size_t)g->in_c;
}

static float finish(const struct nn_conv *p, float sum, int32_t channel)
{
    const float *bias = p->bias;
    sum += bias != NULL ? bias[channel] : 0.0f;
    // The reference's order of comparisons, which decides what a NaN becomes.
    sum = sum < p->lo_f ? p->lo_f : sum;
    return p->hi_f < sum ? p->hi_f : sum;
}

static float conv_sum(const struct nn_conv *p, int32_t b, int32_t y0, int32_t x0, int32_t channel)
{
    const struct nn_window *g = &p->g;
    const float *w =
        (const float *)p->weights + (size_t)channel * (size_t)(g->k_h * g->k_w * p->filter_c);
    int32_t first = channel / (g->out_c / (g->in_c / p->filter_c)) * p->filter_c;
    float sum = 0.0f;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        for (int32_t kx = 0; kx < g->k_w; kx++, w += p->filter_c) {
            const float *x = source(p, b, y0 + ky * g->dilation_h, x0 + kx * g->dilation_w);
            for (int32_t c = 0; x != NULL && c < p->filter_c; c++) {
                sum += x[first + c] * w[c];
            }
        }
    }
    return sum;
}

static float depthwise_sum(const struct nn_conv *p, int32_t b, int32_t y0, int32_t x0,
                           int32_t channel)
{
    const struct nn_window *g = &p->g;
    const float *w = (const float *)p->weights + channel;
    float sum = 0.0f;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        for (int32_t kx = 0; kx < g->k_w; kx++, w += g->out_c) {
            const float *x = source(p, b, y0 + ky * g->dilation_h, x0 + kx * g->dilation_w);
            if (x != NULL) {
                sum += x[channel / p->filter_c] * *w;
            }
        }
    }
    return sum;
}

static void each_output(const struct nn_conv *p,
                        float (*sum)(const struct nn_conv *, int32_t, int32_t, int32_t, int32_t))
{
    const struct nn_window *g = &p->g;
    float *out = p->out;
    for (int32_t b = 0; b < g->batches; b++) {
        for (int32_t y = 0; y < g->out_h; y++) {
            for (int32_t x = 0; x < g->out_w; x++) {
                for (int32_t c = 0; c < g->out_c; c++) {
                    *out++ = finish(
                        p, sum(p, b, y * g->stride_h - g->pad_h, x * g->stride_w - g->pad_w, c), c);
                }
            }
        }
    }
}

void nn_conv_f32_ref(const void *params)
{
    each_output(params, conv_sum);
}

void nn_depthwise_f32_ref(const void *params)
{
    each_output(params, depthwise_sum);
}
