// AVERAGE_POOL_2D and MAX_POOL_2D on int8.
#include "firmware/core/nn/nn_window.h"

static int prepare(struct nn_ctx *c, nn_eval_fn eval)
{
    struct nn_pool *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_pool_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    float difference = in.scale - out.scale;
    if (in.zero_point != out.zero_point || difference > 1e-6f || difference < -1e-6f) {
        return nn_misshapen(c, NN_WHY("input and output are quantized differently"), &out);
    }
    c->eval = eval;
    return nn_activation_range(c, nn_opt_u8(c, 5, 0), &out, &p->lo, &p->hi);
}

static int prepare_average(struct nn_ctx *c)
{
    return prepare(c, nn_average_pool_i8_ref);
}

static int prepare_max(struct nn_ctx *c)
{
    return prepare(c, nn_max_pool_i8_ref);
}

const struct mote_nn_op mote_nn_op_average_pool_2d_i8 = {"AVERAGE_POOL_2D",  prepare_average, NULL,
                                                         NN_AVERAGE_POOL_2D, MOTE_NN_I8,      3};
const struct mote_nn_op mote_nn_op_max_pool_2d_i8 = {"MAX_POOL_2D",  prepare_max, NULL,
                                                     NN_MAX_POOL_2D, MOTE_NN_I8,  3};
