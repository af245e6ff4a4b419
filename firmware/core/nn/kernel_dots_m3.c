// Small dot products for Cortex-M3: no spare instruction between loads and multiply-adds.
#include "firmware/core/nn/nn_dots.h"

#define STEP_2X2                                                                                                       \
    "ldrsb r8, [r0], #1\n"                                                                                             \
    "ldrsb r10, [r2], #1\n"                                                                                            \
    "ldrsb r9, [r1], #1\n"                                                                                             \
    "ldrsb r11, [r3], #1\n"                                                                                            \
    "mla r4, r8, r10, r4\n"                                                                                            \
    "mla r6, r9, r10, r6\n"                                                                                            \
    "mla r5, r8, r11, r5\n"                                                                                            \
    "mla r7, r9, r11, r7\n"

__attribute__((naked)) void nn_dots_2x2(const int8_t *w0, const int8_t *w1, const int8_t *x0, const int8_t *x1, int32_t k,
                                        int32_t *sums)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldr r12, [sp, #36]\n"
                     "mov r4, #0\n"
                     "mov r5, #0\n"
                     "mov r6, #0\n"
                     "mov r7, #0\n"
                     "and lr, r12, #7\n"
                     "lsrs r12, r12, #3\n"
                     "beq 2f\n"
                     "1:\n" STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 "subs r12, r12, #1\n"
                     "bne 1b\n"
                     "2: cmp lr, #0\n"
                     "beq 4f\n"
                     "3:\n" STEP_2X2 "subs lr, lr, #1\n"
                     "bne 3b\n"
                     "4: ldr r12, [sp, #40]\n"
                     "strd r4, r5, [r12]\n"
                     "strd r6, r7, [r12, #16]\n"
                     "pop {r4-r11, pc}\n");
    (void)w0;
    (void)w1;
    (void)x0;
    (void)x1;
    (void)k;
    (void)sums;
}

#define STEP_4X1                                                                                                       \
    "ldrsb r11, [r1], #1\n"                                                                                            \
    "ldrsb r12, [r0], #1\n"                                                                                            \
    "mla r4, r12, r11, r4\n"                                                                                           \
    "ldrsb r12, [r8], #1\n"                                                                                            \
    "mla r5, r12, r11, r5\n"                                                                                           \
    "ldrsb r12, [r9], #1\n"                                                                                            \
    "mla r6, r12, r11, r6\n"                                                                                           \
    "ldrsb r12, [r10], #1\n"                                                                                           \
    "mla r7, r12, r11, r7\n"

__attribute__((naked)) void nn_dots_4x1(const int8_t *const *w, const int8_t *x, int32_t k, int32_t *sums)
{
    __asm__ volatile("push {r3-r11, lr}\n"
                     "ldm r0, {r0, r8, r9, r10}\n"
                     "mov r4, #0\n"
                     "mov r5, #0\n"
                     "mov r6, #0\n"
                     "mov r7, #0\n"
                     "and lr, r2, #7\n"
                     "lsrs r2, r2, #3\n"
                     "beq 2f\n"
                     "1:\n" STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 "subs r2, r2, #1\n"
                     "bne.w 1b\n"
                     "2: cmp lr, #0\n"
                     "beq 4f\n"
                     "3:\n" STEP_4X1 "subs lr, lr, #1\n"
                     "bne 3b\n"
                     "4: pop {r3}\n"
                     "stm r3, {r4-r7}\n"
                     "pop {r4-r11, pc}\n");
    (void)w;
    (void)x;
    (void)k;
    (void)sums;
}
