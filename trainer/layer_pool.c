// Largest value, or mean, of a sliding window. Padding counts for neither (as in TensorFlow Lite).
#include "trainer/layer.h"

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    const char *why = layer_slide(l);
    l->y.c = l->x.c;
    l->scratch = l->kind == LAYER_MAXPOOL ? shape_len(l->y) : 0; // which input won, as int32
    return why;
}

struct area {
    int y0, y1, x0, x1;
};

static struct area area_of(const struct layer *l, int oy, int ox)
{
    int y = oy * l->sh - l->pad_t, x = ox * l->sw - l->pad_l;
    return (struct area){y < 0 ? 0 : y, y + l->kh > l->x.h ? l->x.h : y + l->kh,
                         x < 0 ? 0 : x, x + l->kw > l->x.w ? l->x.w : x + l->kw};
}

static void max_one(const struct layer *l, struct area a, const float *x, float *y, int32_t *won)
{
    int c = l->x.c;
    for (int i = 0; i < c; i++) {
        won[i] = (a.y0 * l->x.w + a.x0) * c + i;
        y[i] = x[won[i]];
    }
    for (int iy = a.y0; iy < a.y1; iy++) {
        for (int ix = a.x0; ix < a.x1; ix++) {
            int32_t at = (iy * l->x.w + ix) * c;
            for (int i = 0; i < c; i++) {
                bool more = x[at + i] > y[i];
                y[i] = more ? x[at + i] : y[i];
                won[i] = more ? at + i : won[i];
            }
        }
    }
}

static void max_forward(const struct pass *p)
{
    const struct layer *l = p->l;
    float *y = p->y;
    int32_t *won = (int32_t *)(void *)p->scratch;
    for (int s = 0; s < p->n; s++) {
        const float *x = p->x[0] + (size_t)s * shape_len(l->x);
        for (int oy = 0; oy < l->y.h; oy++) {
            for (int ox = 0; ox < l->y.w; ox++, y += l->y.c, won += l->y.c) {
                max_one(l, area_of(l, oy, ox), x, y, won);
            }
        }
    }
}

static void max_backward(const struct pass *p)
{
    const struct layer *l = p->l;
    if (!p->dx[0]) {
        return;
    }
    const int32_t *won = (const int32_t *)(const void *)p->scratch;
    size_t len = shape_len(l->y);
    for (int s = 0; s < p->n; s++) {
        float *dx = p->dx[0] + (size_t)s * shape_len(l->x);
        if (!p->add[0]) {
            memset(dx, 0, shape_len(l->x) * sizeof(float));
        }
        for (size_t i = 0; i < len; i++) {
            dx[won[(size_t)s * len + i]] += p->dy[(size_t)s * len + i];
        }
    }
}

static void avg_forward(const struct pass *p)
{
    const struct layer *l = p->l;
    int c = l->x.c;
    float *y = p->y;
    for (int s = 0; s < p->n; s++) {
        const float *x = p->x[0] + (size_t)s * shape_len(l->x);
        for (int oy = 0; oy < l->y.h; oy++) {
            for (int ox = 0; ox < l->y.w; ox++, y += c) {
                struct area a = area_of(l, oy, ox);
                memset(y, 0, (size_t)c * sizeof(float));
                for (int iy = a.y0; iy < a.y1; iy++) {
                    p->net->kern->col_sum(x + (ptrdiff_t)(iy * l->x.w + a.x0) * c, (size_t)(a.x1 - a.x0), c, y);
                }
                float share = 1.0f / (float)((a.y1 - a.y0) * (a.x1 - a.x0));
                for (int i = 0; i < c; i++) {
                    y[i] *= share;
                }
            }
        }
    }
}

static void avg_back_one(const struct layer *l, struct area a, const float *dy, float *dx)
{
    int c = l->x.c;
    float share = 1.0f / (float)((a.y1 - a.y0) * (a.x1 - a.x0));
    for (int iy = a.y0; iy < a.y1; iy++) {
        for (int ix = a.x0; ix < a.x1; ix++) {
            float *to = dx + (ptrdiff_t)(iy * l->x.w + ix) * c;
            for (int i = 0; i < c; i++) {
                to[i] += dy[i] * share;
            }
        }
    }
}

static void avg_backward(const struct pass *p)
{
    const struct layer *l = p->l;
    if (!p->dx[0]) {
        return;
    }
    const float *dy = p->dy;
    for (int s = 0; s < p->n; s++) {
        float *dx = p->dx[0] + (size_t)s * shape_len(l->x);
        if (!p->add[0]) {
            memset(dx, 0, shape_len(l->x) * sizeof(float));
        }
        for (int oy = 0; oy < l->y.h; oy++) {
            for (int ox = 0; ox < l->y.w; ox++, dy += l->y.c) {
                avg_back_one(l, area_of(l, oy, ox), dy, dx);
            }
        }
    }
}

const struct layer_ops layer_maxpool = {"maxpool", fit, max_forward, max_backward, NULL, NULL, false};
const struct layer_ops layer_avgpool = {"avgpool", fit, avg_forward, avg_backward, NULL, NULL, false};
