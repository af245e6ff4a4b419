// RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape. The output's shape is the file's;
// the tensors that carry a new shape or an axis are not read.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_priv.h"

void nn_copy_eval(const void *params)
{
    const struct nn_copy *p = params;
    memmove(p->out, p->in, p->bytes);
}

static int prepare(struct nn_ctx *c)
{
    struct nn_copy *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_arity(c, 1, 2, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK) {
        return rc;
    }
    if (in.type != out.type || in.count != out.count) {
        return nn_misshapen(c, NN_WHY("input and output differ in type or size"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->bytes = in.bytes;
    c->eval = nn_copy_eval;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_reshape = {"RESHAPE", prepare, NULL, NN_RESHAPE, NN_ANY_TYPE, 1};
const struct mote_nn_op mote_nn_op_squeeze = {"SQUEEZE", prepare, NULL, NN_SQUEEZE, NN_ANY_TYPE, 2};
const struct mote_nn_op mote_nn_op_expand_dims = {"EXPAND_DIMS",  prepare,     NULL,
                                                  NN_EXPAND_DIMS, NN_ANY_TYPE, 1};
