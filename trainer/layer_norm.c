// Batch normalisation per channel: y = act(gamma (x - mean) / sqrt(variance + eps) + beta). In training mean and
// variance are those of the lane's samples; afterwards the remembered ones. Folded into weights at export.
#include "trainer/layer.h"

#include <math.h>

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    l->y = l->x;
    l->w_len = l->b_len = (size_t)l->x.c;
    l->scratch_fixed = 3 * (size_t)l->x.c; // factors by channel
    return NULL;
}

static struct kern_norm describe(const struct pass *p)
{
    return (struct kern_norm){.rows = (size_t)p->n * (size_t)(p->l->x.h * p->l->x.w),
                              .c = p->l->x.c,
                              .x = p->x[0],
                              .y = p->y,
                              .dy = p->dy,
                              .act = p->l->act};
}

static void forward(const struct pass *p)
{
    struct kern_norm k = describe(p);
    const float *mean = p->state, *var = p->state + k.c;
    if (p->training) {
        p->net->kern->norm_stats(k.x, k.rows, k.c, p->seen, p->seen + k.c);
        mean = p->seen;
        var = p->seen + k.c;
    }
    float *scale = p->scratch, *shift = p->scratch + k.c;
    for (int i = 0; i < k.c; i++) {
        scale[i] = p->w[i] / sqrtf(var[i] + NET_NORM_EPS);
        shift[i] = p->b[i] - mean[i] * scale[i];
    }
    p->net->kern->norm_apply(&k, scale, shift);
}

// With u = (x - mean) / deviation: dx = gamma / deviation (dy - mean of dy - u * mean of (dy u)), which is linear in dy
// and x for each channel.
static void backward(const struct pass *p)
{
    struct kern_norm k = describe(p);
    const float *mean = p->seen, *var = p->seen + k.c;
    p->net->kern->norm_sums(&k, mean, p->db, p->dw);
    float *of_dy = p->scratch, *of_x = of_dy + k.c, *rest = of_x + k.c;
    const float share = 1.0f / (float)k.rows;
    for (int i = 0; i < k.c; i++) {
        float inverse = 1 / sqrtf(var[i] + NET_NORM_EPS);
        p->dw[i] *= inverse;
        of_dy[i] = p->w[i] * inverse;
        of_x[i] = -of_dy[i] * share * p->dw[i] * inverse;
        rest[i] = -of_dy[i] * share * p->db[i] - of_x[i] * mean[i];
    }
    if (p->dx[0]) {
        p->net->kern->norm_slope(&k, of_dy, of_x, rest, p->add[0], p->dx[0]);
    }
}

const struct layer_ops layer_norm = {.name = "norm",
                                     .fit = fit,
                                     .forward = forward,
                                     .backward = backward,
                                     .acts = true,
                                     .masks = true};
