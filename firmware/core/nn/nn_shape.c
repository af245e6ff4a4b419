// Walking tensors of any rank.
#include "firmware/core/nn/nn_shape.h"

bool nn_next_index(int32_t *index, const int32_t *dims, unsigned rank)
{
    for (unsigned d = rank; d-- > 0;) {
        if (++index[d] < dims[d]) {
            return true;
        }
        index[d] = 0;
    }
    return false;
}

void nn_strides(const struct nn_tensor *t, int32_t *stride)
{
    int32_t n = 1;
    for (unsigned d = t->rank; d-- > 0;) {
        stride[d] = n;
        n *= t->dims[d];
    }
}

int nn_in_constant(struct nn_ctx *c, uint32_t i, int32_t count, struct nn_tensor *t,
                   const int32_t **data)
{
    int rc = nn_in(c, i, t);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (t->type != MOTE_NN_I32 || (count >= 0 && t->count != count)) {
        return nn_misshapen(c, NN_WHY("parameter tensor has the wrong type or length"), t);
    }
    if (t->fixed == NULL && t->count > 0) {
        return nn_fail(c, MOTE_E_UNSUPPORTED, NN_WHY("parameter tensor is not constant"), t);
    }
    *data = (const int32_t *)(const void *)t->fixed;
    return MOTE_OK;
}

int32_t nn_axis(int32_t axis, unsigned rank)
{
    int32_t a = axis < 0 ? axis + (int32_t)rank : axis;
    return a >= 0 && a < (int32_t)rank ? a : -1;
}
