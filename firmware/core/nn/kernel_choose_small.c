// The reference kernels and nothing else, for parts that have hardly any flash. A build takes this file instead of
// kernel_*_novariant.c.
#include "firmware/core/nn/nn_kernels.h"

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_conv_i8_ref, 0, false};
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_depthwise_i8_ref, 0, false};
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    (void)p;
    return (struct nn_choice){nn_fc_i8_ref, 0, false};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
