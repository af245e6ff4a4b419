// Choice of kernels on x86-64 hosts, by what the processor has.
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

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    (void)p;
    return (struct nn_choice){nn_fc_i8_ref, 0};
}
