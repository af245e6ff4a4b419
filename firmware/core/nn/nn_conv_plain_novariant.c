// CONV_2D on int8 for parts without a kernel of their own. Weak: a part may have a better one (kernel_conv_m3.c), which
// stands before this in an archive by its name, so that a linker finds it first.
#include "firmware/core/nn/nn_dots.h"

__attribute__((weak)) void nn_conv_i8_plain(const void *params)
{
    nn_conv_i8_2x2(params);
}
