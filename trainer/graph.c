// From network to shipped graph. See graph.h.
#include "trainer/graph.h"
#include "common/err.h"

#include <math.h>

int gop_channel(const struct gop *o, size_t weight)
{
    return o->kind == GOP_DWCONV ? (int)(weight % (size_t)o->channels)
                                 : (int)(weight / (o->w_len / (size_t)o->channels));
}

static int add_tensor(struct graph *g, struct shape s, int layer)
{
    g->t[g->tensors] = (struct gtensor){.s = s, .layer = layer};
    return g->tensors++;
}

// The network's [.. in ..][out] order to the file's [out][.. in ..].
static int take_weights(struct gop *o, const struct net *n, struct err *e)
{
    const struct layer *l = o->l;
    const float *w = n->param + l->w;
    o->channels = l->y.c;
    o->w_len = l->w_len;
    o->w = malloc(l->w_len * sizeof(float));
    o->b = calloc((size_t)o->channels, sizeof(float));
    if (!o->w || !o->b) {
        return err_set(e, E_MEM, "out of memory");
    }
    if (l->b_len) {
        memcpy(o->b, n->param + l->b, l->b_len * sizeof(float));
    }
    if (o->kind == GOP_DWCONV) {
        memcpy(o->w, w, l->w_len * sizeof(float));
        return OK;
    }
    size_t out = (size_t)o->channels, in = l->w_len / out;
    for (size_t i = 0; i < in; i++) {
        for (size_t c = 0; c < out; c++) {
            o->w[c * in + i] = w[i * out + c];
        }
    }
    return OK;
}

static void fold_norm(struct gop *o, const struct net *n, const struct layer *norm)
{
    const float *gamma = n->param + norm->w, *beta = n->param + norm->b;
    const float *mean = n->state + norm->state, *var = mean + norm->w_len;
    for (size_t i = 0; i < o->w_len; i++) {
        int c = gop_channel(o, i);
        o->w[i] *= gamma[c] / sqrtf(var[c] + NET_NORM_EPS);
    }
    for (int c = 0; c < o->channels; c++) {
        o->b[c] = beta[c] + (o->b[c] - mean[c]) * gamma[c] / sqrtf(var[c] + NET_NORM_EPS);
    }
}

static int readers_of(const struct net *n, int layer)
{
    int count = 0;
    for (int i = 1; i < n->layers; i++) {
        count += (n->layer[i].in[0] == layer) + (n->layer[i].in[1] == layer);
    }
    return count;
}

// A normalisation is folded where its producer feeds nothing else and has no activation between.
static int put_norm(struct graph *g, const struct net *n, int index, int *made, struct err *e)
{
    const struct layer *l = &n->layer[index];
    struct gop *o = g->ops > 0 ? &g->op[g->ops - 1] : NULL;
    bool fits =
        o && o->w && o->out == made[l->in[0]] && o->act == ACT_NONE && readers_of(n, l->in[0]) == 1;
    if (!fits) {
        return err_set(e, E_FORMAT,
                       "layer %d: a norm must follow a conv, dwconv or dense without activation",
                       index);
    }
    fold_norm(o, n, l);
    o->act = l->act;
    g->t[o->out].layer = index;
    made[index] = o->out;
    return OK;
}

static void put_reshape(struct graph *g, int *tensor)
{
    struct shape s = g->t[*tensor].s;
    if (s.h == 1 && s.w == 1) {
        return; // one row already: FULLY_CONNECTED takes it, whatever its rank
    }
    struct gop *o = &g->op[g->ops++];
    *o = (struct gop){.kind = GOP_RESHAPE, .in = {*tensor, -1}};
    o->out = *tensor = add_tensor(g, (struct shape){1, 1, (int)shape_len(s)}, -1);
}

static int put_layer(struct graph *g, const struct net *n, int index, int *made, struct err *e)
{
    static const enum gop_kind kinds[LAYER_KINDS] = {
        [LAYER_DENSE] = GOP_DENSE,     [LAYER_CONV] = GOP_CONV,       [LAYER_DWCONV] = GOP_DWCONV,
        [LAYER_MAXPOOL] = GOP_MAXPOOL, [LAYER_AVGPOOL] = GOP_AVGPOOL, [LAYER_ADD] = GOP_ADD,
        [LAYER_CONCAT] = GOP_CONCAT};
    const struct layer *l = &n->layer[index];
    if (l->kind == LAYER_NORM) {
        return put_norm(g, n, index, made, e);
    }
    if (l->kind == LAYER_DROPOUT) {
        made[index] = made[l->in[0]];
        return OK;
    }
    int first = made[l->in[0]];
    if (l->kind == LAYER_DENSE) {
        put_reshape(g, &first);
    }
    struct gop *o = &g->op[g->ops++];
    *o = (struct gop){.kind = kinds[l->kind],
                      .in = {first, l->in[1] >= 0 ? made[l->in[1]] : -1},
                      .l = l,
                      .act = l->act};
    o->out = made[index] = add_tensor(g, l->y, index);
    return l->w_len ? take_weights(o, n, e) : OK;
}

int graph_from_net(struct graph *g, const struct net *n, bool softmax, struct err *e)
{
    memset(g, 0, sizeof(*g));
    size_t most = 2 * (size_t)n->layers + 2;
    g->t = calloc(most, sizeof(*g->t));
    g->op = calloc(most, sizeof(*g->op));
    if (!g->t || !g->op) {
        graph_release(g);
        return err_set(e, E_MEM, "out of memory");
    }
    int made[NET_LAYERS_MAX];
    made[0] = g->input = add_tensor(g, n->layer[0].y, 0);
    int rc = OK;
    for (int i = 1; i < n->layers && rc == OK; i++) {
        rc = put_layer(g, n, i, made, e);
    }
    if (rc) {
        graph_release(g);
        return rc;
    }
    g->output = made[n->layers - 1];
    if (softmax) {
        struct gop *o = &g->op[g->ops++];
        *o = (struct gop){.kind = GOP_SOFTMAX, .in = {g->output, -1}};
        o->out = g->output = add_tensor(g, g->t[g->output].s, -1);
    }
    return OK;
}

static const char *const kind_name[] = {[GOP_CONV] = "CONV_2D",
                                        [GOP_DWCONV] = "DEPTHWISE_CONV_2D",
                                        [GOP_DENSE] = "FULLY_CONNECTED",
                                        [GOP_MAXPOOL] = "MAX_POOL_2D",
                                        [GOP_AVGPOOL] = "AVERAGE_POOL_2D",
                                        [GOP_ADD] = "ADD",
                                        [GOP_CONCAT] = "CONCATENATION",
                                        [GOP_RESHAPE] = "RESHAPE",
                                        [GOP_SOFTMAX] = "SOFTMAX",
                                        [GOP_MUL] = "MUL",
                                        [GOP_MEAN] = "MEAN",
                                        [GOP_QUANTIZE] = "QUANTIZE"};

static bool pools_all(const struct gop *o)
{
    return o->kind == GOP_AVGPOOL && o->l->y.h == 1 && o->l->y.w == 1 && o->l->kh == o->l->x.h &&
           o->l->kw == o->l->x.w;
}

int graph_widen(struct graph *g, struct err *e)
{
    for (int i = 0; i < g->tensors; i++) {
        g->t[i].wide = true;
    }
    for (int i = 0; i < g->ops; i++) {
        struct gop *o = &g->op[i];
        bool known = o->kind == GOP_CONV || o->kind == GOP_DWCONV || o->kind == GOP_DENSE ||
                     o->kind == GOP_RESHAPE;
        if (pools_all(o)) {
            o->kind = GOP_MEAN;
        } else if (o->kind == GOP_SOFTMAX) {
            g->op[i + 1] = *o; // always the last one
            g->t[o->out].wide = false;
            *o = (struct gop){.kind = GOP_QUANTIZE, .in = {o->in[0], -1}};
            o->out = add_tensor(g, g->t[o->in[0]].s, -1);
            g->op[i + 1].in[0] = o->out;
            g->ops++;
            i++;
        } else if (!known) {
            return err_set(
                e, E_FORMAT,
                "int16 activations: the device runtime has no %s of int16 (pooling over everything "
                "is there); use [quantize] activations = int8",
                kind_name[o->kind]);
        }
    }
    return OK;
}

void graph_release(struct graph *g)
{
    for (int i = 0; i < g->ops; i++) {
        free(g->op[i].w);
        free(g->op[i].b);
        free(g->op[i].qw);
        free(g->op[i].qb);
        free(g->op[i].qb_wide);
        free(g->op[i].w_scale);
    }
    free(g->t);
    free(g->op);
    free(g->own);
    memset(g, 0, sizeof(*g));
}

uint64_t graph_macs(const struct graph *g)
{
    uint64_t sum = 0;
    for (int i = 0; i < g->ops; i++) {
        sum += g->op[i].l ? layer_macs(g->op[i].l) : 0;
    }
    return sum;
}

size_t graph_weight_bytes(const struct graph *g)
{
    size_t sum = 0;
    for (int i = 0; i < g->ops; i++) {
        sum += g->op[i].w_len + (g->op[i].w ? 4 * (size_t)g->op[i].channels : 0);
    }
    return sum;
}
