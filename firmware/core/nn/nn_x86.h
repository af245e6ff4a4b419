// Dot products of int8 for x86-64 hosts, and the depthwise kernel.
#ifndef MOTE_NN_X86_H
#define MOTE_NN_X86_H

#include "firmware/core/nn/nn_dots.h"

// nn_dots of both kinds.
void nn_x86_dots_4x4_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                          int32_t *sums);
void nn_x86_dots_16x1_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k,
                           int32_t offset, int32_t *sums);
void nn_x86_dots_4x4_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k,
                            int32_t offset, int32_t *sums);
void nn_x86_dots_16x1_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k,
                             int32_t offset, int32_t *sums);
// No groups of channels, shifts to the right alone; nn_fit_conv_host has its scratch memory.
void nn_conv_i8_avx512(const void *params);
// Shifts to the right alone.
void nn_fc_i8_avx512(const void *params);
// Depth multiplier 1. AVX-512: windows of up to NN_X86_TAPS, shifts to the right alone.
void nn_depthwise_i8_avx512(const void *params);
void nn_depthwise_i8_avx2(const void *params);

#endif
