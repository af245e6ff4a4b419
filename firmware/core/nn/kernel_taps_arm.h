// The loop of depthwise windows in Thumb-2, for Cortex-M3 and for Cortex-M with the DSP extension: a weight, then four
// inputs with a multiply-add each.
#ifndef MOTE_NN_KERNEL_TAPS_ARM_H
#define MOTE_NN_KERNEL_TAPS_ARM_H

#include "firmware/core/nn/kernel_depthwise_runs.h"

// One tap: r0 x, r1 w, r2 and r3 their steps, r4 to r7 sums, r8 and r9 once and three times the way from output to output.
#define TAP                                                                                        \
    "ldrsb r10, [r1]\n"                                                                            \
    "ldrsb r11, [r0]\n"                                                                            \
    "add r1, r1, r3\n"                                                                             \
    "mla r4, r10, r11, r4\n"                                                                       \
    "ldrsb r11, [r0, r8]\n"                                                                        \
    "mla r5, r10, r11, r5\n"                                                                       \
    "ldrsb r11, [r0, r8, lsl #1]\n"                                                                \
    "mla r6, r10, r11, r6\n"                                                                       \
    "ldrsb r11, [r0, r9]\n"                                                                        \
    "mla r7, r10, r11, r7\n"                                                                       \
    "add r0, r0, r2\n"
#define NEXT_LINE                                                                                  \
    "ldrd r10, r11, [r12, #28]\n"                                                                  \
    "add r0, r0, r10\n"                                                                            \
    "add r1, r1, r11\n"

// All taps: r12 struct nn_taps, whose offsets it knows; the number of lines on top of the stack, which becomes 0.
#define TAPS                                                                                       \
    "4: ldr lr, [r12, #12]\n"                                                                      \
    "lsrs r10, lr, #1\n"                                                                           \
    "bcc 5f\n" TAP "subs lr, lr, #1\n"                                                             \
    "beq 6f\n"                                                                                     \
    "5:\n" TAP TAP "subs lr, lr, #2\n"                                                             \
    "bne 5b\n"                                                                                     \
    "6:\n" NEXT_LINE "ldr r10, [sp]\n"                                                             \
    "subs r10, r10, #1\n"                                                                          \
    "str r10, [sp]\n"                                                                              \
    "bne 4b\n"

#endif
