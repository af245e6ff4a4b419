// What the remaining operators take, and what runs them: the parameter structs that their prepare functions fill. A
// compiled model (mote_nn_compiled.h) has the same structs as constants.
#ifndef MOTE_NN_PARAMS_H
#define MOTE_NN_PARAMS_H

#include "firmware/core/nn/nn_binary.h"
#include "firmware/core/nn/nn_elementwise.h"

struct nn_arg_max {
    const void *in;
    int32_t *out;
    int32_t outer, along, inner;
    uint8_t type;
};
void nn_arg_max_eval(const void *params);

struct nn_concat_piece {
    const uint8_t *in;
    uint32_t bytes; // along the axis and inside it
};
struct nn_concat {
    uint8_t *out;
    const struct nn_concat_piece *piece;
    uint32_t pieces, rows;
};
void nn_concat_eval(const void *params);

struct nn_copy {
    const void *in;
    void *out;
    uint32_t bytes;
};
void nn_copy_eval(const void *params);

struct nn_dequantize {
    const void *in;
    float *out;
    int32_t count, zero;
    float scale;
    uint8_t type;
};
void nn_dequantize_eval(const void *params);

// Dimensions and strides of the input, those that stay before those that go.
struct nn_mean {
    const void *in;
    void *out;
    int32_t dims[MOTE_NN_MAX_RANK], stride[MOTE_NN_MAX_RANK];
    int32_t outputs, each; // number of outputs, and of inputs for one of them
    uint8_t stay, rank;
    bool wide; // int16, otherwise int8
    int32_t in_zero, out_zero;
    struct nn_scale q;
};
void nn_mean_quantized(const void *params);
void nn_mean_f32(const void *params);

struct nn_pad {
    const uint8_t *in;
    uint8_t *out;
    const uint8_t *value;   // of the border, NULL: zero_point
    int32_t dims[MOTE_NN_MAX_RANK]; // of the input
    int32_t out_stride[MOTE_NN_MAX_RANK];
    uint32_t first;         // element of the output where the input's first goes
    uint32_t out_bytes;
    uint32_t in_count;
    uint8_t rank, elem, zero_point;
};
void nn_pad_eval(const void *params);

struct nn_quantize {
    const void *in;
    void *out;
    int32_t count;
    uint8_t in_type, out_type;
    int32_t in_zero, out_zero;
    struct nn_scale q;
    float scale;
    int32_t lo, hi;
};
void nn_quantize_f32(const void *params);
void nn_quantize_integer(const void *params);

struct nn_resize {
    const void *in;
    void *out;
    int32_t batches, in_h, in_w, out_h, out_w, depth;
    uint8_t elem;
    bool align_corners, half_pixels;
};
void nn_resize_nearest(const void *params);
void nn_resize_bilinear(const void *params);

// Geometry of the side with the space; the batched side has its batches times block_h * block_w.
struct nn_space_batch {
    const uint8_t *in;
    uint8_t *out;
    int32_t batches, h, w;    // of the space
    int32_t small_h, small_w; // of the batched side
    int32_t block_h, block_w, top, left;
    uint32_t depth;           // bytes of a pixel
    uint8_t fill;
};
void nn_space_to_batch(const void *params);
void nn_batch_to_space(const void *params);

struct nn_split_piece {
    uint8_t *data;
    uint32_t bytes; // along the axis and inside it
};
struct nn_split {
    uint8_t *whole;
    const struct nn_split_piece *piece;
    uint32_t pieces, rows;
};
void nn_cut(const void *params);
void nn_stack(const void *params);

struct nn_view {
    const uint8_t *in;
    uint8_t *out;
    int32_t dims[MOTE_NN_MAX_RANK],
        stride[MOTE_NN_MAX_RANK]; // of the walk; strides in elements, may be negative
    int32_t first, count;
    uint8_t rank, elem;
};
void nn_view_eval(const void *params);

#define NN_LSTM_GATES 4 // input, forget, cell, output
struct nn_lstm_half {
    const int8_t *weights;
    struct nn_scale q;
};
struct nn_lstm {
    const int8_t *in;
    int8_t *out;
    int8_t *hidden;
    int16_t *cell;
    int8_t *next; // scratch: the new hidden state, while the old one is in use
    struct nn_lstm_half w[NN_LSTM_GATES], r[NN_LSTM_GATES];
    const int32_t *bias[NN_LSTM_GATES];
    int32_t batches, steps, inputs, states;
    int32_t in_zero, hidden_zero;
    struct nn_scale forget, update, emit;
    int32_t cell_multiplier, cell_shift; // of the cell state, for tanh
    int16_t clip;                        // 0: none
    bool time_major;
};
void nn_lstm_i8(const void *params);

struct nn_svdf {
    const void *in;
    const void *feature; // [filters][inputs]
    const void *time;    // [filters][memory]
    const void *bias;    // [units], NULL: none
    void *state;         // [batches][filters][memory], the newest last
    void *out;
    int32_t batches, inputs, filters, rank, memory;
    int32_t in_zero, state_zero, out_zero;
    struct nn_scale to_state, to_out;
    float lo, hi;
    bool wide; // int16 memory
};
void nn_svdf_i8(const void *params);
void nn_svdf_f32(const void *params);

// Of structs that other headers have.
void nn_binary_eval(const void *params);
void nn_table_i8_eval(const void *params);
void nn_add_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                int32_t stride_a, int32_t stride_b);
void nn_sub_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                int32_t stride_a, int32_t stride_b);
void nn_mul_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                int32_t stride_a, int32_t stride_b);
void nn_conv_i16(const void *params);
void nn_depthwise_i16(const void *params);
void nn_fc_i16(const void *params);
void nn_hard_swish_f32(const void *params);
void nn_leaky_relu_f32(const void *params);
void nn_relu_f32(const void *params);
void nn_relu6_f32(const void *params);
void nn_logistic_f32(const void *params);
void nn_tanh_f32(const void *params);
void nn_min_max_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b);
void nn_min_max_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                    int32_t stride_a, int32_t stride_b);
void nn_mul_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
               int32_t stride_a, int32_t stride_b);
void nn_prelu_i8(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                 int32_t stride_a, int32_t stride_b);
void nn_prelu_f32(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                  int32_t stride_a, int32_t stride_b);
void nn_transpose_conv_i8(const void *params);
void nn_transpose_conv_f32(const void *params);

#endif
