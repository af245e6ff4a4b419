// TRANSPOSE_CONV on int8 and float32: each output gathers the inputs whose windows reach it.
//
// Inputs: 0 output shape (not read: the output tensor has it), 1 weights [out_c][k_h][k_w][in_c], 2 data, 3 bias.
// The window is that of a convolution from output to input. The float sum runs in the reference's order: it
// scatters by input position, then input channel.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_window.h"

// Input coordinate whose kernel place k reaches output coordinate `out`; false where there is none.
static bool reach(int32_t out, int32_t pad, int32_t k, int32_t stride, int32_t size, int32_t *in)
{
    int32_t at = out + pad - k;
    *in = at / stride;
    return at >= 0 && at % stride == 0 && *in < size;
}

struct place {
    int32_t b, y, x, c;
};

static uint32_t sum_i8(const struct nn_conv *p, struct place o)
{
    const struct nn_window *g = &p->g;
    uint32_t sum = 0;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        for (int32_t kx = 0; kx < g->k_w; kx++) {
            int32_t y;
            int32_t x;
            if (!reach(o.y, g->pad_h, ky, g->stride_h, g->in_h, &y) ||
                !reach(o.x, g->pad_w, kx, g->stride_w, g->in_w, &x)) {
                continue;
            }
            const int8_t *w =
                (const int8_t *)p->weights +
                ((size_t)(o.c * g->k_h + ky) * (size_t)g->k_w + (size_t)kx) * (size_t)g->in_c;
            const int8_t *in =
                (const int8_t *)p->in +
                ((size_t)(o.b * g->in_h + y) * (size_t)g->in_w + (size_t)x) * (size_t)g->in_c;
            for (int32_t c = 0; c < g->in_c; c++) {
                sum += (uint32_t)((in[c] + p->in_offset) * w[c]);
            }
        }
    }
    return sum;
}

static float sum_f32(const struct nn_conv *p, struct place o)
{
    const struct nn_window *g = &p->g;
    float sum = 0.0f;
    for (int32_t ky = g->k_h - 1; ky >= 0;
         ky--) { // falling kernel places are rising input positions
        for (int32_t kx = g->k_w - 1; kx >= 0; kx--) {
            int32_t y;
            int32_t x;
            if (!reach(o.y, g->pad_h, ky, g->stride_h, g->in_h, &y) ||
                !reach(o.x, g->pad_w, kx, g->stride_w, g->in_w, &x)) {
                continue;
            }
            const float *w =
                (const float *)p->weights +
                ((size_t)(o.c * g->k_h + ky) * (size_t)g->k_w + (size_t)kx) * (size_t)g->in_c;
            const float *in =
                (const float *)p->in +
                ((size_t)(o.b * g->in_h + y) * (size_t)g->in_w + (size_t)x) * (size_t)g->in_c;
            for (int32_t c = 0; c < g->in_c; c++) {
                sum += in[c] * w[c];
            }
        }
    }
    return sum;
}

static struct place place_of(const struct nn_window *g, int32_t i)
{
    return (struct place){i / g->out_c / g->out_w / g->out_h, i / g->out_c / g->out_w % g->out_h,
                          i / g->out_c % g->out_w, i % g->out_c};
}

void nn_transpose_conv_i8(const void *params)
{
    const struct nn_conv *p = params;
    const int32_t *bias = p->bias;
    for (int32_t i = 0; i < p->g.batches * p->g.out_h * p->g.out_w * p->g.out_c; i++) {
        struct place o = place_of(&p->g, i);
        int32_t acc = nn_wrap_add((int32_t)sum_i8(p, o), bias != NULL ? bias[o.c] : 0);
        acc = nn_rescale(acc, p->multiplier[o.c], p->shift[o.c]);
        ((int8_t *)p->out)[i] = (int8_t)nn_clamp(nn_wrap_add(acc, p->out_offset), p->lo, p->hi);
    }
}

void nn_transpose_conv_f32(const void *params)
{
    const struct nn_conv *p = params;
    const float *bias = p->bias;
    for (int32_t i = 0; i < p->g.batches * p->g.out_h * p->g.out_w * p->g.out_c; i++) {
        struct place o = place_of(&p->g, i);
        float sum = sum_f32(p, o) + (bias != NULL ? bias[o.c] : 0.0f);
        sum = sum < p->lo_f ? p->lo_f : sum;
        ((float *)p->out)[i] = p->hi_f < sum ? p->hi_f : sum;
    }
}

// The padding of the convolution that goes the other way; its output size need not be this one's input size.
static int padding(struct nn_ctx *c, uint8_t kind, int32_t large, int32_t kernel, int32_t stride,
                   int32_t small, int32_t *pad)
{
    if (large < 1 || kernel < 1 || stride < 1 || small < 1 || kind > NN_PAD_VALID ||
        kernel > INT32_MAX / 4 || stride > INT32_MAX / 4) {
        return nn_misshapen(c, NN_WHY("window or stride is out of range"), NULL);
    }
    int64_t windows = kind == NN_PAD_SAME ? ((int64_t)large + stride - 1) / stride
                                          : ((int64_t)large + stride - kernel) / stride;
    int64_t total = (windows - 1) * stride + kernel - large;
    *pad = total > 0 ? (int32_t)(total / 2) : 0;
    return MOTE_OK;
}

static int prepare(struct nn_ctx *c, struct nn_conv **params, struct nn_conv_tensors *t)
{
    struct nn_conv *p = nn_keep(c, sizeof *p);
    *params = p;
    int rc = nn_arity(c, 3, 4, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 1, &t->weights)) != MOTE_OK ||
        (rc = nn_in(c, 2, &t->in)) != MOTE_OK || (rc = nn_out(c, 0, &t->out)) != MOTE_OK) {
        return rc;
    }
    if (t->in.rank != 4 || t->out.rank != 4 || t->weights.rank != 4 || t->in.type != t->out.type ||
        t->in.type != t->weights.type || t->in.dims[0] != t->out.dims[0] ||
        t->in.dims[3] != t->weights.dims[3] || t->out.dims[3] != t->weights.dims[0]) {
        return nn_misshapen(c, NN_WHY("tensors do not match each other"), &t->out);
    }
    struct nn_window *g = &p->g;
    *g = (struct nn_window){.batches = t->in.dims[0],
                            .in_h = t->in.dims[1],
                            .in_w = t->in.dims[2],
                            .in_c = t->in.dims[3],
                            .out_h = t->out.dims[1],
                            .out_w = t->out.dims[2],
                            .out_c = t->out.dims[3],
                            .k_h = t->weights.dims[1],
                            .k_w = t->weights.dims[2],
                            .stride_w = nn_opt_i32(c, 1, 0),
                            .stride_h = nn_opt_i32(c, 2, 0)};
    p->in = nn_data(c, &t->in);
    p->weights = nn_data(c, &t->weights);
    p->out = nn_data(c, &t->out);
    rc = padding(c, nn_opt_u8(c, 0, 0), g->out_h, g->k_h, g->stride_h, g->in_h, &g->pad_h);
    return rc != MOTE_OK
               ? rc
               : padding(c, nn_opt_u8(c, 0, 0), g->out_w, g->k_w, g->stride_w, g->in_w, &g->pad_w);
}

static int prepare_any(struct nn_ctx *c)
{
    struct nn_conv *p;
    struct nn_conv_tensors t;
    int rc = prepare(c, &p, &t);
    if (rc != MOTE_OK) {
        return rc;
    }
    uint8_t fused = nn_opt_u8(c, 3, 0);
    if (t.in.type == MOTE_NN_F32) {
        c->eval = nn_transpose_conv_f32;
        rc = nn_activation_range_f32(c, fused, &p->lo_f, &p->hi_f);
        return rc != MOTE_OK ? rc : nn_bias(c, 3, MOTE_NN_F32, p->g.out_c, &p->bias);
    }
    if (t.in.type != MOTE_NN_I8) {
        return nn_unsupported(c, NN_WHY("type is not supported"));
    }
    c->eval = nn_transpose_conv_i8;
    return nn_conv_prepare_quantized(c, p, &t, fused, MOTE_NN_I32, 0, 3);
}

static uint64_t macs(struct nn_ctx *c)
{
    struct nn_tensor w;
    struct nn_tensor in;
    return nn_in(c, 1, &w) != MOTE_OK || nn_in(c, 2, &in) != MOTE_OK
               ? 0
               : (uint64_t)in.count * (uint64_t)nn_dims_product(&w, 0, 3);
}

const struct mote_nn_op mote_nn_op_transpose_conv = {"TRANSPOSE_CONV",  prepare_any, macs,
                                                     NN_TRANSPOSE_CONV, NN_ANY_TYPE, 4};
