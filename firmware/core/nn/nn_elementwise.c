// Preparation that operators with one input and an output of its shape share.
#include "firmware/core/nn/nn_elementwise.h"

int nn_unary(struct nn_ctx *c, struct nn_tensor *in, struct nn_tensor *out)
{
    int rc = nn_arity(c, 1, 1, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, in)) != MOTE_OK || (rc = nn_out(c, 0, out)) != MOTE_OK) {
        return rc;
    }
    return nn_same_shape(in, out) ? MOTE_OK
                                  : nn_misshapen(c, NN_WHY("input and output do not match"), out);
}
