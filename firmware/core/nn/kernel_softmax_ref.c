// SOFTMAX on int8, giving int8 or int16: exponentials in Q0.31, their sum in Q12.19, one reciprocal.
#include "firmware/core/nn/nn_fixed.h"
#include "firmware/core/nn/nn_kernels.h"

static int32_t leading_zeros(uint32_t x)
{
    int32_t n = 0;
    for (; n < 32 && (x & 0x80000000u) == 0; x <<= 1) {
        n++;
    }
    return n;
}

static int32_t scaled(const struct nn_softmax *p, int32_t diff)
{
    return nn_mul_high((int32_t)((uint32_t)diff << p->shift), p->multiplier);
}

static void row(const struct nn_softmax *p, const int8_t *in, void *out, int32_t at)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = nn_max32(max, in[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        if (in[i] - max >= p->diff_min) {
            sum = nn_wrap_add(sum, nn_round_shift(nn_exp_q5(scaled(p, in[i] - max)), 12));
        }
    }
    int32_t headroom = leading_zeros((uint32_t)sum);
    int32_t reciprocal =
        nn_reciprocal_one_plus((int32_t)(((uint32_t)sum << (headroom & 31)) - 0x80000000u));
    int32_t exponent = nn_clamp(12 - headroom + 31 - (p->out_16 ? 16 : 8), 0, 31);
    int32_t lo = p->out_16 ? INT16_MIN : INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t value = lo;
        if (in[i] - max >= p->diff_min) {
            int32_t e = nn_mul_high(reciprocal, nn_exp_q5(scaled(p, in[i] - max)));
            value = nn_clamp(nn_round_shift(e, exponent) + lo, lo, -lo - 1);
        }
        if (p->out_16) {
            ((int16_t *)out)[at + i] = (int16_t)value;
        } else {
            ((int8_t *)out)[at + i] = (int8_t)value;
        }
    }
}

void nn_softmax_i8_ref(const void *params)
{
    const struct nn_softmax *p = params;
    for (int32_t r = 0; r < p->rows; r++) {
        row(p, (const int8_t *)p->in + (size_t)r * (size_t)p->depth, p->out, r * p->depth);
    }
}
