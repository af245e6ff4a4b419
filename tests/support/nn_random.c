// Models of one operator with random everything; see nn_random.h.
#include "tests/support/nn_random.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/writer.h"

#define CHANNELS 40
#define WEIGHTS 40000

struct maker {
    uint32_t state;
    struct tflite_tensor tensor[4];
    struct tflite_op op;
    size_t tensors;
    int8_t weights[WEIGHTS];
    int32_t bias[CHANNELS * 4];
    float scale[CHANNELS * 4];
    float bias_scale[CHANNELS * 4];
    float single[4];
    int32_t zero[4];
};

uint32_t nn_random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void nn_random_input(uint32_t seed, uint8_t *bytes, size_t count)
{
    uint32_t state = seed | 1u;
    for (size_t i = 0; i < count; i++) {
        uint8_t any = (uint8_t)nn_random_next(&state);
        bytes[i] = seed % 7 == 3 ? 0x80 : seed % 7 == 5 ? 0x7f : any;
    }
}

static int32_t pick(struct maker *m, int32_t lo, int32_t hi)
{
    return lo + (int32_t)(nn_random_next(&m->state) % (uint32_t)(hi - lo + 1));
}

// From 2^-12 to about 1: products of two against a third give shifts of both signs.
static float pick_scale(struct maker *m)
{
    return (float)pick(m, 1000, 1999) / 2000.0f / (float)(1 << pick(m, 0, 11));
}

static struct tflite_tensor *activation(struct maker *m, const char *name, int32_t a, int32_t b,
                                        int32_t c, int32_t d)
{
    size_t i = m->tensors++;
    m->single[i] = pick_scale(m);
    int32_t end = pick(m, 0, 5);
    m->zero[i] = end <= 1 ? -128 : end == 2 ? 127 : pick(m, -128, 127);
    m->tensor[i] = (struct tflite_tensor){.name = name,
                                          .type = TFLITE_INT8,
                                          .rank = 4,
                                          .dims = {a, b, c, d},
                                          .scale = &m->single[i],
                                          .zero_point = &m->zero[i],
                                          .scales = 1};
    return &m->tensor[i];
}

static void weights(struct maker *m, int32_t a, int32_t b, int32_t c, int32_t d, int32_t channels,
                    int32_t axis, bool per_channel)
{
    size_t count = (size_t)a * (size_t)b * (size_t)c * (size_t)d;
    for (size_t i = 0; i < count; i++) {
        m->weights[i] = (int8_t)(nn_random_next(&m->state) >> 8);
    }
    for (int32_t i = 0; i < channels; i++) {
        int32_t dead = pick(m, 0, 15);
        m->scale[i] = dead == 0 ? 1e-12f : pick_scale(m) / 64.0f;
        m->bias[i] = dead == 0 ? (int32_t)nn_random_next(&m->state) : pick(m, -20000, 20000);
        m->bias_scale[i] = 1.0f;
    }
    m->tensor[m->tensors++] = (struct tflite_tensor){.name = "weights",
                                                     .type = TFLITE_INT8,
                                                     .rank = 4,
                                                     .dims = {a, b, c, d},
                                                     .data = m->weights,
                                                     .bytes = count,
                                                     .scale = m->scale,
                                                     .scales = per_channel ? (size_t)channels : 1,
                                                     .quantized_dim = axis};
    m->tensor[m->tensors++] = (struct tflite_tensor){.name = "bias",
                                                     .type = TFLITE_INT32,
                                                     .rank = 1,
                                                     .dims = {channels},
                                                     .data = m->bias,
                                                     .bytes = 4 * (size_t)channels,
                                                     .scale = m->bias_scale,
                                                     .scales = 1};
}

static int32_t out_size(int32_t in, int32_t k, int32_t stride, int32_t dilation,
                        enum tflite_padding padding)
{
    int32_t reach = (k - 1) * dilation + 1;
    return padding == TFLITE_PAD_SAME ? (in + stride - 1) / stride
           : in < reach               ? 0
                                      : (in - reach) / stride + 1;
}

static void window(struct maker *m, int32_t in_c, int32_t k_max, bool dilate, int32_t *k_h,
                   int32_t *k_w, int32_t *h, int32_t *w)
{
    struct tflite_options *o = &m->op.options;
    int32_t in_h;
    int32_t in_w;
    do {
        in_h = pick(m, 1, 12);
        in_w = pick(m, 1, 12);
        bool square = pick(m, 0, 1) == 0; // three by three is what the field uses
        *k_h = square ? 3 : pick(m, 1, k_max);
        *k_w = square ? 3 : pick(m, 1, k_max);
        o->stride_h = pick(m, 1, 3);
        o->stride_w = pick(m, 1, 3);
        o->dilation_h = dilate && pick(m, 0, 3) == 0 ? 2 : 1;
        o->dilation_w = dilate && pick(m, 0, 3) == 0 ? 2 : 1;
        o->padding = pick(m, 0, 1) == 0 ? TFLITE_PAD_SAME : TFLITE_PAD_VALID;
        *h = out_size(in_h, *k_h, o->stride_h, o->dilation_h, o->padding);
        *w = out_size(in_w, *k_w, o->stride_w, o->dilation_w, o->padding);
    } while (*h < 1 || *w < 1);
    o->activation = (enum tflite_activation[]){TFLITE_ACT_NONE, TFLITE_ACT_RELU,
                                               TFLITE_ACT_RELU6}[pick(m, 0, 2)];
    activation(m, "in", pick(m, 1, 2), in_h, in_w, in_c);
}

static void make_conv(struct maker *m)
{
    int32_t in_c = pick(m, 1, CHANNELS);
    int32_t out_c = pick(m, 1, CHANNELS);
    int32_t k_h;
    int32_t k_w;
    int32_t h;
    int32_t w;
    m->op.code = TFLITE_CONV_2D;
    window(m, in_c, 4, true, &k_h, &k_w, &h, &w);
    weights(m, out_c, k_h, k_w, in_c, out_c, 0, pick(m, 0, 3) > 0);
    activation(m, "out", m->tensor[0].dims[0], h, w, out_c);
}

static void make_depthwise(struct maker *m)
{
    int32_t multiplier = pick(m, 0, 2) > 0 ? 1 : pick(m, 2, 8);
    int32_t in_c =
        pick(m, 0, 1) == 0 ? 4 * pick(m, 1, CHANNELS / 4) : pick(m, 1, CHANNELS / multiplier);
    in_c = in_c * multiplier > CHANNELS * 4 ? 4 : in_c;
    int32_t k_h;
    int32_t k_w;
    int32_t h;
    int32_t w;
    m->op.code = TFLITE_DEPTHWISE_CONV_2D;
    m->op.options.depth_multiplier = multiplier;
    window(m, in_c, 6, true, &k_h, &k_w, &h, &w);
    weights(m, 1, k_h, k_w, in_c * multiplier, in_c * multiplier, 3, pick(m, 0, 3) > 0);
    activation(m, "out", m->tensor[0].dims[0], h, w, in_c * multiplier);
}

static void make_fc(struct maker *m)
{
    int32_t in_n = pick(m, 0, 1) == 0 ? 8 * pick(m, 1, 60) : pick(m, 1, 300);
    int32_t out_n = pick(m, 1, CHANNELS);
    int32_t batches = pick(m, 1, 3);
    m->op.code = TFLITE_FULLY_CONNECTED;
    m->op.options.activation = pick(m, 0, 1) == 0 ? TFLITE_ACT_NONE : TFLITE_ACT_RELU;
    struct tflite_tensor *in = activation(m, "in", batches, in_n, 0, 0);
    in->rank = 2;
    weights(m, out_n, in_n, 1, 1, out_n, 0, pick(m, 0, 2) == 0);
    m->tensor[1].rank = 2;
    struct tflite_tensor *out = activation(m, "out", batches, out_n, 0, 0);
    out->rank = 2;
}

static void make_add(struct maker *m)
{
    int32_t h = pick(m, 1, 9);
    int32_t c = pick(m, 1, 20);
    m->op.code = pick(m, 0, 1) == 0 ? TFLITE_ADD : TFLITE_SUB;
    m->op.options.activation = pick(m, 0, 1) == 0 ? TFLITE_ACT_NONE : TFLITE_ACT_RELU;
    activation(m, "in", 1, h, 3, c);
    // The second input is a constant, which may broadcast; half of the time it has the first one's scale.
    bool wide = pick(m, 0, 1) == 0;
    size_t count = (size_t)c * (wide ? 3u * (size_t)h : 1u);
    for (size_t i = 0; i < count; i++) {
        m->weights[i] = (int8_t)(nn_random_next(&m->state) >> 8);
    }
    struct tflite_tensor *b = activation(m, "other", 1, wide ? h : 1, wide ? 3 : 1, c);
    b->data = m->weights;
    b->bytes = count;
    m->single[1] = pick(m, 0, 1) == 0 ? m->single[0] : m->single[1];
    activation(m, "out", 1, h, 3, c);
    float larger = m->single[0] > m->single[1] ? m->single[0] : m->single[1];
    m->single[2] = larger * (0.5f + (float)pick(m, 0, 100) / 50.0f);
    m->op.ins = 2;
}

static void make_pool(struct maker *m)
{
    int32_t c = pick(m, 1, 20);
    struct tflite_options *o = &m->op.options;
    int32_t h;
    int32_t w;
    m->op.code = pick(m, 0, 1) == 0 ? TFLITE_AVERAGE_POOL_2D : TFLITE_MAX_POOL_2D;
    window(m, c, 4, false, &o->filter_h, &o->filter_w, &h, &w);
    activation(m, "out", m->tensor[0].dims[0], h, w, c);
    m->single[1] = m->single[0];
    m->zero[1] = m->zero[0];
    m->op.ins = 1;
}

int nn_random_model(enum nn_random_kind kind, uint32_t seed, struct buf *out, struct err *e)
{
    static void (*const make[])(struct maker *) = {make_conv, make_depthwise, make_fc, make_add,
                                                   make_pool};
    struct maker *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return E_MEM;
    }
    m->state = seed * 2654435761u | 1u;
    m->op.ins = 3;
    m->op.outs = 1;
    make[kind](m);
    for (uint8_t i = 0; i < m->op.ins; i++) {
        m->op.in[i] = i;
    }
    int32_t input = 0;
    int32_t output = (int32_t)m->tensors - 1;
    m->op.out[0] = output;
    const struct tflite_graph g = {.tensor = m->tensor,
                                   .tensors = m->tensors,
                                   .op = &m->op,
                                   .ops = 1,
                                   .input = &input,
                                   .inputs = 1,
                                   .output = &output,
                                   .outputs = 1};
    int rc = tflite_write(&g, out, e);
    free(m);
    return rc;
}
