// Elementary functions of the device core: float32, no C library, no contraction, so that every
// target gives the same bits. Largest errors against exact values, in units of the last place, are
// what tests/firmware/check_dsp_math.c measures: square root exact, the others at most 3.
#ifndef MOTE_MATH_H
#define MOTE_MATH_H

#include "firmware/core/mote_base.h"

#define MOTE_FLT_MAX 3.4028234664e38f

// Correctly rounded; 0 for what is not positive.
float mote_sqrt(float x);
// Of positive finite numbers. 0 and less give -MOTE_FLT_MAX.
float mote_log(float x);
float mote_log10(float x);
// 0 below -87.3, MOTE_FLT_MAX above 88.7.
float mote_exp(float x);
// Sine and cosine of the angle num / den of a full turn. den at least 1, at most 2^28.
void mote_sincos_turn(uint32_t num, uint32_t den, float *sine, float *cosine);
// Tangent of pi * x, 0 < x < 0.5.
float mote_tan_pi(float x);
// Nearest whole number, ties to even; |x| below 2^22.
float mote_rint(float x);
// The exponent e for which 1 <= |x| * 2^-e < 2, for normal numbers.
int mote_exponent(float x);
// 2^e, -126 <= e <= 127.
float mote_pow2(int e);
// False for NaN and infinities.
bool mote_is_finite(float x);

#endif
