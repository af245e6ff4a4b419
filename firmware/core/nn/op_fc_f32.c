// FULLY_CONNECTED on float32.
#include "firmware/core/nn/nn_fc.h"

static int prepare(struct nn_ctx *c)
{
    struct nn_fc_f32 *p = nn_keep(c, sizeof *p);
    struct nn_fc_tensors t;
    struct nn_fc_shape s;
    int rc = nn_fc_shapes(c, &t, &s);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (t.weights.type != MOTE_NN_F32) {
        return nn_unsupported(c, NN_WHY("weights must be float32"));
    }
    p->in = nn_data(c, &t.in);
    p->weights = nn_data(c, &t.weights);
    p->out = nn_data(c, &t.out);
    p->batches = s.batches;
    p->in_n = s.in_n;
    p->out_n = s.out_n;
    c->eval = nn_fc_f32_ref;
    const void *bias;
    rc = nn_bias(c, 2, MOTE_NN_F32, s.out_n, &bias);
    p->bias = bias;
    return rc != MOTE_OK ? rc : nn_activation_range_f32(c, nn_opt_u8(c, 0, 0), &p->lo, &p->hi);
}

const struct mote_nn_op mote_nn_op_fully_connected_f32 = {
    "FULLY_CONNECTED", prepare, nn_fc_macs, NN_FULLY_CONNECTED, MOTE_NN_F32, 14};
