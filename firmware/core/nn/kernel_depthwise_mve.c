// DEPTHWISE_CONV_2D on int8 for Helium: eight channels at a time, windows up to 5 x 5. Depth multiplier 1; others run the
// reference.
#include "firmware/core/nn/kernel_mve.h"

// Places [*from, *to) of a window at `at` that lie inside [0, size).
static void clip(int32_t at, int32_t kernel, int32_t dilation, int32_t size, int32_t *from, int32_t *to)
{
    *from = at < 0 ? nn_min32((-at + dilation - 1) / dilation, kernel) : 0;
    *to = at + (kernel - 1) * dilation < size ? kernel : at < size ? (size - at + dilation - 1) / dilation : 0;
    *to = nn_max32(*to, *from);
}

#define TAPS NN_MVE_TAPS // windows up to 5 x 5

// Eight channels: weights widened, parameters of the even and of the odd ones.
struct block {
    int16_t weights[8 * TAPS];
    int32x4_t start[2], multiplier[2], shift[2];
    mve_pred16_t lanes16, lanes[2];
};

static int32x4_t every_second(const int32_t *p, mve_pred16_t lanes)
{
    const uint32x4_t places = {0, 2, 4, 6};
    return vldrwq_gather_shifted_offset_z_s32(p, places, lanes);
}

static void load_block(struct block *k, const struct nn_conv *p, int32_t c)
{
    int32_t left = nn_min32(p->g.out_c - c, 8);
    const uint32x4_t places = {0, 2, 4, 6};
    const int8_t *w = (const int8_t *)p->weights + c;
    k->lanes16 = vctp16q((uint32_t)left);
    for (int32_t t = 0; t < p->g.k_h * p->g.k_w; t++, w += p->g.out_c) {
        vstrhq_s16(k->weights + 8 * t, vldrbq_z_s16(w, k->lanes16));
    }
    for (int32_t i = 0; i < 2; i++) {
        k->lanes[i] = vctp32q((uint32_t)((left + 1 - i) / 2));
        k->start[i] = p->bias != NULL ? every_second((const int32_t *)p->bias + c + i, k->lanes[i]) : vdupq_n_s32(0);
        k->multiplier[i] = every_second(p->multiplier + c + i, k->lanes[i]);
        k->shift[i] = vldrbq_gather_offset_z_s32(p->shift + c + i, places, k->lanes[i]);
    }
}

// Output pixels of row y, for the channels of a block; in and out point to its first channel.
static void row(const struct nn_conv *p, const struct block *k, const int8_t *in, int32_t y, int8_t *out)
{
    const struct nn_window *g = &p->g;
    int32_t y0;
    int32_t y1;
    int32_t in_y = y * g->stride_h - g->pad_h;
    clip(in_y, g->k_h, g->dilation_h, g->in_h, &y0, &y1);
    in += (in_y + y0 * g->dilation_h) * g->in_w * g->in_c;
    int32_t step = g->dilation_w * g->in_c;
    int32_t next = g->dilation_h * g->in_w * g->in_c;
    int16_t offset = (int16_t)p->in_offset;
    const uint32x4_t places = {0, 2, 4, 6};
    int32_t at = -g->pad_w;
    for (int32_t x = 0; x < g->out_w; x++, at += g->stride_w, out += g->out_c) {
        int32_t x0 = 0;
        int32_t x1 = g->k_w;
        if (at < 0 || at + (g->k_w - 1) * g->dilation_w >= g->in_w) {
            clip(at, g->k_w, g->dilation_w, g->in_w, &x0, &x1);
        }
        int32x4_t even = k->start[0];
        int32x4_t odd = k->start[1];
        const int8_t *line = in + (at + x0 * g->dilation_w) * g->in_c;
        const int16_t *w = k->weights + 8 * (y0 * g->k_w + x0);
        for (int32_t ky = y0; ky < y1; ky++, line += next, w += 8 * g->k_w) {
            const int8_t *from = line;
            const int16_t *v = w;
            for (int32_t n = x1 - x0; n > 0; n--, from += step, v += 8) {
                int16x8_t a = vaddq_n_s16(vldrbq_z_s16(from, k->lanes16), offset);
                int16x8_t b = vldrhq_s16(v);
                even = vaddq_s32(even, vmullbq_int_s16(a, b));
                odd = vaddq_s32(odd, vmulltq_int_s16(a, b));
            }
        }
        even = mve_finish(even, k->multiplier[0], k->shift[0], p->out_offset, p->lo, p->hi);
        odd = mve_finish(odd, k->multiplier[1], k->shift[1], p->out_offset, p->lo, p->hi);
        vstrbq_scatter_offset_p_s32(out, places, even, k->lanes[0]);
        vstrbq_scatter_offset_p_s32(out + 1, places, odd, k->lanes[1]);
    }
}

void nn_depthwise_i8_mve(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    for (int32_t c = 0; c < g->out_c; c += 8) {
        struct block k;
        load_block(&k, p, c);
        for (int32_t b = 0; b < g->batches; b++) {
            const int8_t *in = (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c + c;
            int8_t *out = (int8_t *)p->out + b * g->out_h * g->out_w * g->out_c + c;
            for (int32_t y = 0; y < g->out_h; y++, out += g->out_w * g->out_c) {
                row(p, &k, in, y, out);
            }
        }
    }
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_mve(p);
    return (struct nn_choice){fit.fast ? nn_depthwise_i8_mve : nn_depthwise_i8_ref, fit.scratch, fit.starts};
}
