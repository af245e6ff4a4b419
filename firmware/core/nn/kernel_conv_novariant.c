// Convolutions for parts without kernels of their own: two filters against two columns at a time, in plain C. The
// offset of the inputs has joined the filters' starts.
#include "firmware/core/nn/nn_dots.h"

// Rows w0, w1 against columns x0, x1: four products for four loads.
static void two_by_two(const int8_t *w0, const int8_t *w1, const int8_t *x0, const int8_t *x1, int32_t k, int32_t *sums)
{
    const int8_t *end = w0 + k;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
#pragma GCC unroll 4
    while (w0 != end) {
        int32_t u = *w0++;
        int32_t v = *w1++;
        int32_t s = *x0++;
        int32_t t = *x1++;
        a += (uint32_t)(u * s);
        b += (uint32_t)(u * t);
        c += (uint32_t)(v * s);
        d += (uint32_t)(v * t);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[4] = (int32_t)c;
    sums[5] = (int32_t)d;
}

static void dots(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset, int32_t *sums)
{
    (void)offset;
    two_by_two(w[0], w[1], x[0], x[1], k, sums);
    two_by_two(w[0], w[1], x[2], x[3], k, sums + 2);
    two_by_two(w[2], w[3], x[0], x[1], k, sums + 8);
    two_by_two(w[2], w[3], x[2], x[3], k, sums + 10);
}

static void eval(const void *params)
{
    struct nn_conv p = *(const struct nn_conv *)params;
    p.bias = p.start;
    nn_conv_by_dots(&p, dots);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    if (p->filter_c != p->g.in_c) {
        return (struct nn_choice){nn_conv_i8_ref, 0, false};
    }
    return (struct nn_choice){eval, nn_conv_by_dots_scratch(p), true};
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    (void)p;
    return (struct nn_choice){nn_depthwise_i8_ref, 0, false};
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_ref;
}
