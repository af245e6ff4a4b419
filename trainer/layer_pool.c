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

// The windows of a batch, in the order of their results.
static struct kern_max window(const struct pass *p, int oy, int ox, int sample, size_t at)
{
    const struct layer *l = p->l;
    struct area a = area_of(l, oy, ox);
    size_t place = (size_t)sample * shape_len(l->x) + (size_t)((a.y0 * l->x.w + a.x0) * l->x.c);
    return (struct kern_max){.h = a.y1 - a.y0,
                             .w = a.x1 - a.x0,
                             .c = l->x.c,
                             .x_line = l->x.w * l->x.c,
                             .x = p->x[0] + place,
                             .y = p->y + at,
                             .won = (int32_t *)(void *)p->scratch + at};
}

static void max_forward(const struct pass *p)
{
    const struct layer *l = p->l;
    size_t at = 0;
    for (int s = 0; s < p->n; s++) {
        for (int oy = 0; oy < l->y.h; oy++) {
            for (int ox = 0; ox < l->y.w; ox++, at += (size_t)l->y.c) {
                struct kern_max k = window(p, oy, ox, s, at);
                p->net->kern->max_window(&k);
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
    if (!p->add[0]) {
        memset(p->dx[0], 0, (size_t)p->n * shape_len(l->x) * sizeof(float));
    }
    size_t at = 0;
    for (int s = 0; s < p->n; s++) {
        for (int oy = 0; oy < l->y.h; oy++) {
            for (int ox = 0; ox < l->y.w; ox++, at += (size_t)l->y.c) {
                struct kern_max k = window(p, oy, ox, s, at);
                p->net->kern->max_back(&k, p->dy + at, p->dx[0] + (k.x - p->x[0]));
            }
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
                    p->net->kern->col_sum(x + (ptrdiff_t)(iy * l->x.w + a.x0) * c,
                                          (size_t)(a.x1 - a.x0), c, y);
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

const struct layer_ops layer_maxpool = {.name = "maxpool", .fit = fit, .forward = max_forward,
                                        .backward = max_backward};
const struct layer_ops layer_avgpool = {.name = "avgpool", .fit = fit, .forward = avg_forward,
                                        .backward = avg_backward};
