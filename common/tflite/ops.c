// Operators of the .tflite schema: names, option types, versions. Version numbers follow the public
// rules of TensorFlow Lite's converter (op_version.cc).
#include "common/tflite/ops.h"

static const struct op_info {
    int32_t code;
    const char *name;
    enum tflite_options_type options;
    int8_t version[3]; // for float32, int8, int16; where a rule below does not say more
} op_table[] = {
    {TFLITE_ADD, "ADD", OPTIONS_ADD, {1, 2, 3}},
    {TFLITE_AVERAGE_POOL_2D, "AVERAGE_POOL_2D", OPTIONS_POOL_2D, {1, 2, 3}},
    {TFLITE_CONCATENATION, "CONCATENATION", OPTIONS_CONCATENATION, {1, 2, 3}},
    {TFLITE_CONV_2D, "CONV_2D", OPTIONS_CONV_2D, {1, 3, 4}},
    {TFLITE_DEPTHWISE_CONV_2D, "DEPTHWISE_CONV_2D", OPTIONS_DEPTHWISE, {1, 3, 5}},
    {TFLITE_DEQUANTIZE, "DEQUANTIZE", OPTIONS_DEQUANTIZE, {1, 2, 3}},
    {TFLITE_FULLY_CONNECTED, "FULLY_CONNECTED", OPTIONS_FULLY_CONNECTED, {1, 4, 7}},
    {TFLITE_LOGISTIC, "LOGISTIC", OPTIONS_NONE, {1, 2, 3}},
    {TFLITE_MAX_POOL_2D, "MAX_POOL_2D", OPTIONS_POOL_2D, {1, 2, 3}},
    {TFLITE_MUL, "MUL", OPTIONS_MUL, {1, 2, 4}},
    {TFLITE_RELU, "RELU", OPTIONS_NONE, {1, 2, 3}},
    {TFLITE_RELU6, "RELU6", OPTIONS_NONE, {1, 2, 3}},
    {TFLITE_RESHAPE, "RESHAPE", OPTIONS_RESHAPE, {1, 1, 1}},
    {TFLITE_RESIZE_BILINEAR, "RESIZE_BILINEAR", OPTIONS_RESIZE_BILINEAR, {1, 2, 4}},
    {TFLITE_SOFTMAX, "SOFTMAX", OPTIONS_SOFTMAX, {1, 2, 3}},
    {TFLITE_SVDF, "SVDF", OPTIONS_SVDF, {1, 3, 3}},
    {TFLITE_TANH, "TANH", OPTIONS_NONE, {1, 2, 3}},
    {TFLITE_PAD, "PAD", OPTIONS_PAD, {1, 2, 3}},
    {TFLITE_BATCH_TO_SPACE_ND, "BATCH_TO_SPACE_ND", OPTIONS_BATCH_TO_SPACE, {1, 2, 4}},
    {TFLITE_SPACE_TO_BATCH_ND, "SPACE_TO_BATCH_ND", OPTIONS_SPACE_TO_BATCH, {1, 2, 4}},
    {TFLITE_TRANSPOSE, "TRANSPOSE", OPTIONS_TRANSPOSE, {1, 2, 5}},
    {TFLITE_MEAN, "MEAN", OPTIONS_REDUCER, {1, 2, 3}},
    {TFLITE_SUB, "SUB", OPTIONS_SUB, {1, 2, 5}},
    {TFLITE_SQUEEZE, "SQUEEZE", OPTIONS_SQUEEZE, {1, 1, 1}},
    {TFLITE_UNIDIRECTIONAL_SEQUENCE_LSTM,
     "UNIDIRECTIONAL_SEQUENCE_LSTM",
     OPTIONS_SEQUENCE_LSTM,
     {1, 1, 5}},
    {TFLITE_STRIDED_SLICE, "STRIDED_SLICE", OPTIONS_STRIDED_SLICE, {1, 2, 1}},
    {TFLITE_SPLIT, "SPLIT", OPTIONS_SPLIT, {1, 2, 4}},
    {TFLITE_PRELU, "PRELU", OPTIONS_NONE, {1, 1, 1}},
    {TFLITE_MAXIMUM, "MAXIMUM", OPTIONS_MAX_MIN, {1, 2, 4}},
    {TFLITE_ARG_MAX, "ARG_MAX", OPTIONS_ARG_MAX, {1, 2, 2}},
    {TFLITE_MINIMUM, "MINIMUM", OPTIONS_MAX_MIN, {1, 2, 4}},
    {TFLITE_PADV2, "PADV2", OPTIONS_PADV2, {1, 2, 3}},
    {TFLITE_TRANSPOSE_CONV, "TRANSPOSE_CONV", OPTIONS_TRANSPOSE_CONV, {1, 2, 2}},
    {TFLITE_EXPAND_DIMS, "EXPAND_DIMS", OPTIONS_EXPAND_DIMS, {1, 1, 1}},
    {TFLITE_PACK, "PACK", OPTIONS_PACK, {1, 2, 3}},
    {TFLITE_UNPACK, "UNPACK", OPTIONS_UNPACK, {1, 2, 4}},
    {TFLITE_RESIZE_NEAREST_NEIGHBOR, "RESIZE_NEAREST_NEIGHBOR", OPTIONS_RESIZE_NEAREST, {1, 2, 4}},
    {TFLITE_LEAKY_RELU, "LEAKY_RELU", OPTIONS_LEAKY_RELU, {1, 1, 2}},
    {TFLITE_SPLIT_V, "SPLIT_V", OPTIONS_SPLIT_V, {1, 2, 2}},
    {TFLITE_QUANTIZE, "QUANTIZE", OPTIONS_QUANTIZE, {1, 1, 1}},
    {TFLITE_HARD_SWISH, "HARD_SWISH", OPTIONS_HARD_SWISH, {1, 1, 1}},
};

static const struct op_info *op_find(int32_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(op_table); i++) {
        if (op_table[i].code == code) {
            return &op_table[i];
        }
    }
    return NULL;
}

const char *tflite_op_name(int32_t code)
{
    const struct op_info *info = op_find(code);
    return info ? info->name : NULL;
}

enum tflite_options_type tflite_op_options_type(int32_t code)
{
    const struct op_info *info = op_find(code);
    return info ? info->options : OPTIONS_NONE;
}

static const struct {
    int32_t type;
    size_t size;
    const char *name;
} type_table[] = {
    {TFLITE_FLOAT32, 4, "FLOAT32"}, {TFLITE_FLOAT16, 2, "FLOAT16"}, {TFLITE_INT32, 4, "INT32"},
    {TFLITE_UINT8, 1, "UINT8"},     {TFLITE_INT64, 8, "INT64"},     {TFLITE_STRING, 0, "STRING"},
    {TFLITE_BOOL, 1, "BOOL"},       {TFLITE_INT16, 2, "INT16"},     {TFLITE_INT8, 1, "INT8"},
};

const char *tflite_type_name(int32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(type_table); i++) {
        if (type_table[i].type == type) {
            return type_table[i].name;
        }
    }
    return "UNKNOWN";
}

size_t tflite_type_size(int32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(type_table); i++) {
        if (type_table[i].type == type) {
            return type_table[i].size;
        }
    }
    return 0;
}

// Input or output tensor of an operator, or NULL where it is absent.
static const struct tflite_tensor *port(const struct tflite_graph *g, const int32_t *index,
                                        size_t count, size_t i)
{
    return i < count && index[i] >= 0 ? &g->tensor[index[i]] : NULL;
}

static bool dilated(const struct tflite_options *o)
{
    return o->dilation_w > 1 || o->dilation_h > 1;
}

// MUL version 3: the rescale factor of the product reaches 1.
static bool mul_rescales_up(const struct tflite_graph *g, const struct tflite_op *op)
{
    const struct tflite_tensor *a = port(g, op->in, op->ins, 0);
    const struct tflite_tensor *b = port(g, op->in, op->ins, 1);
    const struct tflite_tensor *y = port(g, op->out, op->outs, 0);
    if (!a || !b || !y || !a->scales || !b->scales || !y->scales || y->scale[0] <= 0) {
        return false;
    }
    return a->scale[0] * b->scale[0] / y->scale[0] >= 1.0f;
}

int32_t tflite_op_version(const struct tflite_graph *g, const struct tflite_op *op)
{
    const struct op_info *info = op_find(op->code);
    // The operand that decides: SPLIT has its axis first, TRANSPOSE_CONV its output shape.
    size_t main_input = op->code == TFLITE_SPLIT ? 1 : op->code == TFLITE_TRANSPOSE_CONV ? 2 : 0;
    const struct tflite_tensor *x = port(g, op->in, op->ins, main_input);
    if (!info || !x) {
        return 1;
    }
    const struct tflite_options *o = &op->options;
    int32_t version = info->version[x->type == TFLITE_INT8 ? 1 : x->type == TFLITE_INT16 ? 2 : 0];
    switch (op->code) {
    case TFLITE_ADD:
    case TFLITE_SUB:
        return x->type == TFLITE_INT16 && o->pot_scale_int16 ? 1 : version;
    case TFLITE_DEPTHWISE_CONV_2D:
        return version == 1 && dilated(o) ? 2 : version;
    case TFLITE_FULLY_CONNECTED:
        if (version == 7) {
            return 7;
        }
        return op->ins == 2 ? 6 : o->keep_num_dims ? 5 : version;
    case TFLITE_MUL:
        return version <= 2 && mul_rescales_up(g, op) ? 3 : version;
    case TFLITE_PAD:
    case TFLITE_PADV2:
        return x->rank > 4 ? 4 : version;
    case TFLITE_RESIZE_BILINEAR:
        return version < 4 && o->half_pixel_centers ? 3 : version;
    case TFLITE_RESIZE_NEAREST_NEIGHBOR:
        return version < 4 && (o->half_pixel_centers || o->align_corners) ? 3 : version;
    case TFLITE_SPACE_TO_BATCH_ND:
    case TFLITE_BATCH_TO_SPACE_ND:
        return version < 4 && x->rank != 4 ? 3 : version;
    case TFLITE_STRIDED_SLICE:
        return o->ellipsis_mask || o->new_axis_mask ? 6 : x->rank > 4 ? 4 : version;
    case TFLITE_TRANSPOSE:
        return x->rank > 5 ? 6 : version < 5 && x->rank > 4 ? 4 : version;
    case TFLITE_TRANSPOSE_CONV:
        return o->activation ? 4 : port(g, op->in, op->ins, 3) ? 3 : version;
    case TFLITE_QUANTIZE: {
        const struct tflite_tensor *y = port(g, op->out, op->outs, 0);
        return y && y->type == TFLITE_INT16 ? 2 : 1;
    }
    default:
        return version;
    }
}
