// ADD and SUB on int8 for Cortex-M with the DSP extension: the portable one is as good.
#include "firmware/core/nn/nn_kernels.h"

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
