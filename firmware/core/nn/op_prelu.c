// PRELU on int8 and float32: negative inputs times a learned alpha, which broadcasts.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_binary.h"

void nn_prelu_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                 int32_t stride_a, int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        int32_t x = *pa + p->a_offset;
        int32_t y = x >= 0 ? nn_rescale(x, p->qa.multiplier, p->qa.shift)
                           : nn_rescale(x * (*pb + p->b_offset), p->qb.multiplier, p->qb.shift);
        ((int8_t *)out)[i] = (int8_t)nn_clamp(nn_wrap_add(y, p->out_offset), INT8_MIN, INT8_MAX);
    }
}

void nn_prelu_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                  int32_t stride_a, int32_t stride_b)
{
    const float *pa = a;
    const float *pb = b;
    (void)p;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        ((float *)out)[i] = *pa >= 0.0f ? *pa : *pa * *pb;
    }
}

static int prepare_i8(struct nn_ctx *c)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(c, &p, &t, nn_prelu_i8);
    if (rc != MOTE_OK || (rc = nn_binary_quantized(c, p, &t, NN_ACT_NONE)) != MOTE_OK) {
        return rc;
    }
    if (!nn_scale_from(t.a.scale, 1.0f, t.out.scale, 0, &p->qa) ||
        !nn_scale_from(t.a.scale, t.b.scale, t.out.scale, 0, &p->qb)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &t.out);
    }
    return MOTE_OK;
}

static int prepare_f32(struct nn_ctx *c)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    return nn_binary_prepare(c, &p, &t, nn_prelu_f32);
}

const struct mote_nn_op mote_nn_op_prelu_i8 = {"PRELU", prepare_i8, NULL, NN_PRELU, MOTE_NN_I8, 2};
const struct mote_nn_op mote_nn_op_prelu_f32 = {"PRELU",  prepare_f32, NULL,
                                                NN_PRELU, MOTE_NN_F32, 2};
