// Depthwise windows that kernel_depthwise_dsp.c has no ring for, for Cortex-M with the DSP extension.
#include "firmware/core/nn/kernel_taps_arm.h"

// Sums of four outputs of the channel whose weights begin at w.
__attribute__((naked)) static void taps(const struct nn_taps *t, const int8_t *w, int32_t *sums)
{
    __asm__ volatile("push {r2, r4-r11, lr}\n"
                     "mov r12, r0\n"
                     "ldr r0, [r12]\n"
                     "ldr r8, [r12, #8]\n"
                     "ldrd r2, r3, [r12, #20]\n"
                     "ldr r11, [r12, #16]\n"
                     "add r9, r8, r8, lsl #1\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "push {r11}\n" TAPS
                     "pop {r0, r1}\n"
                     "stm r1, {r4-r7}\n"
                     "pop {r4-r11, pc}\n");
    (void)t;
    (void)w;
    (void)sums;
}

void nn_taps_4(const struct nn_taps *t)
{
    int32_t sums[4];
    taps(t, t->w, sums);
    nn_finish(t->finish, sums, t->count, t->out_step, t->out);
}

void nn_taps_4x4(const struct nn_taps *t, int32_t *sums)
{
    for (int32_t c = 0; c < 4; c++) {
        taps(t, t->w + c, sums + 4 * c);
    }
}
