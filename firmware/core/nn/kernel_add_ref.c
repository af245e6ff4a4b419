// ADD and SUB on int8, portable.
#include "firmware/core/nn/nn_binary.h"

// An input on the common scale. The one of the larger scale has a factor of exactly one half.
static inline int32_t widen(int32_t x, struct nn_scale q, bool half)
{
    if (half) {
        return x * (1 << (NN_ADD_SHIFT - 1));
    }
    x *= 1 << NN_ADD_SHIFT;
    return q.shift <= -2 ? nn_rescale_right(x, q.multiplier, q.shift)
                         : nn_rescale(x, q.multiplier, q.shift);
}

void nn_add_i8_ref(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    int8_t *po = out;
    const struct nn_scale qa = p->qa;
    const struct nn_scale qb = p->qb;
    const struct nn_scale qo = p->qo;
    bool half_a = qa.shift == 0 && qa.multiplier == 1 << 30;
    bool half_b = qb.shift == 0 && qb.multiplier == 1 << 30;
    int32_t sign = p->second ? -1 : 1;
    int32_t lo = p->range.i[0];
    int32_t hi = p->range.i[1];
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        int32_t sum = nn_wrap_add(widen(*pa + p->a_offset, qa, half_a),
                                  sign * widen(*pb + p->b_offset, qb, half_b));
        int32_t y = qo.shift <= -2 ? nn_rescale_right(sum, qo.multiplier, qo.shift)
                                   : nn_rescale(sum, qo.multiplier, qo.shift);
        po[i] = (int8_t)nn_clamp(nn_wrap_add(y, p->out_offset), lo, hi);
    }
}
