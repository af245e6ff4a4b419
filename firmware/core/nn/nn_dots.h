// CONV_2D and FULLY_CONNECTED on int8 around a function that computes dot products: for hosts and parts whose
// instruction set makes dot products fast.
#ifndef MOTE_NN_DOTS_H
#define MOTE_NN_DOTS_H

#include "firmware/core/nn/nn_fit.h"

// sums[f * P + p] = sum over i < k of w[f][i] * (x[p][i] + offset), for F = P = 4, or for F = 16 and P = 1. Nothing
// is read beyond k. Sums wrap.
typedef void (*nn_dots)(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                        int32_t *sums);

// Needs nn_fit_conv_by_dots(p).scratch bytes; dots is of the 4 x 4 kind. No groups of channels.
void nn_conv_by_dots(const struct nn_conv *p, nn_dots dots);
// The window of output pixel (y, x) as one row of bytes; padding is the zero point, which the offset takes to 0.
void nn_gather(const struct nn_conv *p, const int8_t *image, int32_t y, int32_t x, int8_t *to);
// The convolution of kernel_conv_novariant.c, where that is linked.
void nn_conv_i8_2x2(const void *params);
// dots is of the 16 x 1 kind.
void nn_fc_by_dots(const struct nn_fc *p, nn_dots dots);

// Rows w0 and w1 against columns x0 and x1, without offset: sums[0] = w0 x0, [1] = w0 x1, [4] = w1 x0, [5] = w1 x1.
void nn_dots_2x2(const int8_t *w0, const int8_t *w1, const int8_t *x0, const int8_t *x1, int32_t k,
                 int32_t *sums);
// sums[f] += sum over i < k of w[f][i] * (x[i] + offset), for four rows that may repeat.
void nn_dots_4(const int8_t *const *w, const int8_t *x, int32_t k, int32_t offset, int32_t *sums);
// Memory of an SVDF filter: moves s[1..last] down by one, sets s[last], and gives the sum of w[i] * (s[i] - zero).
int32_t nn_recall_i16(int16_t *s, const int16_t *w, int32_t last, int32_t newest, int32_t zero);
// Four rows against x: adds to the sums.
void nn_dots_4x1(const int8_t *const *w, const int16_t *x, int32_t k, int32_t *sums);

// What turns the sums of one channel into outputs: adds start, rescales, adds the offset, clamps.
struct nn_finish {
    int32_t start, multiplier, shift, offset, lo, hi;
};
// `count` sums to outputs that lie `step` bytes from each other.
void nn_finish(const struct nn_finish *f, const int32_t *sums, int32_t count, int32_t step,
               int8_t *out);

#endif
