// The operators by name, for a firmware that links only what its models need:
//     static const struct mote_nn_op *const table[] = {&mote_nn_op_conv_2d_i8, &mote_nn_op_softmax_i8};
//     static const struct mote_nn_ops ops = {table, MOTE_COUNT(table), NULL};
// The suffix is the type of the first input; operators without one take every type.
#ifndef MOTE_NN_OPS_H
#define MOTE_NN_OPS_H

#include "firmware/core/nn/mote_nn.h"

extern const struct mote_nn_op mote_nn_op_conv_2d_i8;
extern const struct mote_nn_op mote_nn_op_conv_2d_f32;
extern const struct mote_nn_op mote_nn_op_depthwise_conv_2d_i8;
extern const struct mote_nn_op mote_nn_op_depthwise_conv_2d_f32;
extern const struct mote_nn_op mote_nn_op_fully_connected_i8;
extern const struct mote_nn_op mote_nn_op_fully_connected_f32;
extern const struct mote_nn_op mote_nn_op_average_pool_2d_i8;
extern const struct mote_nn_op mote_nn_op_average_pool_2d_f32;
extern const struct mote_nn_op mote_nn_op_max_pool_2d_i8;
extern const struct mote_nn_op mote_nn_op_max_pool_2d_f32;
extern const struct mote_nn_op mote_nn_op_mean_i8;
extern const struct mote_nn_op mote_nn_op_mean_f32;
extern const struct mote_nn_op mote_nn_op_add_i8;
extern const struct mote_nn_op mote_nn_op_add_f32;
extern const struct mote_nn_op mote_nn_op_reshape;
extern const struct mote_nn_op mote_nn_op_squeeze;
extern const struct mote_nn_op mote_nn_op_expand_dims;
extern const struct mote_nn_op mote_nn_op_softmax_i8;
extern const struct mote_nn_op mote_nn_op_softmax_f32;
extern const struct mote_nn_op mote_nn_op_logistic_i8;
extern const struct mote_nn_op mote_nn_op_logistic_f32;
extern const struct mote_nn_op mote_nn_op_relu_i8;
extern const struct mote_nn_op mote_nn_op_relu_f32;
extern const struct mote_nn_op mote_nn_op_relu6_i8;
extern const struct mote_nn_op mote_nn_op_relu6_f32;
extern const struct mote_nn_op mote_nn_op_quantize;
extern const struct mote_nn_op mote_nn_op_dequantize;
extern const struct mote_nn_op mote_nn_op_pad;
extern const struct mote_nn_op mote_nn_op_padv2;
extern const struct mote_nn_op mote_nn_op_concatenation;
extern const struct mote_nn_op mote_nn_op_sub_i8;
extern const struct mote_nn_op mote_nn_op_sub_f32;
extern const struct mote_nn_op mote_nn_op_mul_f32;
extern const struct mote_nn_op mote_nn_op_tanh_i8;
extern const struct mote_nn_op mote_nn_op_tanh_f32;
extern const struct mote_nn_op mote_nn_op_mean_i16;
extern const struct mote_nn_op mote_nn_op_unidirectional_sequence_lstm_i8;
extern const struct mote_nn_op mote_nn_op_svdf_i8;
extern const struct mote_nn_op mote_nn_op_svdf_f32;
extern const struct mote_nn_op mote_nn_op_mul_i8;
extern const struct mote_nn_op mote_nn_op_minimum_i8;
extern const struct mote_nn_op mote_nn_op_minimum_f32;
extern const struct mote_nn_op mote_nn_op_maximum_i8;
extern const struct mote_nn_op mote_nn_op_maximum_f32;
extern const struct mote_nn_op mote_nn_op_prelu_i8;
extern const struct mote_nn_op mote_nn_op_prelu_f32;
extern const struct mote_nn_op mote_nn_op_leaky_relu_i8;
extern const struct mote_nn_op mote_nn_op_leaky_relu_f32;
extern const struct mote_nn_op mote_nn_op_hard_swish_i8;
extern const struct mote_nn_op mote_nn_op_hard_swish_f32;
extern const struct mote_nn_op mote_nn_op_transpose;
extern const struct mote_nn_op mote_nn_op_strided_slice;
extern const struct mote_nn_op mote_nn_op_split;
extern const struct mote_nn_op mote_nn_op_split_v;
extern const struct mote_nn_op mote_nn_op_unpack;
extern const struct mote_nn_op mote_nn_op_pack;
extern const struct mote_nn_op mote_nn_op_space_to_batch_nd;
extern const struct mote_nn_op mote_nn_op_batch_to_space_nd;
extern const struct mote_nn_op mote_nn_op_arg_max_i8;
extern const struct mote_nn_op mote_nn_op_arg_max_f32;
extern const struct mote_nn_op mote_nn_op_resize_nearest_neighbor;
extern const struct mote_nn_op mote_nn_op_resize_bilinear_i8;
extern const struct mote_nn_op mote_nn_op_resize_bilinear_f32;
extern const struct mote_nn_op mote_nn_op_transpose_conv;
extern const struct mote_nn_op mote_nn_op_conv_2d_i16;
extern const struct mote_nn_op mote_nn_op_depthwise_conv_2d_i16;
extern const struct mote_nn_op mote_nn_op_fully_connected_i16;

#endif
