// MINIMUM and MAXIMUM. Quantized inputs are taken to be quantized as the output is: bytes are compared.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_binary.h"

void nn_min_max_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        ((int8_t *)out)[i] = (*pa > *pb) != p->second ? *pa : *pb;
    }
}

void nn_min_max_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                    int32_t stride_a, int32_t stride_b)
{
    const float *pa = a;
    const float *pb = b;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        bool first = p->second ? *pa < *pb : *pa > *pb;
        ((float *)out)[i] = first ? *pa : *pb;
    }
}

static int prepare(struct nn_ctx *c, bool minimum)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(c, &p, &t, nn_min_max_i8);
    if (rc != MOTE_OK) {
        return rc;
    }
    p->second = minimum;
    p->run = t.a.type == MOTE_NN_F32 ? nn_min_max_f32 : nn_min_max_i8;
    return MOTE_OK;
}

static int prepare_min(struct nn_ctx *c)
{
    return prepare(c, true);
}

static int prepare_max(struct nn_ctx *c)
{
    return prepare(c, false);
}

const struct mote_nn_op mote_nn_op_minimum_i8 = {"MINIMUM",  prepare_min, NULL,
                                                 NN_MINIMUM, MOTE_NN_I8,  4};
const struct mote_nn_op mote_nn_op_minimum_f32 = {"MINIMUM",  prepare_min, NULL,
                                                  NN_MINIMUM, MOTE_NN_F32, 4};
const struct mote_nn_op mote_nn_op_maximum_i8 = {"MAXIMUM",  prepare_max, NULL,
                                                 NN_MAXIMUM, MOTE_NN_I8,  4};
const struct mote_nn_op mote_nn_op_maximum_f32 = {"MAXIMUM",  prepare_max, NULL,
                                                  NN_MAXIMUM, MOTE_NN_F32, 4};
