// What the kernels for Cortex-M with the DSP extension (M4, M7, M33) share.
//
// Order of widened data: of four int8 x0 x1 x2 x3 the pairs of int16 (x0, x2) and (x1, x3), because SXTB16
// takes bytes 0 and 2 of a word and, rotated by 8, bytes 1 and 3. Weights are widened in registers the
// same way. The loops are assembly: they load several words at once, which the compiler does not, and keep sums,
// data and pointers in registers with none to spare.
#ifndef MOTE_NN_KERNEL_DSP_H
#define MOTE_NN_KERNEL_DSP_H

#include "firmware/core/nn/nn_fit.h"

static inline uint32_t dsp_load(const int8_t *p)
{
    uint32_t w;
    memcpy(&w, p, 4); // one LDR: these cores load unaligned words
    return w;
}

// (x0, x2) and (x1, x3) of a word of int8, plus a pair.
static inline uint32_t dsp_even(uint32_t x, uint32_t plus)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(plus), "r"(x));
    return r;
}
static inline uint32_t dsp_odd(uint32_t x, uint32_t plus)
{
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(plus), "r"(x));
    return r;
}
static inline uint32_t dsp_pair(int32_t x)
{
    return (uint32_t)(uint16_t)x * 0x10001u;
}

// Widens four int8 at a time; each group goes `step` words further, a constant where this is inlined.
static inline uint32_t *dsp_widen(uint32_t *to, const int8_t *from, int32_t groups,
                                  const int32_t step, uint32_t plus)
{
#define GROUP(i)                                                                                   \
    do {                                                                                           \
        uint32_t x = dsp_load(from + 4 * (i));                                                     \
        uint32_t even = dsp_even(x, plus);                                                         \
        uint32_t odd = dsp_odd(x, plus);                                                           \
        to[(i)*step] = even;                                                                       \
        to[(i)*step + 1] = odd;                                                                    \
    } while (0)
    for (; groups >= 4; groups -= 4, from += 16, to += 4 * step) {
        GROUP(0);
        GROUP(1);
        GROUP(2);
        GROUP(3);
    }
    for (; groups > 0; groups--, from += 4, to += step) {
        GROUP(0);
    }
#undef GROUP
    return to;
}

// A factor to the right by 2 or more (nn_rescale_right), unpacked: (hi32(x * multiplier + ...) + half) >> down.
struct dsp_factor {
    int32_t multiplier, half, down;
};
static inline bool dsp_unpack(int32_t multiplier, int32_t shift, struct dsp_factor *f)
{
    if (shift > -2) {
        return false;
    }
    *f = (struct dsp_factor){multiplier, 1 << (-shift - 2), -shift - 1};
    return true;
}

#endif
