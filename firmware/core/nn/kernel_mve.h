// What the kernels for Helium (Cortex-M55) share: requantization of four lanes.
#ifndef MOTE_NN_KERNEL_MVE_H
#define MOTE_NN_KERNEL_MVE_H

#include "firmware/core/nn/nn_fit.h"

#include <arm_mve.h>

// As nn_rescale, lane by lane. VRSHL rounds halves up without overflow; what is subtracted from negative numbers
// turns that into away from zero.
static inline int32x4_t mve_rescale(int32x4_t x, int32x4_t multiplier, int32x4_t shift)
{
    int32x4_t zero = vdupq_n_s32(0);
    int32x4_t right = vminq_s32(shift, zero);
    int32x4_t y = vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, zero)), multiplier);
    y = vaddq_s32(y, vshrq_n_s32(vandq_s32(y, right), 31)); // -1 where both are negative
    return vrshlq_s32(y, right);
}

// The same for shifts to the right alone.
static inline int32x4_t mve_rescale_right(int32x4_t x, int32x4_t multiplier, int32x4_t shift)
{
    int32x4_t y = vqrdmulhq_s32(x, multiplier);
    return vrshlq_s32(vaddq_s32(y, vshrq_n_s32(y, 31)), shift);
}

// Rescales, adds the offset, clamps.
static inline int32x4_t mve_finish(int32x4_t x, int32x4_t multiplier, int32x4_t shift,
                                   int32_t offset, int32_t lo, int32_t hi)
{
    int32x4_t y = vaddq_n_s32(mve_rescale(x, multiplier, shift), offset);
    return vminq_s32(vmaxq_s32(y, vdupq_n_s32(lo)), vdupq_n_s32(hi));
}

// Copies bytes, sixteen at a time; the loop predicates its own last turn.
static inline void mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    __asm__ volatile("wlstp.8 lr, %2, 2f\n"
                     "1: vldrb.8 q0, [%1], #16\n"
                     "vstrb.8 q0, [%0], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : "+r"(to), "+r"(from)
                     : "r"(count)
                     : "lr", "s0", "s1", "s2", "s3", "memory");
}

static inline void mve_fill(int8_t *to, int8_t value, int32_t count)
{
    for (; count > 0; count -= 16, to += 16) {
        vstrbq_p_s8(to, vdupq_n_s8(value), vctp8q((uint32_t)count));
    }
}

#endif
