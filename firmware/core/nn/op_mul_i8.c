// MUL on int8.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_binary.h"

void nn_mul_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
               int32_t stride_a, int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    int8_t *po = out;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        int32_t y =
            nn_rescale((*pa + p->a_offset) * (*pb + p->b_offset), p->qo.multiplier, p->qo.shift);
        po[i] = (int8_t)nn_clamp(nn_wrap_add(y, p->out_offset), p->range.i[0], p->range.i[1]);
    }
}

static int prepare(struct nn_ctx *c)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(c, &p, &t, nn_mul_i8);
    if (rc != MOTE_OK || (rc = nn_binary_quantized(c, p, &t, nn_opt_u8(c, 0, 0))) != MOTE_OK) {
        return rc;
    }
    if (!nn_scale_from(t.a.scale, t.b.scale, t.out.scale, 0, &p->qo)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &t.out);
    }
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_mul_i8 = {"MUL", prepare, NULL, NN_MUL, MOTE_NN_I8, 7};
