// Convolution over a picture: x[h][w][c], w[kh][kw][c][units], y[oh][ow][units]. A signal has h = 1.
//
// For each line ky of the kernel, the kw * c values below it lie side by side in the padded input, so the
// sum is kern_gemm's two-level one (ky, then kw * c) with no unrolled copy of the input. The slope of the
// weights is the same over output positions. The slope of the input is, for stride 1, a convolution of the padded
// slope with the kernel turned around; for other strides each kernel position is added where it came from.
#include "trainer/layer.h"

struct tables { // of l->table, in this order
    int32_t *x_row;  // outputs: where each output position's patch starts in the padded input
    int32_t *y_row;  // outputs: position * units
    int32_t *w_x;    // kh * kw * c: where each weight row's input starts
    int32_t *w_row;  // kh * kw * c: row * units
    int32_t *dx_row; // stride 1: inputs: where each input position's patch starts in the padded
                     // slope otherwise outputs: where each output position lies in the padded input
    int32_t *dx_at;  // stride 1: inputs: position * c
    size_t total;
};

static size_t outputs(const struct layer *l)
{
    return (size_t)l->y.h * (size_t)l->y.w;
}
static size_t inputs(const struct layer *l)
{
    return (size_t)l->x.h * (size_t)l->x.w;
}
static size_t depth(const struct layer *l)
{
    return (size_t)l->kh * (size_t)l->kw * (size_t)l->x.c;
}

static struct tables tables_of(const struct layer *l)
{
    struct tables t = {.x_row = l->table};
    size_t o = outputs(l), d = depth(l);
    size_t back = layer_is_stride1(l) ? inputs(l) : o;
    t.total = 2 * o + 2 * d + back + inputs(l);
    if (l->table) {
        t.y_row = t.x_row + o;
        t.w_x = t.y_row + o;
        t.w_row = t.w_x + d;
        t.dx_row = t.w_row + d;
        t.dx_at = t.dx_row + back;
    }
    return t;
}

static void fill(const struct layer *l)
{
    struct tables t = tables_of(l);
    int32_t line = l->pw * l->x.c;
    int32_t dline = (l->x.w + l->kw - 1) * l->units;
    for (int oy = 0, i = 0; oy < l->y.h; oy++) {
        for (int ox = 0; ox < l->y.w; ox++, i++) {
            t.x_row[i] = oy * l->sh * line + ox * l->sw * l->x.c;
            t.y_row[i] = i * l->units;
        }
    }
    for (int ky = 0, i = 0; ky < l->kh; ky++) {
        for (int j = 0; j < l->kw * l->x.c; j++, i++) {
            t.w_x[i] = ky * line + j;
            t.w_row[i] = i * l->units;
        }
    }
    for (int y = 0, i = 0; y < l->x.h; y++) {
        for (int x = 0; x < l->x.w; x++, i++) {
            t.dx_at[i] = i * l->x.c;
            if (layer_is_stride1(l)) {
                t.dx_row[i] = y * dline + x * l->units;
            }
        }
    }
    if (!layer_is_stride1(l)) {
        memcpy(t.dx_row, t.x_row, outputs(l) * sizeof(int32_t));
    }
}

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    if (l->units < 1 || l->units > 4096) {
        return "filters must be 1..4096";
    }
    const char *why = layer_slide(l);
    if (why) {
        return why;
    }
    l->y.c = l->units;
    l->w_len = depth(l) * (size_t)l->units;
    l->b_len = l->bias ? (size_t)l->units : 0;
    size_t padded = (size_t)l->ph * (size_t)l->pw * (size_t)l->x.c;
    if (l->w_len > NET_PARAMS_MAX || padded > (1u << 24) || shape_len(l->y) > (1u << 24)) {
        return "too large";
    }
    l->scratch = layer_is_padded(l) ? padded : 0;
    l->scratch_fixed = layer_is_stride1(l) ? layer_slope_len(l) : padded;
    l->table = malloc(tables_of(l).total * sizeof(int32_t));
    if (!l->table) {
        return "out of memory";
    }
    fill(l);
    return NULL;
}

static const float *padded_input(const struct pass *p, int sample, bool fresh)
{
    const struct layer *l = p->l;
    const float *x = p->x[0] + (size_t)sample * shape_len(l->x);
    if (!layer_is_padded(l)) {
        return x;
    }
    float *own = p->scratch + l->scratch_fixed + (size_t)sample * l->scratch;
    if (fresh) {
        layer_pad(l, x, own);
    }
    return own;
}

static void forward(const struct pass *p)
{
    const struct layer *l = p->l;
    struct tables t = tables_of(l);
    struct kern_gemm g = {.m = (int)outputs(l), .n = l->units, .segs = l->kh, .k = l->kw * l->x.c,
                          .a_row = t.x_row, .a_seg = l->pw * l->x.c, .a_k = 1,
                          .b = p->w, .b_seg = l->kw * l->x.c * l->units, .b_k = l->units,
                          .c_row = t.y_row, .bias = p->b, .act = l->act};
    for (int i = 0; i < p->n; i++) {
        g.a = padded_input(p, i, true);
        g.c = p->y + (size_t)i * shape_len(l->y);
        p->net->kern->gemm(&g);
    }
}

static void weight_slope(const struct pass *p)
{
    const struct layer *l = p->l;
    struct tables t = tables_of(l);
    struct kern_gemm g = {.m = (int)depth(l),
                          .n = l->units,
                          .segs = l->y.h,
                          .k = l->y.w,
                          .a_row = t.w_x,
                          .a_seg = l->sh * l->pw * l->x.c,
                          .a_k = l->sw * l->x.c,
                          .b_seg = l->y.w * l->units,
                          .b_k = l->units,
                          .c = p->dw,
                          .c_row = t.w_row};
    for (int i = 0; i < p->n; i++) {
        g.a = padded_input(p, i, false);
        g.b = p->dy + (size_t)i * shape_len(l->y);
        g.add = i > 0;
        p->net->kern->gemm(&g);
    }
    if (p->db) {
        memset(p->db, 0, l->b_len * sizeof(float));
        p->net->kern->col_sum(p->dy, outputs(l) * (size_t)p->n, l->units, p->db);
    }
}

// The slope where input position (y, x) finds its patch at (y, x).
static const float *slope_of(const struct pass *p, int sample)
{
    const struct layer *l = p->l;
    const float *dy = p->dy + (size_t)sample * shape_len(l->y);
    if (l->kh == 1 && l->kw == 1) {
        return dy;
    }
    layer_pad_slope(l, dy, p->scratch);
    return p->scratch;
}

static void input_slope_stride1(const struct pass *p)
{
    const struct layer *l = p->l;
    struct tables t = tables_of(l);
    struct kern_gemm g = {.m = (int)inputs(l), .n = l->x.c, .segs = l->kh, .k = l->kw * l->units,
                          .a_row = t.dx_row, .a_seg = (l->x.w + l->kw - 1) * l->units, .a_k = 1,
                          .b = p->turned, .b_seg = l->kw * l->units * l->x.c, .b_k = l->x.c,
                          .c_row = t.dx_at, .add = p->add[0]};
    for (int i = 0; i < p->n; i++) {
        g.a = slope_of(p, i);
        g.c = p->dx[0] + (size_t)i * shape_len(l->x);
        p->net->kern->gemm(&g);
    }
}

static void input_slope_strided(const struct pass *p)
{
    const struct layer *l = p->l;
    struct tables t = tables_of(l);
    struct kern_gemm g = {.m = (int)outputs(l),
                          .n = l->x.c,
                          .segs = 1,
                          .k = l->units,
                          .a_row = t.y_row,
                          .a_k = 1,
                          .b_k = l->x.c,
                          .c_row = t.dx_row,
                          .add = true};
    for (int i = 0; i < p->n; i++) {
        g.a = p->dy + (size_t)i * shape_len(l->y);
        memset(p->scratch, 0, l->scratch_fixed * sizeof(float));
        for (int ky = 0; ky < l->kh; ky++) {
            for (int kx = 0; kx < l->kw; kx++) {
                // the turned kernel runs backwards
                int at = (l->kh - 1 - ky) * l->kw + l->kw - 1 - kx;
                g.b = p->turned + (size_t)at * (size_t)(l->units * l->x.c);
                g.c = p->scratch + (ptrdiff_t)(ky * l->pw + kx) * l->x.c;
                p->net->kern->gemm(&g);
            }
        }
        layer_unpad(l, p->scratch, p->dx[0] + (size_t)i * shape_len(l->x), p->add[0]);
    }
}

static void backward(const struct pass *p)
{
    weight_slope(p);
    if (p->dx[0] && layer_is_stride1(p->l)) {
        input_slope_stride1(p);
    } else if (p->dx[0]) {
        input_slope_strided(p);
    }
}

// turned[kh - 1 - ky][kw - 1 - kx][units][c]
static void turn(const struct layer *l, const float *w, float *turned)
{
    size_t c = (size_t)l->x.c, units = (size_t)l->units, taps = (size_t)(l->kh * l->kw);
    for (size_t tap = 0; tap < taps; tap++) {
        const float *from = w + tap * c * units;
        float *to = turned + (taps - 1 - tap) * c * units;
        layer_transpose(from, (int)c, (int)units, to);
    }
}

static uint64_t macs(const struct layer *l)
{
    return (uint64_t)l->w_len * outputs(l);
}

const struct layer_ops layer_conv = {.name = "conv",
                                     .fit = fit,
                                     .forward = forward,
                                     .backward = backward,
                                     .turn = turn,
                                     .macs = macs,
                                     .acts = true};
