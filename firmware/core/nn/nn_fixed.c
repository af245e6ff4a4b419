// Fixed-point exponential and what is built on it.
//
// exp(x), x <= 0: x is split into a part in [-1/4, 0), where a polynomial of degree four around -1/8
// serves, and multiples of -1/4, -1/2, -1 ... -16, each of which multiplies by a constant.
// 1/(1+x): three steps of Newton's division from 48/17 - 32/17 * (1+x)/2.
#include "firmware/core/nn/nn_fixed.h"
#include "firmware/core/nn/nn_quant.h"

#define Q31_ONE INT32_MAX

// (a + b) / 2 rounded half away from zero.
static int32_t half_sum(int32_t a, int32_t b)
{
    int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// x * 2^n, saturated.
static int32_t shift_saturated(int32_t x, int n)
{
    int32_t limit = INT32_MAX >> n;
    return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : (int32_t)((uint32_t)x << n);
}

// exp(x) for x in [-1/4, 0), Q0.31.
static int32_t exp_quarter(int32_t a)
{
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = a + (1 << 28);
    int32_t x2 = nn_mul_high(x, x);
    int32_t x3 = nn_mul_high(x2, x);
    int32_t x4 = nn_mul_high(x2, x2);
    int32_t x4_4 = nn_round_shift(x4, 2);
    int32_t rest = nn_round_shift(nn_wrap_add(nn_mul_high(nn_wrap_add(x4_4, x3), third), x2), 1);
    return nn_wrap_add(exp_minus_eighth, nn_mul_high(nn_wrap_add(x, rest), exp_minus_eighth));
}

// exp(x) for x <= 0 with `integer_bits` before the point.
static int32_t exp_negative(int32_t x, int integer_bits)
{
    // exp(-1/4), exp(-1/2), exp(-1) ... exp(-16) in Q0.31
    static const int32_t factor[] = {1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242};
    if (x == 0) {
        return Q31_ONE;
    }
    int fraction_bits = 31 - integer_bits;
    int32_t quarter = 1 << (fraction_bits - 2);
    int32_t low = (x & (quarter - 1)) - quarter;
    int32_t result = exp_quarter(shift_saturated(low, integer_bits));
    int32_t remainder = nn_wrap_sub(low, x);
    for (int i = 0; i < 7 && i - 2 < integer_bits; i++) {
        if ((remainder & (quarter << i)) != 0) {
            result = nn_mul_high(result, factor[i]);
        }
    }
    if (integer_bits > 5 && x < -(1 << (fraction_bits + 5))) {
        return 0;
    }
    return result;
}

int32_t nn_exp_q5(int32_t x)
{
    return exp_negative(x, 5);
}

// Newton's division for d = (1 + a) / 2 in Q0.31: about 1 / d in Q2.29.
static int32_t reciprocal_half(int32_t a)
{
    const int32_t c48_17 = 1515870810;
    const int32_t cm32_17 = -1010580540;
    int32_t d = half_sum(a, Q31_ONE);
    int32_t x = nn_wrap_add(c48_17, nn_mul_high(d, cm32_17));
    for (int i = 0; i < 3; i++) {
        int32_t dx = nn_mul_high(d, x); // Q2.29
        int32_t error = nn_wrap_sub(1 << 29, dx);
        x = nn_wrap_add(x, shift_saturated(nn_mul_high(x, error), 2)); // Q4.27 back to Q2.29
    }
    return x;
}

int32_t nn_reciprocal_one_plus(int32_t x)
{
    return shift_saturated(reciprocal_half(x), 1);
}

int32_t nn_logistic_q4(int32_t x)
{
    if (x == 0) {
        return (Q31_ONE >> 1) + 1;
    }
    int32_t e = exp_negative(x > 0 ? (int32_t)-(uint32_t)x : x, 4);
    int32_t positive = nn_reciprocal_one_plus(e);
    return x > 0 ? positive : nn_wrap_sub(Q31_ONE, positive);
}

int32_t nn_tanh_q4(int32_t x)
{
    if (x == 0) {
        return 0;
    }
    // tanh of a negative number y is (exp(2y) - 1) / (exp(2y) + 1); 2y has one integer bit more.
    int32_t e = exp_negative(x > 0 ? (int32_t)-(uint32_t)x : x, 5);
    int32_t minus_one_plus_two = shift_saturated(nn_wrap_sub(reciprocal_half(e), 1 << 29), 2);
    return x > 0 ? minus_one_plus_two : (int32_t)-(uint32_t)minus_one_plus_two;
}
