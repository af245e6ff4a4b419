// FULLY_CONNECTED for parts without a kernel of their own: four rows of weights at a time, in plain C.
#include "firmware/core/nn/nn_dots.h"

static void four_rows(const int8_t *const *w, const int8_t *x, int32_t k, int32_t *sums)
{
    const int8_t *end = x + k;
    const int8_t *w0 = w[0];
    const int8_t *w1 = w[1];
    const int8_t *w2 = w[2];
    const int8_t *w3 = w[3];
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
#pragma GCC unroll 4
    while (x != end) {
        int32_t s = *x++;
        a += (uint32_t)(*w0++ * s);
        b += (uint32_t)(*w1++ * s);
        c += (uint32_t)(*w2++ * s);
        d += (uint32_t)(*w3++ * s);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

static void dots(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums)
{
    (void)offset; // it has joined the starts
    for (int f = 0; f < 16; f += 4) {
        four_rows(w + f, x[0], k, sums + f);
    }
}

static void eval(const void *params)
{
    struct nn_fc p = *(const struct nn_fc *)params;
    p.bias = p.start;
    nn_fc_by_dots(&p, dots);
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    if (p->weights == NULL || p->out_n < 1) { // the model computes them
        return (struct nn_choice){nn_fc_i8_ref, 0, false};
    }
    return (struct nn_choice){eval, 0, true};
}
