// What the writer and the reader know about each operator: its name, its options table, the version
// that its tensors' types ask for.
#ifndef COMMON_TFLITE_OPS_H
#define COMMON_TFLITE_OPS_H

#include "common/tflite/writer.h"

struct fbb;
struct fbr;

// Number of an option table in the schema's BuiltinOptions union.
enum tflite_options_type {
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

// "CONV_2D"; NULL for operators that Moteloop does not know.
const char *tflite_op_name(int32_t code);
const char *tflite_type_name(int32_t type);
// Bytes of one element; 0 for types without a fixed size.
size_t tflite_type_size(int32_t type);

// The version of an operator that TensorFlow Lite's converter would write for these tensors.
int32_t tflite_op_version(const struct tflite_graph *g, const struct tflite_op *op);

// Which option table the operator has.
enum tflite_options_type tflite_op_options_type(int32_t code);

// Builds the operator's option table, if it has one: *ref is 0 where it has none.
void tflite_options_put(struct fbb *b, const struct tflite_graph *g, const struct tflite_op *op,
                        uint32_t *ref);
// Reads an option table (at 0: none, every default) of that type into o, which must be zeroed.
void tflite_options_get(struct fbr *r, size_t table, enum tflite_options_type type,
                        struct tflite_options *o);

#endif
