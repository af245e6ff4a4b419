// PAD and PADV2: a tensor of any type with a border of one value.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

void nn_pad_eval(const void *params)
{
    const struct nn_pad *p = params;
    uint8_t value[8] = {p->zero_point};
    if (p->value != NULL) {
        memcpy(value, p->value, p->elem);
    }
    for (uint32_t i = 0; i < p->out_bytes; i += p->elem) {
        memcpy(p->out + i, value, p->elem);
    }
    if (p->in_count == 0) {
        return;
    }
    const uint8_t *in = p->in;
    size_t row = (size_t)p->dims[p->rank - 1] * p->elem;
    int32_t index[MOTE_NN_MAX_RANK] = {0};
    do {
        size_t at = p->first;
        for (unsigned d = 0; d + 1 < p->rank; d++) {
            at += (size_t)index[d] * (size_t)p->out_stride[d];
        }
        memcpy(p->out + at * p->elem, in, row);
        in += row;
    } while (nn_next_index(index, p->dims, p->rank - 1u));
}

static int place(struct nn_ctx *c, struct nn_pad *p, const struct nn_tensor *in,
                 const struct nn_tensor *out)
{
    struct nn_tensor t;
    const int32_t *around;
    int rc = nn_in_constant(c, 1, 2 * in->rank, &t, &around);
    if (rc != MOTE_OK) {
        return rc;
    }
    nn_strides(out, p->out_stride);
    for (unsigned d = 0; d < in->rank; d++) {
        int32_t before = around[2 * d];
        int32_t after = around[2 * d + 1];
        if (before < 0 || after < 0 || (int64_t)in->dims[d] + before + after != out->dims[d]) {
            return nn_misshapen(c, NN_WHY("output does not follow from input and paddings"), out);
        }
        p->first += (uint32_t)before * (uint32_t)p->out_stride[d];
        p->dims[d] = in->dims[d];
    }
    return MOTE_OK;
}

static int border(struct nn_ctx *c, struct nn_pad *p, const struct nn_tensor *in,
                  const struct nn_tensor *out)
{
    struct nn_tensor value;
    int rc = nn_in_optional(c, 2, &value);
    if (rc == MOTE_E_NOT_FOUND) {
        p->zero_point = in->type == MOTE_NN_I8 ? (uint8_t)out->zero_point : 0;
        return MOTE_OK;
    }
    if (rc == MOTE_OK && (value.type != in->type || value.count != 1 ||
                          (in->type == MOTE_NN_I8 &&
                           (value.zero_point != out->zero_point || value.scale != out->scale)))) {
        return nn_misshapen(c, NN_WHY("border value does not match the output"), &value);
    }
    p->value = rc == MOTE_OK ? nn_data(c, &value) : NULL;
    return rc;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_pad *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_arity(c, 2, 3, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK) {
        return rc;
    }
    if (in.type != out.type || in.rank != out.rank || in.rank < 1) {
        return nn_misshapen(c, NN_WHY("input and output do not match"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->rank = in.rank;
    p->elem = (uint8_t)nn_type_size(in.type);
    p->in_count = (uint32_t)in.count;
    p->out_bytes = out.bytes;
    c->eval = nn_pad_eval;
    rc = place(c, p, &in, &out);
    return rc != MOTE_OK ? rc : border(c, p, &in, &out);
}

const struct mote_nn_op mote_nn_op_pad = {"PAD", prepare, NULL, NN_PAD, NN_ANY_TYPE, 4};
const struct mote_nn_op mote_nn_op_padv2 = {"PADV2", prepare, NULL, NN_PADV2, NN_ANY_TYPE, 4};
