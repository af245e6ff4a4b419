// Pools, portable reference. Windows are cut at the edges of the input; prepare made sure that none is empty.
#include "firmware/core/nn/nn_kernels.h"

// The part of a window that lies inside the input.
struct span {
    int32_t y0, y1, x0, x1;
};

static struct span cut(const struct nn_window *g, int32_t out_y, int32_t out_x)
{
    int32_t y = out_y * g->stride_h - g->pad_h;
    int32_t x = out_x * g->stride_w - g->pad_w;
    return (struct span){nn_max32(y, 0), nn_min32(y + g->k_h, g->in_h), nn_max32(x, 0),
                         nn_min32(x + g->k_w, g->in_w)};
}

static size_t position(const struct nn_window *g, int32_t b, int32_t y, int32_t x)
{
    return (((size_t)b * (size_t)g->in_h + (size_t)y) * (size_t)g->in_w + (size_t)x) *
           (size_t)g->in_c;
}

static int32_t average_i8(const struct nn_pool *p, int32_t b, struct span s, int32_t c)
{
    int32_t sum = 0;
    for (int32_t y = s.y0; y < s.y1; y++) {
        const int8_t *in = (const int8_t *)p->in + position(&p->g, b, y, s.x0) + c;
        for (int32_t x = s.x0; x < s.x1; x++, in += p->g.in_c) {
            sum += *in;
        }
    }
    int32_t count = (s.y1 - s.y0) * (s.x1 - s.x0);
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static int32_t max_i8(const struct nn_pool *p, int32_t b, struct span s, int32_t c)
{
    int32_t max = INT8_MIN;
    for (int32_t y = s.y0; y < s.y1; y++) {
        const int8_t *in = (const int8_t *)p->in + position(&p->g, b, y, s.x0) + c;
        for (int32_t x = s.x0; x < s.x1; x++, in += p->g.in_c) {
            max = nn_max32(max, *in);
        }
    }
    return max;
}

static void each_i8(const struct nn_pool *p,
                    int32_t (*value)(const struct nn_pool *, int32_t, struct span, int32_t))
{
    const struct nn_window *g = &p->g;
    int8_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++) {
        for (int32_t y = 0; y < g->out_h; y++) {
            for (int32_t x = 0; x < g->out_w; x++) {
                struct span s = cut(g, y, x);
                for (int32_t c = 0; c < g->in_c; c++) {
                    *out++ = (int8_t)nn_clamp(value(p, b, s, c), p->lo, p->hi);
                }
            }
        }
    }
}

void nn_average_pool_i8_ref(const void *params)
{
    each_i8(params, average_i8);
}

void nn_max_pool_i8_ref(const void *params)
{
    each_i8(params, max_i8);
}
