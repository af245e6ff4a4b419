// Depthwise convolution: every channel by its own kernel, w[kh][kw][c]. The slope of the input is, for stride 1, a
// depthwise convolution of the padded slope with the kernel turned around; for other strides each kernel position
// is added where it came from.
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
    l->scratch_fixed = layer_is_stride1(l) ? layer_slope_len(l) : padded;
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

static void input_slope(const struct pass *p, const float *dy, float *dx)
{
    const struct layer *l = p->l;
    layer_pad_slope(l, dy, p->scratch);
    p->net->kern->dw_forward(&(struct kern_dw){.oh = l->x.h,
                                               .ow = l->x.w,
                                               .c = l->x.c,
                                               .kh = l->kh,
                                               .kw = l->kw,
                                               .stride_h = 1,
                                               .stride_w = 1,
                                               .x_line = (l->x.w + l->kw - 1) * l->x.c,
                                               .x = p->scratch,
                                               .w = p->turned,
                                               .y = dx,
                                               .add = p->add[0]});
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
        p->net->kern->dw_weights(&d, p->dw);
        float *dx = p->dx[0] ? p->dx[0] + (size_t)i * shape_len(l->x) : NULL;
        if (dx && layer_is_stride1(l)) {
            input_slope(p, d.y, dx);
        } else if (dx) {
            memset(p->scratch, 0, l->scratch_fixed * sizeof(float));
            p->net->kern->dw_inputs(&d, p->scratch);
            layer_unpad(l, p->scratch, dx, p->add[0]);
        }
    }
}

static void turn(const struct layer *l, const float *w, float *turned)
{
    int c = l->x.c, taps = l->kh * l->kw;
    for (int i = 0; i < taps; i++) {
        memcpy(turned + (size_t)((taps - 1 - i) * c), w + (size_t)(i * c), (size_t)c * sizeof(*w));
    }
}

static uint64_t macs(const struct layer *l)
{
    return (uint64_t)l->w_len * (uint64_t)(l->y.h * l->y.w);
}

const struct layer_ops layer_dwconv = {.name = "dwconv",
                                       .fit = fit,
                                       .forward = forward,
                                       .backward = backward,
                                       .turn = turn,
                                       .macs = macs,
                                       .acts = true};
