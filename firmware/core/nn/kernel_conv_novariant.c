// Convolutions for parts without kernels of their own: two filters against two columns at a time, in plain C. The
// offset of the inputs has joined the filters' starts.
#include "firmware/core/nn/nn_dots.h"

static void dots(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums)
{
    (void)offset;
    nn_dots_2x2(w[0], w[1], x[0], x[1], k, sums);
    nn_dots_2x2(w[0], w[1], x[2], x[3], k, sums + 2);
    nn_dots_2x2(w[2], w[3], x[0], x[1], k, sums + 8);
    nn_dots_2x2(w[2], w[3], x[2], x[3], k, sums + 10);
}

static void eval(const void *params)
{
    nn_conv_by_dots(params, dots);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    if (p->filter_c != p->g.in_c) {
        return (struct nn_choice){nn_conv_i8_ref, 0, false};
    }
    return (struct nn_choice){eval, nn_conv_by_dots_scratch(p), true};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
