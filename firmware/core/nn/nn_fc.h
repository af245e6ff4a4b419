// Preparation that the types of FULLY_CONNECTED share.
#ifndef MOTE_NN_FC_H
#define MOTE_NN_FC_H

#include "firmware/core/nn/nn_kernels.h"
#include "firmware/core/nn/nn_priv.h"
#include "firmware/core/nn/nn_window.h"

struct nn_fc_tensors {
    struct nn_tensor in, weights, out;
};
struct nn_fc_shape {
    int32_t batches, in_n, out_n;
};
int nn_fc_shapes(struct nn_ctx *c, struct nn_fc_tensors *t, struct nn_fc_shape *s) MOTE_CHECK;
// Everything of a quantized one but its kernel; p is kept.
int nn_fc_prepare_quantized(struct nn_ctx *c, struct nn_fc *p, const struct nn_fc_tensors *t,
                            uint8_t bias_type) MOTE_CHECK;
uint64_t nn_fc_macs(struct nn_ctx *c);

#endif
