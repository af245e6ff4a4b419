// Operators with two inputs that broadcast against each other.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_binary.h"
#include "firmware/core/nn/nn_shape.h"

void nn_binary_eval(const void *params)
{
    const struct nn_binary *p = params;
    enum { LAST = MOTE_NN_MAX_RANK - 1 };
    int32_t index[MOTE_NN_MAX_RANK] = {0};
    int32_t n = p->dims[LAST];
    uint8_t *out = p->out;
    for (unsigned d = 0; d < LAST; d++) {
        if (p->dims[d] == 0) {
            return;
        }
    }
    do {
        size_t a = 0;
        size_t b = 0;
        for (unsigned d = 0; d < LAST; d++) {
            a += (size_t)index[d] * (size_t)p->stride_a[d];
            b += (size_t)index[d] * (size_t)p->stride_b[d];
        }
        p->run(p, (const uint8_t *)p->a + a * p->elem, (const uint8_t *)p->b + b * p->elem, out, n,
               p->stride_a[LAST], p->stride_b[LAST]);
        out += (size_t)n * p->elem;
    } while (nn_next_index(index, p->dims, LAST));
}

// Strides of an input against the output's dimensions, aligned at the last; 0 where it repeats.
static bool spread(const struct nn_tensor *in, const struct nn_tensor *out, int32_t *stride)
{
    int32_t dense[MOTE_NN_MAX_RANK] = {0};
    nn_strides(in, dense);
    if (in->rank > out->rank) {
        return false;
    }
    unsigned shift = MOTE_NN_MAX_RANK - in->rank;
    for (unsigned d = 0; d < in->rank; d++) {
        int32_t want = out->dims[d + out->rank - in->rank];
        if (in->dims[d] != want && in->dims[d] != 1) {
            return false;
        }
        stride[shift + d] = in->dims[d] == 1 ? 0 : dense[d];
    }
    return true;
}

int nn_binary_prepare(struct nn_ctx *c, struct nn_binary **params, struct nn_binary_tensors *t,
                      nn_binary_run run)
{
    struct nn_binary *p = nn_keep(c, sizeof *p);
    *params = p;
    int rc = nn_arity(c, 2, 2, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &t->a)) != MOTE_OK ||
        (rc = nn_in(c, 1, &t->b)) != MOTE_OK || (rc = nn_out(c, 0, &t->out)) != MOTE_OK) {
        return rc;
    }
    if (t->b.type != t->a.type || t->out.type != t->a.type) {
        return nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    for (unsigned d = 0; d < MOTE_NN_MAX_RANK; d++) {
        unsigned lead = MOTE_NN_MAX_RANK - t->out.rank;
        p->dims[d] = d < lead ? 1 : t->out.dims[d - lead];
    }
    if (!spread(&t->a, &t->out, p->stride_a) || !spread(&t->b, &t->out, p->stride_b)) {
        return nn_misshapen(c, NN_WHY("inputs do not broadcast to the output"), &t->out);
    }
    for (unsigned d = 0; d < t->out.rank; d++) { // an output dimension comes from one of the inputs
        unsigned at = MOTE_NN_MAX_RANK - 1 - d;
        if (p->dims[at] > 1 && p->stride_a[at] == 0 && p->stride_b[at] == 0) {
            return nn_misshapen(c, NN_WHY("inputs do not broadcast to the output"), &t->out);
        }
    }
    if (nn_same_shape(&t->a, &t->b)) { // one long run
        for (unsigned d = 0; d < MOTE_NN_MAX_RANK; d++) {
            p->dims[d] = d == MOTE_NN_MAX_RANK - 1 ? t->out.count : 1;
        }
        p->stride_a[MOTE_NN_MAX_RANK - 1] = 1;
        p->stride_b[MOTE_NN_MAX_RANK - 1] = 1;
    }
    p->a = nn_data(c, &t->a);
    p->b = nn_data(c, &t->b);
    p->out = nn_data(c, &t->out);
    p->elem = (uint8_t)nn_type_size(t->a.type);
    p->run = run;
    c->eval = nn_binary_eval;
    return MOTE_OK;
}

int nn_binary_quantized(struct nn_ctx *c, struct nn_binary *p, const struct nn_binary_tensors *t,
                        uint8_t fused)
{
    int rc = nn_need_scale(c, &t->a);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &t->b)) != MOTE_OK) {
        return rc;
    }
    p->a_offset = -t->a.zero_point;
    p->b_offset = -t->b.zero_point;
    p->out_offset = t->out.zero_point;
    return nn_activation_range(c, fused, &t->out, &p->range.i[0], &p->range.i[1]);
}

int nn_binary_f32(struct nn_ctx *c, nn_binary_run run)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(c, &p, &t, run);
    return rc != MOTE_OK
               ? rc
               : nn_activation_range_f32(c, nn_opt_u8(c, 0, 0), &p->range.f[0], &p->range.f[1]);
}
