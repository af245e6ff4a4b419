// DEPTHWISE_CONV_2D on int8 for parts without a kernel of their own.
#include "firmware/core/nn/kernel_depthwise_runs.h"

void nn_depthwise_i8_plain(const void *params)
{
    nn_depthwise_i8_runs(params);
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_plain(p);
    return (struct nn_choice){fit.fast ? nn_depthwise_i8_plain : nn_depthwise_i8_ref, fit.scratch,
                              fit.starts};
}
