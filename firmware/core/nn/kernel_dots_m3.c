// Small dot products for Cortex-M3: no spare instruction between loads and multiply-adds.
#include "firmware/core/nn/kernel_taps_arm.h"
#include "firmware/core/nn/nn_dots.h"

#define STEP_2X2                                                                                   \
    "ldrsb r8, [r0], #1\n"                                                                         \
    "ldrsb r10, [r2], #1\n"                                                                        \
    "ldrsb r9, [r1], #1\n"                                                                         \
    "ldrsb r11, [r3], #1\n"                                                                        \
    "mla r4, r8, r10, r4\n"                                                                        \
    "mla r6, r9, r10, r6\n"                                                                        \
    "mla r5, r8, r11, r5\n"                                                                        \
    "mla r7, r9, r11, r7\n"

__attribute__((naked)) void nn_dots_2x2(const int8_t *w0, const int8_t *w1, const int8_t *x0,
                                        const int8_t *x1, int32_t k, int32_t *sums)
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
                     "1:\n" STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2 STEP_2X2
                     "subs r12, r12, #1\n"
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

#define STEP_4X1                                                                                   \
    "ldrsh r11, [r1], #2\n"                                                                        \
    "ldrsb r12, [r0], #1\n"                                                                        \
    "mla r4, r12, r11, r4\n"                                                                       \
    "ldrsb r12, [r8], #1\n"                                                                        \
    "mla r5, r12, r11, r5\n"                                                                       \
    "ldrsb r12, [r9], #1\n"                                                                        \
    "mla r6, r12, r11, r6\n"                                                                       \
    "ldrsb r12, [r10], #1\n"                                                                       \
    "mla r7, r12, r11, r7\n"

__attribute__((naked)) void nn_dots_4x1(const int8_t *const *w, const int16_t *x, int32_t k,
                                        int32_t *sums)
{
    __asm__ volatile("push {r3-r11, lr}\n"
                     "ldm r0, {r0, r8, r9, r10}\n"
                     "ldm r3, {r4-r7}\n"
                     "and lr, r2, #7\n"
                     "lsrs r2, r2, #3\n"
                     "beq 2f\n"
                     "1:\n" STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1 STEP_4X1
                     "subs r2, r2, #1\n"
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

// A line of three taps where outputs lie as far apart as taps: six inputs serve all. r0 and r9 their first and fourth,
// r8 the step; weights in r10, r11, r2.
#define THREE                                                                                      \
    "ldrsb r10, [r1]\n"                                                                            \
    "ldrsb r11, [r1, r3]\n"                                                                        \
    "ldrsb r2, [r1, r3, lsl #1]\n"                                                                 \
    "ldrsb lr, [r0]\n"                                                                             \
    "mla r4, r10, lr, r4\n"                                                                        \
    "ldrsb lr, [r0, r8]\n"                                                                         \
    "mla r4, r11, lr, r4\n"                                                                        \
    "mla r5, r10, lr, r5\n"                                                                        \
    "ldrsb lr, [r0, r8, lsl #1]\n"                                                                 \
    "mla r4, r2, lr, r4\n"                                                                         \
    "mla r5, r11, lr, r5\n"                                                                        \
    "mla r6, r10, lr, r6\n"                                                                        \
    "ldrsb lr, [r9]\n"                                                                             \
    "mla r5, r2, lr, r5\n"                                                                         \
    "mla r6, r11, lr, r6\n"                                                                        \
    "mla r7, r10, lr, r7\n"                                                                        \
    "ldrsb lr, [r9, r8]\n"                                                                         \
    "mla r6, r2, lr, r6\n"                                                                         \
    "mla r7, r11, lr, r7\n"                                                                        \
    "ldrsb lr, [r9, r8, lsl #1]\n"                                                                 \
    "mla r7, r2, lr, r7\n"
#define NEXT_THREE                                                                                 \
    "ldrd r10, r11, [r12, #52]\n"                                                                  \
    "add r0, r0, r10\n"                                                                            \
    "add r9, r9, r10\n"                                                                            \
    "add r1, r1, r11\n"

// nn_rescale_right and saturation of one sum into r11: r0 multiplier, r10 half, r9 down, r2 offset.
#define SCALE(sum)                                                                                 \
    "add r11, r10, " sum ", asr #31\n"                                                             \
    "and lr, " sum ", #0x80000000\n"                                                               \
    "orr lr, lr, #0x40000000\n"                                                                    \
    "smlal lr, r11, " sum ", r0\n"                                                                 \
    "asr r11, r11, r9\n"                                                                           \
    "add r11, r11, r2\n"                                                                           \
    "ssat r11, #8, r11\n"

// Sums of four outputs: to sums, or, where that is NULL, scaled and stored. It knows the offsets within struct nn_taps.
__attribute__((naked)) static void taps(const struct nn_taps *t, int32_t *sums)
{
    __asm__ volatile("push {r1, r4-r11, lr}\n"
                     "mov r12, r0\n"
                     "ldm r12, {r0, r1, r8, r10, r11}\n"
                     "ldrd r2, r3, [r12, #20]\n"
                     "ldr r4, [r12, #48]\n"
                     "ldr r4, [r4]\n"
                     "add r9, r8, r8, lsl #1\n"
                     "mov r5, r4\n"
                     "mov r6, r4\n"
                     "mov r7, r4\n"
                     "eor lr, r10, #3\n"
                     "eor r10, r11, #3\n"
                     "orrs lr, lr, r10\n"
                     "bne.w 3f\n"
                     "cmp r2, r8\n"
                     "bne.w 2f\n"
                     "add r9, r9, r0\n" THREE NEXT_THREE THREE NEXT_THREE THREE "1: pop {r1}\n"
                     "cmp r1, #0\n"
                     "beq.w 8f\n"
                     "stm r1, {r4-r7}\n"
                     "pop {r4-r11, pc}\n"
                     "2:\n" TAP TAP TAP NEXT_LINE TAP TAP TAP NEXT_LINE TAP TAP TAP "b.w 1b\n"
                     "3: push {r11}\n" TAPS "pop {r10}\n"
                     "b.w 1b\n"
                     "8: ldrd r3, r8, [r12, #36]\n"
                     "ldr r12, [r12, #48]\n"
                     "ldrd r0, r1, [r12, #4]\n"
                     "ldr r2, [r12, #12]\n"
                     "mvn r9, r1\n"
                     "sub r10, r9, #1\n"
                     "mov r11, #1\n"
                     "lsl r10, r11, r10\n" SCALE("r4") "strb r11, [r3]\n" SCALE(
                         "r5") "strb r11, [r3, r8]\n" SCALE("r6") "strb r11, [r3, r8, lsl #1]\n"
                                                                  "add r3, r3, r8, lsl #1\n" SCALE(
                                                                      "r7") "strb r11, [r3, r8]\n"
                                                                            "pop {r4-r11, pc}\n");
    (void)t;
    (void)sums;
}

void nn_taps_4(const struct nn_taps *t)
{
    const struct nn_finish *f = t->finish;
    if (t->count == 4 && f->shift <= -2 && f->lo == INT8_MIN && f->hi == INT8_MAX) {
        taps(t, NULL);
        return;
    }
    struct nn_finish rest = *f; // sums have begun with the start
    int32_t sums[4];
    rest.start = 0;
    taps(t, sums);
    nn_finish(&rest, sums, t->count, t->out_step, t->out);
}

void nn_taps_4x4(const struct nn_taps *t, int32_t *sums)
{
    const struct nn_finish zero = {0, 0, 0, 0, 0, 0};
    struct nn_taps one = *t;
    one.finish = &zero;
    for (int32_t c = 0; c < 4; c++, one.w++, sums += 4) {
        taps(&one, sums);
    }
}

// r0 multiplier, r1 sums, r2 offset, r3 step, r4 start, r5 sum, r6 count, r7 lo, r8 hi, r9 down, r10 half, r12 out.
__attribute__((naked)) static void finish_right(const struct nn_finish *f, const int32_t *sums,
                                                int32_t count, int32_t step, int8_t *out)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "mov r6, r2\n"
                     "ldr r12, [sp, #36]\n"
                     "ldm r0, {r4, r5, r8, r9, r10, r11}\n"
                     "mov r0, r5\n"
                     "mov r2, r9\n"
                     "mvn r9, r8\n"
                     "mov r7, r10\n"
                     "mov r8, r11\n"
                     "sub r10, r9, #1\n"
                     "mov r11, #1\n"
                     "lsl r10, r11, r10\n"
                     "sub r11, r8, r7\n"
                     "cmp r11, #255\n"
                     "bne 2f\n"
                     "1: ldr r5, [r1], #4\n"
                     "add r5, r5, r4\n" SCALE("r5") "strb r11, [r12]\n"
                     "add r12, r12, r3\n"
                     "subs r6, r6, #1\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n"
                     "2: ldr r5, [r1], #4\n"
                     "add r5, r5, r4\n" SCALE("r5") "cmp r11, r7\n"
                     "it lt\n"
                     "movlt r11, r7\n"
                     "cmp r11, r8\n"
                     "it gt\n"
                     "movgt r11, r8\n"
                     "strb r11, [r12]\n"
                     "add r12, r12, r3\n"
                     "subs r6, r6, #1\n"
                     "bne 2b\n"
                     "pop {r4-r11, pc}\n");
    (void)f;
    (void)sums;
    (void)count;
    (void)step;
    (void)out;
}

void nn_finish(const struct nn_finish *f, const int32_t *sums, int32_t count, int32_t step,
               int8_t *out)
{
    if (f->shift <= -2 && count > 0) {
        finish_right(f, sums, count, step, out);
        return;
    }
    for (; count > 0; count--, out += step) {
        int32_t y = nn_rescale(nn_wrap_add(*sums++, f->start), f->multiplier, f->shift);
        *out = (int8_t)nn_clamp(nn_wrap_add(y, f->offset), f->lo, f->hi);
    }
}
