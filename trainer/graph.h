// A trained network as it is shipped: batch normalisation folded into weights, dropout gone, operators
// and weights in .tflite's order. What float and int8 files, the quantizer and its simulation share.
#ifndef TRAINER_GRAPH_H
#define TRAINER_GRAPH_H

#include "trainer/net.h"

struct err;

enum gop_kind {
    GOP_CONV,
    GOP_DWCONV,
    GOP_DENSE,
    GOP_MAXPOOL,
    GOP_AVGPOOL,
    GOP_ADD,
    GOP_CONCAT,
    GOP_RESHAPE,
    GOP_SOFTMAX,
    GOP_MUL,
    GOP_MEAN,
    GOP_QUANTIZE // MEAN: over height and width; QUANTIZE: int16 to int8
};

struct gtensor {
    struct shape s;
    int layer;    // of the network whose output it is; -1: made by export (reshape, softmax)
    bool wide;    // int16 in the quantized file, symmetric; otherwise int8
    // set by quant_run
    float lo, hi; // range seen in calibration
    float scale;
    int32_t zero_point;
};

#define GOP_INS_MAX 10 // what TensorFlow Lite Micro concatenates
struct gop {
    enum gop_kind kind;
    int in[GOP_INS_MAX], out; // tensors; in[1] -1 where there is one input
    int more;              // inputs behind the second; of CONCAT alone
    const struct layer *l; // geometry; NULL for RESHAPE and SOFTMAX
    enum act act;
    // CONV: [out][kh][kw][in]; DWCONV: [kh][kw][c]; DENSE: [out][in]
    float *w, *b;
    size_t w_len;
    int channels;          // of the output
    // set by quant_run
    int8_t *qw;
    int32_t *qb;           // or, where the input is wide:
    int64_t *qb_wide;
    float *w_scale;        // channels, or 1
    int w_scales;
};

struct graph {
    struct gtensor *t;
    struct gop *op;
    int tensors, ops;
    int input, output;
    struct layer *own;     // geometry that no network has, or NULL
};

// softmax: ends in one (classification). The network must outlive the graph. A zeroed graph may be released.
int graph_from_net(struct graph *g, const struct net *n, bool softmax, struct err *e) MUST_CHECK;
void graph_release(struct graph *g);
// Marks every activation int16 ("16x8": int16 activations, int8 weights), puts a QUANTIZE in front of a softmax, which
// stays int8, and makes a pool over everything a MEAN. E_FORMAT where an operator has no int16 form on devices.
int graph_widen(struct graph *g, struct err *e) MUST_CHECK;
// Which output channel a weight belongs to.
int gop_channel(const struct gop *o, size_t weight);
uint64_t graph_macs(const struct graph *g);
// Bytes of weights and biases as int8 file data.
size_t graph_weight_bytes(const struct graph *g);

#endif
