// CONV_2D and DEPTHWISE_CONV_2D on float32.
#include "firmware/core/nn/nn_window.h"

static int prepare(struct nn_ctx *c, bool depthwise)
{
    struct nn_conv_tensors t;
    struct nn_conv *p;
    uint8_t fused;
    int rc = nn_conv_prepare(c, depthwise, &p, &t, &fused);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (t.weights.type != MOTE_NN_F32) {
        return nn_unsupported(c, NN_WHY("weights must be float32"));
    }
    rc = nn_activation_range_f32(c, fused, &p->lo_f, &p->hi_f);
    return rc != MOTE_OK ? rc : nn_bias(c, 2, MOTE_NN_F32, p->g.out_c, &p->bias);
}

static int prepare_conv(struct nn_ctx *c)
{
    c->eval = nn_conv_f32_ref;
    return prepare(c, false);
}

static int prepare_depthwise(struct nn_ctx *c)
{
    c->eval = nn_depthwise_f32_ref;
    return prepare(c, true);
}

const struct mote_nn_op mote_nn_op_conv_2d_f32 = {"CONV_2D",  prepare_conv, nn_conv_macs,
                                                  NN_CONV_2D, MOTE_NN_F32,  8};
const struct mote_nn_op mote_nn_op_depthwise_conv_2d_f32 = {
    "DEPTHWISE_CONV_2D",  prepare_depthwise, nn_depthwise_macs,
    NN_DEPTHWISE_CONV_2D, MOTE_NN_F32,       7};
