// The kernels as their definitions read: what every other variant is tested against. See kern.h.
#include "trainer/kern.h"

#include <math.h>

static float activate(float v, enum act act)
{
    if (act != ACT_NONE && v < 0) {
        return 0;
    }
    return act == ACT_RELU6 && v > 6 ? 6 : v;
}

static void gemm(const struct kern_gemm *g)
{
    for (int m = 0; m < g->m; m++) {
        for (int n = 0; n < g->n; n++) {
            float *c = g->c + g->c_row[m] + n;
            float sum = g->add ? *c : g->bias ? g->bias[n] : 0;
            for (int s = 0; s < g->segs; s++) {
                const float *a = g->a + g->a_row[m] + (ptrdiff_t)s * g->a_seg;
                const float *b = g->b + (ptrdiff_t)s * g->b_seg + n;
                for (int i = 0; i < g->k; i++) {
                    sum += a[(ptrdiff_t)i * g->a_k] * b[(ptrdiff_t)i * g->b_k];
                }
            }
            *c = activate(sum, g->act);
        }
    }
}

static size_t dw_at(const struct kern_dw *d, int oy, int ox, int ky, int kx)
{
    return (size_t)(oy * d->stride_h + ky) * (size_t)d->x_line + (size_t)((ox * d->stride_w + kx) * d->c);
}

static void dw_forward(const struct kern_dw *d)
{
    float *y = d->y;
    for (int oy = 0; oy < d->oh; oy++) {
        for (int ox = 0; ox < d->ow; ox++) {
            for (int c = 0; c < d->c; c++) {
                float sum = d->bias ? d->bias[c] : 0;
                for (int ky = 0; ky < d->kh; ky++) {
                    for (int kx = 0; kx < d->kw; kx++) {
                        sum += d->x[dw_at(d, oy, ox, ky, kx) + (size_t)c] * d->w[(ky * d->kw + kx) * d->c + c];
                    }
                }
                *y++ = activate(sum, d->act);
            }
        }
    }
}

static void dw_backward(const struct kern_dw *d, float *dx, float *dw)
{
    const float *dy = d->y;
    for (int oy = 0; oy < d->oh; oy++) {
        for (int ox = 0; ox < d->ow; ox++, dy += d->c) {
            for (int ky = 0; ky < d->kh; ky++) {
                for (int kx = 0; kx < d->kw; kx++) {
                    size_t at = dw_at(d, oy, ox, ky, kx);
                    int wi = (ky * d->kw + kx) * d->c;
                    for (int c = 0; c < d->c; c++) {
                        dw[wi + c] += d->x[at + (size_t)c] * dy[c];
                        if (dx) {
                            dx[at + (size_t)c] += d->w[wi + c] * dy[c];
                        }
                    }
                }
            }
        }
    }
}

static void adam(const struct kern_adam *a, float *w, float *m, float *v, const float *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] * a->scale;
        m[i] = a->beta1 * m[i] + (1 - a->beta1) * d;
        v[i] = a->beta2 * v[i] + (1 - a->beta2) * d * d;
        w[i] -= a->rate * (m[i] / (sqrtf(v[i]) + a->eps)) + a->decay * w[i];
    }
}

static void act_backward(enum act act, const float *y, float *dy, size_t n)
{
    for (size_t i = 0; act != ACT_NONE && i < n; i++) {
        dy[i] = y[i] > 0 && (act == ACT_RELU || y[i] < 6) ? dy[i] : 0;
    }
}

static void col_sum(const float *x, size_t rows, int c, float *sum)
{
    for (size_t r = 0; r < rows; r++) {
        for (int i = 0; i < c; i++) {
            sum[i] += x[r * (size_t)c + (size_t)i];
        }
    }
}

static const struct kern ref = {"ref", gemm, dw_forward, dw_backward, adam, act_backward, col_sum};

const struct kern *kern_ref(void)
{
    return &ref;
}
