// TRANSPOSE and STRIDED_SLICE: the output is a walk over the input with other strides.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

void nn_view_eval(const void *params)
{
    const struct nn_view *p = params;
    int32_t index[MOTE_NN_MAX_RANK] = {0};
    uint8_t *out = p->out;
    for (int32_t i = 0; i < p->count; i++, out += p->elem) {
        int32_t at = p->first;
        for (unsigned d = 0; d < p->rank; d++) {
            at += index[d] * p->stride[d];
        }
        memcpy(out, p->in + (size_t)at * p->elem, p->elem);
        (void)nn_next_index(index, p->dims, p->rank);
    }
}

static int begin(struct nn_ctx *c, struct nn_view *p, uint32_t inputs, struct nn_tensor *in,
                 struct nn_tensor *out)
{
    int rc = nn_arity(c, inputs, inputs, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, in)) != MOTE_OK || (rc = nn_out(c, 0, out)) != MOTE_OK) {
        return rc;
    }
    if (in->type != out->type) {
        return nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    p->in = nn_data(c, in);
    p->out = nn_data(c, out);
    p->rank = in->rank;
    p->elem = (uint8_t)nn_type_size(in->type);
    p->count = out->count;
    c->eval = nn_view_eval;
    return MOTE_OK;
}

static int prepare_transpose(struct nn_ctx *c)
{
    struct nn_view *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    struct nn_tensor order;
    const int32_t *axis;
    int32_t stride[MOTE_NN_MAX_RANK];
    bool seen[MOTE_NN_MAX_RANK] = {false};
    int rc = begin(c, p, 2, &in, &out);
    if (rc != MOTE_OK || (rc = nn_in_constant(c, 1, in.rank, &order, &axis)) != MOTE_OK) {
        return rc;
    }
    nn_strides(&in, stride);
    for (unsigned d = 0; d < in.rank; d++) {
        int32_t a = nn_axis(axis[d], in.rank);
        if (a < 0 || seen[a] || out.rank != in.rank || out.dims[d] != in.dims[a]) {
            return nn_misshapen(c, NN_WHY("order of dimensions does not give the output"), &out);
        }
        seen[a] = true;
        p->dims[d] = in.dims[a];
        p->stride[d] = stride[a];
    }
    return MOTE_OK;
}

// One axis of a slice: where it starts, how many elements it takes.
struct slice_axis {
    int32_t start, count;
};

static struct slice_axis slice(int32_t size, int32_t begin_at, int32_t end_at, int32_t step,
                               bool from_edge, bool to_edge, bool single)
{
    int64_t lo = step > 0 ? 0 : -1;
    int64_t hi = step > 0 ? size : (int64_t)size - 1;
    int64_t start = begin_at < 0 ? (int64_t)begin_at + size : begin_at;
    int64_t end = end_at < 0 ? (int64_t)end_at + size : end_at;
    start = from_edge ? (step > 0 ? lo : hi) : start < lo ? lo : start > hi ? hi : start;
    end = to_edge ? (step > 0 ? hi : lo) : end < lo ? lo : end > hi ? hi : end;
    if (single) {
        end = start + 1;
        step = 1;
    }
    int64_t count = step > 0 ? (end - start + step - 1) / step
                             : (start - end - (int64_t)step - 1) / -(int64_t)step;
    return (struct slice_axis){(int32_t)start, count > 0 ? (int32_t)count : 0};
}

// Tells whether every element that an axis takes lies inside it.
static bool inside(struct slice_axis a, int32_t step, int32_t size)
{
    int64_t last = a.start + (int64_t)(a.count - 1) * step;
    return a.count == 0 || (a.start >= 0 && a.start < size && last >= 0 && last < size);
}

static int prepare_slice(struct nn_ctx *c)
{
    struct nn_view *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    struct nn_tensor t;
    const int32_t *first;
    const int32_t *last;
    const int32_t *step;
    int32_t stride[MOTE_NN_MAX_RANK];
    int rc = begin(c, p, 4, &in, &out);
    if (rc != MOTE_OK || (rc = nn_in_constant(c, 1, in.rank, &t, &first)) != MOTE_OK ||
        (rc = nn_in_constant(c, 2, in.rank, &t, &last)) != MOTE_OK ||
        (rc = nn_in_constant(c, 3, in.rank, &t, &step)) != MOTE_OK) {
        return rc;
    }
    if (nn_opt_i32(c, 2, 0) != 0 || nn_opt_i32(c, 3, 0) != 0 || nn_opt_u8(c, 5, 0) != 0) {
        return nn_unsupported(c, NN_WHY("ellipsis, new axes and offset ends"));
    }
    nn_strides(&in, stride);
    unsigned kept = 0;
    for (unsigned d = 0; d < in.rank; d++) {
        bool single = (nn_opt_i32(c, 4, 0) >> d & 1) != 0;
        if (step[d] == 0 || step[d] == INT32_MIN) {
            return nn_misshapen(c, NN_WHY("stride is out of range"), &t);
        }
        struct slice_axis a =
            slice(in.dims[d], first[d], last[d], step[d], (nn_opt_i32(c, 0, 0) >> d & 1) != 0,
                  (nn_opt_i32(c, 1, 0) >> d & 1) != 0, single);
        if (!inside(a, single ? 1 : step[d], in.dims[d]) ||
            (!single && (kept == out.rank || out.dims[kept++] != a.count))) {
            return nn_misshapen(c, NN_WHY("output does not follow from input and slice"), &out);
        }
        p->dims[d] = a.count;
        p->stride[d] =
            a.count > 1 ? stride[d] * step[d] : 0; // a step past the end must not overflow
        p->first += a.count > 0 ? a.start * stride[d] : 0;
    }
    return kept == out.rank
               ? MOTE_OK
               : nn_misshapen(c, NN_WHY("output does not follow from input and slice"), &out);
}

const struct mote_nn_op mote_nn_op_transpose = {"TRANSPOSE",  prepare_transpose, NULL,
                                                NN_TRANSPOSE, NN_ANY_TYPE,       6};
const struct mote_nn_op mote_nn_op_strided_slice = {"STRIDED_SLICE",  prepare_slice, NULL,
                                                    NN_STRIDED_SLICE, NN_ANY_TYPE,   8};
