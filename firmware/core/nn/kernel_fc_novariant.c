// FULLY_CONNECTED for parts without a kernel of their own: four rows of weights at a time, in plain C.
#include "firmware/core/nn/nn_dots.h"

static void dots(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums)
{
    (void)offset; // it has joined the starts
    for (int f = 0; f < 16; f += 4) {
        nn_dots_4x1(w + f, x[0], k, sums + f);
    }
}

void nn_fc_i8_plain(const void *params)
{
    nn_fc_by_dots(params, dots);
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    struct nn_fit fit = nn_fit_fc_plain(p);
    return (struct nn_choice){fit.fast ? nn_fc_i8_plain : nn_fc_i8_ref, fit.scratch, fit.starts};
}
