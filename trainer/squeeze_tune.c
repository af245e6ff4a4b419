// Projected training. See squeeze_tune.h.
//
// Ranges of activations follow the network while it changes: the ends of each batch, averaged over
// steps, times the share of the ends that calibration chose to cover. Clusters are k-means on the
// histogram of a layer's 255 codes, with -127, 0 and 127 kept: so the largest weight of a channel,
// and with it the channel's scale, survives.
#include "trainer/squeeze_tune.h"
#include "common/err.h"

#include <math.h>

#define RANGE_SHARE 0.01f // that a batch's ends have in the tracked ones
#define REFRESH 16        // steps between two choices of zeros and clusters
#define SPARSE_LEAST 64   // weights of a layer below which it keeps them all
#define CODES 255

struct squeeze_tune {
    struct squeeze_rules r;
    struct fit_hook hook;
    const struct net *own; // the network that is trained
    struct net view;
    float *param;                      // of the view
    float *scale;                      // scratch: of a layer's channels
    float *magnitude;                  // scratch: of a layer's weights
    uint8_t *gone;                     // params: 1 where a weight is zeroed
    int8_t lut[NET_LAYERS_MAX][CODES]; // code + 127 to the code that stands for it
    struct graph g;                    // ranges and scales of now
    float *part_lo, *part_hi;          // tensors: share of the ends that is covered
    float *end_lo, *end_hi;            // tensors: tracked ends
    struct net_round round[NET_LAYERS_MAX];
    long steps;
    double zeros; // share of now
};

static bool has_weights(const struct layer *l)
{
    return l->kind == LAYER_CONV || l->kind == LAYER_DWCONV || l->kind == LAYER_DENSE;
}

// The exporter's scales (quant.c), from the weights that are not zeroed.
static size_t find_scales(struct squeeze_tune *t, const struct layer *l, const float *w,
                          const uint8_t *gone)
{
    size_t channels = l->kind != LAYER_DENSE || t->r.per_channel_dense ? (size_t)l->y.c : 1;
    memset(t->scale, 0, channels * sizeof(float));
    for (size_t i = 0; i < l->w_len; i++) {
        float *top = &t->scale[i % channels], v = gone[i] ? 0 : fabsf(w[i]);
        *top = v > *top ? v : *top;
    }
    for (size_t c = 0; c < channels; c++) {
        t->scale[c] = t->scale[c] > 1e-12f ? t->scale[c] / 127 : 1e-6f;
    }
    return channels;
}

static int code_of(float w, float scale)
{
    float q = roundf(w / scale);
    return (int)(q < -127 ? -127 : q > 127 ? 127 : q);
}

static void project(struct squeeze_tune *t, int index, const struct net *n)
{
    const struct layer *l = &n->layer[index];
    const float *w = n->param + l->w;
    const uint8_t *gone = t->gone + l->w;
    float *out = t->param + l->w;
    bool codes = t->r.round || t->r.clusters > 0;
    size_t channels = codes ? find_scales(t, l, w, gone) : 1;
    for (size_t i = 0; i < l->w_len; i++) {
        float scale = t->scale[i % channels];
        out[i] = gone[i] ? 0
                 : codes ? (float)t->lut[index][code_of(w[i], scale) + 127] * scale
                         : w[i];
    }
}

static const struct net *view(void *ctx, const struct net *n)
{
    struct squeeze_tune *t = ctx;
    t->own = n;
    t->view = *n;
    t->view.param = t->param;
    t->view.round = t->r.round ? t->round : NULL;
    memcpy(t->param, n->param, n->params * sizeof(float));
    for (int i = 1; i < n->layers; i++) {
        if (has_weights(&n->layer[i])) {
            project(t, i, n);
        }
    }
    return &t->view;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// The smallest weights of a layer are zeroed: of each channel against its largest, as int8 sees
// them.
static void choose_zeros(struct squeeze_tune *t, const struct net *n, int index, double share)
{
    const struct layer *l = &n->layer[index];
    uint8_t *gone = t->gone + l->w;
    if (l->kind == LAYER_DWCONV || l->w_len < SPARSE_LEAST || share <= 0) {
        return;
    }
    const float *w = n->param + l->w;
    for (size_t i = 0; i < l->w_len; i++) {
        t->magnitude[i] = fabsf(w[i]);
    }
    qsort(t->magnitude, l->w_len, sizeof(float), by_value);
    size_t zeros = (size_t)(share * (double)l->w_len), left = zeros;
    float edge = t->magnitude[zeros < l->w_len ? zeros : l->w_len - 1];
    for (size_t i = 0; i < l->w_len; i++) { // equal ones: the first, until there are enough
        gone[i] = fabsf(w[i]) < edge;
        left -= gone[i] && left > 0;
    }
    for (size_t i = 0; i < l->w_len && left > 0; i++) {
        if (!gone[i] && fabsf(w[i]) <= edge) {
            gone[i] = 1;
            left--;
        }
    }
}

struct centre {
    double at, sum, count;
    bool pinned;
};

static int nearest(const struct centre *c, int k, int code)
{
    int best = 0;
    for (int j = 1; j < k; j++) {
        best = fabs(c[j].at - code) < fabs(c[best].at - code) ? j : best;
    }
    return best;
}

static int start_centres(struct centre *c, int k, const double *count)
{
    const double pinned[3] = {-127, 0, 127};
    double total = 0, sum = 0;
    int made = 3;
    for (int i = 0; i < 3; i++) {
        c[i] = (struct centre){.at = pinned[i], .pinned = true};
    }
    for (int i = 0; i < CODES; i++) {
        total += count[i];
    }
    for (int i = 0; i < CODES && made < k; i++) { // at equal shares of the weights
        sum += count[i];
        while (made < k && sum >= total * (made - 2) / (k - 2)) {
            c[made++] = (struct centre){.at = i - 127};
        }
    }
    return made;
}

static void choose_clusters(struct squeeze_tune *t, const struct net *n, int index)
{
    const struct layer *l = &n->layer[index];
    struct centre c[CODES + 3];
    double count[CODES] = {0};
    size_t channels = find_scales(t, l, n->param + l->w, t->gone + l->w);
    for (size_t i = 0; i < l->w_len; i++) {
        if (!t->gone[l->w + i]) {
            count[code_of(n->param[l->w + i], t->scale[i % channels]) + 127]++;
        }
    }
    int k = start_centres(c, t->r.clusters, count);
    for (int round = 0; round < 12; round++) {
        for (int j = 0; j < k; j++) {
            c[j].sum = c[j].count = 0;
        }
        for (int i = 0; i < CODES; i++) {
            struct centre *own = &c[nearest(c, k, i - 127)];
            own->sum += count[i] * (i - 127);
            own->count += count[i];
        }
        for (int j = 0; j < k; j++) {
            c[j].at = c[j].pinned || c[j].count <= 0 ? c[j].at : c[j].sum / c[j].count;
        }
    }
    for (int i = 0; i < CODES; i++) {
        t->lut[index][i] = (int8_t)lrint(c[nearest(c, k, i - 127)].at);
    }
}

// Cubic, as Zhu and Gupta (2017) raise it: fast while much is superfluous, slow at the end.
static double zeros_at(const struct squeeze_rules *r, double at)
{
    double x = r->ramp ? at / (0.67 * r->epochs) : 1;
    return x >= 1 ? r->sparsity : r->sparsity * (1 - (1 - x) * (1 - x) * (1 - x));
}

static void refresh(struct squeeze_tune *t, const struct net *n, double at)
{
    double zeros = zeros_at(&t->r, at);
    bool settled = t->zeros >= t->r.sparsity; // from then on the same ones stay zero
    for (int i = 1; i < n->layers; i++) {
        if (!has_weights(&n->layer[i]) || n->layer[i].frozen) {
            continue;
        }
        if (!settled) {
            choose_zeros(t, n, i, zeros);
        }
        if (t->r.clusters > 0) {
            choose_clusters(t, n, i);
        }
    }
    t->zeros = zeros;
}

// Rounding of layers from the graph's scales.
static void set_rounding(struct squeeze_tune *t)
{
    for (int i = 0; i < t->g.tensors; i++) {
        struct gtensor *a = &t->g.t[i];
        a->lo = t->end_lo[i] * t->part_lo[i];
        a->hi = t->end_hi[i] * t->part_hi[i];
    }
    quant_scales(&t->g);
    for (int i = 0; i < t->g.tensors; i++) {
        const struct gtensor *a = &t->g.t[i];
        if (a->layer >= 0) {
            t->round[a->layer] = (struct net_round){.on = true,
                                                    .step = a->scale,
                                                    .lo = (float)(-128 - a->zero_point) * a->scale,
                                                    .hi = (float)(127 - a->zero_point) * a->scale};
        }
    }
}

static void stepped(void *ctx, const struct lane *lane, int lanes, float at)
{
    struct squeeze_tune *t = ctx;
    for (int i = 0; i < t->g.tensors && t->r.round; i++) {
        int layer = t->g.t[i].layer;
        float lo = 0, hi = 0;
        int used = 0;
        for (int j = 0; j < lanes && layer >= 0; j++) {
            if (lane[j].n > 0) {
                lo += lane[j].lo[layer];
                hi += lane[j].hi[layer];
                used++;
            }
        }
        if (used) {
            t->end_lo[i] += RANGE_SHARE * (lo / (float)used - t->end_lo[i]);
            t->end_hi[i] += RANGE_SHARE * (hi / (float)used - t->end_hi[i]);
        }
    }
    if (t->r.round) {
        set_rounding(t);
    }
    if (++t->steps % REFRESH == 0) {
        refresh(t, t->own, (double)at);
    }
}

static int make(struct squeeze_tune *t, const struct net *n, const struct graph *narrow,
                const struct graph *wide, struct err *e)
{
    size_t tensors = (size_t)narrow->tensors;
    t->param = calloc(n->params + 1, sizeof(float));
    t->scale = calloc(n->params + 1, sizeof(float));
    t->magnitude = calloc(n->params + 1, sizeof(float));
    t->gone = calloc(n->params + 1, 1);
    float *f = calloc(4 * tensors + 1, sizeof(float));
    t->part_lo = f;
    if (!t->param || !t->scale || !t->magnitude || !t->gone || !f) {
        return err_set(e, E_MEM, "out of memory");
    }
    t->part_hi = f + tensors;
    t->end_lo = f + 2 * tensors;
    t->end_hi = f + 3 * tensors;
    int rc = graph_from_net(&t->g, n, narrow->op[narrow->ops - 1].kind == GOP_SOFTMAX, e);
    for (size_t i = 0; i < tensors && rc == OK; i++) {
        const struct gtensor *a = &narrow->t[i], *b = &wide->t[i];
        t->end_lo[i] = b->lo;
        t->end_hi[i] = b->hi;
        t->part_lo[i] = b->lo < 0 ? a->lo / b->lo : 1;
        t->part_hi[i] = b->hi > 0 ? a->hi / b->hi : 1;
    }
    return rc;
}

struct squeeze_tune *squeeze_tune_new(const struct net *n, const struct graph *started_ranges,
                                      const struct graph *wide, const struct squeeze_rules *r,
                                      struct err *e)
{
    struct squeeze_tune *t = calloc(1, sizeof(*t));
    if (!t) {
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    t->r = *r;
    t->hook = (struct fit_hook){.ctx = t, .view = view, .stepped = stepped};
    for (int i = 0; i < NET_LAYERS_MAX; i++) {
        for (int j = 0; j < CODES; j++) {
            t->lut[i][j] = (int8_t)(j - 127);
        }
    }
    if (make(t, n, started_ranges, wide, e)) {
        squeeze_tune_free(t);
        return NULL;
    }
    set_rounding(t);
    refresh(t, n, 0);
    return t;
}

void squeeze_tune_free(struct squeeze_tune *t)
{
    if (t) {
        graph_release(&t->g);
        free(t->param);
        free(t->scale);
        free(t->magnitude);
        free(t->gone);
        free(t->part_lo);
        free(t);
    }
}

const struct fit_hook *squeeze_tune_hook(const struct squeeze_tune *t)
{
    return &t->hook;
}

void squeeze_tune_settle(struct squeeze_tune *t, struct net *n)
{
    refresh(t, n, t->r.epochs);
    memcpy(n->param, view(t, n)->param, n->params * sizeof(float));
}

void squeeze_tune_ranges(const struct squeeze_tune *t, struct graph *g)
{
    for (int i = 0; i < g->tensors && i < t->g.tensors; i++) {
        g->t[i].lo = t->end_lo[i] * t->part_lo[i];
        g->t[i].hi = t->end_hi[i] * t->part_hi[i];
    }
}
