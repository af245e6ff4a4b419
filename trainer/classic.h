// Classical learners beside neural networks. What they learn is plain numbers; classic_graph.h
// makes device models of it.
//
// All are deterministic for a seed. Sums are taken in double precision.
#ifndef TRAINER_CLASSIC_H
#define TRAINER_CLASSIC_H

#include "trainer/rng.h"

struct err;

#define CLASSIC_CLASSES_MAX 64

// Training windows; borrowed.
struct classic_data {
    const float *x;        // rows of features
    const uint32_t *row;   // n: which rows
    const uint16_t *label; // n, below classes; not read by mixtures
    const float *weight;   // n, or NULL: 1 each
    size_t n, features, classes;
};
static inline const float *classic_row(const struct classic_data *d, size_t i)
{
    return d->x + (size_t)d->row[i] * d->features;
}

// Multinomial logistic regression: the smallest |W|^2 / 2 + penalty * sum of weight *
// cross-entropy, the biases free, by L-BFGS until no slope is over 1e-5 of the penalty times n. w:
// features x classes, b: classes, the caller's. Returns OK or E_MEM; *rounds: iterations made.
int classic_logistic(const struct classic_data *d, double penalty, float *w, float *b, int *rounds,
                     struct err *e) MUST_CHECK;

// One-against-one linear support vector machines: for every pair of classes p < q, in the order
// (0,1), (0,2), ... (1,2), ..., the smallest (|w|^2 + b^2 / 100) / 2 + penalty * sum of weight *
// hinge loss, by dual coordinate descent (Hsieh et al., 2008); over 0 speaks for p. w: features x
// pairs, b: pairs.
int classic_svm(const struct classic_data *d, double penalty, uint64_t seed, float *w, float *b,
                struct err *e) MUST_CHECK;
static inline size_t classic_pairs(size_t classes)
{
    return classes * (classes - 1) / 2;
}

// A mixture of axis-aligned normal distributions, or k-means where every deviation is the same.
struct classic_mixture {
    size_t parts, features;
    float *mean;      // parts x features
    float *deviation; // parts x features
    float *share;     // parts: of the windows
};
// k-means++ and Lloyd's rounds; every deviation becomes the root mean square distance per feature.
int classic_kmeans(const struct classic_data *d, size_t parts, uint64_t seed,
                   struct classic_mixture *m, struct err *e) MUST_CHECK;
// Expectation maximisation from k-means. Deviations stay above `least` of the whole data's.
int classic_gaussians(const struct classic_data *d, size_t parts, double least, uint64_t seed,
                      struct classic_mixture *m, struct err *e) MUST_CHECK;
void classic_mixture_release(struct classic_mixture *m);
// Log-density of the part that explains x best, and, where all is not NULL, of the whole mixture.
double classic_mixture_log(const struct classic_mixture *m, const float *x, double *all);

// A forest of classification trees on features of 8 bits.
#define CLASSIC_TREES_MAX 32
#define CLASSIC_DEPTH_MAX 8
struct classic_node {
    uint16_t feature;
    int16_t code;        // right where the feature's code is over it
    int16_t left, right; // node, or -1 - leaf
};
struct classic_tree {
    struct classic_node *node; // the first is the root; without nodes leaf 0 is the tree
    size_t nodes, leaves;
    float *chance; // leaves x classes
};
struct classic_forest {
    struct classic_tree tree[CLASSIC_TREES_MAX];
    size_t trees, features, classes;
};
struct classic_forest_options {
    size_t trees, depth;
    size_t leaf;   // windows of a leaf at least
    size_t inputs; // features used in all, the most useful ones; 0: any
    uint64_t seed;
};
// code: rows of features, codes -128..127 of the rows of d->x (which is not read). Gini impurity, a
// bootstrap sample for each tree, the root of the number of features tried at each node.
int classic_forest_grow(const struct classic_data *d, const int8_t *code,
                        const struct classic_forest_options *o, struct classic_forest *f,
                        struct err *e) MUST_CHECK;
void classic_forest_release(struct classic_forest *f);
// Mean of the trees' chances: chance holds classes.
void classic_forest_ask(const struct classic_forest *f, const int8_t *code, float *chance);

#endif
