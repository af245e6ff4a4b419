// RELU and RELU6 on int8.
#include "firmware/core/nn/nn_elementwise.h"

static int prepare_relu(struct nn_ctx *c)
{
    struct nn_table_i8 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_table_i8_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    struct nn_scale q;
    if (!nn_scale_from(in.scale / out.scale, 1.0f, 1.0f, 0, &q)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &out);
    }
    for (int32_t x = -128; p->table != NULL && x < 128; x++) {
        int32_t y =
            nn_wrap_add(out.zero_point, nn_rescale(x - in.zero_point, q.multiplier, q.shift));
        p->table[x + 128] = (int8_t)nn_clamp(y, out.zero_point, INT8_MAX);
    }
    return MOTE_OK;
}

// The reference clamps the bytes alone: input and output are taken to be quantized alike.
static int prepare_relu6(struct nn_ctx *c)
{
    struct nn_table_i8 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_table_i8_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    float six = nn_roundf(6.0f / in.scale) + (float)in.zero_point;
    int32_t hi = six <= 127.0f ? (int32_t)six : INT8_MAX;
    for (int32_t x = -128; p->table != NULL && x < 128; x++) {
        p->table[x + 128] = (int8_t)nn_clamp(x, in.zero_point, hi);
    }
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_relu_i8 = {"RELU", prepare_relu, NULL, NN_RELU, MOTE_NN_I8, 3};
const struct mote_nn_op mote_nn_op_relu6_i8 = {"RELU6",  prepare_relu6, NULL,
                                               NN_RELU6, MOTE_NN_I8,    3};
