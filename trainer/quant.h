// Post-training quantization: float graph to int8 by TensorFlow Lite's scheme (activations per tensor with a
// zero point, weights symmetric per output channel, int32 biases).
#ifndef TRAINER_QUANT_H
#define TRAINER_QUANT_H

#include "trainer/fit.h"
#include "trainer/graph.h"

enum quant_method { QUANT_MIN_MAX, QUANT_PERCENTILE, QUANT_MSE, QUANT_ENTROPY };

struct quant_options {
    enum quant_method method;
    double percentile;      // of PERCENTILE, such as 99.99
    bool per_channel_dense; // else one scale for a dense layer's weights
    int lanes;
    struct par *par;
};

// The three steps of quant_run. Ranges of every tensor (lo, hi) from samples:
int quant_ranges(struct graph *g, const struct net *n, const struct fit_data *samples,
                 const struct quant_options *o, struct err *e) MUST_CHECK;
// scales and zero points from ranges, operators that share a scale brought together:
void quant_scales(struct graph *g);
// int8 weights and int32 biases from scales.
int quant_weights(struct graph *g, bool per_channel_dense, struct err *e) MUST_CHECK;

// Runs samples through the network, finds every tensor's range, fills the graph's int8 side.
int quant_run(struct graph *g, const struct net *n, const struct fit_data *samples,
              const struct quant_options *o, struct err *e) MUST_CHECK;

#endif
