// Real FFT in 16-bit integers with one exponent for all values (block floating point).
#ifndef DSP_FFT_Q15_H
#define DSP_FFT_Q15_H

#include "firmware/core/mote_base.h"

// Fills n / 4 + 1 cosines for n points.
void dsp_q15_table(int16_t *table, unsigned n);
// Powers of the bins 0..n/2 of x (n values, destroyed). Returns e: |X[k]|^2 is about power[k] *
// 4^e.
int dsp_q15_power(const int16_t *table, unsigned n, int16_t *x, uint32_t *power);

// v / 2^shift, to the nearest, ties to even: ties are so frequent here that rounding them all up
// would show as a false mean.
static inline int dsp_shift_q15(int v, int shift)
{
    return shift ? (v + (1 << (shift - 1)) - 1 + (v >> shift & 1)) >> shift : v;
}

// log2 of v in units of 1/65536; v at least 1. Error below 5/65536.
int32_t dsp_log2_q16(uint64_t v);

#endif
