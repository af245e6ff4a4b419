// The fast kernels, compiled once per instruction set under the name KERN_TABLE (rules.mk). See kern.h.
//
// gemm works on register tiles of MR rows by one or two vectors of columns: two loads of b serve MR rows, and
// a's values are broadcast straight from memory, so neither operand is copied first.
#include "trainer/kern.h"
#include "trainer/vec.h"

#include <math.h>

#define MR 8
#define ALWAYS static inline __attribute__((always_inline))

extern const struct kern KERN_TABLE;

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

// mr rows by nv vectors; the last vector holds `tail` columns where part is set. All but m0, n0 and tail
// are constants once inlined.
ALWAYS void tile(const struct kern_gemm *g, int m0, int n0, const int mr, const int nv, const bool part, int tail)
{
    vf acc[MR][2];
    const float *a[MR];
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        a[i] = g->a + g->a_row[m0 + i];
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++) {
            const float *from = g->add ? g->c + g->c_row[m0 + i] : g->bias;
            bool cut = part && j == nv - 1;
            acc[i][j] = !from ? (vf){0} : cut ? v_load_n(from + n0 + j * VW, tail) : v_load(from + n0 + j * VW);
        }
    }
    const float *b_seg = g->b + n0;
    ptrdiff_t a_at = 0;
    for (int s = 0; s < g->segs; s++, b_seg += g->b_seg) {
        const float *b = b_seg;
        ptrdiff_t at = a_at;
        for (int k = 0; k < g->k; k++, b += g->b_k, at += g->a_k) {
            vf bv[2];
#pragma GCC unroll 2
            for (int j = 0; j < nv; j++) {
                bv[j] = part && j == nv - 1 ? v_load_n(b + j * VW, tail) : v_load(b + j * VW);
            }
#pragma GCC unroll 8
            for (int i = 0; i < mr; i++) {
                float av = a[i][at];
#pragma GCC unroll 2
                for (int j = 0; j < nv; j++) {
                    acc[i][j] += av * bv[j];
                }
            }
        }
        a_at += g->a_seg;
    }
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        float *c = g->c + g->c_row[m0 + i] + n0;
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++) {
            vf v = v_act(acc[i][j], g->act);
            if (part && j == nv - 1) {
                v_store_n(c + j * VW, v, tail);
            } else {
                v_store(c + j * VW, v);
            }
        }
    }
}

ALWAYS void rows(const struct kern_gemm *g, int n0, const int nv, const bool part, int tail)
{
    int m = 0;
    for (; m + MR <= g->m; m += MR) {
        tile(g, m, n0, MR, nv, part, tail);
    }
    switch (g->m - m) {
    case 1: tile(g, m, n0, 1, nv, part, tail); break;
    case 2: tile(g, m, n0, 2, nv, part, tail); break;
    case 3: tile(g, m, n0, 3, nv, part, tail); break;
    case 4: tile(g, m, n0, 4, nv, part, tail); break;
    case 5: tile(g, m, n0, 5, nv, part, tail); break;
    case 6: tile(g, m, n0, 6, nv, part, tail); break;
    case 7: tile(g, m, n0, 7, nv, part, tail); break;
    default: break;
    }
}

static void gemm(const struct kern_gemm *g)
{
    int n = 0;
    for (; n + 2 * VW <= g->n; n += 2 * VW) {
        rows(g, n, 2, false, VW);
    }
    int left = g->n - n;
    if (left > VW) {
        rows(g, n, 2, true, left - VW);
    } else if (left == VW) {
        rows(g, n, 1, false, VW);
    } else if (left > 0) {
        rows(g, n, 1, true, left);
    }
}

// Four neighbours share the load of a weight.
ALWAYS void dw_line(const struct kern_dw *d, int oy, int ox, int c, const int count, const bool part, int tail)
{
    vf acc[4];
    vf start = {0};
    if (d->bias) {
        start = part ? v_load_n(d->bias + c, tail) : v_load(d->bias + c);
    }
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        acc[i] = start;
    }
    const int step = d->stride_w * d->c;
    for (int ky = 0; ky < d->kh; ky++) {
        const float *x = d->x + (ptrdiff_t)(oy * d->stride_h + ky) * d->x_line + (ptrdiff_t)ox * step + c;
        const float *w = d->w + (ptrdiff_t)ky * d->kw * d->c + c;
        for (int kx = 0; kx < d->kw; kx++, x += d->c, w += d->c) {
            vf wv = part ? v_load_n(w, tail) : v_load(w);
#pragma GCC unroll 4
            for (int i = 0; i < count; i++) {
                acc[i] += wv * (part ? v_load_n(x + i * step, tail) : v_load(x + i * step));
            }
        }
    }
    float *y = d->y + ((ptrdiff_t)oy * d->ow + ox) * d->c + c;
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        vf v = v_act(acc[i], d->act);
        if (part) {
            v_store_n(y + i * d->c, v, tail);
        } else {
            v_store(y + i * d->c, v);
        }
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

ALWAYS void dw_back(const struct kern_dw *d, float *dx, float *dw, int c, const bool part, int tail)
{
    const int step = d->stride_w * d->c;
    for (int ky = 0; ky < d->kh; ky++) {
        for (int kx = 0; kx < d->kw; kx++) {
            ptrdiff_t wi = (ptrdiff_t)(ky * d->kw + kx) * d->c + c;
            vf wv = part ? v_load_n(d->w + wi, tail) : v_load(d->w + wi);
            vf sum = part ? v_load_n(dw + wi, tail) : v_load(dw + wi);
            for (int oy = 0; oy < d->oh; oy++) {
                ptrdiff_t at = (ptrdiff_t)(oy * d->stride_h + ky) * d->x_line + (ptrdiff_t)kx * d->c + c;
                const float *dy = d->y + (ptrdiff_t)oy * d->ow * d->c + c;
                for (int ox = 0; ox < d->ow; ox++, at += step, dy += d->c) {
                    vf g = part ? v_load_n(dy, tail) : v_load(dy);
                    sum += g * (part ? v_load_n(d->x + at, tail) : v_load(d->x + at));
                    if (dx && part) {
                        v_store_n(dx + at, v_load_n(dx + at, tail) + g * wv, tail);
                    } else if (dx) {
                        v_store(dx + at, v_load(dx + at) + g * wv);
                    }
                }
            }
            if (part) {
                v_store_n(dw + wi, sum, tail);
            } else {
                v_store(dw + wi, sum);
            }
        }
    }
}

static void dw_backward(const struct kern_dw *d, float *dx, float *dw)
{
    int c = 0;
    for (; c + VW <= d->c; c += VW) {
        dw_back(d, dx, dw, c, false, VW);
    }
    if (c < d->c) {
        dw_back(d, dx, dw, c, true, d->c - c);
    }
}

static void adam(const struct kern_adam *a, float *restrict w, float *restrict m, float *restrict v,
                 const float *restrict g, size_t n)
{
    const struct kern_adam k = *a;
    const float rest1 = 1 - k.beta1, rest2 = 1 - k.beta2;
    for (size_t i = 0; i < n; i++) {
        float d = g[i] * k.scale;
        m[i] = k.beta1 * m[i] + rest1 * d;
        v[i] = k.beta2 * v[i] + rest2 * d * d;
        w[i] -= k.rate * (m[i] / (sqrtf(v[i]) + k.eps)) + k.decay * w[i];
    }
}

static void act_backward(enum act act, const float *restrict y, float *restrict dy, size_t n)
{
    if (act == ACT_RELU) {
        for (size_t i = 0; i < n; i++) {
            dy[i] = y[i] > 0 ? dy[i] : 0;
        }
    } else if (act == ACT_RELU6) {
        for (size_t i = 0; i < n; i++) {
            float v = y[i] > 0 ? dy[i] : 0;
            dy[i] = y[i] < 6 ? v : 0;
        }
    }
}

static void col_sum(const float *restrict x, size_t rows_n, int c, float *restrict sum)
{
    for (size_t r = 0; r < rows_n; r++, x += c) {
        for (int i = 0; i < c; i++) {
            sum[i] += x[i];
        }
    }
}

#define NAME_OF(x) #x
#define NAME(x) NAME_OF(x)
const struct kern KERN_TABLE = {NAME(KERN_TABLE), gemm, dw_forward, dw_backward, adam, act_backward, col_sum};
