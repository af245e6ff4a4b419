// Preparation that convolutions and pools share: window geometry, bias, quantization.
#ifndef MOTE_NN_WINDOW_H
#define MOTE_NN_WINDOW_H

#include "firmware/core/nn/nn_kernels.h"
#include "firmware/core/nn/nn_priv.h"

enum nn_padding { NN_PAD_SAME, NN_PAD_VALID };

struct nn_conv_tensors {
    struct nn_tensor in, weights, out;
};

// Checks one axis of a window and gives its padding before the first element.
int nn_window_axis(struct nn_ctx *c, uint8_t padding, int32_t in, int32_t kernel, int32_t stride,
                   int32_t dilation, int32_t out, int32_t *pad) MOTE_CHECK;
// Fills shapes and paddings of *g, whose kernel, strides and dilations are set.
int nn_window_fill(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *out,
                   uint8_t padding, struct nn_window *g) MOTE_CHECK;
// Optional bias of that type and length; NULL where there is none.
int nn_bias(struct nn_ctx *c, uint32_t input, uint8_t type, int32_t channels,
            const void **bias) MOTE_CHECK;
// Options, shapes and addresses of a convolution of any type. *params is kept.
int nn_conv_prepare(struct nn_ctx *c, bool depthwise, struct nn_conv **params,
                    struct nn_conv_tensors *t, uint8_t *fused) MOTE_CHECK;
// Offsets, range, bias and factors of a quantized one; axis: dimension of the weights that scales run along.
int nn_conv_prepare_quantized(struct nn_ctx *c, struct nn_conv *p, const struct nn_conv_tensors *t,
                              uint8_t fused, uint8_t bias_type, unsigned axis,
                              uint32_t bias_input) MOTE_CHECK;
// Options, shapes and addresses of a pool of any type.
int nn_pool_prepare(struct nn_ctx *c, struct nn_pool *p, struct nn_tensor *in,
                    struct nn_tensor *out) MOTE_CHECK;
// Whether an int16 operator sums in 64 bits: by its bias's type, or, without a bias, by option field `option`
// (UINT_MAX: always).
int nn_wide_bias(struct nn_ctx *c, unsigned option, bool *wide) MOTE_CHECK;
// int16 tensors are symmetric; 64-bit sums bear shifts up to 7 only. shift is NULL while measuring.
int nn_symmetric_i16(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *out,
                     bool wide, const int8_t *shift, int32_t count) MOTE_CHECK;
uint64_t nn_conv_macs(struct nn_ctx *c);
uint64_t nn_depthwise_macs(struct nn_ctx *c);

#endif
