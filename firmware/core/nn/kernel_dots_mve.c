// Dot products of four rows with one input, for Helium: LSTM gates and SVDF features; and the memory of SVDF.
#include "firmware/core/nn/kernel_mve.h"
#include "firmware/core/nn/nn_dots.h"

// Sums of the rows in r4, r6, r8, r10; r0 to r3 the rows, r5 x. The loop predicates its own last turn, where weights are
// zeros.
__attribute__((naked)) void nn_dots_4(const int8_t *const *w, const int8_t *x, int32_t k,
                                      int32_t offset, int32_t *sums)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "mov r5, r1\n"
                     "mov r12, r2\n"
                     "mov r9, r3\n"
                     "ldr r11, [sp, #36]\n"
                     "ldrd r4, r6, [r11]\n"
                     "ldrd r8, r10, [r11, #8]\n"
                     "ldm r0, {r0-r3}\n"
                     "wlstp.16 lr, r12, 2f\n"
                     "1: vldrb.s16 q0, [r5], #8\n"
                     "vadd.i16 q0, q0, r9\n"
                     "vldrb.s16 q1, [r0], #8\n"
                     "vmladava.s16 r4, q0, q1\n"
                     "vldrb.s16 q2, [r1], #8\n"
                     "vmladava.s16 r6, q0, q2\n"
                     "vldrb.s16 q1, [r2], #8\n"
                     "vmladava.s16 r8, q0, q1\n"
                     "vldrb.s16 q2, [r3], #8\n"
                     "vmladava.s16 r10, q0, q2\n"
                     "letp lr, 1b\n"
                     "2: strd r4, r6, [r11]\n"
                     "strd r8, r10, [r11, #8]\n"
                     "pop {r4-r11, pc}\n");
    (void)w;
    (void)x;
    (void)k;
    (void)offset;
    (void)sums;
}

int32_t nn_recall_i16(int16_t *s, const int16_t *w, int32_t last, int32_t newest, int32_t zero)
{
    int32_t sum = 0;
    for (; last > 0; last -= 8, s += 8, w += 8) {
        const mve_pred16_t lanes = vctp16q((uint32_t)last);
        const int16x8_t x = vldrhq_z_s16(s + 1, lanes);
        const int16x8_t v = vldrhq_z_s16(w, lanes);
        vstrhq_p_s16(s, x, lanes);
        sum = vmladavaq_s16(sum, x, v);
        if (zero != 0) {
            sum -= (int32_t)((uint32_t)vaddvq_s16(v) * (uint32_t)zero);
        }
    }
    s[last] = (int16_t)newest; // last is 0, or below: s and w went as far beyond
    return (int32_t)((uint32_t)sum + (uint32_t)w[last] * (uint32_t)(newest - zero));
}
