// Convolutions for parts without kernels of their own: two filters against two columns at a time, in plain C. The
// offset of the inputs has joined the filters' starts.
#include "firmware/core/nn/nn_dots.h"

static void dots(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                 int32_t *sums)
{
    (void)offset;
    nn_dots_2x2(w[0], w[1], x[0], x[1], k, sums);
    nn_dots_2x2(w[0], w[1], x[2], x[3], k, sums + 2);
    nn_dots_2x2(w[2], w[3], x[0], x[1], k, sums + 8);
    nn_dots_2x2(w[2], w[3], x[2], x[3], k, sums + 10);
}

void nn_conv_i8_2x2(const void *params)
{
    nn_conv_by_dots(params, dots);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_plain(p);
    return (struct nn_choice){fit.fast ? nn_conv_i8_plain : nn_conv_i8_ref, fit.scratch,
                              fit.starts};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
