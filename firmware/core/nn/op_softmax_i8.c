// SOFTMAX on int8, giving int8 or int16.
#include "firmware/core/nn/nn_elementwise.h"

#define DIFF_BITS 5 // integer bits of a difference from the maximum

static bool near(float a, float b)
{
    float d = a - b;
    return d <= 0.001f * b && -d <= 0.001f * b;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_softmax *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_softmax_shapes(c, p, &in, &out);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &in)) != MOTE_OK ||
        (rc = nn_need_scale(c, &out)) != MOTE_OK) {
        return rc;
    }
    p->out_16 = out.type == MOTE_NN_I16;
    bool fits = p->out_16 ? out.zero_point == INT16_MIN && near(out.scale, 1.0f / 65536.0f)
                          : out.type == MOTE_NN_I8 && out.zero_point == INT8_MIN &&
                                near(out.scale, 1.0f / 256.0f);
    if (!fits) {
        return nn_misshapen(c, NN_WHY("output must be quantized from 0 to 1"), &out);
    }
    struct nn_scale q;
    if (!nn_scale_from(p->beta, in.scale, 1.0f, 31 - DIFF_BITS, &q)) {
        if (q.shift < 31) {
            return nn_misshapen(c, NN_WHY("scale or beta is out of range"), &in);
        }
        q = q.shift == 31 ? q : (struct nn_scale){INT32_MAX, 31}; // the reference's ceiling
    }
    if (q.shift < 1) {
        return nn_misshapen(c, NN_WHY("scale or beta is out of range"), &in);
    }
    p->multiplier = q.multiplier;
    p->shift = q.shift;
    // Differences below this are so small that their exponential counts as 0: floor(31 * 2^26 / 2^shift).
    p->diff_min = -(int32_t)(((int64_t)((1 << DIFF_BITS) - 1) << (31 - DIFF_BITS)) >> q.shift);
    c->eval = nn_softmax_i8_ref;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_softmax_i8 = {"SOFTMAX",  prepare,    NULL,
                                                 NN_SOFTMAX, MOTE_NN_I8, 3};
