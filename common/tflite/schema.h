// Numbers of the .tflite schema (FlatBuffers, version 3) that Moteloop reads and writes: operator
// codes, option tables, enumerations and field positions. Facts of the public schema; nothing else
// here.
#ifndef COMMON_TFLITE_SCHEMA_H
#define COMMON_TFLITE_SCHEMA_H

enum tflite_type {
    TFLITE_FLOAT32 = 0,
    TFLITE_FLOAT16 = 1,
    TFLITE_INT32 = 2,
    TFLITE_UINT8 = 3,
    TFLITE_INT64 = 4,
    TFLITE_STRING = 5,
    TFLITE_BOOL = 6,
    TFLITE_INT16 = 7,
    TFLITE_INT8 = 9
};

enum tflite_builtin {
    TFLITE_ADD = 0,
    TFLITE_AVERAGE_POOL_2D = 1,
    TFLITE_CONCATENATION = 2,
    TFLITE_CONV_2D = 3,
    TFLITE_DEPTHWISE_CONV_2D = 4,
    TFLITE_DEQUANTIZE = 6,
    TFLITE_FULLY_CONNECTED = 9,
    TFLITE_LOGISTIC = 14,
    TFLITE_MAX_POOL_2D = 17,
    TFLITE_MUL = 18,
    TFLITE_RELU = 19,
    TFLITE_RELU6 = 21,
    TFLITE_RESHAPE = 22,
    TFLITE_RESIZE_BILINEAR = 23,
    TFLITE_SOFTMAX = 25,
    TFLITE_SVDF = 27,
    TFLITE_TANH = 28,
    TFLITE_CUSTOM = 32,
    TFLITE_PAD = 34,
    TFLITE_BATCH_TO_SPACE_ND = 37,
    TFLITE_SPACE_TO_BATCH_ND = 38,
    TFLITE_TRANSPOSE = 39,
    TFLITE_MEAN = 40,
    TFLITE_SUB = 41,
    TFLITE_SQUEEZE = 43,
    TFLITE_UNIDIRECTIONAL_SEQUENCE_LSTM = 44,
    TFLITE_STRIDED_SLICE = 45,
    TFLITE_SPLIT = 49,
    TFLITE_PRELU = 54,
    TFLITE_MAXIMUM = 55,
    TFLITE_ARG_MAX = 56,
    TFLITE_MINIMUM = 57,
    TFLITE_PADV2 = 60,
    TFLITE_TRANSPOSE_CONV = 67,
    TFLITE_EXPAND_DIMS = 70,
    TFLITE_PACK = 83,
    TFLITE_UNPACK = 88,
    TFLITE_RESIZE_NEAREST_NEIGHBOR = 97,
    TFLITE_LEAKY_RELU = 98,
    TFLITE_SPLIT_V = 102,
    TFLITE_QUANTIZE = 114,
    TFLITE_HARD_SWISH = 117
};

enum tflite_activation {
    TFLITE_ACT_NONE = 0,
    TFLITE_ACT_RELU = 1,
    TFLITE_ACT_RELU6 = 3,
    TFLITE_ACT_TANH = 4
};
enum tflite_padding { TFLITE_PAD_SAME = 0, TFLITE_PAD_VALID = 1 };

#define TFLITE_SCHEMA_VERSION 3
#define TFLITE_IDENTIFIER "TFL3" // bytes 4..7 of a file
#define TFLITE_MAX_RANK 6

#endif
