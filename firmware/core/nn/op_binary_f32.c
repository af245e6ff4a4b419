// ADD, SUB and MUL on float32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_binary.h"

static float bound(const struct nn_binary *p, float x)
{
    x = x < p->range.f[0] ? p->range.f[0] : x;
    return p->range.f[1] < x ? p->range.f[1] : x;
}

#define RUN(name, operation)                                                                       \
    void name(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,       \
              int32_t stride_a, int32_t stride_b)                                                  \
    {                                                                                              \
        const float *pa = a;                                                                       \
        const float *pb = b;                                                                       \
        for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {                          \
            ((float *)out)[i] = bound(p, *pa operation * pb);                                      \
        }                                                                                          \
    }
RUN(nn_add_f32, +)
RUN(nn_sub_f32, -)
RUN(nn_mul_f32, *)

static int prepare_add(struct nn_ctx *c)
{
    return nn_binary_f32(c, nn_add_f32);
}

static int prepare_sub(struct nn_ctx *c)
{
    return nn_binary_f32(c, nn_sub_f32);
}

static int prepare_mul(struct nn_ctx *c)
{
    return nn_binary_f32(c, nn_mul_f32);
}

const struct mote_nn_op mote_nn_op_add_f32 = {"ADD", prepare_add, NULL, NN_ADD, MOTE_NN_F32, 5};
const struct mote_nn_op mote_nn_op_sub_f32 = {"SUB", prepare_sub, NULL, NN_SUB, MOTE_NN_F32, 5};
const struct mote_nn_op mote_nn_op_mul_f32 = {"MUL", prepare_mul, NULL, NN_MUL, MOTE_NN_F32, 7};
