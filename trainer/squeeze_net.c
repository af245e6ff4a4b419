// Folding and shrinking of networks. See squeeze_net.h.
//
// Channels: every convolution and dense layer makes a set of channels of its own; depthwise
// convolutions, pools and dropout hand theirs on, and an addition joins those of its two inputs. A
// set is looked up by its root, the lowest layer in it. A channel's worth is the sum over the set's
// makers of its weights' norm, each against the mean of its layer, so that layers of different
// scale count alike.
#include "trainer/squeeze_net.h"
#include "common/err.h"

#include <math.h>

#define CHANNELS_LEAST 2

// The part of a layer that its maker fills in.
static struct layer described(const struct layer *l)
{
    struct layer d = *l;
    d.table = NULL;
    return d;
}

static int readers_of(const struct net *n, int layer)
{
    int count = 0;
    for (int i = 1; i < n->layers; i++) {
        count += (n->layer[i].in[0] == layer) + (n->layer[i].in[1] == layer);
    }
    return count;
}

static bool has_filters(const struct layer *l)
{
    return l->kind == LAYER_CONV || l->kind == LAYER_DENSE || l->kind == LAYER_DWCONV;
}

// Weights lie with the output channel last in all three kinds.
static void fold_into(const struct net *from, const struct layer *maker, const struct layer *norm,
                      struct net *to, const struct layer *l)
{
    const float *gamma = from->param + norm->w, *beta = from->param + norm->b;
    const float *mean = from->state + norm->state, *var = mean + norm->w_len;
    size_t channels = norm->w_len;
    for (size_t c = 0; c < channels; c++) {
        float scale = gamma[c] / sqrtf(var[c] + NET_NORM_EPS),
              bias = maker->b_len ? from->param[maker->b + c] : 0;
        to->param[l->b + c] = beta[c] + (bias - mean[c]) * scale;
        for (size_t i = c; i < l->w_len; i += channels) {
            to->param[l->w + i] = from->param[maker->w + i] * scale;
        }
    }
}

static void copy_parameters(const struct net *from, const struct layer *a, struct net *to,
                            const struct layer *b)
{
    memcpy(to->param + b->w, from->param + a->w, a->w_len * sizeof(float));
    memcpy(to->param + b->b, from->param + a->b, a->b_len * sizeof(float));
}

static int start(struct net *n, struct err *e)
{
    struct rng r;
    rng_seed(&r, 0, 0); // every parameter is written over
    return net_start(n, &r, e);
}

int squeeze_fold(const struct net *from, struct net *to, struct err *e)
{
    int map[NET_LAYERS_MAX] = {0}, norm_of[NET_LAYERS_MAX] = {0};
    int rc = net_init(to, from->layer[0].y, from->kern, e);
    for (int i = 1; i < from->layers && rc == OK; i++) {
        const struct layer *l = &from->layer[i], *maker = &from->layer[l->in[0]];
        if (l->kind != LAYER_NORM) {
            continue;
        }
        if (!has_filters(maker) || maker->act != ACT_NONE || readers_of(from, l->in[0]) != 1) {
            return err_set(
                e, E_FORMAT,
                "layer %d: a norm must follow a conv, dwconv or dense without activation", i);
        }
        norm_of[l->in[0]] = i;
    }
    for (int i = 1; i < from->layers && rc == OK; i++) {
        struct layer l = described(&from->layer[i]);
        if (l.kind == LAYER_NORM) {
            map[i] = map[l.in[0]];
            continue;
        }
        l.in[0] = map[l.in[0]];
        l.in[1] = l.in[1] >= 0 ? map[l.in[1]] : -1;
        if (norm_of[i]) {
            l.bias = true;
            l.act = from->layer[norm_of[i]].act;
        }
        map[i] = net_add(to, l, e);
        rc = map[i] < 0 ? map[i] : OK;
    }
    rc = rc ? rc : start(to, e);
    for (int i = 1; i < from->layers && rc == OK; i++) {
        const struct layer *a = &from->layer[i], *b = &to->layer[map[i]];
        if (norm_of[i]) {
            fold_into(from, a, &from->layer[norm_of[i]], to, b);
        } else if (a->kind != LAYER_NORM) {
            copy_parameters(from, a, to, b);
        }
    }
    return rc;
}

struct sets {
    const struct net *n;
    int up[NET_LAYERS_MAX];     // towards the root
    bool fixed[NET_LAYERS_MAX]; // of roots: keeps all
    int *keep[NET_LAYERS_MAX];  // of roots: old numbers of the channels that stay, rising
    int kept[NET_LAYERS_MAX];
};

static int root_of(const struct sets *s, int i)
{
    while (s->up[i] != i) {
        i = s->up[i];
    }
    return i;
}

static void join(struct sets *s, int a, int b)
{
    int x = root_of(s, a), y = root_of(s, b), low = x < y ? x : y;
    bool fixed = s->fixed[x] || s->fixed[y];
    s->up[x] = s->up[y] = low;
    s->fixed[low] = fixed;
}

static void find_sets(struct sets *s)
{
    const struct net *n = s->n;
    s->fixed[0] = true;
    for (int i = 1; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        s->up[i] = i;
        switch (l->kind) {
        case LAYER_CONV:
        case LAYER_DENSE:
            break;
        case LAYER_DWCONV:
        case LAYER_MAXPOOL:
        case LAYER_AVGPOOL:
        case LAYER_DROPOUT:
            join(s, i, l->in[0]);
            break;
        case LAYER_ADD:
            join(s, i, l->in[0]);
            join(s, i, l->in[1]);
            break;
        default: // what is not known here keeps its inputs and outputs
            s->fixed[i] = true;
            for (int j = 0; j < 2 && l->in[j] >= 0; j++) {
                s->fixed[root_of(s, l->in[j])] = true;
            }
            break;
        }
    }
    s->fixed[root_of(s, n->layers - 1)] = true;
}

static void add_worth(const struct net *n, const struct layer *l, double *worth)
{
    size_t channels = (size_t)l->y.c;
    double total = 1e-12;
    double *own = calloc(channels, sizeof(*own));
    if (!own) {
        return; // the other layers of the set decide
    }
    for (size_t i = 0; i < l->w_len; i++) {
        double w = (double)n->param[l->w + i];
        own[i % channels] += w * w;
    }
    for (size_t c = 0; c < channels; c++) {
        own[c] = sqrt(own[c]);
        total += own[c];
    }
    for (size_t c = 0; c < channels; c++) {
        worth[c] += own[c] * (double)channels / total;
    }
    free(own);
}

static int how_many_stay(int channels, double share, bool align)
{
    int stay = channels - (int)(share * channels + 0.5);
    if (align && stay >= 8) {
        stay = (stay + 3) / 4 * 4;
    }
    stay = stay < CHANNELS_LEAST ? CHANNELS_LEAST : stay;
    return stay < channels ? stay : channels;
}

// Marks the channels of one set that stay, the worthiest ones.
static int choose(struct sets *s, int root, double share, bool align)
{
    const struct net *n = s->n;
    int channels = n->layer[root].y.c,
        stay = s->fixed[root] ? channels : how_many_stay(channels, share, align);
    double *worth = calloc((size_t)channels, sizeof(*worth));
    s->keep[root] = calloc((size_t)channels, sizeof(int));
    if (!worth || !s->keep[root]) {
        free(worth);
        return E_MEM;
    }
    for (int i = 1; i < n->layers && stay < channels; i++) {
        if (root_of(s, i) == root && has_filters(&n->layer[i])) {
            add_worth(n, &n->layer[i], worth);
        }
    }
    for (int c = 0; c < channels; c++) {
        int better = 0;
        for (int j = 0; j < channels; j++) {
            better += worth[j] > worth[c] || (j < c && !(worth[j] < worth[c]));
        }
        if (better < stay) {
            s->keep[root][s->kept[root]++] = c;
        }
    }
    free(worth);
    return OK;
}

static void take_dense_or_conv(const struct sets *s, const struct layer *a, struct net *to,
                               const struct layer *b, int i)
{
    int in = root_of(s, a->in[0]), out = root_of(s, i);
    size_t c_in = (size_t)a->x.c, c_out = (size_t)a->y.c, rows = a->w_len / (c_in * c_out);
    float *w = to->param + b->w;
    for (size_t r = 0; r < rows; r++) { // kernel positions, or places of a picture
        for (int x = 0; x < s->kept[in]; x++) {
            const float *from = s->n->param + a->w + (r * c_in + (size_t)s->keep[in][x]) * c_out;
            for (int y = 0; y < s->kept[out]; y++) {
                *w++ = from[s->keep[out][y]];
            }
        }
    }
}

static void take(const struct sets *s, int i, struct net *to)
{
    const struct layer *a = &s->n->layer[i], *b = &to->layer[i];
    int out = root_of(s, i);
    if (a->kind == LAYER_CONV || a->kind == LAYER_DENSE) {
        take_dense_or_conv(s, a, to, b, i);
    } else if (a->kind == LAYER_DWCONV) {
        for (size_t t = 0; t < (size_t)(a->kh * a->kw); t++) {
            for (int y = 0; y < s->kept[out]; y++) {
                to->param[b->w + t * (size_t)b->y.c + (size_t)y] =
                    s->n->param[a->w + t * (size_t)a->y.c + (size_t)s->keep[out][y]];
            }
        }
    } else {
        copy_parameters(s->n, a, to, b);
        return;
    }
    for (int y = 0; a->b_len && y < s->kept[out]; y++) {
        to->param[b->b + (size_t)y] = s->n->param[a->b + (size_t)s->keep[out][y]];
    }
}

static int rebuild(const struct sets *s, struct net *to, struct err *e)
{
    int rc = net_init(to, s->n->layer[0].y, s->n->kern, e);
    for (int i = 1; i < s->n->layers && rc == OK; i++) {
        struct layer l = described(&s->n->layer[i]);
        if (l.kind == LAYER_CONV || l.kind == LAYER_DENSE) {
            l.units = s->kept[root_of(s, i)];
        }
        int at = net_add(to, l, e);
        rc = at < 0 ? at : OK;
    }
    rc = rc ? rc : start(to, e);
    for (int i = 1; i < s->n->layers && rc == OK; i++) {
        take(s, i, to);
    }
    return rc;
}

int squeeze_channels(const struct net *from, double share, bool align, struct net *to, int *removed,
                     struct err *e)
{
    struct sets *s = calloc(1, sizeof(*s));
    *to = (struct net){0};
    *removed = 0;
    if (!s) {
        return err_set(e, E_MEM, "out of memory");
    }
    s->n = from;
    find_sets(s);
    int rc = OK;
    for (int i = 0; i < from->layers && rc == OK; i++) {
        if (root_of(s, i) == i) {
            rc = choose(s, i, share, align) ? err_set(e, E_MEM, "out of memory") : OK;
            *removed += from->layer[i].y.c - s->kept[i];
        }
    }
    rc = rc ? rc : rebuild(s, to, e);
    for (int i = 0; i < from->layers; i++) {
        free(s->keep[i]);
    }
    free(s);
    return rc;
}
