// SPLIT, SPLIT_V and UNPACK cut a tensor along an axis; PACK stacks tensors along a new one. Any type.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

void nn_cut(const void *params)
{
    const struct nn_split *p = params;
    const uint8_t *in = p->whole;
    for (uint32_t r = 0; r < p->rows; r++) {
        for (uint32_t i = 0; i < p->pieces; i++) {
            memcpy(p->piece[i].data + (size_t)r * p->piece[i].bytes, in, p->piece[i].bytes);
            in += p->piece[i].bytes;
        }
    }
}

void nn_stack(const void *params)
{
    const struct nn_split *p = params;
    uint8_t *out = p->whole;
    for (uint32_t r = 0; r < p->rows; r++) {
        for (uint32_t i = 0; i < p->pieces; i++) {
            memcpy(out, p->piece[i].data + (size_t)r * p->piece[i].bytes, p->piece[i].bytes);
            out += p->piece[i].bytes;
        }
    }
}

// True where `part` has the shape of `whole`, but for the axis, which it lacks (removed) or has shorter.
static bool part_fits(const struct nn_tensor *part, const struct nn_tensor *whole, int32_t axis,
                      bool removed)
{
    if (part->type != whole->type || part->rank + (removed ? 1 : 0) != whole->rank) {
        return false;
    }
    for (int32_t d = 0; d < whole->rank; d++) {
        int32_t at = removed && d > axis ? d - 1 : d;
        if (d != axis && part->dims[at] != whole->dims[d]) {
            return false;
        }
    }
    return true;
}

// Lists the parts: outputs when cutting, inputs when stacking.
static int fill(struct nn_ctx *c, struct nn_split *p, const struct nn_tensor *whole, int32_t axis,
                bool removed, bool cut)
{
    struct nn_vec parts = cut ? c->out : c->in;
    struct nn_split_piece *piece = nn_keep_array(c, parts.count, sizeof *piece);
    int64_t along = 0;
    if (axis < 0) {
        return nn_misshapen(c, NN_WHY("axis is out of range"), whole);
    }
    for (uint32_t i = 0; i < parts.count; i++) {
        struct nn_tensor part;
        int rc = cut ? nn_out(c, i, &part) : nn_in(c, i, &part);
        if (rc != MOTE_OK) {
            return rc;
        }
        if (!part_fits(&part, whole, axis, removed)) {
            return nn_misshapen(c, NN_WHY("part does not match the whole"), &part);
        }
        along += removed ? 1 : part.dims[axis];
        if (piece != NULL) {
            piece[i].data = nn_data(c, &part);
            piece[i].bytes = (uint32_t)nn_dims_product(&part, (unsigned)axis, part.rank) *
                             nn_type_size(part.type);
        }
    }
    if (along != whole->dims[axis]) {
        return nn_misshapen(c, NN_WHY("parts do not add up to the whole"), whole);
    }
    p->whole = nn_data(c, whole);
    p->piece = piece;
    p->pieces = parts.count;
    p->rows = (uint32_t)nn_dims_product(whole, 0, (unsigned)axis);
    c->eval = cut ? nn_cut : nn_stack;
    return MOTE_OK;
}

// SPLIT has (axis, data), SPLIT_V (data, sizes, axis). The outputs' shapes say the sizes.
static int prepare_split(struct nn_ctx *c)
{
    struct nn_split *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor t;
    const int32_t *axis;
    bool sized = c->op->code == NN_SPLIT_V;
    int rc = nn_arity(c, sized ? 3 : 2, sized ? 3 : 2, c->out.count);
    if (rc != MOTE_OK || (rc = nn_in(c, sized ? 0 : 1, &in)) != MOTE_OK ||
        (rc = nn_in_constant(c, sized ? 2 : 0, 1, &t, &axis)) != MOTE_OK) {
        return rc;
    }
    return fill(c, p, &in, nn_axis(axis[0], in.rank), false, true);
}

static int prepare_unpack(struct nn_ctx *c)
{
    struct nn_split *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    int rc = nn_arity(c, 1, 1, c->out.count);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK) {
        return rc;
    }
    return fill(c, p, &in, nn_axis(nn_opt_i32(c, 1, 0), in.rank), true, true);
}

static int prepare_pack(struct nn_ctx *c)
{
    struct nn_split *p = nn_keep(c, sizeof *p);
    struct nn_tensor out;
    int rc = nn_arity(c, 1, UINT32_MAX, 1);
    if (rc != MOTE_OK || (rc = nn_out(c, 0, &out)) != MOTE_OK) {
        return rc;
    }
    return fill(c, p, &out, nn_axis(nn_opt_i32(c, 1, 0), out.rank), true, false);
}

const struct mote_nn_op mote_nn_op_split = {"SPLIT", prepare_split, NULL, NN_SPLIT, NN_ANY_TYPE, 4};
const struct mote_nn_op mote_nn_op_split_v = {"SPLIT_V",  prepare_split, NULL,
                                              NN_SPLIT_V, NN_ANY_TYPE,   2};
const struct mote_nn_op mote_nn_op_unpack = {"UNPACK",  prepare_unpack, NULL,
                                             NN_UNPACK, NN_ANY_TYPE,    4};
const struct mote_nn_op mote_nn_op_pack = {"PACK", prepare_pack, NULL, NN_PACK, NN_ANY_TYPE, 4};
