// Walking tensors of any rank.
#ifndef MOTE_NN_SHAPE_H
#define MOTE_NN_SHAPE_H

#include "firmware/core/nn/nn_priv.h"

// Advances an index of `rank` places, the last fastest; false after the last element.
bool nn_next_index(int32_t *index, const int32_t *dims, unsigned rank);
// Elements between neighbours along each dimension of a dense tensor.
void nn_strides(const struct nn_tensor *t, int32_t *stride);
// Constant int32 input i with `count` elements (-1: any); *data points into the file.
int nn_in_constant(struct nn_ctx *c, uint32_t i, int32_t count, struct nn_tensor *t,
                   const int32_t **data) MOTE_CHECK;
// An axis counted from either end, or -1.
int32_t nn_axis(int32_t axis, unsigned rank);

#endif
