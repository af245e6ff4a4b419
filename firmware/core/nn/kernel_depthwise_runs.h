// DEPTHWISE_CONV_2D along its longer axis, portable; see nn_runs.h.
#ifndef MOTE_NN_KERNEL_DEPTHWISE_RUNS_H
#define MOTE_NN_KERNEL_DEPTHWISE_RUNS_H

#include "firmware/core/nn/nn_dots.h"

// Any window, stride, dilation and depth multiplier that nn_runs_scratch has a size for.
void nn_depthwise_i8_runs(const void *params);

// Up to four outputs of one channel, each the sum over taps of w times x. Assembly knows the offsets.
struct nn_taps {
    const int8_t *x, *w;        // 0
    int32_t apart;              // 8: bytes from output to output, in the input
    int32_t along, across;      // 12: taps, at least 1
    int32_t x_along, w_along;   // 20: bytes from tap to tap
    int32_t x_across, w_across; // 28: from the end of a line of taps to the next one
    int8_t *out;                // 36
    int32_t out_step;           // 40
    int32_t count;              // 44: outputs to store; four are computed
    const struct nn_finish *finish; // 48
    int32_t x_line, w_line;     // 52: from the start of a line of taps to the next one
};
void nn_taps_4(const struct nn_taps *t);
// The sums alone, of four channels on one input channel, whose weights lie behind each other: sums[4 * channel + output].
void nn_taps_4x4(const struct nn_taps *t, int32_t *sums);

#endif
