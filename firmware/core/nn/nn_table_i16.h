// Logistic and hyperbolic tangent of int16, interpolated in a table as the reference kernels do.
#ifndef MOTE_NN_TABLE_I16_H
#define MOTE_NN_TABLE_I16_H

#include "firmware/core/nn/nn_quant.h"

// x * multiplier / 2^shift is taken as a number whose 2^17 is 32/3; result in Q0.15.
int16_t nn_logistic_i16(int16_t x, int32_t multiplier, int32_t shift);
int16_t nn_tanh_i16(int16_t x, int32_t multiplier, int32_t shift);
// Rounded logarithm to base 2 of a positive number; *exact tells whether it is a power of two to within 0.1 %.
int32_t nn_log2_rounded(float x, bool *exact);

#endif
