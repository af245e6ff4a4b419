// Many numbers a window into two: principal components, and t-SNE on top of them.
#ifndef LABELER_PLANE_H
#define LABELER_PLANE_H

// x: n rows of d values. Standardises every column in place (constant ones become 0, beyond 6 deviations is cut),
// then writes the scores of the first k principal components into out (n x k, the first column varies most).
// The components come from orthogonal iteration, whose start follows from the seed; signs are fixed so that
// the same data give the same picture. explained (k values, may be NULL): share of the variance of each.
// E_MEM. k is at most d and PLANE_K_MAX.
#define PLANE_K_MAX 32
int plane_pca(float *x, size_t n, size_t d, int k, uint64_t seed, float *out,
              double *explained) MUST_CHECK;

// Called now and then with how far it is (0 to 1); non-zero stops.
typedef int (*plane_tick_fn)(void *ctx, double part);
// van der Maaten and Hinton, "Visualizing Data using t-SNE" (2008), exact, with early exaggeration and gains. x: n
// rows of d values; out: n x 2, filled with a start (such as two principal components) and changed. E_MEM, or
// what tick returned.
int plane_tsne(const float *x, size_t n, size_t d, double perplexity, int rounds, float *out,
               plane_tick_fn tick, void *ctx) MUST_CHECK;

// Moves and scales n points into -1..1 on both axes.
void plane_fit(float *xy, size_t n);

#endif
