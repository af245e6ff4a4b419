// Small things that the kernels for Cortex-M with the DSP extension share.
#include "firmware/core/nn/kernel_dsp.h"

void nn_dsp_clamp(int8_t *out, size_t count, int32_t lo, int32_t hi)
{
    for (size_t i = 0; (lo > INT8_MIN || hi < INT8_MAX) && i < count; i++) {
        out[i] = (int8_t)nn_clamp(out[i], lo, hi);
    }
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
