// A network: layers in execution order, their parameters in one flat array, and the lanes that train it.
//
// Tensors are float32, channels last: [sample][h][w][c]; one-dimensional signals have h = 1. A lane owns the
// activations and gradients of its share of a batch and never looks at another lane's, so lanes may run on
// threads of their own. Batch normalisation takes its statistics per lane ("ghost batches").
#ifndef TRAINER_NET_H
#define TRAINER_NET_H

#include "trainer/kern.h"
#include "trainer/rng.h"

struct err;

#define NET_LAYERS_MAX 256
#define NET_PARAMS_MAX ((size_t)64 << 20)
#define NET_NORM_EPS 1e-3f // added to the variance by batch normalisation

enum layer_kind {
    LAYER_INPUT,
    LAYER_DENSE,
    LAYER_CONV,
    LAYER_DWCONV,
    LAYER_MAXPOOL,
    LAYER_AVGPOOL,
    LAYER_NORM,
    LAYER_ADD,
    LAYER_CONCAT,
    LAYER_DROPOUT,
    LAYER_KINDS
};

struct shape {
    int h, w, c;
};
static inline size_t shape_len(struct shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

struct layer {
    enum layer_kind kind;
    int in[2];       // layers before this one; -1: none
    int units;       // of DENSE and CONV: output channels
    int kh, kw;      // of CONV, DWCONV and the pools; 0 for a pool over everything
    int sh, sw;      // strides, at least 1
    bool same;       // padding as TensorFlow's SAME: the odd line goes to the bottom and right
    enum act act;    // of DENSE, CONV, DWCONV, NORM, ADD
    bool bias;       // of DENSE, CONV, DWCONV
    float rate;      // of DROPOUT
    bool frozen;     // its parameters stay as they are

    // set by net_add
    struct shape x, y;             // of first input and output
    int pad_t, pad_l, ph, pw;      // padding, and input size with it
    size_t w, w_len, b, b_len;     // in net.param: weights (conv: kh kw c_in c_out; dense: in out;
                                   // norm: gamma), bias (norm: beta)
    size_t state;                  // of NORM: in net.state, mean then variance
    size_t scratch, scratch_fixed; // floats of lane memory: a sample, and in all
    int32_t *table;                // private: row offsets for kern_gemm
};

// How a layer's outputs are rounded on the way, as int8 will round them (quantization-aware training).
struct net_round {
    bool on;
    float lo, hi, step; // the representable values: lo, lo + step, ... hi; 0 is one of them
};

struct net {
    struct layer layer[NET_LAYERS_MAX];
    int layers;
    size_t params, states;
    float *param;  // params
    float *state;  // states: what NORM remembers between batches
    float *turned; // params: weights as the backward pass reads them; made by net_turn
    const struct kern *kern;
    const struct net_round *round; // layers of them, borrowed; NULL: nothing is rounded
};

// Makes a network with its input alone. net_release frees what it holds; a zeroed net may be released.
int net_init(struct net *n, struct shape input, const struct kern *k, struct err *e) MUST_CHECK;
void net_release(struct net *n);
// Appends a layer (the caller's part of the struct filled in); checks that it fits, grows the parameters. Returns
// its index or a negative status.
int net_add(struct net *n, struct layer l, struct err *e) MUST_CHECK;
// Allocates the parameters and gives every layer its start: He or Glorot normal weights, zero bias.
int net_start(struct net *n, struct rng *r, struct err *e) MUST_CHECK;
// Start values of one layer alone (a new head on an old body).
void net_start_layer(struct net *n, int layer, struct rng *r);
struct shape net_output(const struct net *n);
const char *layer_name(enum layer_kind k);
// Multiply-accumulates of one sample.
uint64_t net_macs(const struct net *n);
uint64_t layer_macs(const struct layer *l);
// Prepares the weights for net_backward; call after every change of net.param, before the lanes run.
void net_turn(const struct net *n);

struct lane {
    int cap; // samples
    int n;   // samples in it now
    float *y[NET_LAYERS_MAX];       // y[0] is the input: the caller fills it
    float *dy[NET_LAYERS_MAX];      // NULL for the input
    float *scratch[NET_LAYERS_MAX]; // NULL where a layer needs none
    float *grad; // params: gradients of this lane's samples, written anew by every pass
    float *seen;                    // states: statistics of this lane's batch
    struct rng rng;
    float lo[NET_LAYERS_MAX],
        hi[NET_LAYERS_MAX]; // of the last pass's outputs before rounding, where net.round is on
    float *memory;                  // private
};

// training: with what net_backward needs. Releasing a zeroed lane is fine.
int lane_init(struct lane *l, const struct net *n, int cap, bool training,
              struct err *e) MUST_CHECK;
void lane_release(struct lane *l);
// y[0] holds l->n samples; runs every layer. training: with dropout, and batch statistics.
void net_forward(const struct net *n, struct lane *l, bool training);
// dy[layers - 1] holds the loss's slope; fills l->grad. Overwrites the lane's dy.
void net_backward(const struct net *n, struct lane *l);
// Gives NORM's running statistics a share of what the lanes saw.
void net_remember(struct net *n, const struct lane *lane, int lanes, float share);

#endif
