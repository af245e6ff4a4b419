// ADD and SUB on int8 for Helium, four at a time.
#include "firmware/core/nn/kernel_mve.h"
#include "firmware/core/nn/nn_binary.h"

static inline int32x4_t widen(const int8_t *p, int32_t stride, mve_pred16_t lanes, int32_t offset, struct nn_scale q)
{
    int32x4_t x = stride == 0 ? vdupq_n_s32(*p) : vldrbq_z_s32(p, lanes);
    x = vshlq_n_s32(vaddq_n_s32(x, offset), NN_ADD_SHIFT);
    return mve_rescale(x, vdupq_n_s32(q.multiplier), vdupq_n_s32(q.shift));
}

void nn_add_i8_mve(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n, int32_t stride_a, int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    int8_t *po = out;
    int32x4_t multiplier = vdupq_n_s32(p->qo.multiplier);
    int32x4_t shift = vdupq_n_s32(p->qo.shift);
    for (; n > 0; n -= 4, pa += 4 * stride_a, pb += 4 * stride_b, po += 4) {
        mve_pred16_t lanes = vctp32q((uint32_t)n);
        int32x4_t x = widen(pa, stride_a, lanes, p->a_offset, p->qa);
        int32x4_t y = widen(pb, stride_b, lanes, p->b_offset, p->qb);
        int32x4_t sum = p->second ? vsubq_s32(x, y) : vaddq_s32(x, y);
        vstrbq_p_s32(po, mve_finish(sum, multiplier, shift, p->out_offset, p->range.i[0], p->range.i[1]), lanes);
    }
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_mve;
}
