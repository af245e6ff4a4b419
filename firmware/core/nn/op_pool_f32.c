// AVERAGE_POOL_2D and MAX_POOL_2D on float32.
#include "firmware/core/nn/nn_window.h"

static int prepare(struct nn_ctx *c, nn_eval_fn eval)
{
    struct nn_pool *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_pool_prepare(c, p, &in, &out);
    c->eval = eval;
    return rc != MOTE_OK ? rc : nn_activation_range_f32(c, nn_opt_u8(c, 5, 0), &p->lo_f, &p->hi_f);
}

static int prepare_average(struct nn_ctx *c)
{
    return prepare(c, nn_average_pool_f32_ref);
}

static int prepare_max(struct nn_ctx *c)
{
    return prepare(c, nn_max_pool_f32_ref);
}

const struct mote_nn_op mote_nn_op_average_pool_2d_f32 = {"AVERAGE_POOL_2D",  prepare_average, NULL,
                                                          NN_AVERAGE_POOL_2D, MOTE_NN_F32,     3};
const struct mote_nn_op mote_nn_op_max_pool_2d_f32 = {"MAX_POOL_2D",  prepare_max, NULL,
                                                      NN_MAX_POOL_2D, MOTE_NN_F32, 3};
