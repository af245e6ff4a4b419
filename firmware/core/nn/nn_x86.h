// Dot products of int8 for x86-64 hosts, and the depthwise kernel.
#ifndef MOTE_NN_X86_H
#define MOTE_NN_X86_H

#include "firmware/core/nn/nn_kernels.h"

// sums[f * P + p] = sum over i < k of w[f][i] * (x[p][i] + offset), for F = P = 4 and for F = 16, P = 1. Nothing is
// read beyond k.
typedef void (*nn_x86_dots)(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums);

void nn_x86_dots_4x4_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums);
void nn_x86_dots_16x1_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums);
void nn_x86_dots_4x4_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums);
void nn_x86_dots_16x1_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums);
// Depth multiplier 1.
void nn_depthwise_i8_avx2(const void *params);

#endif
