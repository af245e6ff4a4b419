// Instructions of operators from the features of their shapes. The coefficients are fitted by `make
// bench-cost` (tests/bench/cost_fit.py) to instructions counted on emulated boards.
#include "common/board/board.h"

#include "common/board/board_priv.h"

static const char *const kind_names[] = {
    [BOARD_CONV] = "conv",
    [BOARD_CONV_ODD] = "conv_odd",
    [BOARD_CONV_1X1] = "conv_1x1",
    [BOARD_CONV_1X1_ODD] = "conv_1x1_odd",
    [BOARD_DEPTHWISE] = "depthwise",
    [BOARD_DEPTHWISE_WINDOW] = "depthwise_window",
    [BOARD_DEPTHWISE_ODD] = "depthwise_odd",
    [BOARD_DEPTHWISE_MULTIPLIER] = "depthwise_multiplier",
    [BOARD_FULLY_CONNECTED] = "fully_connected",
    [BOARD_FULLY_CONNECTED_ODD] = "fully_connected_odd",
    [BOARD_POOL] = "pool",
    [BOARD_BINARY] = "binary",
    [BOARD_SOFTMAX] = "softmax",
    [BOARD_COPY] = "copy",
    [BOARD_TABLE] = "table",
    [BOARD_OTHER] = "other",
};

const char *board_kind_name(enum board_kind kind)
{
    return kind_names[kind];
}

double board_instructions(enum board_isa isa, const struct board_features *f)
{
    double sum = 0;
    for (size_t i = 0; i < BOARD_FEATURES; i++) {
        sum += board_cost_table[isa][f->kind][i] * f->f[i];
    }
    return sum;
}

static double elements(const struct tflite_tensor *t)
{
    double n = 1;
    for (size_t i = 0; i < t->rank; i++) {
        n *= t->dims[i];
    }
    return n;
}

static const struct tflite_tensor *input(const struct tflite_graph *g, const struct tflite_op *op,
                                         size_t i)
{
    return i < op->ins && op->in[i] >= 0 ? &g->tensor[op->in[i]] : NULL;
}

static enum board_kind kind_of(int32_t code)
{
    switch (code) {
    case TFLITE_CONV_2D:
        return BOARD_CONV;
    case TFLITE_DEPTHWISE_CONV_2D:
        return BOARD_DEPTHWISE;
    case TFLITE_FULLY_CONNECTED:
        return BOARD_FULLY_CONNECTED;
    case TFLITE_AVERAGE_POOL_2D:
    case TFLITE_MAX_POOL_2D:
        return BOARD_POOL;
    case TFLITE_ADD:
    case TFLITE_SUB:
    case TFLITE_MUL:
        return BOARD_BINARY;
    case TFLITE_SOFTMAX:
        return BOARD_SOFTMAX;
    case TFLITE_RESHAPE:
    case TFLITE_SQUEEZE:
    case TFLITE_EXPAND_DIMS:
        return BOARD_COPY;
    case TFLITE_RELU:
    case TFLITE_RELU6:
    case TFLITE_LOGISTIC:
    case TFLITE_TANH:
    case TFLITE_HARD_SWISH:
    case TFLITE_LEAKY_RELU:
        return BOARD_TABLE;
    default:
        return BOARD_OTHER;
    }
}

// Taps of a window that lie inside the input, summed over the output positions of one axis.
static double taps_inside(int32_t in, int32_t out, int32_t k, int32_t stride, int32_t dilation,
                          bool same)
{
    int32_t reach = (k - 1) * dilation + 1, spare = (out - 1) * stride + reach - in;
    int32_t pad = same && spare > 0 ? spare / 2 : 0;
    double n = 0;
    for (int32_t o = 0; o < out; o++) {
        for (int32_t t = 0; t < k; t++) {
            int32_t at = o * stride - pad + t * dilation;
            n += at >= 0 && at < in;
        }
    }
    return n;
}

static int32_t or_one(int32_t v)
{
    return v > 0 ? v : 1;
}

// Features: 1, outputs, multiply-accumulates, output positions, rows of the window at each
// position, and, for kernels that leave out what lies in the padding, multiply-accumulates and taps
// inside the input. A convolution of 1 x 1 reads its input in place and costs otherwise.
static void conv_features(const struct tflite_tensor *x, const struct tflite_tensor *w,
                          const struct tflite_tensor *y, const struct tflite_options *o,
                          struct board_features *out)
{
    bool depthwise = out->kind == BOARD_DEPTHWISE;
    int32_t in_channels = x->dims[3], channels = y->dims[3], kh = w->dims[1], kw = w->dims[2];
    double outputs = elements(y), positions = outputs / channels, taps = (double)kh * kw;
    if (depthwise) {
        out->kind = channels != in_channels ? BOARD_DEPTHWISE_MULTIPLIER
                    : channels % 4 != 0     ? BOARD_DEPTHWISE_ODD
                    : kh == 3 && kw == 3    ? BOARD_DEPTHWISE
                                            : BOARD_DEPTHWISE_WINDOW;
    } else if (kh == 1 && kw == 1 && o->stride_w <= 1 && o->stride_h <= 1) {
        out->kind = in_channels % 4 ? BOARD_CONV_1X1_ODD : BOARD_CONV_1X1;
    } else {
        out->kind = in_channels % 4 ? BOARD_CONV_ODD : BOARD_CONV;
    }
    out->f[1] = outputs;
    out->f[2] = outputs * taps * (depthwise ? 1 : in_channels);
    out->f[3] = positions;
    out->f[4] = positions * kh * (depthwise ? kw : 1);
    bool same = o->padding == TFLITE_PAD_SAME;
    out->f[6] =
        taps_inside(x->dims[1], y->dims[1], kh, or_one(o->stride_h), or_one(o->dilation_h), same) *
        taps_inside(x->dims[2], y->dims[2], kw, or_one(o->stride_w), or_one(o->dilation_w), same) *
        channels;
    out->f[5] = out->f[6] * (depthwise ? 1 : in_channels);
}

void board_op_features(const struct tflite_graph *g, const struct tflite_op *op,
                       struct board_features *out)
{
    const struct tflite_tensor *x = input(g, op, 0), *w = input(g, op, 1),
                               *y = op->outs ? &g->tensor[op->out[0]] : NULL;
    *out = (struct board_features){.kind = kind_of((int32_t)op->code), .f = {1}};
    if (!x || !y) {
        out->kind = BOARD_OTHER;
        return;
    }
    out->is_int8 = x->type == TFLITE_INT8;
    out->f[1] = elements(y);
    switch (out->kind) {
    case BOARD_CONV:
    case BOARD_DEPTHWISE:
        if (w && w->rank == 4 && x->rank == 4 && y->rank == 4) {
            conv_features(x, w, y, &op->options, out);
        }
        break;
    case BOARD_FULLY_CONNECTED:
        if (w && w->rank == 2) {
            out->f[2] = out->f[1] * w->dims[1];
            out->kind = w->dims[1] % 8 ? BOARD_FULLY_CONNECTED_ODD : BOARD_FULLY_CONNECTED;
        }
        break;
    case BOARD_POOL:
        out->f[2] = out->f[1] * op->options.filter_w * op->options.filter_h;
        out->f[3] = y->rank == 4 ? out->f[1] / y->dims[3] : 0;
        break;
    case BOARD_SOFTMAX:
        out->f[3] = y->rank ? out->f[1] / y->dims[y->rank - 1] : 1;
        break;
    case BOARD_OTHER:
        out->f[2] = elements(x);
        break;
    default:
        break;
    }
}
