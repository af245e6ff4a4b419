// Depthwise convolution: every channel by its own kernel, w[kh][kw][c].
#include "trainer/layer.h"

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    const char *why = layer_slide(l);
    if (why) {
        return why;
    }
    l->y.c = l->x.c;
    l->w_len = (size_t)(l->kh * l->kw) * (size_t)l->x.c;
    l->b_len = l->bias ? (size_t)l->x.c : 0;
    size_t padded = (size_t)l->ph * (size_t)l->pw * (size_t)l->x.c;
    l->scratch = layer_is_padded(l) ? padded : 0;
    l->scratch_fixed = padded;
    return padded > (1u << 24) ? "too large" : NULL;
}

static struct kern_dw describe(const struct pass *p, int sample)
{
    const struct layer *l = p->l;
    const float *x = p->x[0] + (size_t)sample * shape_len(l->x);
    return (struct kern_dw){
        .oh = l->y.h, .ow = l->y.w, .c = l->x.c, .kh = l->kh, .kw = l->kw,
        .stride_h = l->sh, .stride_w = l->sw, .x_line = l->pw * l->x.c,
        .x = layer_is_padded(l) ? p->scratch + l->scratch_fixed + (size_t)sample * l->scratch : x,
        .w = p->w, .bias = p->b, .act = l->act};
}

static void forward(const struct pass *p)
{
    for (int i = 0; i < p->n; i++) {
        struct kern_dw d = describe(p, i);
        if (layer_is_padded(p->l)) {
            layer_pad(p->l, p->x[0] + (size_t)i * shape_len(p->l->x),
                      p->scratch + p->l->scratch_fixed + (size_t)i * p->l->scratch);
        }
        d.y = p->y + (size_t)i * shape_len(p->l->y);
        p->net->kern->dw_forward(&d);
    }
}

static void backward(const struct pass *p)
{
    const struct layer *l = p->l;
    memset(p->dw, 0, l->w_len * sizeof(float));
    if (p->db) {
        memset(p->db, 0, l->b_len * sizeof(float));
        p->net->kern->col_sum(p->dy, (size_t)(l->y.h * l->y.w) * (size_t)p->n, l->y.c, p->db);
    }
    for (int i = 0; i < p->n; i++) {
        struct kern_dw d = describe(p, i);
        d.y = p->dy + (size_t)i * shape_len(l->y);
        if (p->dx[0]) {
            memset(p->scratch, 0, l->scratch_fixed * sizeof(float));
        }
        p->net->kern->dw_backward(&d, p->dx[0] ? p->scratch : NULL, p->dw);
        if (p->dx[0]) {
            layer_unpad(l, p->scratch, p->dx[0] + (size_t)i * shape_len(l->x), p->add[0]);
        }
    }
}

static uint64_t macs(const struct layer *l)
{
    return (uint64_t)l->w_len * (uint64_t)(l->y.h * l->y.w);
}

const struct layer_ops layer_dwconv = {"dwconv", fit, forward, backward, NULL, macs, true};
