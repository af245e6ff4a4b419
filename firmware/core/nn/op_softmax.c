// SOFTMAX: shapes of any type, then int8 (giving int8 or int16) and float32.
#include "firmware/core/nn/nn_elementwise.h"

int nn_softmax_shapes(struct nn_ctx *c, struct nn_softmax *p, struct nn_tensor *in,
                      struct nn_tensor *out)
{
    int rc = nn_unary(c, in, out);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (in->rank < 1 || in->rank > 4) {
        return nn_misshapen(c, NN_WHY("needs one to four dimensions"), in);
    }
    p->depth = in->dims[in->rank - 1];
    p->rows = nn_dims_product(in, 0, in->rank - 1u);
    p->in = nn_data(c, in);
    p->out = nn_data(c, out);
    p->beta = nn_opt_f32(c, 0, 0.0f);
    return MOTE_OK;
}
