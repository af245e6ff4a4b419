// Operators of the .tflite schema: names, versions and option tables. Version numbers follow the
// public rules of TensorFlow Lite's converter (op_version.cc), slots those of its schema.
#include "common/tflite/ops.h"

#include "common/err.h"
#include "common/tflite/fbb.h"

// Number of an option table in the BuiltinOptions union.
enum options_type {
    OPTIONS_NONE = 0,
    OPTIONS_CONV_2D = 1,
    OPTIONS_DEPTHWISE = 2,
    OPTIONS_POOL_2D = 5,
    OPTIONS_SVDF = 6,
    OPTIONS_FULLY_CONNECTED = 8,
    OPTIONS_SOFTMAX = 9,
    OPTIONS_CONCATENATION = 10,
    OPTIONS_ADD = 11,
    OPTIONS_RESIZE_BILINEAR = 15,
    OPTIONS_RESHAPE = 17,
    OPTIONS_MUL = 21,
    OPTIONS_PAD = 22,
    OPTIONS_BATCH_TO_SPACE = 24,
    OPTIONS_SPACE_TO_BATCH = 25,
    OPTIONS_TRANSPOSE = 26,
    OPTIONS_REDUCER = 27,
    OPTIONS_SUB = 28,
    OPTIONS_SQUEEZE = 30,
    OPTIONS_STRIDED_SLICE = 32,
    OPTIONS_SPLIT = 35,
    OPTIONS_DEQUANTIZE = 38,
    OPTIONS_MAX_MIN = 39,
    OPTIONS_ARG_MAX = 40,
    OPTIONS_PADV2 = 43,
    OPTIONS_TRANSPOSE_CONV = 49,
    OPTIONS_EXPAND_DIMS = 52,
    OPTIONS_PACK = 59,
    OPTIONS_UNPACK = 64,
    OPTIONS_SEQUENCE_LSTM = 71,
    OPTIONS_RESIZE_NEAREST = 74,
    OPTIONS_LEAKY_RELU = 75,
    OPTIONS_SPLIT_V = 79,
    OPTIONS_QUANTIZE = 89,
    OPTIONS_HARD_SWISH = 91
};

static const struct op_info {
    int32_t code;
    const char *name;
    enum options_type options;
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
    {TFLITE_UNIDIRECTIONAL_SEQUENCE_LSTM, "UNIDIRECTIONAL_SEQUENCE_LSTM", OPTIONS_SEQUENCE_LSTM,
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
static const struct tflite_tensor *port(const struct tflite_graph *g, const int32_t *index, size_t count,
                                        size_t i)
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

static int32_t or_one(int32_t v)
{
    return v ? v : 1;
}

static void spatial(struct fbb *b, const struct tflite_options *o)
{
    fbb_u8(b, 0, (uint8_t)o->padding, 0);
    fbb_i32(b, 1, or_one(o->stride_w), 0);
    fbb_i32(b, 2, or_one(o->stride_h), 0);
}

// Fields of one option table; slots by the schema.
static void option_fields(struct fbb *b, enum options_type type, const struct tflite_options *o,
                          bool int16, fbb_ref shape)
{
    uint8_t act = (uint8_t)o->activation;
    switch (type) {
    case OPTIONS_CONV_2D:
        spatial(b, o);
        fbb_u8(b, 3, act, 0);
        fbb_i32(b, 4, or_one(o->dilation_w), 1);
        fbb_i32(b, 5, or_one(o->dilation_h), 1);
        break;
    case OPTIONS_DEPTHWISE:
        spatial(b, o);
        fbb_i32(b, 3, or_one(o->depth_multiplier), 0);
        fbb_u8(b, 4, act, 0);
        fbb_i32(b, 5, or_one(o->dilation_w), 1);
        fbb_i32(b, 6, or_one(o->dilation_h), 1);
        break;
    case OPTIONS_POOL_2D:
        spatial(b, o);
        fbb_i32(b, 3, o->filter_w, 0);
        fbb_i32(b, 4, o->filter_h, 0);
        fbb_u8(b, 5, act, 0);
        break;
    case OPTIONS_TRANSPOSE_CONV:
        spatial(b, o);
        fbb_u8(b, 3, act, 0);
        break;
    case OPTIONS_SVDF:
        fbb_i32(b, 0, o->rank, 0);
        fbb_u8(b, 1, act, 0);
        break;
    case OPTIONS_FULLY_CONNECTED:
        fbb_u8(b, 0, act, 0);
        fbb_u8(b, 2, o->keep_num_dims, 0);
        break;
    case OPTIONS_SOFTMAX:
        fbb_f32(b, 0, o->beta > 0 ? o->beta : 1.0f, 0.0f);
        break;
    case OPTIONS_CONCATENATION:
        fbb_i32(b, 0, o->axis, 0);
        fbb_u8(b, 1, act, 0);
        break;
    case OPTIONS_ADD:
    case OPTIONS_SUB:
        fbb_u8(b, 0, act, 0);
        fbb_u8(b, 1, !int16 || o->pot_scale_int16, 1);
        break;
    case OPTIONS_MUL:
        fbb_u8(b, 0, act, 0);
        break;
    case OPTIONS_RESIZE_BILINEAR:
        fbb_u8(b, 2, o->align_corners, 0);
        fbb_u8(b, 3, o->half_pixel_centers, 0);
        break;
    case OPTIONS_RESIZE_NEAREST:
        fbb_u8(b, 0, o->align_corners, 0);
        fbb_u8(b, 1, o->half_pixel_centers, 0);
        break;
    case OPTIONS_RESHAPE:
    case OPTIONS_SQUEEZE:
        fbb_put_ref(b, 0, shape);
        break;
    case OPTIONS_REDUCER:
        fbb_u8(b, 0, o->keep_dims, 0);
        break;
    case OPTIONS_STRIDED_SLICE:
        fbb_i32(b, 0, o->begin_mask, 0);
        fbb_i32(b, 1, o->end_mask, 0);
        fbb_i32(b, 2, o->ellipsis_mask, 0);
        fbb_i32(b, 3, o->new_axis_mask, 0);
        fbb_i32(b, 4, o->shrink_axis_mask, 0);
        break;
    case OPTIONS_SPLIT:
    case OPTIONS_SPLIT_V:
        fbb_i32(b, 0, o->num, 0);
        break;
    case OPTIONS_PACK:
    case OPTIONS_UNPACK:
        fbb_i32(b, 0, o->num, 0);
        fbb_i32(b, 1, o->axis, 0);
        break;
    case OPTIONS_ARG_MAX:
        fbb_u8(b, 0, (uint8_t)o->output_type, 0);
        break;
    case OPTIONS_LEAKY_RELU:
        fbb_f32(b, 0, o->alpha, 0.0f);
        break;
    case OPTIONS_SEQUENCE_LSTM:
        fbb_u8(b, 0, act, 0);
        fbb_f32(b, 1, o->cell_clip, 0.0f);
        fbb_f32(b, 2, o->proj_clip, 0.0f);
        fbb_u8(b, 3, o->time_major, 0);
        break;
    default: // an empty table
        break;
    }
}

int tflite_op_options(struct fbb *b, const struct tflite_graph *g, const struct tflite_op *op,
                      uint8_t *type, uint32_t *ref)
{
    const struct op_info *info = op_find(op->code);
    if (!info) {
        return E_FORMAT;
    }
    const struct tflite_options *o = &op->options;
    *type = (uint8_t)info->options;
    *ref = 0;
    if (info->options == OPTIONS_NONE) {
        return OK;
    }
    fbb_ref shape = 0;
    if ((info->options == OPTIONS_RESHAPE || info->options == OPTIONS_SQUEEZE) && o->new_rank) {
        shape = fbb_vector(b, o->new_shape, o->new_rank, 4, 4);
    }
    const struct tflite_tensor *x = port(g, op->in, op->ins, 0);
    fbb_table_begin(b);
    option_fields(b, info->options, o, x && x->type == TFLITE_INT16, shape);
    *ref = fbb_table_end(b);
    return OK;
}
