// Batch normalisation's passes over a batch: statistics, result, and the slopes. Part of kern_body.c.
//
// Each works on columns: up to four vectors of channels are held in registers while the rows go by, so that a
// pass reads every value once and writes only what it is for.
#ifndef TRAINER_KERN_BODY_NORM_H
#define TRAINER_KERN_BODY_NORM_H

#include "trainer/kern.h"
#include "trainer/vec.h"

// Runs COLS(i, vectors, part, tail) over channels 0..c-1.
#define EACH_COLUMNS(c, COLS)                                                                      \
    do {                                                                                           \
        int i_ = 0;                                                                                \
        for (; i_ + 4 * VW <= (c); i_ += 4 * VW) {                                                 \
            COLS(i_, 4, false, VW);                                                                \
        }                                                                                          \
        for (; i_ + VW <= (c); i_ += VW) {                                                         \
            COLS(i_, 1, false, VW);                                                                \
        }                                                                                          \
        if (i_ < (c)) {                                                                            \
            COLS(i_, 1, true, (c)-i_);                                                             \
        }                                                                                          \
    } while (0)

ALWAYS vf v_act(vf v, enum act act)
{
    vf zero = {0};
    if (act != ACT_NONE) {
        v = v_max(v, zero);
    }
    if (act == ACT_RELU6) {
        v = v_min(v, v_all(6));
    }
    return v;
}

ALWAYS vf v_get(const float *p, const bool part, int tail)
{
    return part ? v_load_n(p, tail) : v_load(p);
}
ALWAYS void v_put(float *p, vf v, const bool part, int tail)
{
    if (part) {
        v_store_n(p, v, tail);
    } else {
        v_store(p, v);
    }
}

// dy where the activation let y through.
ALWAYS vf v_masked(vf dy, vf y, enum act act)
{
    if (act == ACT_NONE) {
        return dy;
    }
    vi m = y > (vf){0};
    if (act == ACT_RELU6) {
        m &= y < v_all(6);
    }
    return (vf)((vi)dy & m);
}

ALWAYS void col_sum_of(const float *x, size_t rows_n, int c, float *sum, int i, const int nv,
                       const bool part, int tail)
{
    vf acc[4];
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        acc[j] = v_get(sum + i + j * VW, part, tail);
    }
    x += i;
    for (size_t r = 0; r < rows_n; r++, x += c) {
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            acc[j] += v_get(x + j * VW, part, tail);
        }
    }
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        v_put(sum + i + j * VW, acc[j], part, tail);
    }
}

static void col_sum(const float *x, size_t rows_n, int c, float *sum)
{
#define COLS(i, nv, part, tail) col_sum_of(x, rows_n, c, sum, i, nv, part, tail)
    EACH_COLUMNS(c, COLS);
#undef COLS
}

// Sums of differences from the first row, whose squares do not cancel as those of the values would.
ALWAYS void stats_of(const float *x, size_t rows_n, int c, float *mean, float *var, int i,
                     const int nv, const bool part, int tail)
{
    vf first[4], sum[4], square[4];
    x += i;
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        first[j] = v_get(x + j * VW, part, tail);
        sum[j] = square[j] = (vf){0};
    }
    for (size_t r = 0; r < rows_n; r++, x += c) {
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            vf d = v_get(x + j * VW, part, tail) - first[j];
            sum[j] += d;
            square[j] += d * d;
        }
    }
    vf share = v_all(1.0f / (float)rows_n);
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        vf m = sum[j] * share;
        v_put(mean + i + j * VW, first[j] + m, part, tail);
        v_put(var + i + j * VW, v_max(square[j] * share - m * m, (vf){0}), part, tail);
    }
}

static void norm_stats(const float *x, size_t rows_n, int c, float *mean, float *var)
{
#define COLS(i, nv, part, tail) stats_of(x, rows_n, c, mean, var, i, nv, part, tail)
    EACH_COLUMNS(c, COLS);
#undef COLS
}

ALWAYS void apply_of(const struct kern_norm *k, const float *scale, const float *shift, int i,
                     const int nv, const bool part, int tail)
{
    vf a[4], b[4];
    const float *x = k->x + i;
    float *y = k->y + i;
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        a[j] = v_get(scale + i + j * VW, part, tail);
        b[j] = v_get(shift + i + j * VW, part, tail);
    }
    for (size_t r = 0; r < k->rows; r++, x += k->c, y += k->c) {
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            v_put(y + j * VW, v_act(v_get(x + j * VW, part, tail) * a[j] + b[j], k->act), part,
                  tail);
        }
    }
}

static void norm_apply(const struct kern_norm *k, const float *scale, const float *shift)
{
#define COLS(i, nv, part, tail) apply_of(k, scale, shift, i, nv, part, tail)
    EACH_COLUMNS(k->c, COLS);
#undef COLS
}

ALWAYS void sums_of(const struct kern_norm *k, const float *mean, float *sum, float *dot, int i,
                    const int nv, const bool part, int tail)
{
    vf m[4], s[4], d[4];
    const float *x = k->x + i, *y = k->y + i, *dy = k->dy + i;
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        m[j] = v_get(mean + i + j * VW, part, tail);
        s[j] = d[j] = (vf){0};
    }
    for (size_t r = 0; r < k->rows; r++, x += k->c, y += k->c, dy += k->c) {
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            vf g = v_masked(v_get(dy + j * VW, part, tail), v_get(y + j * VW, part, tail), k->act);
            s[j] += g;
            d[j] += g * (v_get(x + j * VW, part, tail) - m[j]);
        }
    }
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        v_put(sum + i + j * VW, s[j], part, tail);
        v_put(dot + i + j * VW, d[j], part, tail);
    }
}

static void norm_sums(const struct kern_norm *k, const float *mean, float *sum, float *dot)
{
#define COLS(i, nv, part, tail) sums_of(k, mean, sum, dot, i, nv, part, tail)
    EACH_COLUMNS(k->c, COLS);
#undef COLS
}

ALWAYS void slope_of(const struct kern_norm *k, const float *of_dy, const float *of_x,
                     const float *rest, bool add, float *dx, int i, const int nv, const bool part,
                     int tail)
{
    vf a[4], b[4], e[4];
    const float *x = k->x + i, *y = k->y + i, *dy = k->dy + i;
    dx += i;
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) {
        a[j] = v_get(of_dy + i + j * VW, part, tail);
        b[j] = v_get(of_x + i + j * VW, part, tail);
        e[j] = v_get(rest + i + j * VW, part, tail);
    }
    for (size_t r = 0; r < k->rows; r++, x += k->c, y += k->c, dy += k->c, dx += k->c) {
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            vf g = v_masked(v_get(dy + j * VW, part, tail), v_get(y + j * VW, part, tail), k->act);
            vf v = a[j] * g + (b[j] * v_get(x + j * VW, part, tail) + e[j]);
            if (add) {
                v += v_get(dx + j * VW, part, tail);
            }
            v_put(dx + j * VW, v, part, tail);
        }
    }
}

static void norm_slope(const struct kern_norm *k, const float *of_dy, const float *of_x,
                       const float *rest, bool add, float *dx)
{
#define COLS(i, nv, part, tail) slope_of(k, of_dy, of_x, rest, add, dx, i, nv, part, tail)
    EACH_COLUMNS(k->c, COLS);
#undef COLS
}

#endif
