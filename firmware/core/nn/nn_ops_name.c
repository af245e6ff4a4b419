// Names of the operators that a program linked.
#include "firmware/core/nn/nn_priv.h"

const char *mote_nn_ops_name(const struct mote_nn_ops *ops, size_t index)
{
    return index < ops->count ? ops->op[index]->name : NULL;
}
