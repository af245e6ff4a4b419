// Float32 pools, portable.
#include "firmware/core/nn/nn_kernels.h"

static float average(float sum, float x)
{
    return sum + x;
}

static float larger(float max, float x)
{
    return max < x ? x : max;
}

static void pool(const struct nn_pool *p, float start, float (*combine)(float, float), bool divide)
{
    const struct nn_window *g = &p->g;
    float *out = p->out;
    for (int32_t i = 0; i < g->batches * g->out_h * g->out_w * g->in_c; i++) {
        int32_t c = i % g->in_c;
        int32_t x = i / g->in_c % g->out_w * g->stride_w - g->pad_w;
        int32_t y = i / g->in_c / g->out_w % g->out_h * g->stride_h - g->pad_h;
        int32_t b = i / g->in_c / g->out_w / g->out_h;
        int32_t y1 = nn_min32(y + g->k_h, g->in_h);
        int32_t x1 = nn_min32(x + g->k_w, g->in_w);
        float value = start;
        float count = 0.0f;
        for (int32_t ky = nn_max32(y, 0); ky < y1; ky++) {
            for (int32_t kx = nn_max32(x, 0); kx < x1; kx++) {
                value = combine(
                    value,
                    ((const float *)p->in)[((b * g->in_h + ky) * g->in_w + kx) * g->in_c + c]);
                count += 1.0f;
            }
        }
        value = divide ? value / count : value;
        value = value < p->lo_f ? p->lo_f : value;
        out[i] = p->hi_f < value ? p->hi_f : value;
    }
}

void nn_average_pool_f32_ref(const void *params)
{
    pool(params, 0.0f, average, true);
}

void nn_max_pool_f32_ref(const void *params)
{
    pool(params, -3.402823466e38f, larger, false);
}
