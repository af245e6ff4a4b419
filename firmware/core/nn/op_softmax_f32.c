// SOFTMAX on float32.
#include "firmware/core/nn/nn_elementwise.h"

static int prepare(struct nn_ctx *c)
{
    struct nn_softmax *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_softmax_shapes(c, p, &in, &out);
    if (rc == MOTE_OK && out.type != MOTE_NN_F32) {
        rc = nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    c->eval = nn_softmax_f32_ref;
    return rc;
}

const struct mote_nn_op mote_nn_op_softmax_f32 = {"SOFTMAX",  prepare,     NULL,
                                                  NN_SOFTMAX, MOTE_NN_F32, 3};
