// CONV_2D and DEPTHWISE_CONV_2D: checks and preparation that their types share; see nn_window.h.
#include "firmware/core/nn/nn_priv.h"
#include "firmware/core/nn/nn_window.h"

int nn_window_axis(struct nn_ctx *c, uint8_t padding, int32_t in, int32_t kernel, int32_t stride,
                   int32_t dilation, int32_t out, int32_t *pad)
{
    if (in < 1 || kernel < 1 || stride < 1 || dilation < 1 || out < 1 || padding > NN_PAD_VALID ||
        kernel > INT32_MAX / 4 / dilation || stride > INT32_MAX / 4 / out) {
        return nn_misshapen(c, NN_WHY("window, stride or dilation is out of range"), NULL);
    }
    // Tensors have fewer than 2^30 elements, so that none of these overflows; a window past the input gives 0.
    int32_t reach = (kernel - 1) * dilation + 1;
    int32_t room = padding == NN_PAD_SAME ? in + stride - 1 : in + stride - reach;
    if (room < 0 || room / stride != out) {
        return nn_misshapen(c, NN_WHY("output's size does not follow from the window"), NULL);
    }
    int32_t total = (out - 1) * stride + reach - in;
    *pad = total > 0 ? total / 2 : 0;
    return MOTE_OK;
}

int nn_window_fill(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *out,
                   uint8_t padding, struct nn_window *g)
{
    if (in->rank != 4 || out->rank != 4 || in->dims[0] != out->dims[0]) {
        return nn_misshapen(c, NN_WHY("shapes need four dimensions and equal batches"), out);
    }
    g->batches = in->dims[0];
    g->in_h = in->dims[1];
    g->in_w = in->dims[2];
    g->in_c = in->dims[3];
    g->out_h = out->dims[1];
    g->out_w = out->dims[2];
    g->out_c = out->dims[3];
    int rc = nn_window_axis(c, padding, g->in_h, g->k_h, g->stride_h, g->dilation_h, g->out_h,
                            &g->pad_h);
    return rc != MOTE_OK ? rc
                         : nn_window_axis(c, padding, g->in_w, g->k_w, g->stride_w, g->dilation_w,
                                          g->out_w, &g->pad_w);
}

int nn_bias(struct nn_ctx *c, uint32_t input, uint8_t type, int32_t channels, const void **bias)
{
    struct nn_tensor t;
    int rc = nn_in_optional(c, input, &t);
    if (rc == MOTE_E_NOT_FOUND) {
        *bias = NULL;
        return MOTE_OK;
    }
    if (rc == MOTE_OK && (t.type != type || t.count != channels)) {
        return nn_misshapen(c, NN_WHY("bias has the wrong type or length"), &t);
    }
    if (rc == MOTE_OK && t.fixed == NULL &&
        t.count > 0) { // fast kernels judge it when the model is opened
        return nn_fail(c, MOTE_E_UNSUPPORTED, NN_WHY("bias is not constant"), &t);
    }
    *bias = rc == MOTE_OK ? nn_data(c, &t) : NULL;
    return rc;
}

// Where a depthwise convolution's option fields come one later: it has a depth multiplier.
static int read_options(struct nn_ctx *c, struct nn_conv *p, bool depthwise, uint8_t *fused)
{
    unsigned later = depthwise ? 1 : 0;
    p->g.stride_w = nn_opt_i32(c, 1, 0);
    p->g.stride_h = nn_opt_i32(c, 2, 0);
    *fused = nn_opt_u8(c, 3 + later, 0);
    p->g.dilation_w = nn_opt_i32(c, 4 + later, 1);
    p->g.dilation_h = nn_opt_i32(c, 5 + later, 1);
    return nn_arity(c, 2, 3, 1);
}

static int check_weights(struct nn_ctx *c, struct nn_conv *p, const struct nn_tensor *w,
                         const struct nn_tensor *in, bool depthwise)
{
    const struct nn_window *g = &p->g;
    if (depthwise) {
        p->filter_c = g->in_c > 0 ? g->out_c / g->in_c : 0;
        if (w->dims[0] != 1 || w->dims[3] != g->out_c || p->filter_c < 1 ||
            g->out_c % g->in_c != 0) {
            return nn_misshapen(c, NN_WHY("weights do not match input and output"), w);
        }
        return MOTE_OK;
    }
    p->filter_c = w->dims[3];
    if (w->dims[0] != g->out_c || g->out_c < 1 || p->filter_c < 1 || in->dims[3] < 1 ||
        g->in_c % p->filter_c != 0 || g->out_c % (g->in_c / p->filter_c) != 0) {
        return nn_misshapen(c, NN_WHY("weights do not match input and output"), w);
    }
    return MOTE_OK;
}

int nn_conv_prepare(struct nn_ctx *c, bool depthwise, struct nn_conv **params,
                    struct nn_conv_tensors *t, uint8_t *fused)
{
    struct nn_conv *p = nn_keep(c, sizeof *p);
    *params = p;
    int rc = read_options(c, p, depthwise, fused);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &t->in)) != MOTE_OK ||
        (rc = nn_in(c, 1, &t->weights)) != MOTE_OK || (rc = nn_out(c, 0, &t->out)) != MOTE_OK) {
        return rc;
    }
    if (t->weights.rank != 4) {
        return nn_misshapen(c, NN_WHY("weights have the wrong rank"), &t->weights);
    }
    if (t->out.type != t->in.type) {
        return nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    p->g.k_h = t->weights.dims[1];
    p->g.k_w = t->weights.dims[2];
    rc = nn_window_fill(c, &t->in, &t->out, nn_opt_u8(c, 0, 0), &p->g);
    if (rc == MOTE_OK) {
        rc = check_weights(c, p, &t->weights, &t->in, depthwise);
    }
    p->in = nn_data(c, &t->in);
    p->weights = nn_data(c, &t->weights);
    p->out = nn_data(c, &t->out);
    return rc;
}

int nn_conv_prepare_quantized(struct nn_ctx *c, struct nn_conv *p, const struct nn_conv_tensors *t,
                              uint8_t fused, uint8_t bias_type, unsigned axis, uint32_t bias_input)
{
    if (t->weights.type != MOTE_NN_I8) {
        return nn_unsupported(c, NN_WHY("weights must be int8"));
    }
    if (t->weights.scales.count > 1 && t->weights.axis != (int32_t)axis) {
        return nn_misshapen(c, NN_WHY("weights are quantized along another dimension"),
                            &t->weights);
    }
    int rc = nn_need_scale(c, &t->in);
    if (rc != MOTE_OK || (rc = nn_activation_range(c, fused, &t->out, &p->lo, &p->hi)) != MOTE_OK ||
        (rc = nn_bias(c, bias_input, bias_type, p->g.out_c, &p->bias)) != MOTE_OK) {
        return rc;
    }
    p->in_offset = -t->in.zero_point;
    p->out_offset = t->out.zero_point;
    return nn_channel_scales(c, &t->in, &t->weights, &t->out, p->g.out_c, &p->multiplier,
                             &p->shift);
}

int nn_wide_bias(struct nn_ctx *c, unsigned option, bool *wide)
{
    struct nn_tensor bias;
    int rc = nn_in_optional(c, 2, &bias);
    if (rc == MOTE_E_NOT_FOUND) {
        *wide = option == UINT_MAX || nn_opt_u8(c, option, 0) != MOTE_NN_I32;
        return MOTE_OK;
    }
    *wide = option == UINT_MAX || (rc == MOTE_OK && bias.type != MOTE_NN_I32);
    return rc;
}

int nn_symmetric_i16(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *out,
                     bool wide, const int8_t *shift, int32_t count)
{
    if (in->zero_point != 0 || out->zero_point != 0) {
        return nn_misshapen(c, NN_WHY("int16 tensors must have zero point 0"), out);
    }
    for (int32_t i = 0; wide && shift != NULL && i < count; i++) {
        if (shift[i] > 7) { // the 64-bit rescaling shifts right by 15 - shift
            return nn_misshapen(c, NN_WHY("scales are out of proportion"), out);
        }
    }
    return MOTE_OK;
}

uint64_t nn_conv_macs(struct nn_ctx *c)
{
    struct nn_tensor w;
    struct nn_tensor out;
    if (nn_in(c, 1, &w) != MOTE_OK || nn_out(c, 0, &out) != MOTE_OK) {
        return 0;
    }
    return (uint64_t)out.count * (uint64_t)nn_dims_product(&w, 1, 4);
}

uint64_t nn_depthwise_macs(struct nn_ctx *c)
{
    struct nn_tensor w;
    struct nn_tensor out;
    if (nn_in(c, 1, &w) != MOTE_OK || nn_out(c, 0, &out) != MOTE_OK) {
        return 0;
    }
    return (uint64_t)out.count * (uint64_t)nn_dims_product(&w, 1, 3);
}
