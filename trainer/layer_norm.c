// Batch normalisation per channel: y = gamma (x - mean) / sqrt(variance + eps) + beta. In training mean and
// variance are those of the lane's samples; afterwards the remembered ones. Folded into weights at export.
#include "trainer/layer.h"

#include <math.h>

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    l->y = l->x;
    l->w_len = l->b_len = (size_t)l->x.c;
    // 1/deviation of the batch, and two sums of the backward pass
    l->scratch_fixed = 3 * (size_t)l->x.c;
    return NULL;
}

// Mean and variance of every channel over rows; two passes, because E[x^2] - mean^2 cancels.
static void statistics(const struct kern *k, const float *x, size_t rows, int c, float *mean, float *var)
{
    memset(mean, 0, (size_t)c * sizeof(float));
    memset(var, 0, (size_t)c * sizeof(float));
    k->col_sum(x, rows, c, mean);
    for (int i = 0; i < c; i++) {
        mean[i] /= (float)rows;
    }
    for (size_t r = 0; r < rows; r++, x += c) {
        for (int i = 0; i < c; i++) {
            float d = x[i] - mean[i];
            var[i] += d * d;
        }
    }
    for (int i = 0; i < c; i++) {
        var[i] /= (float)rows;
    }
}

static void forward(const struct pass *p)
{
    int c = p->l->x.c;
    size_t rows = (size_t)p->n * (size_t)(p->l->x.h * p->l->x.w);
    const float *mean = p->state, *var = p->state + c;
    if (p->training) {
        statistics(p->net->kern, p->x[0], rows, c, p->seen, p->seen + c);
        mean = p->seen;
        var = p->seen + c;
    }
    float *restrict scale = p->scratch, *restrict shift = p->scratch + c;
    for (int i = 0; i < c; i++) {
        scale[i] = p->w[i] / sqrtf(var[i] + NET_NORM_EPS);
        shift[i] = p->b[i] - mean[i] * scale[i];
    }
    const float *x = p->x[0];
    float *restrict y = p->y;
    for (size_t r = 0; r < rows; r++, x += c, y += c) {
        for (int i = 0; i < c; i++) {
            y[i] = x[i] * scale[i] + shift[i];
        }
    }
}

static void backward(const struct pass *p)
{
    int c = p->l->x.c;
    size_t rows = (size_t)p->n * (size_t)(p->l->x.h * p->l->x.w);
    const float *mean = p->seen, *var = p->seen + c;
    float *restrict inv = p->scratch, *restrict sum = p->db, *restrict dot = p->dw;
    memset(sum, 0, (size_t)c * sizeof(float));
    memset(dot, 0, (size_t)c * sizeof(float));
    for (int i = 0; i < c; i++) {
        inv[i] = 1 / sqrtf(var[i] + NET_NORM_EPS);
    }
    const float *x = p->x[0], *dy = p->dy;
    for (size_t r = 0; r < rows; r++, x += c, dy += c) {
        for (int i = 0; i < c; i++) {
            sum[i] += dy[i];
            dot[i] += dy[i] * (x[i] - mean[i]) * inv[i];
        }
    }
    if (!p->dx[0]) {
        return;
    }
    x = p->x[0];
    dy = p->dy;
    float *dx = p->dx[0];
    float share = 1.0f / (float)rows;
    for (size_t r = 0; r < rows; r++, x += c, dy += c, dx += c) {
        for (int i = 0; i < c; i++) {
            float normal = (x[i] - mean[i]) * inv[i];
            float d = p->w[i] * inv[i] * (dy[i] - share * (sum[i] + normal * dot[i]));
            dx[i] = p->add[0] ? dx[i] + d : d;
        }
    }
}

const struct layer_ops layer_norm = {"norm", fit, forward, backward, NULL, NULL, false};
