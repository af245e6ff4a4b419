// The kernels as their definitions read: what every other variant is tested against. See kern.h.
#include "trainer/kern.h"

#include <math.h>
#include <string.h>

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
    return (size_t)(oy * d->stride_h + ky) * (size_t)d->x_line +
           (size_t)((ox * d->stride_w + kx) * d->c);
}

static void dw_forward(const struct kern_dw *d)
{
    float *y = d->y;
    for (int oy = 0; oy < d->oh; oy++) {
        for (int ox = 0; ox < d->ow; ox++) {
            for (int c = 0; c < d->c; c++) {
                float sum = d->add ? *y : d->bias ? d->bias[c] : 0;
                for (int ky = 0; ky < d->kh; ky++) {
                    for (int kx = 0; kx < d->kw; kx++) {
                        sum += d->x[dw_at(d, oy, ox, ky, kx) + (size_t)c] *
                               d->w[(ky * d->kw + kx) * d->c + c];
                    }
                }
                *y++ = activate(sum, d->act);
            }
        }
    }
}

static void dw_weights(const struct kern_dw *d, float *dw)
{
    const float *dy = d->y;
    for (int oy = 0; oy < d->oh; oy++) {
        for (int ox = 0; ox < d->ow; ox++, dy += d->c) {
            for (int tap = 0; tap < d->kh * d->kw; tap++) {
                const float *x = d->x + dw_at(d, oy, ox, tap / d->kw, tap % d->kw);
                for (int c = 0; c < d->c; c++) {
                    dw[tap * d->c + c] += x[c] * dy[c];
                }
            }
        }
    }
}

static void dw_inputs(const struct kern_dw *d, float *dx)
{
    const float *dy = d->y;
    for (int oy = 0; oy < d->oh; oy++) {
        for (int ox = 0; ox < d->ow; ox++, dy += d->c) {
            for (int tap = 0; tap < d->kh * d->kw; tap++) {
                float *to = dx + dw_at(d, oy, ox, tap / d->kw, tap % d->kw);
                for (int c = 0; c < d->c; c++) {
                    to[c] += d->w[tap * d->c + c] * dy[c];
                }
            }
        }
    }
}

static size_t max_at(const struct kern_max *k, int position)
{
    return (size_t)(position / k->w * k->x_line + position % k->w * k->c);
}

static void max_window(const struct kern_max *k)
{
    for (int c = 0; c < k->c; c++) {
        k->won[c] = 0;
        for (int i = 1; i < k->h * k->w; i++) {
            k->won[c] = k->x[max_at(k, i) + (size_t)c] > k->x[max_at(k, k->won[c]) + (size_t)c]
                            ? i
                            : k->won[c];
        }
        k->y[c] = k->x[max_at(k, k->won[c]) + (size_t)c];
    }
}

static void max_back(const struct kern_max *k, const float *dy, float *dx)
{
    for (int c = 0; c < k->c; c++) {
        dx[max_at(k, k->won[c]) + (size_t)c] += dy[c];
    }
}

static void norm_stats(const float *x, size_t rows, int c, float *mean, float *var)
{
    for (int i = 0; i < c; i++) {
        double sum = 0, square = 0;
        for (size_t r = 0; r < rows; r++) {
            sum += (double)x[r * (size_t)c + (size_t)i];
        }
        sum /= (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double d = (double)x[r * (size_t)c + (size_t)i] - sum;
            square += d * d;
        }
        mean[i] = (float)sum;
        var[i] = (float)(square / (double)rows);
    }
}

static void norm_apply(const struct kern_norm *k, const float *scale, const float *shift)
{
    for (size_t i = 0; i < k->rows * (size_t)k->c; i++) {
        size_t c = i % (size_t)k->c;
        k->y[i] = activate(k->x[i] * scale[c] + shift[c], k->act);
    }
}

static float let_through(float dy, float y, enum act act)
{
    return act == ACT_NONE || (y > 0 && (act == ACT_RELU || y < 6)) ? dy : 0;
}

static void norm_sums(const struct kern_norm *k, const float *mean, float *sum, float *dot)
{
    memset(sum, 0, (size_t)k->c * sizeof(*sum));
    memset(dot, 0, (size_t)k->c * sizeof(*dot));
    for (size_t i = 0; i < k->rows * (size_t)k->c; i++) {
        size_t c = i % (size_t)k->c;
        float g = let_through(k->dy[i], k->y[i], k->act);
        sum[c] += g;
        dot[c] += g * (k->x[i] - mean[c]);
    }
}

static void norm_slope(const struct kern_norm *k, const float *of_dy, const float *of_x,
                       const float *rest, bool add, float *dx)
{
    for (size_t i = 0; i < k->rows * (size_t)k->c; i++) {
        size_t c = i % (size_t)k->c;
        float v = of_dy[c] * let_through(k->dy[i], k->y[i], k->act) + of_x[c] * k->x[i] + rest[c];
        dx[i] = add ? dx[i] + v : v;
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

static void act_forward(enum act act, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = activate(y[i], act);
    }
}

static void act_backward(enum act act, const float *y, float *dy, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        dy[i] = let_through(dy[i], y[i], act);
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

static const struct kern ref = {
    "ref", gemm, dw_forward, dw_weights, dw_inputs, max_window, max_back, norm_stats, norm_apply,
    norm_sums, norm_slope, adam, act_forward, act_backward, col_sum};

const struct kern *kern_ref(void)
{
    return &ref;
}
