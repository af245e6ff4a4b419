// Small dot products in plain C, for parts without kernels of their own. Weak: a part may have better ones
// (kernel_dots_m3.c).
#include "firmware/core/nn/nn_dots.h"

// Rows w0, w1 against columns x0, x1: four products for four loads.
__attribute__((weak)) void nn_dots_2x2(const int8_t *w0, const int8_t *w1, const int8_t *x0,
                                       const int8_t *x1, int32_t k, int32_t *sums)
{
    const int8_t *end = w0 + k;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
#define STEP                                                                                       \
    do {                                                                                           \
        int32_t u = *w0++;                                                                         \
        int32_t v = *w1++;                                                                         \
        int32_t s = *x0++;                                                                         \
        int32_t t = *x1++;                                                                         \
        a += (uint32_t)(u * s);                                                                    \
        b += (uint32_t)(u * t);                                                                    \
        c += (uint32_t)(v * s);                                                                    \
        d += (uint32_t)(v * t);                                                                    \
    } while (0)
    for (int32_t n = k / 4; n > 0; n--) {
        STEP;
        STEP;
        STEP;
        STEP;
    }
    while (w0 != end) {
        STEP;
    }
#undef STEP
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[4] = (int32_t)c;
    sums[5] = (int32_t)d;
}

__attribute__((weak)) void nn_dots_4x1(const int8_t *const *w, const int16_t *x, int32_t k,
                                       int32_t *sums)
{
    const int16_t *end = x + k;
    const int8_t *w0 = w[0];
    const int8_t *w1 = w[1];
    const int8_t *w2 = w[2];
    const int8_t *w3 = w[3];
    uint32_t a = (uint32_t)sums[0];
    uint32_t b = (uint32_t)sums[1];
    uint32_t c = (uint32_t)sums[2];
    uint32_t d = (uint32_t)sums[3];
#define STEP                                                                                       \
    do {                                                                                           \
        int32_t s = *x++;                                                                          \
        a += (uint32_t)(*w0++ * s);                                                                \
        b += (uint32_t)(*w1++ * s);                                                                \
        c += (uint32_t)(*w2++ * s);                                                                \
        d += (uint32_t)(*w3++ * s);                                                                \
    } while (0)
    for (int32_t n = k / 4; n > 0; n--) {
        STEP;
        STEP;
        STEP;
        STEP;
    }
    while (x != end) {
        STEP;
    }
#undef STEP
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}
