// Networks: building, memory, and the drive of the layers. See net.h.
#include "trainer/net.h"
#include "common/err.h"
#include "trainer/layer.h"

#include <math.h>

static const struct layer_ops *const ops[LAYER_KINDS] = {
    [LAYER_DENSE] = &layer_dense,     [LAYER_CONV] = &layer_conv,
    [LAYER_DWCONV] = &layer_dwconv,   [LAYER_MAXPOOL] = &layer_maxpool,
    [LAYER_AVGPOOL] = &layer_avgpool, [LAYER_NORM] = &layer_norm,
    [LAYER_ADD] = &layer_add,         [LAYER_CONCAT] = &layer_concat,
    [LAYER_DROPOUT] = &layer_dropout,
};

const char *layer_name(enum layer_kind k)
{
    return k == LAYER_INPUT ? "input" : ops[k]->name;
}

int net_init(struct net *n, struct shape input, const struct kern *k, struct err *e)
{
    memset(n, 0, sizeof(*n));
    if (input.h < 1 || input.w < 1 || input.c < 1 || shape_len(input) > (1u << 24)) {
        return err_set(e, E_LIMIT, "an input of %d x %d x %d is not possible", input.h, input.w,
                       input.c);
    }
    n->kern = k;
    n->layers = 1;
    n->layer[0] = (struct layer){.kind = LAYER_INPUT, .in = {-1, -1}, .x = input, .y = input};
    return OK;
}

void net_release(struct net *n)
{
    for (int i = 0; i < n->layers; i++) {
        free(n->layer[i].table);
    }
    free(n->param);
    free(n->state);
    free(n->turned);
    memset(n, 0, sizeof(*n));
}

int net_add(struct net *n, struct layer l, struct err *e)
{
    if (n->layers == NET_LAYERS_MAX) {
        return err_set(e, E_LIMIT, "more than %d layers", NET_LAYERS_MAX - 1);
    }
    const struct layer_ops *o = ops[l.kind];
    for (int i = 0; i < 2; i++) {
        if (l.in[i] >= n->layers || (i == 0 && l.in[0] < 0)) {
            return err_set(e, E_FORMAT, "layer %d (%s) has an input that does not exist", n->layers,
                           o->name);
        }
    }
    l.x = n->layer[l.in[0]].y;
    l.sh = l.sh < 1 ? 1 : l.sh;
    l.sw = l.sw < 1 ? 1 : l.sw;
    const char *why = o->fit(&l, n);
    if (why) {
        free(l.table);
        return err_set(e, E_FORMAT, "layer %d (%s on %d x %d x %d): %s", n->layers, o->name, l.x.h,
                       l.x.w, l.x.c, why);
    }
    if (l.w_len + l.b_len + n->params > NET_PARAMS_MAX || shape_len(l.y) > (1u << 24)) {
        free(l.table);
        return err_set(e, E_LIMIT, "layer %d (%s): too large", n->layers, o->name);
    }
    l.w = n->params;
    l.b = l.w + l.w_len;
    n->params = l.b + l.b_len;
    l.state = n->states;
    n->states += l.kind == LAYER_NORM ? 2 * l.w_len : 0;
    n->layer[n->layers] = l;
    return n->layers++;
}

void net_start_layer(struct net *n, int index, struct rng *r)
{
    const struct layer *l = &n->layer[index];
    float *w = n->param + l->w, *b = n->param + l->b;
    memset(b, 0, l->b_len * sizeof(*b));
    if (l->kind == LAYER_NORM) {
        for (size_t i = 0; i < l->w_len; i++) {
            w[i] = 1;
            n->state[l->state + i] = 0;
            n->state[l->state + l->w_len + i] = 1;
        }
        return;
    }
    if (!l->w_len) {
        return;
    }
    float fan_out = (float)(l->kind == LAYER_DWCONV ? l->kh * l->kw : l->y.c);
    float fan_in = l->kind == LAYER_DWCONV ? fan_out : (float)l->w_len / (float)l->y.c;
    bool last = index == n->layers - 1;
    float deviation = sqrtf(last ? 2 / (fan_in + fan_out) : 2 / fan_in);
    for (size_t i = 0; i < l->w_len; i++) {
        w[i] = rng_normal(r) * deviation;
    }
}

int net_start(struct net *n, struct rng *r, struct err *e)
{
    n->param = calloc(n->params + 1, sizeof(float));
    n->turned = calloc(n->params + 1, sizeof(float));
    n->state = calloc(n->states + 1, sizeof(float));
    if (!n->param || !n->turned || !n->state) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (int i = 1; i < n->layers; i++) {
        net_start_layer(n, i, r);
    }
    return OK;
}

struct shape net_output(const struct net *n)
{
    return n->layer[n->layers - 1].y;
}

uint64_t layer_macs(const struct layer *l)
{
    return l->kind != LAYER_INPUT && ops[l->kind]->macs ? ops[l->kind]->macs(l) : 0;
}

uint64_t net_macs(const struct net *n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n->layers; i++) {
        sum += layer_macs(&n->layer[i]);
    }
    return sum;
}

// The first layer that learns: slopes below it are of no use.
static int first_learner(const struct net *n)
{
    int i = 1;
    while (i < n->layers && (n->layer[i].frozen || n->layer[i].w_len == 0)) {
        i++;
    }
    return i;
}

void net_turn(const struct net *n)
{
    const int first = first_learner(n);
    for (int i = first; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        if (ops[l->kind]->turn && l->in[0] >= first) {
            ops[l->kind]->turn(l, n->param + l->w, n->turned + l->w);
        }
    }
}

// Lane memory is laid out twice: once to count it (base NULL), once to place it.
struct bump {
    float *base;
    size_t at;
};

// Rounded up so that every array starts on a cache line; NULL where there is nothing to hold.
static float *take(struct bump *b, size_t len)
{
    float *p = b->base && len ? b->base + b->at : NULL;
    b->at += (len + 15) & ~(size_t)15;
    return p;
}

static size_t lay_out(struct lane *l, const struct net *n, bool training, float *base)
{
    struct bump at = {base, 0};
    size_t cap = (size_t)l->cap;
    for (int i = 0; i < n->layers; i++) {
        const struct layer *y = &n->layer[i];
        l->y[i] = take(&at, cap * shape_len(y->y));
        l->dy[i] = training && i > 0 ? take(&at, cap * shape_len(y->y)) : NULL;
        l->scratch[i] = take(&at, cap * y->scratch + y->scratch_fixed);
    }
    l->grad = training ? take(&at, n->params + 1) : NULL;
    l->seen = take(&at, n->states + 1);
    return at.at;
}

int lane_init(struct lane *l, const struct net *n, int cap, bool training, struct err *e)
{
    memset(l, 0, sizeof(*l));
    l->cap = cap;
    size_t total = lay_out(l, n, training, NULL);
    l->memory = aligned_alloc(64, (total * sizeof(float) + 63) & ~(size_t)63);
    if (!l->memory) {
        return err_set(e, E_MEM, "out of memory: a batch of %d needs %zu MB", cap, total >> 18);
    }
    memset(l->memory, 0, total * sizeof(float));
    lay_out(l, n, training, l->memory);
    return OK;
}

void lane_release(struct lane *l)
{
    free(l->memory);
    memset(l, 0, sizeof(*l));
}

static struct pass pass_of(const struct net *n, struct lane *lane, int i, bool training)
{
    const struct layer *l = &n->layer[i];
    return (struct pass){
        .net = n,
        .l = l,
        .n = lane->n,
        .training = training,
        .x = {lane->y[l->in[0]], l->in[1] >= 0 ? lane->y[l->in[1]] : NULL},
        .y = lane->y[i],
        .dy = lane->dy[i],
        .w = n->param + l->w,
        .b = l->b_len ? n->param + l->b : NULL,
        .turned = n->turned + l->w,
        .dw = lane->grad ? lane->grad + l->w : NULL,
        .db = lane->grad && l->b_len ? lane->grad + l->b : NULL,
        .scratch = lane->scratch[i],
        .seen = lane->seen + l->state,
        .state = n->state + l->state,
        .rng = &lane->rng,
    };
}

// Notes the ends of a layer's outputs and rounds them to what int8 can hold.
static void round_outputs(const struct net *n, struct lane *lane, int i)
{
    const struct net_round *r = n->round ? &n->round[i] : NULL;
    if (!r || !r->on) {
        return;
    }
    float *y = lane->y[i], lo = 0, hi = 0, per = 1 / r->step;
    size_t len = shape_len(n->layer[i].y) * (size_t)lane->n;
    for (size_t j = 0; j < len; j++) {
        lo = y[j] < lo ? y[j] : lo;
        hi = y[j] > hi ? y[j] : hi;
        float v = rintf(y[j] * per) * r->step;
        y[j] = v < r->lo ? r->lo : v > r->hi ? r->hi : v;
    }
    lane->lo[i] = lo;
    lane->hi[i] = hi;
}

// Straight-through estimator: rounding passes slopes on as they are, saturation passes none.
static void round_slopes(const struct net *n, const struct lane *lane, int i)
{
    const struct net_round *r = n->round ? &n->round[i] : NULL;
    if (!r || !r->on) {
        return;
    }
    const float *y = lane->y[i], lo = r->lo + 0.25f * r->step, hi = r->hi - 0.25f * r->step;
    float *dy = lane->dy[i];
    size_t len = shape_len(n->layer[i].y) * (size_t)lane->n;
    for (size_t j = 0; j < len; j++) {
        dy[j] = y[j] > lo && y[j] < hi ? dy[j] : 0;
    }
}

void net_forward(const struct net *n, struct lane *lane, bool training)
{
    round_outputs(n, lane, 0);
    for (int i = 1; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        struct pass p = pass_of(n, lane, i, training);
        ops[l->kind]->forward(&p);
        if (l->act != ACT_NONE && !ops[l->kind]->acts) {
            n->kern->act_forward(l->act, p.y, shape_len(l->y) * (size_t)lane->n);
        }
        round_outputs(n, lane, i);
    }
}

void net_backward(const struct net *n, struct lane *lane)
{
    bool written[NET_LAYERS_MAX] = {false};
    written[n->layers - 1] = true;
    const int first = first_learner(n);
    for (int i = n->layers - 1; i >= first; i--) {
        const struct layer *l = &n->layer[i];
        struct pass p = pass_of(n, lane, i, true);
        if (!written[i]) { // nobody reads this layer's output
            memset(p.dy, 0, shape_len(l->y) * (size_t)lane->n * sizeof(float));
        }
        if (l->act != ACT_NONE && !ops[l->kind]->masks) {
            n->kern->act_backward(l->act, p.y, p.dy, shape_len(l->y) * (size_t)lane->n);
        }
        round_slopes(n, lane, i);
        for (int j = 0; j < 2 && l->in[j] >= first; j++) {
            p.dx[j] = lane->dy[l->in[j]];
            p.add[j] = written[l->in[j]];
            written[l->in[j]] = true;
        }
        ops[l->kind]->backward(&p);
    }
}

void net_remember(struct net *n, const struct lane *lane, int lanes, float share)
{
    for (size_t i = 0; i < n->states; i++) {
        float sum = 0;
        for (int j = 0; j < lanes; j++) {
            sum += lane[j].seen[i];
        }
        n->state[i] += share * (sum / (float)lanes - n->state[i]);
    }
}
