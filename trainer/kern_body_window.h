// Windows that slide over each channel by itself: depthwise convolution and the largest value. Part of kern_body.c.
#ifndef TRAINER_KERN_BODY_WINDOW_H
#define TRAINER_KERN_BODY_WINDOW_H

#include "trainer/kern_body_norm.h"

// Four neighbours share the load of a weight.
ALWAYS void dw_line(const struct kern_dw *d, int oy, int ox, int c, const int count,
                    const bool part, int tail)
{
    const int step = d->stride_w * d->c;
    float *y = d->y + ((ptrdiff_t)oy * d->ow + ox) * d->c + c;
    vf acc[4];
    vf start = d->bias ? v_get(d->bias + c, part, tail) : (vf){0};
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        acc[i] = d->add ? v_get(y + i * d->c, part, tail) : start;
    }
    for (int ky = 0; ky < d->kh; ky++) {
        const float *x =
            d->x + (ptrdiff_t)(oy * d->stride_h + ky) * d->x_line + (ptrdiff_t)ox * step + c;
        const float *w = d->w + (ptrdiff_t)ky * d->kw * d->c + c;
        for (int kx = 0; kx < d->kw; kx++, x += d->c, w += d->c) {
            vf wv = v_get(w, part, tail);
#pragma GCC unroll 4
            for (int i = 0; i < count; i++) {
                acc[i] += wv * v_get(x + i * step, part, tail);
            }
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        v_put(y + i * d->c, v_act(acc[i], d->act), part, tail);
    }
}

ALWAYS void dw_lines(const struct kern_dw *d, int oy, int c, const bool part, int tail)
{
    int ox = 0;
    for (; ox + 4 <= d->ow; ox += 4) {
        dw_line(d, oy, ox, c, 4, part, tail);
    }
    for (; ox < d->ow; ox++) {
        dw_line(d, oy, ox, c, 1, part, tail);
    }
}

static void dw_forward(const struct kern_dw *d)
{
    for (int oy = 0; oy < d->oh; oy++) {
        int c = 0;
        for (; c + VW <= d->c; c += VW) {
            dw_lines(d, oy, c, false, VW);
        }
        if (c < d->c) {
            dw_lines(d, oy, c, true, d->c - c);
        }
    }
}

// One tap's slope, or with taps 9 all of a 3 x 3 kernel at once: nine sums in registers for one pass over dy.
ALWAYS void dw_taps(const struct kern_dw *d, float *dw, int first, const int taps, int c,
                    const bool part, int tail)
{
    const int step = d->stride_w * d->c;
    vf sum[9];
#pragma GCC unroll 9
    for (int i = 0; i < taps; i++) {
        sum[i] = v_get(dw + (ptrdiff_t)(first + i) * d->c + c, part, tail);
    }
    const float *dy = d->y + c;
    for (int oy = 0; oy < d->oh; oy++) {
        const float *x = d->x + (ptrdiff_t)(oy * d->stride_h + first / d->kw) * d->x_line +
                         (first % d->kw) * d->c + c;
        for (int ox = 0; ox < d->ow; ox++, x += step, dy += d->c) {
            vf g = v_get(dy, part, tail);
#pragma GCC unroll 9
            for (int i = 0; i < taps; i++) {
                sum[i] += g * v_get(x + (ptrdiff_t)(i / 3) * d->x_line + i % 3 * d->c, part, tail);
            }
        }
    }
#pragma GCC unroll 9
    for (int i = 0; i < taps; i++) {
        v_put(dw + (ptrdiff_t)(first + i) * d->c + c, sum[i], part, tail);
    }
}

ALWAYS void dw_weights_of(const struct kern_dw *d, float *dw, int c, const bool part, int tail)
{
    if (d->kh == 3 && d->kw == 3) {
        dw_taps(d, dw, 0, 9, c, part, tail);
        return;
    }
    for (int i = 0; i < d->kh * d->kw; i++) {
        dw_taps(d, dw, i, 1, c, part, tail);
    }
}

static void dw_weights(const struct kern_dw *d, float *dw)
{
    int c = 0;
    for (; c + VW <= d->c; c += VW) {
        dw_weights_of(d, dw, c, false, VW);
    }
    if (c < d->c) {
        dw_weights_of(d, dw, c, true, d->c - c);
    }
}

ALWAYS void dw_inputs_of(const struct kern_dw *d, float *dx, int c, const bool part, int tail)
{
    const int step = d->stride_w * d->c;
    const float *dy = d->y + c;
    for (int oy = 0; oy < d->oh; oy++, dy += (ptrdiff_t)d->ow * d->c) {
        for (int ky = 0; ky < d->kh; ky++) {
            float *line = dx + (ptrdiff_t)(oy * d->stride_h + ky) * d->x_line + c;
            for (int kx = 0; kx < d->kw; kx++, line += d->c) {
                vf w = v_get(d->w + (ptrdiff_t)(ky * d->kw + kx) * d->c + c, part, tail);
                for (int ox = 0; ox < d->ow; ox++) {
                    float *to = line + (ptrdiff_t)ox * step;
                    v_put(to,
                          v_get(to, part, tail) + w * v_get(dy + (ptrdiff_t)ox * d->c, part, tail),
                          part, tail);
                }
            }
        }
    }
}

static void dw_inputs(const struct kern_dw *d, float *dx)
{
    int c = 0;
    for (; c + VW <= d->c; c += VW) {
        dw_inputs_of(d, dx, c, false, VW);
    }
    if (c < d->c) {
        dw_inputs_of(d, dx, c, true, d->c - c);
    }
}

ALWAYS void max_of(const struct kern_max *k, int i, const bool part, int tail)
{
    vf best = v_get(k->x + i, part, tail);
    vi won = {0};
    for (int y = 0; y < k->h; y++) {
        for (int x = 0; x < k->w; x++) {
            vf v = v_get(k->x + (ptrdiff_t)y * k->x_line + (ptrdiff_t)x * k->c + i, part, tail);
            vi more = v > best;
            best = (vf)(((vi)v & more) | ((vi)best & ~more));
            won = (vi_all(y * k->w + x) & more) | (won & ~more);
        }
    }
    v_put(k->y + i, best, part, tail);
    v_put((float *)k->won + i, (vf)won, part, tail);
}

static void max_window(const struct kern_max *k)
{
    int i = 0;
    for (; i + VW <= k->c; i += VW) {
        max_of(k, i, false, VW);
    }
    if (i < k->c) {
        max_of(k, i, true, k->c - i);
    }
}

ALWAYS void max_back_of(const struct kern_max *k, const float *dy, float *dx, int i,
                        const bool part, int tail)
{
    vf g = v_get(dy + i, part, tail);
    vi won = (vi)v_get((const float *)k->won + i, part, tail);
    for (int y = 0; y < k->h; y++) {
        for (int x = 0; x < k->w; x++) {
            float *to = dx + (ptrdiff_t)y * k->x_line + (ptrdiff_t)x * k->c + i;
            vi here = won == vi_all(y * k->w + x);
            v_put(to, v_get(to, part, tail) + (vf)((vi)g & here), part, tail);
        }
    }
}

static void max_back(const struct kern_max *k, const float *dy, float *dx)
{
    int i = 0;
    for (; i + VW <= k->c; i += VW) {
        max_back_of(k, dy, dx, i, false, VW);
    }
    if (i < k->c) {
        max_back_of(k, dy, dx, i, true, k->c - i);
    }
}

#endif
