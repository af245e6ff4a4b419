// DEPTHWISE_CONV_2D on int8 for Cortex-M with the DSP extension: four channels at a time, whose weights are
// widened once and stay on the stack for all pixels. Depth multiplier 1; others run the reference.
#include "firmware/core/nn/kernel_dsp.h"

#define TAPS 25 // windows up to 5 x 5

struct block {
    const struct nn_conv *p;
    uint32_t weights[2 * TAPS]; // of each tap the pairs of channels (0, 2) and (1, 3)
    int32_t start[4], multiplier[4], shift[4];
    uint32_t plus;
};

static void load_block(struct block *k, const struct nn_conv *p, int32_t channel)
{
    const int32_t *bias = p->bias;
    int32_t taps = p->g.k_h * p->g.k_w;
    const int8_t *w = (const int8_t *)p->weights + channel;
    k->p = p;
    k->plus = dsp_pair(p->in_offset);
    for (int32_t t = 0; t < taps; t++, w += p->g.out_c) {
        uint32_t four = dsp_load(w);
        k->weights[2 * t] = dsp_even(four, 0);
        k->weights[2 * t + 1] = dsp_odd(four, 0);
    }
    for (int32_t i = 0; i < 4; i++) {
        k->start[i] = bias != NULL ? bias[channel + i] : 0;
        k->multiplier[i] = p->multiplier[channel + i];
        k->shift[i] = p->shift[channel + i];
    }
}

// Adds one tap: channels 0 and 2 are the halves of one pair, 1 and 3 those of the other.
#define TAP(x, w)                                                                                                      \
    do {                                                                                                               \
        uint32_t even = dsp_even(x, plus);                                                                             \
        uint32_t odd = dsp_odd(x, plus);                                                                               \
        __asm__("smlabb %0, %1, %2, %0" : "+r"(a0) : "r"(even), "r"((w)[0]));                                          \
        __asm__("smlatt %0, %1, %2, %0" : "+r"(a2) : "r"(even), "r"((w)[0]));                                          \
        __asm__("smlabb %0, %1, %2, %0" : "+r"(a1) : "r"(odd), "r"((w)[1]));                                           \
        __asm__("smlatt %0, %1, %2, %0" : "+r"(a3) : "r"(odd), "r"((w)[1]));                                           \
    } while (0)

// in: window's first pixel inside the image; rows and columns [ky0, ky1) x [kx0, kx1) of it are.
static void pixel(const struct block *k, const int8_t *in, const int32_t *inside, int8_t *out)
{
    const struct nn_window *g = &k->p->g;
    uint32_t plus = k->plus;
    int32_t a0 = k->start[0];
    int32_t a1 = k->start[1];
    int32_t a2 = k->start[2];
    int32_t a3 = k->start[3];
    int32_t step = g->dilation_w * g->in_c;
    int32_t row = g->dilation_h * g->in_w * g->in_c;
    const uint32_t *w = k->weights + 2 * (inside[0] * g->k_w + inside[2]);
    int32_t columns = inside[3] - inside[2];
    for (int32_t ky = inside[0]; ky < inside[1]; ky++, in += row, w += 2 * g->k_w) {
        const int8_t *x = in;
        if (columns == 3) {
            TAP(dsp_load(x), w);
            TAP(dsp_load(x + step), w + 2);
            TAP(dsp_load(x + 2 * step), w + 4);
        } else {
            for (int32_t kx = 0; kx < columns; kx++, x += step) {
                TAP(dsp_load(x), w + 2 * kx);
            }
        }
    }
    const struct nn_conv *p = k->p;
    out[0] = (int8_t)nn_clamp(dsp_rescale(a0, k->multiplier[0], k->shift[0]) + p->out_offset, p->lo, p->hi);
    out[1] = (int8_t)nn_clamp(dsp_rescale(a1, k->multiplier[1], k->shift[1]) + p->out_offset, p->lo, p->hi);
    out[2] = (int8_t)nn_clamp(dsp_rescale(a2, k->multiplier[2], k->shift[2]) + p->out_offset, p->lo, p->hi);
    out[3] = (int8_t)nn_clamp(dsp_rescale(a3, k->multiplier[3], k->shift[3]) + p->out_offset, p->lo, p->hi);
}

// Places [*from, *to) of a window at `at` that lie inside [0, size).
static void clip(int32_t at, int32_t kernel, int32_t dilation, int32_t size, int32_t *from, int32_t *to)
{
    *from = at < 0 ? nn_min32((-at + dilation - 1) / dilation, kernel) : 0;
    *to = at + (kernel - 1) * dilation < size ? kernel : at < size ? (size - at + dilation - 1) / dilation : 0;
    *to = nn_max32(*to, *from);
}

static void image(const struct block *k, const int8_t *in, int8_t *out)
{
    const struct nn_window *g = &k->p->g;
    for (int32_t y = 0; y < g->out_h; y++) {
        int32_t inside[4];
        int32_t in_y = y * g->stride_h - g->pad_h;
        clip(in_y, g->k_h, g->dilation_h, g->in_h, &inside[0], &inside[1]);
        in_y += inside[0] * g->dilation_h;
        for (int32_t x = 0; x < g->out_w; x++, out += g->out_c) {
            int32_t in_x = x * g->stride_w - g->pad_w;
            clip(in_x, g->k_w, g->dilation_w, g->in_w, &inside[2], &inside[3]);
            in_x += inside[2] * g->dilation_w;
            pixel(k, in + ((size_t)in_y * (size_t)g->in_w + (size_t)in_x) * (size_t)g->in_c, inside, out);
        }
    }
}

static void eval(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    for (int32_t c = 0; c < g->out_c; c += 4) {
        struct block k;
        load_block(&k, p, c);
        for (int32_t b = 0; b < g->batches; b++) {
            image(&k, (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c) + c,
                  (int8_t *)p->out + (size_t)b * (size_t)(g->out_h * g->out_w * g->out_c) + c);
        }
    }
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    int64_t taps = (int64_t)p->g.k_h * p->g.k_w;
    if (p->filter_c != 1 || p->g.out_c % 4 != 0 || taps > TAPS || !nn_sums_are_small(taps, p->bias, p->g.out_c)) {
        return (struct nn_choice){nn_depthwise_i8_ref, 0};
    }
    return (struct nn_choice){eval, 0};
}
