// The fast kernels, compiled once per instruction set under the name KERN_TABLE (rules.mk). See kern.h.
//
// gemm works on register tiles of MR rows by one or two vectors of columns: two loads of b serve MR rows, and
// a's values are broadcast straight from memory, so neither operand is copied first.
#include "trainer/kern.h"
#include "trainer/kern_body_norm.h"
#include "trainer/kern_body_window.h"
#include "trainer/vec.h"

#include <math.h>

#define MR 8

extern const struct kern KERN_TABLE;

// mr rows by nv vectors; the last vector holds `tail` columns where part is set. All but m0, n0 and tail
// are constants once inlined.
ALWAYS void tile(const struct kern_gemm *g, int m0, int n0, const int mr, const int nv,
                 const bool part, int tail)
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
            acc[i][j] = !from ? (vf){0}
                        : cut ? v_load_n(from + n0 + j * VW, tail)
                              : v_load(from + n0 + j * VW);
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

ALWAYS void few_rows(const struct kern_gemm *g, int m, int count, int n0, const int nv,
                     const bool part, int tail)
{
    switch (count) {
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

ALWAYS void rows(const struct kern_gemm *g, int n0, const int nv, const bool part, int tail)
{
    int m = 0, left = g->m;
    for (; left == MR || left >= MR + MR / 2; m += MR, left -= MR) {
        tile(g, m, n0, MR, nv, part, tail);
    }
    // what is left in two even parts where it is more than a tile: a tile of one row takes as long as one of four
    int first = left > MR ? left - left / 2 : left;
    few_rows(g, m, first, n0, nv, part, tail);
    few_rows(g, m + first, left - first, n0, nv, part, tail);
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

static void act_forward(enum act act, float *y, size_t n)
{
    if (act == ACT_RELU) {
        for (size_t i = 0; i < n; i++) {
            y[i] = y[i] > 0 ? y[i] : 0;
        }
    } else if (act == ACT_RELU6) {
        for (size_t i = 0; i < n; i++) {
            float v = y[i] > 0 ? y[i] : 0;
            y[i] = v < 6 ? v : 6;
        }
    }
}

#define NAME_OF(x) #x
#define NAME(x) NAME_OF(x)
const struct kern KERN_TABLE = {NAME(KERN_TABLE), gemm,     dw_forward,  dw_weights,   dw_inputs,
                                max_window,       max_back, norm_stats,  norm_apply,   norm_sums,
                                norm_slope,       adam,     act_forward, act_backward, col_sum};
