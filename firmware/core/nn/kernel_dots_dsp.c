// Dot products of four rows with one input, for Cortex-M with the DSP extension: LSTM gates and SVDF features; and
// the memory of SVDF.
#include "firmware/core/nn/kernel_dsp.h"
#include "firmware/core/nn/nn_dots.h"

#include <arm_acle.h>

// Four weights of one row; the inputs in the order of kernel_dsp.h.
static inline int32_t row(const int8_t *w, uint32_t even, uint32_t odd, int32_t sum)
{
    uint32_t four = dsp_load(w);
    sum = __smlad((int16x2_t)dsp_even(four, 0), (int16x2_t)even, sum);
    return __smlad((int16x2_t)dsp_odd(four, 0), (int16x2_t)odd, sum);
}

void nn_dots_4(const int8_t *const *w, const int8_t *x, int32_t k, int32_t offset, int32_t *sums)
{
    const int8_t *w0 = w[0];
    const int8_t *w1 = w[1];
    const int8_t *w2 = w[2];
    const int8_t *w3 = w[3];
    int32_t a = sums[0];
    int32_t b = sums[1];
    int32_t c = sums[2];
    int32_t d = sums[3];
    const uint32_t plus = dsp_pair(offset);
    for (; k >= 4; k -= 4, x += 4, w0 += 4, w1 += 4, w2 += 4, w3 += 4) {
        uint32_t four = dsp_load(x);
        uint32_t even = dsp_even(four, plus);
        uint32_t odd = dsp_odd(four, plus);
        a = row(w0, even, odd, a);
        b = row(w1, even, odd, b);
        c = row(w2, even, odd, c);
        d = row(w3, even, odd, d);
    }
    for (; k > 0; k--) {
        int32_t v = *x++ + offset;
        a = nn_wrap_add(a, *w0++ * v);
        b = nn_wrap_add(b, *w1++ * v);
        c = nn_wrap_add(c, *w2++ * v);
        d = nn_wrap_add(d, *w3++ * v);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

int32_t nn_recall_i16(int16_t *s, const int16_t *w, int32_t last, int32_t newest, int32_t zero)
{
    int32_t sum = 0;
    int32_t weights = 0;
    for (; last >= 2; last -= 2, s += 2, w += 2) {
        uint32_t x;
        uint32_t two;
        memcpy(&x, s + 1, 4);
        memcpy(s, &x, 4);
        memcpy(&two, w, 4);
        sum = __smlad((int16x2_t)two, (int16x2_t)x, sum);
        weights = __smlad((int16x2_t)two, (int16x2_t)0x00010001u, weights);
    }
    for (; last > 0; last--, s++) {
        *s = s[1];
        sum = nn_wrap_add(sum, *w * *s);
        weights += *w++;
    }
    *s = (int16_t)newest;
    weights += *w;
    return (int32_t)((uint32_t)sum + (uint32_t)*w * (uint32_t)newest -
                     (uint32_t)weights * (uint32_t)zero);
}
