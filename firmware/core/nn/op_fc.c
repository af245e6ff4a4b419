// FULLY_CONNECTED: checks and preparation that its types share.
#include "firmware/core/nn/nn_fc.h"

int nn_fc_shapes(struct nn_ctx *c, struct nn_fc_tensors *t, struct nn_fc_shape *s)
{
    int rc = nn_arity(c, 2, 3, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &t->in)) != MOTE_OK ||
        (rc = nn_in(c, 1, &t->weights)) != MOTE_OK || (rc = nn_out(c, 0, &t->out)) != MOTE_OK) {
        return rc;
    }
    if (nn_opt_u8(c, 1, 0) != 0) {
        return nn_unsupported(c, NN_WHY("shuffled weights"));
    }
    if (t->out.type != t->in.type) {
        return nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    if (t->weights.rank != 2 || t->out.rank < 1) {
        return nn_misshapen(c, NN_WHY("weights have the wrong rank"), &t->weights);
    }
    s->out_n = t->weights.dims[0];
    s->in_n = t->weights.dims[1];
    s->batches = nn_dims_product(&t->out, 0, t->out.rank - 1u);
    if (t->out.dims[t->out.rank - 1] != s->out_n || (int64_t)s->batches * s->in_n != t->in.count) {
        return nn_misshapen(c, NN_WHY("weights do not match input and output"), &t->weights);
    }
    return MOTE_OK;
}

int nn_fc_prepare_quantized(struct nn_ctx *c, struct nn_fc *p, const struct nn_fc_tensors *t,
                            uint8_t bias_type)
{
    int32_t lo;
    int32_t hi;
    if (t->weights.type != MOTE_NN_I8) {
        return nn_unsupported(c, NN_WHY("weights must be int8"));
    }
    int rc = nn_need_scale(c, &t->in);
    if (rc != MOTE_OK ||
        (rc = nn_activation_range(c, nn_opt_u8(c, 0, 0), &t->out, &lo, &hi)) != MOTE_OK ||
        (rc = nn_bias(c, 2, bias_type, p->out_n, &p->bias)) != MOTE_OK) {
        return rc;
    }
    p->lo = (int16_t)lo;
    p->hi = (int16_t)hi;
    p->in_offset = -t->in.zero_point;
    p->out_offset = t->out.zero_point;
    p->per_channel = t->weights.scales.count > 1;
    if (p->per_channel) {
        return t->weights.axis == 0
                   ? nn_channel_scales(c, &t->in, &t->weights, &t->out, p->out_n, &p->multiplier,
                                       &p->shift)
                   : nn_misshapen(c, NN_WHY("weights are quantized along another dimension"),
                                  &t->weights);
    }
    if (t->weights.scales.count != 1 || t->weights.zero_point != 0) {
        return nn_misshapen(c, NN_WHY("weights need symmetric scales"), &t->weights);
    }
    // With one scale the reference multiplies in float first, which may round.
    float product = t->in.scale * t->weights.scale;
    return nn_keep_scale(c, product, t->out.scale, &p->multiplier, &p->shift);
}

uint64_t nn_fc_macs(struct nn_ctx *c)
{
    struct nn_tensor w;
    struct nn_tensor out;
    return nn_in(c, 1, &w) != MOTE_OK || nn_out(c, 0, &out) != MOTE_OK
               ? 0
               : (uint64_t)out.count * (uint64_t)w.dims[1];
}
