// Instructions of operators from the features of their shapes. The coefficients are fitted by `make
// bench-cost` (tests/bench/cost_fit.py) to instructions counted on emulated boards.
#include "common/board/board.h"

#include "common/board/board_priv.h"

#include <math.h>

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
    [BOARD_FULLY_CONNECTED_F32] = "fully_connected_f32",
    [BOARD_POOL] = "pool",
    [BOARD_BINARY] = "binary",
    [BOARD_SOFTMAX] = "softmax",
    [BOARD_COPY] = "copy",
    [BOARD_TABLE] = "table",
    [BOARD_QUANTIZE] = "quantize",
    [BOARD_SVDF] = "svdf",
    [BOARD_LSTM] = "lstm",
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
    case TFLITE_QUANTIZE:
    case TFLITE_DEQUANTIZE:
        return BOARD_QUANTIZE;
    case TFLITE_SVDF:
        return BOARD_SVDF;
    case TFLITE_UNIDIRECTIONAL_SEQUENCE_LSTM:
        return BOARD_LSTM;
    default:
        return BOARD_OTHER;
    }
}

// One axis of a window: where it lies over the input.
struct axis {
    int32_t in, out, k, stride, dilation;
    bool same;
};

// Taps that lie inside the input, summed over the output positions.
static double taps_inside(const struct axis *a)
{
    int32_t reach = (a->k - 1) * a->dilation + 1, spare = (a->out - 1) * a->stride + reach - a->in;
    int32_t pad = a->same && spare > 0 ? spare / 2 : 0;
    double n = 0;
    for (int32_t o = 0; o < a->out; o++) {
        for (int32_t t = 0; t < a->k; t++) {
            int32_t at = o * a->stride - pad + t * a->dilation;
            n += at >= 0 && at < a->in;
        }
    }
    return n;
}

static int32_t or_one(int32_t v)
{
    return v > 0 ? v : 1;
}

// Whole groups of `size` that n elements fill.
static double groups(double n, double size)
{
    return ceil(n / size);
}

// Windows, by what loops of the kernels turn: pixels one by one or by fours, channels likewise,
// rows and taps of the window, all of them or those inside the input.
struct window {
    double pixels, channels, taps, depth; // depth: input channels that an output sums over
    double rows_inside, taps_inside;      // over all pixels
    struct axis h, w;
};

static void conv_loops(const struct window *x, double *f)
{
    double k = x->taps * x->depth;
    double turns =
        x->pixels < 4 ? x->pixels : groups(x->pixels, 4); // fewer than four are taken singly
    f[1] = x->pixels * x->channels;
    f[2] = f[1] * k;
    f[3] = x->pixels;
    f[4] = x->pixels * x->h.k;
    f[5] = x->taps_inside * x->depth * x->channels;
    f[6] = x->taps_inside * x->depth;
    f[7] = x->channels;
    f[8] = turns;
    f[9] = turns * x->channels;
    f[10] = x->pixels * k;
    f[11] = turns * x->channels * 4 * groups(k, 4);
    f[12] = groups(x->pixels, 4) * groups(x->channels, 4);
    f[13] = f[12] * k;
}

static void depthwise_loops(const struct window *x, double *f)
{
    double fours = groups(x->channels, 4);
    double along = x->h.out > x->w.out ? x->h.out : x->w.out;
    double across = x->h.out > x->w.out ? x->w.out : x->h.out;
    f[1] = x->pixels * x->channels;
    f[2] = f[1] * x->taps;
    f[3] = x->pixels;
    f[4] = fours * x->w.in;
    f[5] = x->taps_inside * x->channels;
    f[6] = x->rows_inside * x->channels;
    f[7] = x->channels;
    f[8] = fours * x->h.out;
    f[9] = fours * x->h.in * x->w.in;
    f[10] = fours * x->pixels;
    f[11] = fours * x->rows_inside;
    f[12] = x->channels * across * groups(along, 4);
    f[13] = f[12] * x->taps;
}

// A convolution of 1 x 1 reads its input in place and costs otherwise.
static void window_features(const struct tflite_tensor *x, const struct tflite_tensor *w,
                            const struct tflite_tensor *y, const struct tflite_options *o,
                            struct board_features *out)
{
    bool depthwise = out->kind == BOARD_DEPTHWISE, same = o->padding == TFLITE_PAD_SAME;
    struct window v = {
        .channels = y->dims[3],
        .pixels = elements(y) / y->dims[3],
        .taps = (double)w->dims[1] * w->dims[2],
        .depth = depthwise ? 1 : x->dims[3],
        .h = {x->dims[1], y->dims[1], w->dims[1], or_one(o->stride_h), or_one(o->dilation_h), same},
        .w = {x->dims[2], y->dims[2], w->dims[2], or_one(o->stride_w), or_one(o->dilation_w),
              same}};
    v.rows_inside = taps_inside(&v.h) * v.w.out;
    v.taps_inside = taps_inside(&v.h) * taps_inside(&v.w);
    if (depthwise) {
        out->kind = y->dims[3] != x->dims[3]             ? BOARD_DEPTHWISE_MULTIPLIER
                    : y->dims[3] % 4 != 0                ? BOARD_DEPTHWISE_ODD
                    : w->dims[1] == 3 && w->dims[2] == 3 ? BOARD_DEPTHWISE
                                                         : BOARD_DEPTHWISE_WINDOW;
        depthwise_loops(&v, out->f);
    } else {
        bool one = v.taps == 1 && o->stride_w <= 1 && o->stride_h <= 1, odd = x->dims[3] % 4 != 0;
        out->kind = one   ? (odd ? BOARD_CONV_1X1_ODD : BOARD_CONV_1X1)
                    : odd ? BOARD_CONV_ODD
                          : BOARD_CONV;
        conv_loops(&v, out->f);
    }
}

// Fully connected: long inputs come in parts (nn_fit.h); rows of weights are taken by threes and
// fours.
#define PART_WHOLE 256
#define PART 160
static void dense_features(const struct tflite_tensor *x, const struct tflite_tensor *w,
                           const struct tflite_tensor *y, struct board_features *out)
{
    // A factor of a quarter or more takes the longer way of rescaling (nn_rescale_right).
    bool steep = x->scales && w->scales && y->scales &&
                 (double)x->scale[0] * (double)w->scale[0] >= 0.25 * (double)y->scale[0];
    double outputs = w->dims[0], inputs = w->dims[1], *f = out->f;
    double parts = inputs > PART_WHOLE ? groups(inputs, PART) : 1, threes = floor(outputs / 3);
    double left = outputs - 3 * threes > 0 ? 1 : 0;
    out->kind = !out->is_int8         ? BOARD_FULLY_CONNECTED_F32
                : w->dims[1] % 8 != 0 ? BOARD_FULLY_CONNECTED_ODD
                                      : BOARD_FULLY_CONNECTED;
    f[2] = outputs * inputs;
    f[3] = parts;
    f[4] = inputs;
    f[5] = parts * threes;
    f[6] = parts * left;
    f[7] = threes * inputs;
    f[8] = left * inputs;
    f[9] = groups(outputs, 4);
    f[10] = f[9] * inputs;
    f[11] = parts * f[9];
    f[12] = steep ? outputs : 0;
    f[13] = parts * threes * groups(inputs / parts, 64);
    f[14] = groups(outputs, 16);
    f[15] = f[14] * inputs;
}

static void memory_features(const struct tflite_tensor *w, const struct tflite_tensor *time,
                            struct board_features *out)
{
    double filters = w->dims[0], inputs = w->dims[1], kept = time->dims[1];
    out->f[2] = filters * inputs;
    out->f[3] = filters * kept;
    out->f[4] = filters;
    out->f[5] = groups(filters, 4);
    out->f[6] = out->f[5] * inputs;
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
            window_features(x, w, y, &op->options, out);
        }
        break;
    case BOARD_FULLY_CONNECTED:
        if (w && w->rank == 2) {
            dense_features(x, w, y, out);
        }
        break;
    case BOARD_SVDF:
        if (w && w->rank == 2 && input(g, op, 2) && input(g, op, 2)->rank == 2) {
            memory_features(w, input(g, op, 2), out);
        }
        break;
    case BOARD_LSTM:
        if (x->rank == 3 && y->rank == 3) {
            out->f[2] = out->f[1] * 4 * (x->dims[2] + y->dims[2]);
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
