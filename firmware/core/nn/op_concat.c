// CONCATENATION along any axis, of any type. Inputs are taken to be quantized as the output is.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

void nn_concat_eval(const void *params)
{
    const struct nn_concat *p = params;
    uint8_t *out = p->out;
    for (uint32_t r = 0; r < p->rows; r++) {
        for (uint32_t i = 0; i < p->pieces; i++) {
            memcpy(out, p->piece[i].in + (size_t)r * p->piece[i].bytes, p->piece[i].bytes);
            out += p->piece[i].bytes;
        }
    }
}

static bool fits(const struct nn_tensor *in, const struct nn_tensor *out, int32_t axis)
{
    if (in->type != out->type || in->rank != out->rank) {
        return false;
    }
    for (int32_t d = 0; d < out->rank; d++) {
        if (d != axis && in->dims[d] != out->dims[d]) {
            return false;
        }
    }
    return true;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_concat *p = nn_keep(c, sizeof *p);
    struct nn_tensor out;
    int rc = nn_arity(c, 1, UINT32_MAX, 1);
    if (rc != MOTE_OK || (rc = nn_out(c, 0, &out)) != MOTE_OK) {
        return rc;
    }
    int32_t axis = nn_axis(nn_opt_i32(c, 0, 0), out.rank);
    if (axis < 0 || nn_opt_u8(c, 1, 0) != NN_ACT_NONE) {
        return nn_misshapen(c, NN_WHY("axis is out of range, or an activation is fused"), &out);
    }
    struct nn_concat_piece *piece = nn_keep_array(c, c->in.count, sizeof *piece);
    int64_t along = 0;
    for (uint32_t i = 0; i < c->in.count; i++) {
        struct nn_tensor in;
        rc = nn_in(c, i, &in);
        if (rc != MOTE_OK) {
            return rc;
        }
        if (!fits(&in, &out, axis)) {
            return nn_misshapen(c, NN_WHY("input does not match the output"), &in);
        }
        along += in.dims[axis];
        if (piece != NULL) {
            piece[i].in = nn_data(c, &in);
            piece[i].bytes =
                (uint32_t)nn_dims_product(&in, (unsigned)axis, in.rank) * nn_type_size(in.type);
        }
    }
    if (along != out.dims[axis]) {
        return nn_misshapen(c, NN_WHY("inputs do not add up to the output"), &out);
    }
    p->out = nn_data(c, &out);
    p->piece = piece;
    p->pieces = c->in.count;
    p->rows = (uint32_t)nn_dims_product(&out, 0, (unsigned)axis);
    c->eval = nn_concat_eval;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_concatenation = {"CONCATENATION",  prepare,     NULL,
                                                    NN_CONCATENATION, NN_ANY_TYPE, 4};
