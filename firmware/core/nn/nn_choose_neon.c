// Kernels of AArch64 hosts and boards, by NEON: products of int8 are int16, which are added in pairs to int32. The
// offset of the inputs is repaired with the sum of the weights.
#include "firmware/core/nn/nn_dots.h"

#include <arm_neon.h>

// One row and one column: the sum of products, plus offset times the sum of weights.
static int32_t dot(const int8_t *w, const int8_t *x, int32_t k, int32_t offset)
{
    int32x4_t products = vdupq_n_s32(0);
    int32x4_t weights = vdupq_n_s32(0);
    int32_t at = 0;
    for (; at + 16 <= k; at += 16) {
        int8x16_t a = vld1q_s8(w + at);
        int8x16_t b = vld1q_s8(x + at);
        products = vpadalq_s16(products, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
        products = vpadalq_s16(products, vmull_high_s8(a, b));
        weights = vpadalq_s16(weights, vpaddlq_s8(a));
    }
    uint32_t sum =
        (uint32_t)vaddvq_s32(products) + (uint32_t)vaddvq_s32(weights) * (uint32_t)offset;
    for (; at < k; at++) {
        sum += (uint32_t)(w[at] * (x[at] + offset));
    }
    return (int32_t)sum;
}

static void dots_4x4(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                     int32_t *sums)
{
    for (int i = 0; i < 16; i++) {
        sums[i] = dot(w[i / 4], x[i % 4], k, offset);
    }
}

static void dots_16x1(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                      int32_t *sums)
{
    for (int i = 0; i < 16; i++) {
        sums[i] = dot(w[i], x[0], k, offset);
    }
}

void nn_conv_i8_neon(const void *params)
{
    nn_conv_by_dots(params, dots_4x4);
}

void nn_fc_i8_neon(const void *params)
{
    nn_fc_by_dots(params, dots_16x1);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_host(p);
    return (struct nn_choice){fit.fast ? nn_conv_i8_neon : nn_conv_i8_ref, fit.scratch, fit.starts};
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_depthwise_i8_ref, 0, false};
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    return (struct nn_choice){nn_fit_fc_host(p).fast ? nn_fc_i8_neon : nn_fc_i8_ref, 0, false};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
