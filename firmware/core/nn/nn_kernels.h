// Kernels: what they take, and their portable reference forms (kernel_*_ref.c), which are the oracle for
// every faster one. A kernel is run through nn_eval_fn with its parameter struct, which prepare has
// checked and filled; it trusts it.
#ifndef MOTE_NN_KERNELS_H
#define MOTE_NN_KERNELS_H

#include "firmware/core/nn/nn_quant.h"

// Geometry that convolutions and pools share. Tensors are NHWC.
struct nn_window {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t k_h, k_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_h, pad_w; // above and to the left
};

// CONV_2D, weights [out_c][k_h][k_w][filter_c]; DEPTHWISE_CONV_2D, weights [1][k_h][k_w][out_c].
struct nn_conv {
    struct nn_window g;
    const void *in;
    const void *weights;
    const void *bias; // NULL: none
    void *out;
    int32_t filter_c;   // input channels of one filter: in_c / groups. Depthwise: depth multiplier
    // quantized
    const int32_t *multiplier; // out_c each
    const int8_t *shift;
    int32_t in_offset, out_offset; // added to input and output
    int32_t lo, hi;
    // float
    float lo_f, hi_f;
    void *scratch;  // NULL where the kernel asked for none
    bool steep;     // some shift is above -2: not for nn_rescale_right
    bool wide_bias; // int16: bias is int64
};
// The kernel that suits, and the scratch memory it wants in p->scratch. Each variant of the build defines these: in
// kernel_X_dsp.c, _mve.c, _neon.c, nn_x86.c, or kernel_X_novariant.c.
struct nn_choice {
    void (*eval)(const void *params);
    uint64_t scratch;
    bool starts; // p->bias is to become, for each filter, bias plus in_offset times the sum of its
                 // weights; kept
};
struct nn_choice nn_choose_conv_i8(const struct nn_conv *p);
struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p);

// The kernels of the variants, each there in builds for its own parts.
void nn_conv_i8_dsp(const void *params);
void nn_conv_i8_mve(const void *params);
void nn_conv_i8_plain(const void *params);
void nn_conv_i8_neon(const void *params);
void nn_conv_i8_x86(const void *params);
void nn_depthwise_i8_dsp(const void *params);
void nn_depthwise_i8_mve(const void *params);
void nn_depthwise_i8_plain(const void *params);
void nn_depthwise_i8_x86(const void *params);

// For kernels that saturate to int8: applies a narrower range afterwards.
void nn_clamp_i8(int8_t *out, size_t count, int32_t lo, int32_t hi);

void nn_conv_i8_ref(const void *params);
void nn_conv_f32_ref(const void *params);
void nn_depthwise_i8_ref(const void *params);
void nn_depthwise_f32_ref(const void *params);

// FULLY_CONNECTED: weights [out_n][in_n].
struct nn_fc {
    const void *in;
    const void *weights;
    const void *bias; // NULL: none
    void *out;
    int32_t batches, in_n, out_n;
    const int32_t *multiplier; // one, or out_n where per_channel
    const int8_t *shift;
    int32_t in_offset, out_offset;
    int16_t lo, hi;
    bool per_channel;
    bool steep;     // some shift is above -2: not for nn_rescale_right
    bool wide_bias; // int16: bias is int64
    void *scratch;
};
struct nn_fc_f32 {
    const float *in;
    const float *weights;
    const float *bias;
    float *out;
    int32_t batches, in_n, out_n;
    float lo, hi;
};
struct nn_choice nn_choose_fc_i8(const struct nn_fc *p);
void nn_fc_i8_dsp(const void *params);
void nn_fc_i8_mve(const void *params);
void nn_fc_i8_plain(const void *params);
void nn_fc_i8_neon(const void *params);
void nn_fc_i8_x86(const void *params);
void nn_fc_i8_ref(const void *params);
void nn_fc_f32_ref(const void *params);

struct nn_pool {
    struct nn_window g;
    const void *in;
    void *out;
    int32_t lo, hi;
    float lo_f, hi_f;
};
void nn_average_pool_i8_ref(const void *params);
void nn_average_pool_f32_ref(const void *params);
void nn_max_pool_i8_ref(const void *params);
void nn_max_pool_f32_ref(const void *params);

// ADD and SUB on int8 (nn_binary.h): the run function that suits.
struct nn_binary;
typedef void (*nn_binary_run)(const struct nn_binary *p, const void *a, const void *b, void *out,
                              int32_t n, int32_t stride_a, int32_t stride_b);
nn_binary_run nn_choose_add_i8(void);
void nn_add_i8_mve(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b);
void nn_add_i8_ref(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b);

// Softmax along the last dimension.
struct nn_softmax {
    const void *in;
    void *out;
    int32_t rows, depth;
    int32_t multiplier, shift; // to Q5.26
    int32_t diff_min;          // smaller differences from the maximum give 0
    float beta;
    bool out_16;               // int8 in, int16 out
};
void nn_softmax_i8_ref(const void *params);
void nn_softmax_f32_ref(const void *params);

#endif
