// Two inputs to one output: the sum (residual connections), or one's channels behind the other's.
#include "trainer/layer.h"

static const char *fit_add(struct layer *l, const struct net *n)
{
    if (l->in[1] < 0) {
        return "needs a second input";
    }
    struct shape o = n->layer[l->in[1]].y;
    if (o.h != l->x.h || o.w != l->x.w || o.c != l->x.c) {
        return "its two inputs differ in shape";
    }
    l->y = l->x;
    return NULL;
}

static void add_forward(const struct pass *p)
{
    size_t n = shape_len(p->l->y) * (size_t)p->n;
    for (size_t i = 0; i < n; i++) {
        p->y[i] = p->x[0][i] + p->x[1][i];
    }
}

static void add_backward(const struct pass *p)
{
    size_t n = shape_len(p->l->y) * (size_t)p->n;
    for (int j = 0; j < 2; j++) {
        float *dx = p->dx[j];
        for (size_t i = 0; dx && i < n; i++) {
            dx[i] = p->add[j] ? dx[i] + p->dy[i] : p->dy[i];
        }
    }
}

static const char *fit_concat(struct layer *l, const struct net *n)
{
    if (l->in[1] < 0) {
        return "needs a second input";
    }
    struct shape o = n->layer[l->in[1]].y;
    if (o.h != l->x.h || o.w != l->x.w) {
        return "its two inputs differ in height or width";
    }
    l->y = (struct shape){l->x.h, l->x.w, l->x.c + o.c};
    return NULL;
}

static void concat_forward(const struct pass *p)
{
    size_t c0 = (size_t)p->l->x.c, c = (size_t)p->l->y.c;
    size_t rows = (size_t)p->n * (size_t)(p->l->y.h * p->l->y.w);
    for (size_t r = 0; r < rows; r++) {
        memcpy(p->y + r * c, p->x[0] + r * c0, c0 * sizeof(float));
        memcpy(p->y + r * c + c0, p->x[1] + r * (c - c0), (c - c0) * sizeof(float));
    }
}

static void concat_backward(const struct pass *p)
{
    size_t c0 = (size_t)p->l->x.c, c = (size_t)p->l->y.c;
    size_t rows = (size_t)p->n * (size_t)(p->l->y.h * p->l->y.w);
    for (int j = 0; j < 2; j++) {
        size_t width = j ? c - c0 : c0, at = j ? c0 : 0;
        for (size_t r = 0; p->dx[j] && r < rows; r++) {
            for (size_t i = 0; i < width; i++) {
                float d = p->dy[r * c + at + i];
                float *dx = &p->dx[j][r * width + i];
                *dx = p->add[j] ? *dx + d : d;
            }
        }
    }
}

const struct layer_ops layer_add = {
    .name = "add", .fit = fit_add, .forward = add_forward, .backward = add_backward};
const struct layer_ops layer_concat = {
    .name = "concat", .fit = fit_concat, .forward = concat_forward, .backward = concat_backward};
