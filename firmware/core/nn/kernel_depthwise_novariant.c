// DEPTHWISE_CONV_2D on int8 for parts without a kernel of their own: four channels at a time, in plain C; the places of
// a window that lie inside the input are found once a pixel. Depth multiplier 1; others run the reference.
#include "firmware/core/nn/nn_fit.h"

// Places [*from, *to) of a window at `at` that lie inside [0, size).
static void clip(int32_t at, int32_t kernel, int32_t dilation, int32_t size, int32_t *from, int32_t *to)
{
    *from = at < 0 ? nn_min32((-at + dilation - 1) / dilation, kernel) : 0;
    *to = at + (kernel - 1) * dilation < size ? kernel : at < size ? (size - at + dilation - 1) / dilation : 0;
    *to = nn_max32(*to, *from);
}

// A window cut at the edges: its first input and weight, and how many there are.
struct cut {
    const int8_t *in;
    const int8_t *w;
    int32_t rows, columns;
};

static void store(const struct nn_conv *p, uint32_t sum, int32_t channel, int8_t *out)
{
    const int32_t *bias = p->bias;
    int32_t y = nn_wrap_add((int32_t)sum, bias != NULL ? bias[channel] : 0);
    int32_t shift = p->shift[channel];
    int32_t multiplier = p->multiplier[channel];
    y = shift <= -2 ? nn_rescale_right(y, multiplier, shift) : nn_rescale(y, multiplier, shift);
    out[channel] = (int8_t)nn_clamp(nn_wrap_add(y, p->out_offset), p->lo, p->hi);
}

static void four(const struct nn_conv *p, const struct cut *at, int32_t channel, int8_t *out)
{
    const struct nn_window *g = &p->g;
    const int8_t *in = at->in + channel;
    const int8_t *w = at->w + channel;
    int32_t offset = p->in_offset;
    int32_t step = g->dilation_w * g->in_c;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    for (int32_t y = at->rows; y > 0; y--, in += g->dilation_h * g->in_w * g->in_c, w += g->k_w * g->out_c) {
        const int8_t *x = in;
        const int8_t *v = w;
        for (int32_t n = at->columns; n > 0; n--, x += step, v += g->out_c) {
            a += (uint32_t)(v[0] * (x[0] + offset));
            b += (uint32_t)(v[1] * (x[1] + offset));
            c += (uint32_t)(v[2] * (x[2] + offset));
            d += (uint32_t)(v[3] * (x[3] + offset));
        }
    }
    store(p, a, channel, out);
    store(p, b, channel + 1, out);
    store(p, c, channel + 2, out);
    store(p, d, channel + 3, out);
}

void nn_depthwise_i8_plain(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    int8_t *out = p->out;
    for (int32_t i = 0; i < g->batches * g->out_h * g->out_w; i++, out += g->out_c) {
        int32_t y = i / g->out_w % g->out_h * g->stride_h - g->pad_h;
        int32_t x = i % g->out_w * g->stride_w - g->pad_w;
        int32_t b = i / g->out_w / g->out_h;
        int32_t y0;
        int32_t y1;
        int32_t x0;
        int32_t x1;
        clip(y, g->k_h, g->dilation_h, g->in_h, &y0, &y1);
        clip(x, g->k_w, g->dilation_w, g->in_w, &x0, &x1);
        y += y0 * g->dilation_h;
        x += x0 * g->dilation_w;
        struct cut at = {(const int8_t *)p->in + ((b * g->in_h + y) * g->in_w + x) * g->in_c,
                         (const int8_t *)p->weights + (y0 * g->k_w + x0) * g->out_c, y1 - y0, x1 - x0};
        for (int32_t c = 0; c < g->out_c; c += 4) {
            four(p, &at, c, out);
        }
    }
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_plain(p);
    return (struct nn_choice){fit.fast ? nn_depthwise_i8_plain : nn_depthwise_i8_ref, fit.scratch, fit.starts};
}
