// Random forests on 8-bit features. See classic.h.
//
// A split is found from counts of classes by code: 256 bins a feature, so its cost does not depend
// on how the values lie. With a limit on features a first forest is grown over all, and a second
// one over those that took away most impurity: a device model holds a column for every feature it
// reads.
#include "trainer/classic.h"
#include "common/err.h"

#include <math.h>

struct grow {
    const struct classic_data *d;
    const int8_t *code;
    const struct classic_forest_options *o;
    struct rng g;
    uint16_t *usable; // features to choose from
    size_t usables, tried;
    uint32_t *member; // of the bootstrap sample, sorted into nodes as it goes
    double *useful;   // features: impurity taken away
    double (*bin)[CLASSIC_CLASSES_MAX];
    struct classic_tree *tree;
};

static double weight_of(const struct grow *w, uint32_t i)
{
    return w->d->weight ? (double)w->d->weight[i] : 1;
}

static int8_t code_of(const struct grow *w, uint32_t i, size_t feature)
{
    return w->code[(size_t)w->d->row[i] * w->d->features + feature];
}

// Sum of squares over total: the higher, the purer.
static double purity(const double *count, size_t classes)
{
    double total = 0, squares = 0;
    for (size_t c = 0; c < classes; c++) {
        total += count[c];
        squares += count[c] * count[c];
    }
    return total > 0 ? squares / total : 0;
}

struct split {
    double gain;
    size_t feature;
    int code;
};

static void try_feature(struct grow *w, size_t from, size_t to, size_t feature, struct split *best)
{
    size_t classes = w->d->classes;
    double left[CLASSIC_CLASSES_MAX] = {0}, right[CLASSIC_CLASSES_MAX] = {0};
    size_t in_bin[256] = {0}, below = 0;
    memset(w->bin, 0, 256 * sizeof(*w->bin));
    for (size_t i = from; i < to; i++) {
        uint32_t m = w->member[i];
        int at = code_of(w, m, feature) + 128;
        w->bin[at][w->d->label[m]] += weight_of(w, m);
        right[w->d->label[m]] += weight_of(w, m);
        in_bin[at]++;
    }
    double whole = purity(right, classes);
    for (int at = 0; at < 255; at++) {
        below += in_bin[at];
        for (size_t c = 0; c < classes; c++) {
            left[c] += w->bin[at][c];
            right[c] -= w->bin[at][c];
        }
        if (in_bin[at] && below >= w->o->leaf && to - from - below >= w->o->leaf) {
            double gain = purity(left, classes) + purity(right, classes) - whole;
            if (gain > best->gain + 1e-9) {
                // halfway to the next code that occurs, where a little noise changes least
                int next = at + 1;
                while (next < 255 && !in_bin[next]) {
                    next++;
                }
                *best = (struct split){gain, feature, (at + next - 1) / 2 - 128};
            }
        }
    }
}

static struct split find_split(struct grow *w, size_t from, size_t to)
{
    struct split best = {0};
    for (size_t i = 0; i < w->tried; i++) { // the first of a shuffle, as far as it is needed
        size_t at = i + rng_below(&w->g, (uint32_t)(w->usables - i));
        uint16_t f = w->usable[at];
        w->usable[at] = w->usable[i];
        w->usable[i] = f;
        try_feature(w, from, to, f, &best);
    }
    return best;
}

static int16_t add_leaf(struct grow *w, size_t from, size_t to)
{
    struct classic_tree *t = w->tree;
    size_t classes = w->d->classes;
    float *chance = t->chance + t->leaves * classes;
    double total = 0;
    for (size_t i = from; i < to; i++) {
        chance[w->d->label[w->member[i]]] += (float)weight_of(w, w->member[i]);
        total += weight_of(w, w->member[i]);
    }
    for (size_t c = 0; c < classes; c++) {
        chance[c] /= (float)total;
    }
    return (int16_t)(-1 - (int)t->leaves++);
}

static size_t partition(struct grow *w, size_t from, size_t to, const struct split *s)
{
    size_t middle = from;
    for (size_t i = from; i < to; i++) {
        uint32_t m = w->member[i];
        if (code_of(w, m, s->feature) <= s->code) {
            w->member[i] = w->member[middle];
            w->member[middle++] = m;
        }
    }
    return middle;
}

struct range { // a node that waits for its members to be split
    size_t from, to, depth;
    int16_t *link;
};

static void grow_tree(struct grow *w)
{
    struct classic_tree *t = w->tree;
    struct range wait[CLASSIC_DEPTH_MAX + 2];
    int16_t root = 0;
    int waiting = 0;
    wait[waiting++] = (struct range){0, w->d->n, 0, &root};
    while (waiting > 0) { // depth first: never more than one a level waits
        struct range r = wait[--waiting];
        struct split s = {0};
        if (r.depth < w->o->depth && r.to - r.from >= 2 * w->o->leaf) {
            s = find_split(w, r.from, r.to);
        }
        if (!(s.gain > 0)) {
            *r.link = add_leaf(w, r.from, r.to);
            continue;
        }
        w->useful[s.feature] += s.gain;
        size_t middle = partition(w, r.from, r.to, &s);
        struct classic_node *n = &t->node[t->nodes];
        *r.link = (int16_t)t->nodes++;
        *n = (struct classic_node){.feature = (uint16_t)s.feature, .code = (int16_t)s.code};
        wait[waiting++] = (struct range){middle, r.to, r.depth + 1, &n->right};
        wait[waiting++] = (struct range){r.from, middle, r.depth + 1, &n->left};
    }
}

static int grow_all(struct grow *w, struct classic_forest *f, struct err *e)
{
    size_t nodes = ((size_t)1 << w->o->depth) - 1;
    w->tried = (size_t)ceil(sqrt((double)w->usables));
    *f = (struct classic_forest){
        .trees = w->o->trees, .features = w->d->features, .classes = w->d->classes};
    for (size_t t = 0; t < f->trees; t++) {
        w->tree = &f->tree[t];
        w->tree->node = calloc(nodes + 1, sizeof(*w->tree->node));
        w->tree->chance = calloc((nodes + 1) * w->d->classes, sizeof(float));
        if (!w->tree->node || !w->tree->chance) {
            return err_set(e, E_MEM, "out of memory");
        }
        rng_seed(&w->g, w->o->seed, 600 + t);
        for (size_t i = 0; i < w->d->n; i++) {
            w->member[i] = rng_below(&w->g, (uint32_t)w->d->n);
        }
        grow_tree(w);
    }
    return OK;
}

// Keeps the features that were of most use.
static void keep_useful(struct grow *w, size_t inputs)
{
    size_t kept = 0;
    for (; kept < inputs; kept++) {
        size_t best = kept;
        for (size_t i = kept + 1; i < w->usables; i++) {
            double a = w->useful[w->usable[i]], b = w->useful[w->usable[best]];
            best = a > b || (!(a < b) && w->usable[i] < w->usable[best]) ? i : best;
        }
        uint16_t f = w->usable[best];
        w->usable[best] = w->usable[kept];
        w->usable[kept] = f;
    }
    w->usables = kept;
}

int classic_forest_grow(const struct classic_data *d, const int8_t *code,
                        const struct classic_forest_options *o, struct classic_forest *f,
                        struct err *e)
{
    *f = (struct classic_forest){0};
    if (o->trees < 1 || o->trees > CLASSIC_TREES_MAX || o->depth < 1 ||
        o->depth > CLASSIC_DEPTH_MAX || o->leaf < 1 || d->features > UINT16_MAX ||
        d->classes > CLASSIC_CLASSES_MAX || d->n < 1) {
        return err_set(e, E_LIMIT,
                       "a forest has 1 to %d trees of depth 1 to %d on at most %d features",
                       CLASSIC_TREES_MAX, CLASSIC_DEPTH_MAX, UINT16_MAX);
    }
    struct grow w = {.d = d, .code = code, .o = o, .usables = d->features};
    w.usable = calloc(d->features + 1, sizeof(*w.usable));
    w.member = calloc(d->n + 1, sizeof(*w.member));
    w.useful = calloc(d->features + 1, sizeof(*w.useful));
    w.bin = calloc(256, sizeof(*w.bin));
    int rc = w.usable && w.member && w.useful && w.bin ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; rc == OK && i < d->features; i++) {
        w.usable[i] = (uint16_t)i;
    }
    rc = rc ? rc : grow_all(&w, f, e);
    if (rc == OK && o->inputs > 0 && o->inputs < d->features) {
        keep_useful(&w, o->inputs);
        classic_forest_release(f);
        rc = grow_all(&w, f, e);
    }
    free(w.usable);
    free(w.member);
    free(w.useful);
    free(w.bin);
    return rc;
}

void classic_forest_release(struct classic_forest *f)
{
    for (size_t t = 0; t < f->trees; t++) {
        free(f->tree[t].node);
        free(f->tree[t].chance);
    }
    *f = (struct classic_forest){0};
}

void classic_forest_ask(const struct classic_forest *f, const int8_t *code, float *chance)
{
    memset(chance, 0, f->classes * sizeof(*chance));
    for (size_t t = 0; t < f->trees; t++) {
        const struct classic_tree *tree = &f->tree[t];
        int at = tree->nodes ? 0 : -1;
        while (at >= 0) {
            const struct classic_node *n = &tree->node[at];
            at = code[n->feature] > n->code ? n->right : n->left;
        }
        for (size_t c = 0; c < f->classes; c++) {
            chance[c] += tree->chance[(size_t)(-1 - at) * f->classes + c] / (float)f->trees;
        }
    }
}
