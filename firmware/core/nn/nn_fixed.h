// Exponential, logistic and hyperbolic tangent in fixed point: the published algorithms of gemmlowp's
// fixedpoint library, whose roundings the reference kernels' bytes depend on. Qm.n below: m integer bits,
// n fraction bits, one sign bit.
#ifndef MOTE_NN_FIXED_H
#define MOTE_NN_FIXED_H

#include "firmware/core/mote_base.h"

// exp(x) for x <= 0 in Q5.26; result in Q0.31.
int32_t nn_exp_q5(int32_t x);
// 1 / (1 + x) for x in [0, 1] in Q0.31; result in Q0.31.
int32_t nn_reciprocal_one_plus(int32_t x);
// Logistic and tanh of x in Q4.27; result in Q0.31.
int32_t nn_logistic_q4(int32_t x);
int32_t nn_tanh_q4(int32_t x);

#endif
