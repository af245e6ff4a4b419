// Dropout: in training every value is kept with probability 1 - rate and scaled up to make up for it.
#include "trainer/layer.h"

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    l->y = l->x;
    l->scratch = shape_len(l->y);
    return l->rate < 0 || l->rate > 0.95f ? "rate must be 0..0.95" : NULL;
}

static void forward(const struct pass *p)
{
    size_t n = shape_len(p->l->y) * (size_t)p->n;
    if (!p->training || p->l->rate <= 0) {
        memcpy(p->y, p->x[0], n * sizeof(float));
        return;
    }
    float kept = 1 / (1 - p->l->rate);
    for (size_t i = 0; i < n; i++) {
        p->scratch[i] = rng_uniform(p->rng) < p->l->rate ? 0 : kept;
        p->y[i] = p->x[0][i] * p->scratch[i];
    }
}

static void backward(const struct pass *p)
{
    size_t n = shape_len(p->l->y) * (size_t)p->n;
    float *dx = p->dx[0];
    for (size_t i = 0; dx && i < n; i++) {
        float d = p->l->rate > 0 ? p->dy[i] * p->scratch[i] : p->dy[i];
        dx[i] = p->add[0] ? dx[i] + d : d;
    }
}

const struct layer_ops layer_dropout = {
    .name = "dropout", .fit = fit, .forward = forward, .backward = backward};
