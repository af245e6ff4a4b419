// LEAKY_RELU on int8 and float32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"

static int prepare_i8(struct nn_ctx *c)
{
    struct nn_table_i8 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_table_i8_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    float alpha = nn_opt_f32(c, 0, 0.0f);
    float slope = in.scale * alpha / out.scale;
    struct nn_scale identity;
    struct nn_scale leak;
    bool negative = slope < 0.0f;
    if (!nn_scale_from(in.scale / out.scale, 1.0f, 1.0f, 0, &identity) ||
        !nn_scale_from(negative ? -slope : slope, 1.0f, 1.0f, 0, &leak)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &out);
    }
    for (int32_t i = -128; p->table != NULL && i < 128; i++) {
        int32_t x = i - in.zero_point;
        int32_t y = x >= 0 ? nn_rescale(x, identity.multiplier, identity.shift)
                           : nn_rescale(x, leak.multiplier, leak.shift);
        y = x < 0 && negative ? nn_wrap_sub(0, y) : y;
        p->table[i + 128] = (int8_t)nn_clamp(nn_wrap_add(y, out.zero_point), INT8_MIN, INT8_MAX);
    }
    return MOTE_OK;
}

void nn_leaky_relu_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        p->out[i] = p->in[i] > 0.0f ? p->in[i] : p->in[i] * p->alpha;
    }
}

static int prepare_f32(struct nn_ctx *c)
{
    struct nn_map_f32 *p;
    int rc = nn_map_f32_prepare(c, &p);
    p->alpha = nn_opt_f32(c, 0, 0.0f);
    c->eval = nn_leaky_relu_f32;
    return rc;
}

const struct mote_nn_op mote_nn_op_leaky_relu_i8 = {"LEAKY_RELU",  prepare_i8, NULL,
                                                    NN_LEAKY_RELU, MOTE_NN_I8, 2};
const struct mote_nn_op mote_nn_op_leaky_relu_f32 = {"LEAKY_RELU",  prepare_f32, NULL,
                                                     NN_LEAKY_RELU, MOTE_NN_F32, 2};
