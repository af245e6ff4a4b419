// Parts without fast int8 convolutions run the reference.
#include "firmware/core/nn/nn_kernels.h"

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_conv_i8_ref, 0};
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_depthwise_i8_ref, 0};
}
