// DEPTHWISE_CONV_2D on int8 for Helium: eight channels at a time, any window. Depth multiplier 1; others run the
// reference.
#include "firmware/core/nn/kernel_mve.h"

// Places [*from, *to) of a window at `at` that lie inside [0, size).
static void clip(int32_t at, int32_t kernel, int32_t dilation, int32_t size, int32_t *from, int32_t *to)
{
    *from = at < 0 ? nn_min32((-at + dilation - 1) / dilation, kernel) : 0;
    *to = at + (kernel - 1) * dilation < size ? kernel : at < size ? (size - at + dilation - 1) / dilation : 0;
    *to = nn_max32(*to, *from);
}

struct place {
    const int8_t *in; // first input inside the window, channel 0
    const int8_t *w;  // its weights
    int32_t rows, columns;
};

// Channels [c, c + 8): even ones in one vector, odd ones in the other; products of int16 fit 32 bits.
static void pixel(const struct nn_conv *p, const struct place *at, int32_t c, int8_t *out)
{
    const struct nn_window *g = &p->g;
    int32_t left = nn_min32(g->out_c - c, 8);
    mve_pred16_t lanes = vctp16q((uint32_t)left);
    int32x4_t even = vdupq_n_s32(0);
    int32x4_t odd = vdupq_n_s32(0);
    const int8_t *in = at->in + c;
    const int8_t *w = at->w + c;
    int32_t step = g->dilation_w * g->in_c;
    for (int32_t y = 0; y < at->rows; y++) {
        const int8_t *x = in;
        const int8_t *v = w;
        for (int32_t n = at->columns; n > 0; n--, x += step, v += g->out_c) {
            int16x8_t a = vaddq_n_s16(vldrbq_z_s16(x, lanes), (int16_t)p->in_offset);
            int16x8_t b = vldrbq_z_s16(v, lanes);
            even = vaddq_s32(even, vmullbq_int_s16(a, b));
            odd = vaddq_s32(odd, vmulltq_int_s16(a, b));
        }
        in += g->dilation_h * g->in_w * g->in_c;
        w += g->k_w * g->out_c;
    }
    int32_t sums[8];
    uint32x4_t places = {0, 2, 4, 6};
    vstrwq_scatter_shifted_offset_s32(sums, places, even);
    vstrwq_scatter_shifted_offset_s32(sums + 1, places, odd);
    for (int32_t i = 0; i < left; i += 4) {
        mve_pred16_t four = vctp32q((uint32_t)(left - i));
        int32x4_t y = vldrwq_s32(sums + i);
        if (p->bias != NULL) {
            y = vaddq_s32(y, vldrwq_z_s32((const int32_t *)p->bias + c + i, four));
        }
        int32x4_t multiplier = vldrwq_z_s32(p->multiplier + c + i, four);
        int32x4_t shift = vldrbq_z_s32(p->shift + c + i, four);
        vstrbq_p_s32(out + c + i, mve_finish(y, multiplier, shift, p->out_offset, p->lo, p->hi), four);
    }
}

static void eval(const void *params)
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
        struct place at = {(const int8_t *)p->in + ((b * g->in_h + y) * g->in_w + x) * g->in_c,
                           (const int8_t *)p->weights + (y0 * g->k_w + x0) * g->out_c, y1 - y0, x1 - x0};
        for (int32_t c = 0; c < g->out_c; c += 8) {
            pixel(p, &at, c, out);
        }
    }
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    return (struct nn_choice){p->filter_c == 1 ? eval : nn_depthwise_i8_ref, 0, false};
}
