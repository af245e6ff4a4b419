// Pools: options and shapes of any type.
#include "firmware/core/nn/nn_window.h"

int nn_pool_prepare(struct nn_ctx *c, struct nn_pool *p, struct nn_tensor *in,
                    struct nn_tensor *out)
{
    int rc = nn_arity(c, 1, 1, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, in)) != MOTE_OK || (rc = nn_out(c, 0, out)) != MOTE_OK) {
        return rc;
    }
    p->g.stride_w = nn_opt_i32(c, 1, 0);
    p->g.stride_h = nn_opt_i32(c, 2, 0);
    p->g.k_w = nn_opt_i32(c, 3, 0);
    p->g.k_h = nn_opt_i32(c, 4, 0);
    p->g.dilation_w = 1;
    p->g.dilation_h = 1;
    rc = nn_window_fill(c, in, out, nn_opt_u8(c, 0, 0), &p->g);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (in->type != out->type || p->g.in_c != p->g.out_c ||
        (int64_t)p->g.k_h * p->g.k_w > INT32_MAX / 256) {
        return nn_misshapen(c, NN_WHY("input and output do not match"), out);
    }
    p->in = nn_data(c, in);
    p->out = nn_data(c, out);
    return MOTE_OK;
}
