// Geometry of a depthwise convolution whose outputs are taken in runs along the longer axis of the image, so that narrow
// images do not waste lanes.
#ifndef MOTE_NN_RUNS_H
#define MOTE_NN_RUNS_H

#include "firmware/core/nn/nn_kernels.h"

#define NN_RUNS_OUTPUTS 4  // at a time
#define NN_RUNS_CHANNELS 4 // at a time, where they share an input channel

// One axis of the image. Steps are bytes to the next place; outputs lie out_step apart, weights w_step.
struct nn_axis {
    int32_t in, out, kernel, stride, dilation, pad;
    int32_t in_step, out_step, w_step;
};
struct nn_runs {
    struct nn_axis along, across;
    int32_t in_offset;
};
struct nn_runs nn_runs_of(const struct nn_conv *p);
// Bytes of scratch memory that nn_depthwise_i8_runs wants; 0 for absurd windows, which it does not take on.
uint64_t nn_runs_scratch(const struct nn_conv *p);

#endif
