// ADD and SUB on int8: both inputs are brought to one scale with 20 bits to spare, added, brought to the output's.
#include "firmware/core/nn/nn_binary.h"

#define LEFT_SHIFT NN_ADD_SHIFT

static int prepare(struct nn_ctx *c, bool subtract)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(
        c, &p, &t, (c->flags & MOTE_NN_REFERENCE) != 0 ? nn_add_i8_ref : nn_choose_add_i8());
    if (rc != MOTE_OK || (rc = nn_binary_quantized(c, p, &t, nn_opt_u8(c, 0, 0))) != MOTE_OK) {
        return rc;
    }
    p->second = subtract;
    float twice_max = 2.0f * (t.a.scale > t.b.scale ? t.a.scale : t.b.scale);
    bool fits;
    if (subtract) { // the reference computes these in float, but those of ADD in double
        float sum = twice_max / ((float)(1 << LEFT_SHIFT) * t.out.scale);
        fits = nn_scale_from(t.a.scale / twice_max, 1.0f, 1.0f, 0, &p->qa) &&
               nn_scale_from(t.b.scale / twice_max, 1.0f, 1.0f, 0, &p->qb) &&
               nn_scale_from(sum, 1.0f, 1.0f, 0, &p->qo);
    } else {
        fits = nn_scale_from(t.a.scale, 1.0f, twice_max, 0, &p->qa) &&
               nn_scale_from(t.b.scale, 1.0f, twice_max, 0, &p->qb) &&
               nn_scale_from(twice_max, 1.0f, t.out.scale, -LEFT_SHIFT, &p->qo);
    }
    if (!fits || p->qo.shift > 0) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &t.out);
    }
    return MOTE_OK;
}

static int prepare_add(struct nn_ctx *c)
{
    return prepare(c, false);
}

static int prepare_sub(struct nn_ctx *c)
{
    return prepare(c, true);
}

const struct mote_nn_op mote_nn_op_add_i8 = {"ADD", prepare_add, NULL, NN_ADD, MOTE_NN_I8, 5};
const struct mote_nn_op mote_nn_op_sub_i8 = {"SUB", prepare_sub, NULL, NN_SUB, MOTE_NN_I8, 5};
