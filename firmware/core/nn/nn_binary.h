// Operators with two inputs that broadcast against each other.
#ifndef MOTE_NN_BINARY_H
#define MOTE_NN_BINARY_H

#include "firmware/core/nn/nn_kernels.h"
#include "firmware/core/nn/nn_priv.h"

// nn_binary_run (nn_kernels.h): a run of n outputs from `out` on; a and b step by stride_a and stride_b (0 where
// they repeat).

#define NN_ADD_SHIFT 20 // bits to spare that ADD and SUB on int8 give their inputs

struct nn_binary {
    const void *a;
    const void *b;
    void *out;
    nn_binary_run run;
    int32_t dims[MOTE_NN_MAX_RANK], stride_a[MOTE_NN_MAX_RANK], stride_b[MOTE_NN_MAX_RANK];
    int32_t a_offset, b_offset, out_offset;
    struct nn_scale qa, qb, qo;
    union {
        int32_t i[2];
        float f[2];
    } range;
    uint8_t elem; // bytes
    bool second; // the second of two operators that share a run function: SUB, MINIMUM
};

struct nn_binary_tensors {
    struct nn_tensor a, b, out;
};

// Shapes and addresses; all three tensors have the type of input 0.
int nn_binary_prepare(struct nn_ctx *c, struct nn_binary **p, struct nn_binary_tensors *t,
                      nn_binary_run run) MOTE_CHECK;
// Offsets and range of a quantized one.
int nn_binary_quantized(struct nn_ctx *c, struct nn_binary *p, const struct nn_binary_tensors *t,
                        uint8_t fused) MOTE_CHECK;
// A float one of which no more is to be prepared.
int nn_binary_f32(struct nn_ctx *c, nn_binary_run run) MOTE_CHECK;

#endif
