// What every kind of layer implements, forward beside backward, a file each. Private to the network.
#ifndef TRAINER_LAYER_H
#define TRAINER_LAYER_H

#include "trainer/net.h"

// One layer's run over the samples of one lane.
struct pass {
    const struct net *net;
    const struct layer *l;
    int n; // samples
    bool training;
    const float *x[2];
    float *y;
    float *dy;    // masked by the activation already, but for layers that do so
    float *dx[2]; // NULL where nobody asks
    bool add[2];  // onto what dx holds
    const float *w, *b;
    const float *turned; // of the weights
    float *dw, *db;      // written anew
    float *scratch;
    float *seen;         // of NORM
    const float *state;  // of NORM
    struct rng *rng;
};

struct layer_ops {
    const char *name;
    // Checks l against its inputs' shapes and fills x, y, sizes. Returns NULL, or why it does not fit.
    const char *(*fit)(struct layer *l, const struct net *n);
    void (*forward)(const struct pass *p);
    void (*backward)(const struct pass *p);
    void (*turn)(const struct layer *l, const float *w, float *turned); // may be NULL
    uint64_t (*macs)(const struct layer *l);                            // may be NULL
    bool acts;  // forward applies l->act by itself
    bool masks; // backward masks dy by the activation itself
};

extern const struct layer_ops layer_dense, layer_conv, layer_dwconv, layer_maxpool, layer_avgpool,
    layer_norm, layer_add, layer_concat, layer_dropout;

// Output size and padding of a sliding window over l->x; NULL or why it does not fit.
const char *layer_slide(struct layer *l);
// to[columns][rows] = from[rows][columns].
void layer_transpose(const float *from, int rows, int columns, float *to);
// Copies a picture into the middle of a larger one of zeros; or back out of it (adding where add is set).
void layer_pad(const struct layer *l, const float *x, float *padded);
void layer_unpad(const struct layer *l, const float *padded, float *x, bool add);
static inline bool layer_is_stride1(const struct layer *l)
{
    return l->sh == 1 && l->sw == 1;
}
// Floats of a sample's slope (y.h x y.w x y.c, stride 1) with lines of zeros around it, so that every input position
// finds the whole kernel's worth at its own place; and the copy into that.
size_t layer_slope_len(const struct layer *l);
void layer_pad_slope(const struct layer *l, const float *dy, float *padded);
static inline bool layer_is_padded(const struct layer *l)
{
    return l->ph != l->x.h || l->pw != l->x.w;
}

#endif
