// Classical learners as graphs. See classic_graph.h.
#include "trainer/classic_graph.h"
#include "common/err.h"

#include <math.h>

#define SIX (6.0f / 255) // scale of a RELU6 output: codes -128 and 127 are 0 and 6, "no" and "yes"
#define SAMPLE 20000     // values that an input scale is found from

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

void classic_input_scale(const struct classic_data *d, double share, float stretch, float *scale,
                         int32_t *zero_point)
{
    size_t values = d->n * d->features, step = values / SAMPLE + 1, taken = 0;
    step +=
        step > 1 && d->features % step == 0; // or the same columns would be looked at in every row
    float *v = calloc(values / step + 1, sizeof(*v)), lo = -1, hi = 1;
    for (size_t i = 0; v && i < values; i += step) {
        v[taken++] = classic_row(d, i / d->features)[i % d->features];
    }
    if (taken) {
        size_t cut = (size_t)((1 - share) / 2 * (double)taken);
        qsort(v, taken, sizeof(*v), by_value);
        lo = fminf(v[cut], 0) * stretch;
        hi = fmaxf(v[taken - 1 - cut], 0) * stretch;
    }
    free(v);
    *scale = fmaxf((hi - lo) / 255, 1e-6f);
    float zero = rintf(-128 - lo / *scale);
    *zero_point = (int32_t)fminf(fmaxf(zero, -128), 127);
}

int8_t classic_code(float x, float scale, int32_t zero_point)
{
    float v = x / scale; // as the pipeline rounds: half away from zero
    v = fminf(fmaxf(v, -1e6f), 1e6f);
    v = (v < 0 ? -floorf(0.5f - v) : floorf(v + 0.5f)) + (float)zero_point;
    return (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
}

struct builder {
    struct graph *g;
    struct layer *layer; // graph.own
    int layers;
    int rc;
};

static int add_tensor(struct builder *b, struct shape s, float scale, int32_t zero_point)
{
    b->g->t[b->g->tensors] =
        (struct gtensor){.s = s, .layer = -1, .scale = scale, .zero_point = zero_point};
    return b->g->tensors++;
}

// An operator with weights yet to be written; scales: of them, 1 or a channel each.
static struct gop *add_weighted(struct builder *b, enum gop_kind kind, int in, int out,
                                size_t w_len, int scales)
{
    struct gop *o = &b->g->op[b->g->ops++];
    int channels = b->g->t[out].s.c;
    *o = (struct gop){.kind = kind,
                      .in = {in, -1},
                      .out = out,
                      .w_len = w_len,
                      .channels = channels,
                      .w_scales = scales};
    o->w = calloc(w_len + 1, sizeof(float));
    o->b = calloc((size_t)channels + 1, sizeof(float));
    o->qw = calloc(w_len + 1, 1);
    o->qb = calloc((size_t)channels + 1, sizeof(*o->qb));
    o->w_scale = calloc((size_t)channels + 1, sizeof(float));
    if (!o->w || !o->b || !o->qw || !o->qb || !o->w_scale) {
        b->rc = E_MEM;
    }
    return o;
}

// The real values that an operator's integers stand for: what the float file holds.
static void make_real(const struct builder *b, struct gop *o)
{
    float in = b->g->t[o->in[0]].scale;
    for (size_t i = 0; i < o->w_len; i++) {
        o->w[i] = (float)o->qw[i] * o->w_scale[o->w_scales > 1 ? gop_channel(o, i) : 0];
    }
    for (int c = 0; c < o->channels; c++) {
        o->b[c] = (float)o->qb[c] * in * o->w_scale[o->w_scales > 1 ? c : 0];
    }
}

static bool start(struct builder *b, struct graph *g, size_t most)
{
    *b = (struct builder){.g = g};
    *g = (struct graph){0};
    g->t = calloc(most, sizeof(*g->t));
    g->op = calloc(most, sizeof(*g->op));
    g->own = calloc(4, sizeof(*g->own));
    b->layer = g->own;
    return g->t && g->op && g->own;
}

static int finish(struct builder *b, int output, struct err *e)
{
    b->g->output = output;
    if (b->rc) {
        graph_release(b->g);
        return err_set(e, E_MEM, "out of memory");
    }
    return OK;
}

// --- forest

// Which columns of the picked features a forest's features became.
static size_t number_features(const struct classic_forest *f, int *column)
{
    size_t used = 0;
    for (size_t i = 0; i < f->features; i++) {
        column[i] = -1;
    }
    for (size_t t = 0; t < f->trees; t++) {
        for (size_t i = 0; i < f->tree[t].nodes; i++) {
            column[f->tree[t].node[i].feature] = 0;
        }
    }
    for (size_t i = 0; i < f->features; i++) {
        column[i] = column[i] == 0 ? (int)used++ : -1;
    }
    if (used == 0) { // trees of one leaf each: something must be read
        column[0] = 0;
        used = 1;
    }
    return used;
}

static int pick(struct builder *b, int in, const int *column, size_t features, size_t used)
{
    const struct gtensor *from = &b->g->t[in];
    int out = add_tensor(b, (struct shape){1, 1, (int)used}, from->scale, from->zero_point);
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, features * used, 1);
    if (b->rc) {
        return out;
    }
    o->w_scale[0] = 1.0f / 127;
    for (size_t i = 0; i < features; i++) {
        if (column[i] >= 0) {
            o->qw[(size_t)column[i] * features + i] = 127;
        }
    }
    make_real(b, o);
    return out;
}

// A node's step: 127 (code - threshold) - 63 is over 0 from the next code on, at least 64, which a
// factor of 4 takes beyond 255; below it is under 0.
static int decide_nodes(struct builder *b, int in, const struct classic_tree *t, const int *column,
                        size_t nodes)
{
    float scale = b->g->t[in].scale;
    int32_t zero = b->g->t[in].zero_point;
    size_t inputs = (size_t)b->g->t[in].s.c;
    int out = add_tensor(b, (struct shape){1, 1, (int)nodes}, SIX, -128);
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, nodes * inputs, 1);
    if (b->rc) {
        return out;
    }
    o->act = ACT_RELU6;
    o->w_scale[0] = 4 * SIX / scale;
    for (size_t i = 0; i < nodes; i++) {
        int code = t->nodes ? t->node[i].code : 127; // a tree of one leaf: never over 127
        size_t at = t->nodes ? (size_t)column[t->node[i].feature] : 0;
        o->qw[i * inputs + at] = 127;
        o->qb[i] = -127 * (code - zero) - 63;
    }
    make_real(b, o);
    return out;
}

// A leaf is taken where every step on its way went the right way: the sum of those to the right,
// less those to the left, then reaches the number of the former.
static void way_to_leaf(struct gop *o, size_t leaf, size_t nodes, const int *parent,
                        const int8_t *side, int node, int8_t last)
{
    int depth = 0, left = 0;
    for (int at = node, turn = last; at >= 0; turn = side[at], at = parent[at]) {
        o->qw[leaf * nodes + (size_t)at] = turn > 0 ? 127 : -127;
        left += turn < 0;
        depth++;
    }
    o->qb[leaf] = (left - depth + 1) * 255 * 127;
}

static int decide_leaves(struct builder *b, int in, const struct classic_tree *t, size_t nodes,
                         size_t leaves)
{
    int out = add_tensor(b, (struct shape){1, 1, (int)leaves}, SIX, -128);
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, nodes * leaves, 1);
    int parent[1 << CLASSIC_DEPTH_MAX];
    int8_t side[1 << CLASSIC_DEPTH_MAX];
    if (b->rc) {
        return out;
    }
    o->act = ACT_RELU6;
    o->w_scale[0] = 1.0f / 127;
    parent[0] = -1;
    side[0] = 0;
    for (size_t i = 0; i < t->nodes; i++) { // children have higher numbers
        const int16_t to[2] = {t->node[i].left, t->node[i].right};
        for (int k = 0; k < 2; k++) {
            int8_t turn = k ? 1 : -1;
            if (to[k] >= 0) {
                parent[to[k]] = (int)i;
                side[to[k]] = turn;
            }
        }
    }
    for (size_t i = 0; i < t->nodes; i++) {
        const int16_t to[2] = {t->node[i].left, t->node[i].right};
        for (int k = 0; k < 2; k++) {
            if (to[k] < 0) {
                way_to_leaf(o, (size_t)(-1 - to[k]), nodes, parent, side, (int)i, k ? 1 : -1);
            }
        }
    }
    if (t->nodes == 0) {
        way_to_leaf(o, 0, nodes, parent, side, 0, -1);
    }
    make_real(b, o);
    return out;
}

// All rows in one behind another, GOP_INS_MAX at a time.
static int join(struct builder *b, int *rows, size_t count)
{
    while (count > 1) {
        size_t made = 0;
        for (size_t from = 0; from < count; made++) {
            size_t take = count - from < GOP_INS_MAX ? count - from : GOP_INS_MAX;
            int all = 0, in[GOP_INS_MAX];
            for (size_t i = 0; i < take; i++) {
                in[i] = rows[from + i];
                all += b->g->t[in[i]].s.c;
            }
            from += take;
            if (take == 1) {
                rows[made] = in[0];
                continue;
            }
            rows[made] = add_tensor(b, (struct shape){1, 1, all}, SIX, -128);
            struct gop *o = &b->g->op[b->g->ops++];
            *o = (struct gop){.kind = GOP_CONCAT, .out = rows[made], .more = (int)take - 2};
            memcpy(o->in, in, take * sizeof(*in));
        }
        count = made;
    }
    return rows[0];
}

static int add_chances(struct builder *b, int in, const struct classic_forest *f)
{
    int out = add_tensor(b, (struct shape){1, 1, (int)f->classes}, 1.0f / 256, -128);
    size_t inputs = (size_t)b->g->t[in].s.c, at = 0;
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, inputs * f->classes, (int)f->classes);
    if (b->rc) {
        return out;
    }
    for (size_t c = 0; c < f->classes; c++) {
        float top = 0;
        for (size_t t = 0; t < f->trees; t++) {
            for (size_t l = 0; l < f->tree[t].leaves; l++) {
                top = fmaxf(top, f->tree[t].chance[l * f->classes + c]);
            }
        }
        o->w_scale[c] = fmaxf(top, 1e-3f) / 127 / (6 * (float)f->trees);
    }
    for (size_t t = 0; t < f->trees; t++) {
        for (size_t l = 0; l < f->tree[t].leaves; l++, at++) {
            for (size_t c = 0; c < f->classes; c++) {
                float real = f->tree[t].chance[l * f->classes + c] / (6 * (float)f->trees);
                o->qw[c * inputs + at] = (int8_t)lrintf(real / o->w_scale[c]);
            }
        }
    }
    make_real(b, o);
    return out;
}

int classic_forest_graph(const struct classic_forest *f, float scale, int32_t zero_point,
                         struct graph *g, struct err *e)
{
    struct builder b;
    int leaves[CLASSIC_TREES_MAX], *column = calloc(f->features + 1, sizeof(*column));
    if (!start(&b, g, 4 * f->trees + 8) || !column) {
        graph_release(g);
        free(column);
        return err_set(e, E_MEM, "out of memory");
    }
    size_t used = number_features(f, column);
    int in = g->input = add_tensor(&b, (struct shape){1, 1, (int)f->features}, scale, zero_point);
    if (used < f->features) {
        in = pick(&b, in, column, f->features, used);
    }
    for (size_t t = 0; t < f->trees && !b.rc; t++) {
        size_t nodes = f->tree[t].nodes ? f->tree[t].nodes : 1;
        int steps = decide_nodes(&b, in, &f->tree[t], column, nodes);
        leaves[t] = b.rc ? 0 : decide_leaves(&b, steps, &f->tree[t], nodes, f->tree[t].leaves);
    }
    int output = b.rc ? 0 : add_chances(&b, join(&b, leaves, f->trees), f);
    free(column);
    return finish(&b, output, e);
}

// --- mixture

static int standardise(struct builder *b, int in, const struct classic_mixture *m)
{
    size_t n = m->features, k = m->parts;
    float scale = b->g->t[in].scale;
    int out = add_tensor(b, (struct shape){1, 1, (int)(n * k)}, (float)CLASSIC_Z_MAX / 127, 0);
    struct gop *o = add_weighted(b, GOP_DWCONV, in, out, n * k, (int)(n * k));
    if (b->rc) {
        return out;
    }
    struct layer *l = &b->layer[b->layers++];
    *l = (struct layer){.kind = LAYER_DWCONV,
                        .kh = 1,
                        .kw = 1,
                        .sh = 1,
                        .sw = 1,
                        .x = {1, 1, (int)n},
                        .y = {1, 1, (int)(n * k)},
                        .ph = 1,
                        .pw = 1,
                        .w_len = n * k,
                        .b_len = n * k};
    o->l = l;
    for (size_t j = 0; j < n; j++) {
        for (size_t p = 0; p < k;
             p++) { // channels of a depthwise operator: its multiplier's are neighbours
            size_t c = j * k + p;
            o->qw[c] = 127;
            o->w_scale[c] = 1 / (127 * m->deviation[p * n + j]);
            double bias = -(double)m->mean[p * n + j] * 127 / (double)scale;
            o->qb[c] = (int32_t)lrint(fmin(fmax(bias, -1e9), 1e9));
        }
    }
    make_real(b, o);
    return out;
}

static int sum_parts(struct builder *b, int in, const struct classic_mixture *m, double reference,
                     double span)
{
    size_t n = m->features, k = m->parts;
    float scale = (float)(span / 255);
    int out = add_tensor(b, (struct shape){1, 1, (int)k}, scale, 127);
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, n * k * k, 1);
    if (b->rc) {
        return out;
    }
    o->w_scale[0] = 0.5f / 127;
    for (size_t p = 0; p < k; p++) {
        double constant = log(fmax((double)m->share[p], 1e-30)) - reference;
        for (size_t j = 0; j < n; j++) {
            constant -= log((double)m->deviation[p * n + j]) + 0.91893853320467274;
            o->qw[p * n * k + j * k + p] = -127;
        }
        double q = constant / ((double)b->g->t[in].scale * (double)o->w_scale[0]);
        o->qb[p] = (int32_t)lrint(fmin(fmax(q, -1e9), 1e9));
    }
    make_real(b, o);
    return out;
}

static int best_part(struct builder *b, int in)
{
    const struct gtensor from = b->g->t[in];
    int parts = from.s.c;
    int row = add_tensor(b, (struct shape){1, parts, 1}, from.scale, from.zero_point);
    int out = add_tensor(b, (struct shape){1, 1, 1}, from.scale, from.zero_point);
    struct layer *l = &b->layer[b->layers++];
    *l = (struct layer){.kind = LAYER_MAXPOOL,
                        .kh = 1,
                        .kw = parts,
                        .sh = 1,
                        .sw = 1,
                        .x = {1, parts, 1},
                        .y = {1, 1, 1},
                        .ph = 1,
                        .pw = parts};
    b->g->op[b->g->ops++] = (struct gop){.kind = GOP_RESHAPE, .in = {in, -1}, .out = row};
    b->g->op[b->g->ops++] = (struct gop){.kind = GOP_MAXPOOL, .in = {row, -1}, .out = out, .l = l};
    return out;
}

static int turn_sign(struct builder *b, int in)
{
    int out = add_tensor(b, (struct shape){1, 1, 1}, b->g->t[in].scale, -128);
    struct gop *o = add_weighted(b, GOP_DENSE, in, out, 1, 1);
    if (!b->rc) {
        o->qw[0] = -127;
        o->w_scale[0] = 1.0f / 127;
        make_real(b, o);
    }
    return out;
}

int classic_mixture_graph(const struct classic_mixture *m, double reference, double span,
                          float scale, int32_t zero_point, struct graph *g, struct err *e)
{
    struct builder b;
    if (!start(&b, g, 12)) {
        graph_release(g);
        return err_set(e, E_MEM, "out of memory");
    }
    g->input = add_tensor(&b, (struct shape){1, 1, (int)m->features}, scale, zero_point);
    int z = standardise(&b, g->input, m), output = 0;
    if (!b.rc) {
        int squares = add_tensor(&b, g->t[z].s, (float)(CLASSIC_Z_MAX * CLASSIC_Z_MAX) / 255, -128);
        g->op[g->ops++] = (struct gop){.kind = GOP_MUL, .in = {z, z}, .out = squares};
        int sums = sum_parts(&b, squares, m, reference, span);
        output = b.rc ? 0 : turn_sign(&b, best_part(&b, sums));
    }
    return finish(&b, output, e);
}
