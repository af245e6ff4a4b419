// Training under rules that the exported weights keep: rounded to int8, many of them zero, few
// distinct ones.
//
// It takes part in fit_run by a hook. The loop trains the network's own float parameters; before
// each batch they are projected to what the rules allow, and slopes pass through the projection
// unchanged (straight-through estimator), so that small steps add up across a rounding edge and a
// zeroed weight may come back while the share of zeros still grows. Everything happens on the codes
// -127..127 that the exporter will write, with its scales.
#ifndef TRAINER_SQUEEZE_TUNE_H
#define TRAINER_SQUEEZE_TUNE_H

#include "trainer/fit.h"
#include "trainer/graph.h"
#include "trainer/quant.h"

struct err;
struct squeeze_tune;

struct squeeze_rules {
    double sparsity; // share of zeros in dense and convolution weights, reached after two thirds of
                     // the epochs
    bool ramp;       // false: that share from the start (it was reached before)
    int clusters;    // distinct codes of a layer, 4 at least; 0: any
    bool round;      // activations and weights as int8 will hold them (quantization-aware)
    bool per_channel_dense; // a scale for every unit of a dense layer
    int epochs;
};

// n: without NORM, trained already; started_ranges: a graph of it with the ranges of quant_ranges,
// wide: with those of QUANT_MIN_MAX. Both are read only now. NULL with *e set on failure.
struct squeeze_tune *squeeze_tune_new(const struct net *n, const struct graph *started_ranges,
                                      const struct graph *wide, const struct squeeze_rules *r,
                                      struct err *e);
void squeeze_tune_free(struct squeeze_tune *t);
// For fit_options.hook; lives as long as t.
const struct fit_hook *squeeze_tune_hook(const struct squeeze_tune *t);
// After the run: the network's parameters become what the rules allow.
void squeeze_tune_settle(struct squeeze_tune *t, struct net *n);
// With .round: the tracked ranges into a graph of the same network.
void squeeze_tune_ranges(const struct squeeze_tune *t, struct graph *g);

#endif
