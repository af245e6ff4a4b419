// CONV_2D and DEPTHWISE_CONV_2D on int8.
#include "firmware/core/nn/nn_window.h"

static int prepare(struct nn_ctx *c, bool depthwise, struct nn_conv **params, const void **weights)
{
    struct nn_conv_tensors t;
    struct nn_conv *p;
    uint8_t fused;
    int rc = nn_conv_prepare(c, depthwise, &p, &t, &fused);
    if (rc == MOTE_OK) {
        rc = nn_conv_prepare_quantized(c, p, &t, fused, MOTE_NN_I32, depthwise ? 3 : 0, 2);
    }
    p->steep = c->steep;
    *params = p;
    p->weights = t.weights.fixed; // weights that the model computes have no address in the first
                                  // pass: NULL in both
    *weights = nn_data(c, &t.weights);
    return rc;
}

static int choose(struct nn_ctx *c, struct nn_conv *p, const void *weights, struct nn_choice fast,
                  nn_eval_fn reference)
{
    if ((c->flags & MOTE_NN_REFERENCE) != 0) {
        fast = (struct nn_choice){reference, 0, false};
    }
    c->eval = fast.eval;
    if (fast.starts) {
        int32_t each = p->g.k_h * p->g.k_w * p->filter_c;
        p->bias = nn_keep_starts(c, p->weights, p->bias, p->g.out_c, each, p->in_offset);
    }
    p->weights = weights;
    return fast.scratch > 0 ? nn_scratch(c, fast.scratch, &p->scratch) : MOTE_OK;
}

static int prepare_conv(struct nn_ctx *c)
{
    struct nn_conv *p;
    const void *weights;
    int rc = prepare(c, false, &p, &weights);
    return rc != MOTE_OK ? rc : choose(c, p, weights, nn_choose_conv_i8(p), nn_conv_i8_ref);
}

static int prepare_depthwise(struct nn_ctx *c)
{
    struct nn_conv *p;
    const void *weights;
    int rc = prepare(c, true, &p, &weights);
    return rc != MOTE_OK ? rc
                         : choose(c, p, weights, nn_choose_depthwise_i8(p), nn_depthwise_i8_ref);
}

const struct mote_nn_op mote_nn_op_conv_2d_i8 = {"CONV_2D",  prepare_conv, nn_conv_macs,
                                                 NN_CONV_2D, MOTE_NN_I8,   8};
const struct mote_nn_op mote_nn_op_depthwise_conv_2d_i8 = {
    "DEPTHWISE_CONV_2D", prepare_depthwise, nn_depthwise_macs, NN_DEPTHWISE_CONV_2D, MOTE_NN_I8, 7};
