// FULLY_CONNECTED on int16 with int8 weights; bias as for convolutions (op_conv_i16.c).
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_fc.h"

void nn_fc_i16(const void *params)
{
    const struct nn_fc *p = params;
    const int16_t *in = p->in;
    int16_t *out = p->out;
    for (int32_t b = 0; b < p->batches; b++, in += p->in_n) {
        const int8_t *w = p->weights;
        for (int32_t o = 0; o < p->out_n; o++, w += p->in_n) {
            int64_t sum = 0;
            for (int32_t i = 0; i < p->in_n; i++) {
                sum += (int32_t)w[i] * in[i];
            }
            int32_t q = p->per_channel ? o : 0;
            int32_t y;
            if (p->wide_bias) {
                uint64_t acc =
                    (uint64_t)sum + (p->bias != NULL ? (uint64_t)((const int64_t *)p->bias)[o] : 0);
                y = nn_rescale64((int64_t)acc, p->multiplier[q], p->shift[q]);
            } else {
                int32_t bias = p->bias != NULL ? ((const int32_t *)p->bias)[o] : 0;
                y = nn_rescale(nn_wrap_add((int32_t)sum, bias), p->multiplier[q], p->shift[q]);
            }
            *out++ = (int16_t)nn_clamp(y, p->lo, p->hi);
        }
    }
}

static int prepare(struct nn_ctx *c)
{
    struct nn_fc *p = nn_keep(c, sizeof *p);
    struct nn_fc_tensors t;
    struct nn_fc_shape s;
    int rc = nn_fc_shapes(c, &t, &s);
    if (rc != MOTE_OK || (rc = nn_wide_bias(c, 4, &p->wide_bias)) != MOTE_OK) {
        return rc;
    }
    p->in = nn_data(c, &t.in);
    p->weights = nn_data(c, &t.weights);
    p->out = nn_data(c, &t.out);
    p->batches = s.batches;
    p->in_n = s.in_n;
    p->out_n = s.out_n;
    c->eval = nn_fc_i16;
    rc = nn_fc_prepare_quantized(c, p, &t, p->wide_bias ? MOTE_NN_I64 : MOTE_NN_I32);
    return rc != MOTE_OK ? rc
                         : nn_symmetric_i16(c, &t.in, &t.out, p->wide_bias, p->shift,
                                            p->per_channel ? p->out_n : 1);
}

const struct mote_nn_op mote_nn_op_fully_connected_i16 = {
    "FULLY_CONNECTED", prepare, nn_fc_macs, NN_FULLY_CONNECTED, MOTE_NN_I16, 14};
