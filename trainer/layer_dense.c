// Fully connected: y[units] = x[in] w[in][units] + b. Any input shape, read as one row.
#include "trainer/layer.h"

#define ROWS_MAX 1024 // samples that one product takes

// The table holds three runs of offsets: i * in, i * units, and i.
static const int32_t *by_in(const struct layer *l)
{
    return l->table;
}
static const int32_t *by_units(const struct layer *l)
{
    return l->table + ROWS_MAX;
}
static const int32_t *by_one(const struct layer *l)
{
    size_t in = shape_len(l->x);
    return l->table + ROWS_MAX + (in > ROWS_MAX ? in : ROWS_MAX);
}

static const char *fit(struct layer *l, const struct net *n)
{
    (void)n;
    size_t in = shape_len(l->x);
    if (l->units < 1 || l->units > 65536) {
        return "units must be 1..65536";
    }
    if (in * (size_t)l->units > NET_PARAMS_MAX || in * ROWS_MAX > INT32_MAX) {
        return "too large";
    }
    l->y = (struct shape){1, 1, l->units};
    l->w_len = in * (size_t)l->units;
    l->b_len = l->bias ? (size_t)l->units : 0;
    size_t middle = in > ROWS_MAX ? in : ROWS_MAX;
    l->table = malloc((ROWS_MAX + middle + in) * sizeof(int32_t));
    if (!l->table) {
        return "out of memory";
    }
    for (size_t i = 0; i < middle; i++) {
        l->table[ROWS_MAX + i] = (int32_t)i * l->units;
    }
    for (size_t i = 0; i < ROWS_MAX; i++) {
        l->table[i] = (int32_t)(i * in);
    }
    for (size_t i = 0; i < in; i++) {
        l->table[ROWS_MAX + middle + i] = (int32_t)i;
    }
    return NULL;
}

static void forward(const struct pass *p)
{
    int in = (int)shape_len(p->l->x), units = p->l->units;
    for (int at = 0; at < p->n; at += ROWS_MAX) {
        struct kern_gemm g = {.m = p->n - at < ROWS_MAX ? p->n - at : ROWS_MAX,
                              .n = units,
                              .segs = 1,
                              .k = in,
                              .a = p->x[0] + (size_t)at * (size_t)in,
                              .a_row = by_in(p->l),
                              .a_k = 1,
                              .b = p->w,
                              .b_k = units,
                              .c = p->y + (size_t)at * (size_t)units,
                              .c_row = by_units(p->l),
                              .bias = p->b,
                              .act = p->l->act};
        p->net->kern->gemm(&g);
    }
}

static void backward(const struct pass *p)
{
    int in = (int)shape_len(p->l->x), units = p->l->units;
    struct kern_gemm dw = {.m = in, .n = units, .segs = 1, .k = p->n,
                           .a = p->x[0], .a_row = by_one(p->l), .a_k = in,
                           .b = p->dy, .b_k = units, .c = p->dw, .c_row = by_units(p->l)};
    p->net->kern->gemm(&dw);
    if (p->db) {
        memset(p->db, 0, p->l->b_len * sizeof(float));
        p->net->kern->col_sum(p->dy, (size_t)p->n, units, p->db);
    }
    for (int at = 0; p->dx[0] && at < p->n; at += ROWS_MAX) {
        struct kern_gemm dx = {.m = p->n - at < ROWS_MAX ? p->n - at : ROWS_MAX,
                               .n = in,
                               .segs = 1,
                               .k = units,
                               .a = p->dy + (size_t)at * (size_t)units,
                               .a_row = by_units(p->l),
                               .a_k = 1,
                               .b = p->turned,
                               .b_k = in,
                               .c = p->dx[0] + (size_t)at * (size_t)in,
                               .c_row = by_in(p->l),
                               .add = p->add[0]};
        p->net->kern->gemm(&dx);
    }
}

static void turn(const struct layer *l, const float *w, float *turned)
{
    layer_transpose(w, (int)shape_len(l->x), l->units, turned);
}

static uint64_t macs(const struct layer *l)
{
    return l->w_len;
}

const struct layer_ops layer_dense = {.name = "dense",
                                      .fit = fit,
                                      .forward = forward,
                                      .backward = backward,
                                      .turn = turn,
                                      .macs = macs,
                                      .acts = true};
