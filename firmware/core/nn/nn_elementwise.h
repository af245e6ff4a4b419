// Preparation that operators with one input and an output of its shape share.
#ifndef MOTE_NN_ELEMENTWISE_H
#define MOTE_NN_ELEMENTWISE_H

#include "firmware/core/nn/nn_kernels.h"
#include "firmware/core/nn/nn_priv.h"

// Input 0 and output 0, with equal shapes and no other tensors.
int nn_unary(struct nn_ctx *c, struct nn_tensor *in, struct nn_tensor *out) MOTE_CHECK;
int nn_softmax_shapes(struct nn_ctx *c, struct nn_softmax *p, struct nn_tensor *in,
                      struct nn_tensor *out) MOTE_CHECK;

// An int8 operator of one variable is a table of its 256 results.
struct nn_table_i8 {
    const int8_t *in;
    int8_t *out;
    int32_t count;
    int8_t *table; // result of x at x + 128
};
// Fills the tensors' part of *p and keeps the table; p->table is NULL while measuring.
int nn_table_i8_prepare(struct nn_ctx *c, struct nn_table_i8 *p, struct nn_tensor *in,
                        struct nn_tensor *out) MOTE_CHECK;

// A float operator of one variable.
struct nn_map_f32 {
    const float *in;
    float *out;
    int32_t count;
    float alpha;
};
int nn_map_f32_prepare(struct nn_ctx *c, struct nn_map_f32 **p) MOTE_CHECK;

#endif
