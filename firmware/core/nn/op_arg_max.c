// ARG_MAX along any axis of int8 or float32: the first of equals, as int32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

static bool larger(const struct nn_arg_max *p, size_t a, size_t b)
{
    switch (p->type) {
    case MOTE_NN_F32:
        return ((const float *)p->in)[a] > ((const float *)p->in)[b];
    default:
        return ((const int8_t *)p->in)[a] > ((const int8_t *)p->in)[b];
    }
}

void nn_arg_max_eval(const void *params)
{
    const struct nn_arg_max *p = params;
    for (int32_t o = 0; o < p->outer; o++) {
        for (int32_t i = 0; i < p->inner; i++) {
            size_t base = (size_t)o * (size_t)p->along * (size_t)p->inner + (size_t)i;
            int32_t best = 0;
            for (int32_t a = 1; a < p->along; a++) {
                if (larger(p, base + (size_t)a * (size_t)p->inner,
                           base + (size_t)best * (size_t)p->inner)) {
                    best = a;
                }
            }
            p->out[(size_t)o * (size_t)p->inner + (size_t)i] = best;
        }
    }
}

static int prepare(struct nn_ctx *c)
{
    struct nn_arg_max *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    struct nn_tensor t;
    const int32_t *axis;
    int rc = nn_arity(c, 2, 2, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK ||
        (rc = nn_in_constant(c, 1, 1, &t, &axis)) != MOTE_OK) {
        return rc;
    }
    int32_t a = nn_axis(axis[0], in.rank);
    if (a < 0 || out.type != MOTE_NN_I32) {
        return nn_misshapen(c, NN_WHY("axis is out of range, or output is not int32"), &out);
    }
    p->outer = nn_dims_product(&in, 0, (unsigned)a);
    p->along = in.dims[a];
    p->inner = nn_dims_product(&in, (unsigned)a + 1, in.rank);
    if (p->along < 1 || (int64_t)p->outer * p->inner != out.count) {
        return nn_misshapen(c, NN_WHY("output does not follow from input and axes"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->type = in.type;
    c->eval = nn_arg_max_eval;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_arg_max_i8 = {"ARG_MAX",  prepare,    NULL,
                                                 NN_ARG_MAX, MOTE_NN_I8, 3};
const struct mote_nn_op mote_nn_op_arg_max_f32 = {"ARG_MAX",  prepare,     NULL,
                                                  NN_ARG_MAX, MOTE_NN_F32, 3};
