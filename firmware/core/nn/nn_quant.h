// Fixed-point arithmetic of quantized operators, with the roundings of the reference kernels.
// All additions that hostile parameters could overflow wrap.
#ifndef MOTE_NN_QUANT_H
#define MOTE_NN_QUANT_H

#include "firmware/core/mote_base.h"

struct nn_ctx;
struct nn_tensor;

// A real factor as multiplier * 2^(shift - 31).
struct nn_scale {
    int32_t multiplier;
    int32_t shift; // positive: to the left
};

static inline int32_t nn_wrap_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}
static inline int32_t nn_wrap_sub(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}
static inline int32_t nn_min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}
static inline int32_t nn_max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}
static inline int32_t nn_clamp(int32_t x, int32_t lo, int32_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

// High half of 2ab, rounded; b is never INT32_MIN.
static inline int32_t nn_mul_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}
// x / 2^n rounded half away from zero, n in 0..31.
static inline int32_t nn_round_shift(int32_t x, int n)
{
    uint32_t mask = (1u << n) - 1u;
    uint32_t rest = (uint32_t)x & mask;
    uint32_t half = (mask >> 1) + (x < 0);
    return (x >> n) + (rest > half);
}
// x times a real factor, with both roundings of the reference.
static inline int32_t nn_rescale(int32_t x, int32_t multiplier, int32_t shift)
{
    int left = shift > 0 ? shift : 0;
    return nn_round_shift(nn_mul_high((int32_t)((uint32_t)x << left), multiplier), left - shift);
}
// As nn_rescale for shifts to the right by 2 or more, in one 64-bit multiply-add and one shift, for any x.
// With y = floor((x m + 2^30) / 2^31) the reference's result is floor((y - (y < 0) + 2^(n-1)) / 2^n); nested floors
// join, and y < 0 just where x < 0, except for x m = -2^30, where both ways give 0.
static inline int32_t nn_rescale_right(int32_t x, int32_t multiplier, int32_t shift)
{
    uint32_t sign = (uint32_t)(x >> 31);
    uint64_t round = (uint64_t)((1u << (-shift - 2)) + sign) << 32 | (0x40000000u + (sign << 31));
    return (int32_t)(((int64_t)((uint64_t)((int64_t)x * multiplier) + round)) >> 32) >>
           (-shift - 1);
}
// The 64-bit form for int16 activations: multiplier reduced to 16 bits, one rounding.
static inline int32_t nn_rescale64(int64_t x, int32_t multiplier, int32_t shift)
{
    int64_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    int total = 15 - shift; // callers keep shift below 8
    return (int32_t)((int64_t)((uint64_t)x * (uint64_t)reduced + ((uint64_t)1 << (total - 1))) >>
                     total);
}

// a * b / c * 2^exponent, with the roundings of a double, by whole numbers: boards without a unit for doubles need no
// library for them. False where it is negative, not finite, or its shift is over 30 (then out->shift tells).
bool nn_scale_from(float a, float b, float c, int exponent, struct nn_scale *out);

// Quantized range of a fused activation for an output tensor. Refuses unknown activations.
int nn_activation_range(struct nn_ctx *c, uint8_t fused, const struct nn_tensor *out, int32_t *lo,
                        int32_t *hi) MOTE_CHECK;
// Float range of a fused activation.
int nn_activation_range_f32(struct nn_ctx *c, uint8_t fused, float *lo, float *hi) MOTE_CHECK;
// Scales must be there and per tensor.
int nn_need_scale(struct nn_ctx *c, const struct nn_tensor *t) MOTE_CHECK;
// Factors in.scale * weights.scale[i] / out.scale for each of `channels`, kept; arrays are NULL while measuring.
int nn_channel_scales(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *weights,
                      const struct nn_tensor *out, int32_t channels, const int32_t **multiplier,
                      const int8_t **shift) MOTE_CHECK;
// One factor a / b, kept as arrays of one.
int nn_keep_scale(struct nn_ctx *c, float a, float b, const int32_t **multiplier,
                  const int8_t **shift) MOTE_CHECK;
// Kept start of each filter: bias plus offset times the sum of its `each` weights, which must be constant; NULL while
// measuring.
const int32_t *nn_keep_starts(struct nn_ctx *c, const int8_t *weights, const int32_t *bias,
                              int32_t count, int32_t each, int32_t offset);
// Round half away from zero, as the reference rounds when it quantizes.
float nn_roundf(float x);

#endif
