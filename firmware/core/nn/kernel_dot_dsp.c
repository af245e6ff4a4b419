// Dot products for Cortex-M with the DSP extension, in assembly: the compiler does not form load-multiples
// of data, and these loops are nearly all the time of an inference.
#include "firmware/core/nn/kernel_dsp.h"

// r0 weights, r1 columns, r2 their end, r3 sums. A group: four weights, then eight words of columns.
#define GROUP_1X4                                                                                                      \
    "ldr    r3, [r0], #4            \n"                                                                                \
    "ldmia  r1!, {r4-r7}            \n"                                                                                \
    "sxtb16 r12, r3                 \n"                                                                                \
    "sxtb16 r3, r3, ror #8          \n"                                                                                \
    "smlad  r8, r12, r4, r8         \n"                                                                                \
    "smlad  r9, r12, r6, r9         \n"                                                                                \
    "smlad  r8, r3, r5, r8          \n"                                                                                \
    "smlad  r9, r3, r7, r9          \n"                                                                                \
    "ldmia  r1!, {r4-r7}            \n"                                                                                \
    "smlad  r10, r12, r4, r10       \n"                                                                                \
    "smlad  r11, r12, r6, r11       \n"                                                                                \
    "smlad  r10, r3, r5, r10        \n"                                                                                \
    "smlad  r11, r3, r7, r11        \n"

__attribute__((naked)) void nn_dsp_dot_1x4(const int8_t *w, const uint32_t *x, const uint32_t *x_end, int32_t *acc)
{
    __asm__ volatile("push   {r3-r11, lr}            \n"
                     "ldm    r3, {r8-r11}            \n"
                     "sub    lr, r2, r1              \n"
                     "lsls   lr, lr, #26             \n" // bit 5: an odd number of 32-byte groups
                     "bpl    1f                      \n" GROUP_1X4 "1: cmp r1, r2              \n"
                     "beq    3f                      \n"
                     "2:                             \n" GROUP_1X4 GROUP_1X4 "cmp r1, r2       \n"
                     "bne    2b                      \n"
                     "3: pop {r3}                    \n"
                     "stm    r3, {r8-r11}            \n"
                     "pop    {r4-r11, pc}            \n");
    (void)w;
    (void)x;
    (void)x_end;
    (void)acc;
}

// r0, r1 rows of weights, r2 column, r3 its end. A group: eight weights of each row.
#define ROW(pointer, sum)                                                                                              \
    "ldmia  " pointer "!, {r10, r11}\n"                                                                                \
    "sxtb16 r12, r10                \n"                                                                                \
    "sxtb16 r10, r10, ror #8        \n"                                                                                \
    "smlad  " sum ", r12, r6, " sum "\n"                                                                               \
    "smlad  " sum ", r10, r7, " sum "\n"                                                                               \
    "sxtb16 r12, r11                \n"                                                                                \
    "sxtb16 r11, r11, ror #8        \n"                                                                                \
    "smlad  " sum ", r12, r8, " sum "\n"                                                                               \
    "smlad  " sum ", r11, r9, " sum "\n"
#define GROUP_2X1 "ldmia r2!, {r6-r9}\n" ROW("r0", "r4") ROW("r1", "r5")

__attribute__((naked)) void nn_dsp_dot_2x1(const int8_t *w0, const int8_t *w1, const uint32_t *x, const uint32_t *x_end,
                                           int32_t *acc)
{
    __asm__ volatile("push   {r4-r11, lr}            \n"
                     "ldr    r12, [sp, #36]          \n"
                     "ldm    r12, {r4, r5}           \n"
                     "1: sub lr, r3, r2              \n"
                     "tst    lr, #48                 \n" // until a multiple of four groups of 16 bytes is left
                     "beq    2f                      \n" GROUP_2X1 "b 1b              \n"
                     "2: cmp r2, r3                  \n"
                     "beq    4f                      \n"
                     "3:                             \n" GROUP_2X1 GROUP_2X1 GROUP_2X1 GROUP_2X1 "cmp r2, r3\n"
                     "bne    3b                      \n"
                     "4: ldr r12, [sp, #36]          \n"
                     "stm    r12, {r4, r5}           \n"
                     "pop    {r4-r11, pc}            \n");
    (void)w0;
    (void)w1;
    (void)x;
    (void)x_end;
    (void)acc;
}
