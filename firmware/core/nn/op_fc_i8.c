// FULLY_CONNECTED on int8.
#include "firmware/core/nn/nn_fc.h"

static int prepare(struct nn_ctx *c)
{
    struct nn_fc *p = nn_keep(c, sizeof *p);
    struct nn_fc_tensors t;
    struct nn_fc_shape s;
    int rc = nn_fc_shapes(c, &t, &s);
    if (rc != MOTE_OK) {
        return rc;
    }
    p->in = nn_data(c, &t.in);
    p->out = nn_data(c, &t.out);
    p->batches = s.batches;
    p->in_n = s.in_n;
    p->out_n = s.out_n;
    rc = nn_fc_prepare_quantized(c, p, &t, MOTE_NN_I32);
    if (rc != MOTE_OK) {
        return rc;
    }
    struct nn_choice fast = {nn_fc_i8_ref, 0, false};
    p->steep = c->steep;
    p->weights = t.weights.fixed; // weights that the model computes have no address in the first
                                  // pass: NULL in both
    if ((c->flags & MOTE_NN_REFERENCE) == 0) {
        fast = nn_choose_fc_i8(p);
    }
    if (fast.starts) {
        p->bias = nn_keep_starts(c, p->weights, p->bias, p->out_n, p->in_n, p->in_offset);
    }
    p->weights = nn_data(c, &t.weights);
    c->eval = fast.eval;
    return fast.scratch > 0 ? nn_scratch(c, fast.scratch, &p->scratch) : MOTE_OK;
}

const struct mote_nn_op mote_nn_op_fully_connected_i8 = {"FULLY_CONNECTED",  prepare,    nn_fc_macs,
                                                         NN_FULLY_CONNECTED, MOTE_NN_I8, 14};
