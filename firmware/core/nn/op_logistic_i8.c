// LOGISTIC and TANH on int8: fixed point with four integer bits, tabulated.
#include "firmware/core/nn/nn_elementwise.h"
#include "firmware/core/nn/nn_fixed.h"

#define INPUT_BITS 4

static int prepare(struct nn_ctx *c, int32_t zero_point, int out_bits, int32_t (*function)(int32_t))
{
    struct nn_table_i8 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_table_i8_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (out.zero_point != zero_point) {
        return nn_misshapen(c, NN_WHY("output has an unexpected zero point"), &out);
    }
    struct nn_scale q;
    if (!nn_scale_from(in.scale, 1.0f, 1.0f, 31 - INPUT_BITS, &q) || q.shift < 0) {
        return nn_misshapen(c, NN_WHY("scale is out of range"), &in);
    }
    // From this distance on the result is saturated: floor(15 * 2^27 / 2^shift).
    int32_t radius = (int32_t)(((int64_t)((1 << INPUT_BITS) - 1) << (31 - INPUT_BITS)) >> q.shift);
    for (int32_t i = -128; p->table != NULL && i < 128; i++) {
        int32_t x = i - in.zero_point;
        int32_t y = x <= -radius ? INT8_MIN : INT8_MAX;
        if (x > -radius && x < radius) {
            y = zero_point +
                nn_round_shift(function(nn_rescale(x, q.multiplier, q.shift)), 31 - out_bits);
        }
        p->table[i + 128] = (int8_t)nn_clamp(y, INT8_MIN, INT8_MAX);
    }
    return MOTE_OK;
}

static int prepare_logistic(struct nn_ctx *c)
{
    return prepare(c, INT8_MIN, 8, nn_logistic_q4);
}

static int prepare_tanh(struct nn_ctx *c)
{
    return prepare(c, 0, 7, nn_tanh_q4);
}

const struct mote_nn_op mote_nn_op_logistic_i8 = {"LOGISTIC",  prepare_logistic, NULL,
                                                  NN_LOGISTIC, MOTE_NN_I8,       3};
const struct mote_nn_op mote_nn_op_tanh_i8 = {"TANH", prepare_tanh, NULL, NN_TANH, MOTE_NN_I8, 3};
