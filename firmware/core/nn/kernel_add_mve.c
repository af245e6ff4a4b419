// ADD and SUB on int8 for Helium, four at a time.
#include "firmware/core/nn/kernel_mve.h"
#include "firmware/core/nn/nn_binary.h"

// What turns an input into a number on the common scale.
struct side {
    int32_t left, multiplier, right;
};
// What the assembly works on; it knows the offsets.
struct sum {
    const int8_t *a, *b;              // 0
    int8_t *out;                      // 8
    struct side sa, sb;               // 12, 24
    int32_t multiplier, right, offset; // 36: of the output
    int32_t count;                    // 48
    int32_t a_offset, b_offset, sign; // 52
    int32_t lo, hi;                   // 64
};

// A factor to the right, or of exactly one half (that of the input with the larger scale): by one bit more to the left and
// one to the right, where both roundings have nothing to round.
static bool side_of(struct nn_scale q, struct side *s)
{
    bool half = q.shift == 0 && q.multiplier == 1 << 30;
    *s = (struct side){NN_ADD_SHIFT + half, q.multiplier, half ? -1 : q.shift};
    return half || q.shift < 0;
}

// vrshl rounds halves up; what is subtracted from negative numbers turns that into away from zero.
#define RIGHT(q, tmp, shift)                                                                       \
    "vshr.s32 " tmp ", " q ", #31\n"                                                               \
    "vadd.i32 " q ", " q ", " tmp "\n"                                                             \
    "vrshl.s32 " q ", " shift "\n"

// q3 and q4 bounds, q5 and q6 offsets of the inputs, q7 the sign of the second one.
__attribute__((naked)) static void add(const struct sum *s)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "vpush {d8-d15}\n"
                     "mov r12, r0\n"
                     "ldrd r0, r1, [r12, #64]\n"
                     "vdup.32 q3, r0\n"
                     "vdup.32 q4, r1\n"
                     "ldrd r0, r1, [r12, #52]\n"
                     "vdup.32 q5, r0\n"
                     "vdup.32 q6, r1\n"
                     "ldr r0, [r12, #60]\n"
                     "vdup.32 q7, r0\n"
                     "ldr lr, [r12, #48]\n"
                     "ldm r12, {r0-r11}\n"
                     "mov r12, lr\n"
                     "wlstp.32 lr, r12, 2f\n"
                     "1: vldrb.s32 q0, [r0], #4\n"
                     "vldrb.s32 q1, [r1], #4\n"
                     "vadd.i32 q0, q0, q5\n"
                     "vshl.s32 q0, r3\n"
                     "vqrdmulh.s32 q0, q0, r4\n" RIGHT("q0", "q2", "r5")
                     "vadd.i32 q1, q1, q6\n"
                     "vshl.s32 q1, r6\n"
                     "vqrdmulh.s32 q1, q1, r7\n" RIGHT("q1", "q2", "r8")
                     "vmul.i32 q1, q1, q7\n"
                     "vadd.i32 q0, q0, q1\n"
                     "vqrdmulh.s32 q0, q0, r9\n" RIGHT("q0", "q2", "r10")
                     "vadd.i32 q0, q0, r11\n"
                     "vmax.s32 q0, q0, q3\n"
                     "vmin.s32 q0, q0, q4\n"
                     "vstrb.32 q0, [r2], #4\n"
                     "letp lr, 1b\n"
                     "2: vpop {d8-d15}\n"
                     "pop {r4-r11, pc}\n");
    (void)s;
}

void nn_add_i8_mve(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n,
                   int32_t stride_a, int32_t stride_b)
{
    struct sum s = {a,
                    b,
                    out,
                    {0, 0, 0},
                    {0, 0, 0},
                    p->qo.multiplier,
                    p->qo.shift,
                    p->out_offset,
                    n,
                    p->a_offset,
                    p->b_offset,
                    p->second ? -1 : 1,
                    p->range.i[0],
                    p->range.i[1]};
    if (!side_of(p->qa, &s.sa) || !side_of(p->qb, &s.sb) || p->qo.shift >= 0 || stride_a != 1 ||
        stride_b != 1) {
        nn_add_i8_ref(p, a, b, out, n, stride_a, stride_b);
        return;
    }
    add(&s);
}

nn_binary_run nn_choose_add_i8(void)
{
    return nn_add_i8_mve;
}
