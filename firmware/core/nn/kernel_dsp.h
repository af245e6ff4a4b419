// What the kernels for Cortex-M with the DSP extension (M4, M7, M33) share: widening of int8 to pairs of
// int16, requantization without branches, dot products.
//
// Order of widened data: of four values x0 x1 x2 x3 the pairs (x0, x2) and (x1, x3), because SXTB16 takes
// bytes 0 and 2 of a word and, rotated by 8, bytes 1 and 3. Weights are widened in registers the same way.
#ifndef MOTE_NN_KERNEL_DSP_H
#define MOTE_NN_KERNEL_DSP_H

#include "firmware/core/nn/nn_kernels.h"

static inline uint32_t dsp_load(const int8_t *p)
{
    uint32_t w;
    memcpy(&w, p, 4); // one LDR: these cores load unaligned words
    return w;
}

// (x0, x2) and (x1, x3) of a word of int8, plus a pair.
static inline uint32_t dsp_even(uint32_t x, uint32_t plus)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(plus), "r"(x));
    return r;
}
static inline uint32_t dsp_odd(uint32_t x, uint32_t plus)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(plus), "r"(x));
    return r;
}
static inline uint32_t dsp_pair(int32_t x)
{
    return (uint32_t)(uint16_t)x * 0x10001u;
}

// As nn_rescale for shifts to the right and sums below 2^30 (nn_sums_are_small): three additions round.
static inline int32_t dsp_rescale(int32_t x, int32_t multiplier, int32_t shift)
{
    if (shift >= 0) {
        return nn_rescale(x, multiplier, shift);
    }
    int32_t y = nn_mul_high(x, multiplier);
    return (y + (1 << (-shift - 1)) + (y >> 31)) >> -shift;
}

// Widens `groups` times four int8; each group goes `step` words further.
static inline uint32_t *dsp_widen(uint32_t *to, const int8_t *from, int32_t groups, int32_t step, uint32_t plus)
{
    for (; groups > 0; groups--, from += 4, to += step) {
        uint32_t x = dsp_load(from);
        to[0] = dsp_even(x, plus);
        to[1] = dsp_odd(x, plus);
    }
    return to;
}

// Adds to acc[0..3] the products of one row of weights with four columns that are interleaved by groups.
void nn_dsp_dot_1x4(const int8_t *w, const uint32_t *x, const uint32_t *x_end, int32_t *acc);
// Adds to acc[0..1] the products of two rows (word-aligned, a multiple of 8 long) with one column.
void nn_dsp_dot_2x1(const int8_t *w0, const int8_t *w1, const uint32_t *x, const uint32_t *x_end, int32_t *acc);

#endif
