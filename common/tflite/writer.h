// Writes a .tflite file (FlatBuffers, schema 3) from a plain description of a graph.
// docs/formats/tflite.md.
//
// The bytes depend on the description alone: the same graph gives the same file. Operator versions,
// deprecated_builtin_code, buffer 0 (empty) and 16-byte alignment of constant data follow what
// TensorFlow Lite's own converter writes, so that other interpreters open the file.
#ifndef COMMON_TFLITE_WRITER_H
#define COMMON_TFLITE_WRITER_H

#include "common/tflite/schema.h"

struct buf;
struct err;

struct tflite_tensor {
    const char *name; // not NULL
    enum tflite_type type;
    uint8_t rank; // 0..TFLITE_MAX_RANK
    int32_t dims[TFLITE_MAX_RANK];
    const void *data;   // constants: little-endian bytes; NULL for activations
    size_t bytes;       // of data; must equal the shape's bytes where data is there
    const float *scale; // `scales` of them: 0 none, 1 per tensor, dims[quantized_dim] per channel
    const int32_t *zero_point; // `scales` of them; NULL means all 0
    size_t scales;
    int32_t quantized_dim;
    bool is_variable; // state that survives between invocations
};

// Options of every operator in one flat struct: each operator reads the members named beside it,
// the others are ignored. Zero is the schema's default except where said.
struct tflite_options {
    enum tflite_activation activation; // CONV, DEPTHWISE, FULLY_CONNECTED, pools, ADD, SUB, MUL,
                                       // CONCATENATION, SVDF, TRANSPOSE_CONV, LSTM (TANH)
    enum tflite_padding padding;    // CONV, DEPTHWISE, pools, TRANSPOSE_CONV
    int32_t stride_w, stride_h;     // same; 0 means 1
    int32_t dilation_w, dilation_h; // CONV, DEPTHWISE; 0 means 1
    int32_t depth_multiplier;       // DEPTHWISE; 0 means 1
    int32_t filter_w, filter_h;     // pools
    bool keep_num_dims;             // FULLY_CONNECTED
    int32_t axis;                   // CONCATENATION, PACK, UNPACK
    int32_t num;                    // UNPACK, SPLIT, SPLIT_V: number of outputs; PACK: of values
    bool keep_dims;                 // MEAN
    float beta;                     // SOFTMAX; 0 means 1
    float alpha;                    // LEAKY_RELU
    int32_t rank;                   // SVDF
    uint8_t new_rank; // RESHAPE: new_shape is written where it is over 0; SQUEEZE: squeezed axes
    int32_t new_shape[TFLITE_MAX_RANK];
    int32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask; // STRIDED_SLICE
    bool align_corners, half_pixel_centers;                                       // RESIZE_*
    bool pot_scale_int16;         // ADD, SUB on int16 activations only
    float cell_clip, proj_clip;   // LSTM
    bool time_major;              // LSTM
    enum tflite_type output_type; // ARG_MAX: INT32 or INT64
};

#define TFLITE_OP_PORTS 32
#define TFLITE_OP_INTERMEDIATES 8
struct tflite_op {
    enum tflite_builtin code;
    uint8_t ins, outs;
    int32_t in[TFLITE_OP_PORTS]; // tensor indices; -1 where an optional input is absent
    int32_t out[TFLITE_OP_PORTS];
    uint8_t intermediates; // LSTM on integers: tensors that only carry quantization
    int32_t intermediate[TFLITE_OP_INTERMEDIATES];
    struct tflite_options options;
};

struct tflite_metadata {
    const char *name;
    const void *data;
    size_t bytes;
};

struct tflite_graph {
    const char *description; // may be NULL
    const struct tflite_tensor *tensor;
    size_t tensors;
    const struct tflite_op *op; // in execution order
    size_t ops;
    const int32_t *input, *output; // tensor indices
    size_t inputs, outputs;
    const struct tflite_metadata *metadata;
    size_t metadatas;
    const char *signature; // key of a SignatureDef that names inputs and outputs by tensor names;
                           // NULL: none
};

// Appends the file to out, which must be empty. Checks the description: indices, shapes against
// bytes, scale counts; E_FORMAT names the tensor or operator that is off.
int tflite_write(const struct tflite_graph *g, struct buf *out, struct err *e) MUST_CHECK;

#endif
