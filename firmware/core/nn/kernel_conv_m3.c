// CONV_2D on int8 for Cortex-M3: two filters against three columns at a time, so that five loads serve six
// multiply-adds. The offset of the inputs has joined the filters' starts.
#include "firmware/core/nn/nn_dots.h"

#define COLUMNS 3

// What the assembly works on; it knows the offsets.
struct run {
    const int8_t *x;           // 0: the first column
    const int8_t *w;           // 4: weights of the first filter, advanced
    int32_t pitch;             // 8: bytes from column to column
    int32_t k;                 // 12
    const int32_t *start;      // 16, advanced
    const int32_t *multiplier; // 20, advanced
    const int8_t *shift;       // 24, advanced
    int32_t pairs;             // 28: of filters, at least 1
    int8_t *out;               // 32: advanced
    int32_t step;              // 36: bytes from pixel to pixel
    int32_t offset;            // 40
};

// r0 x, r1 w, r2 pitch, r3 k; sums of the first filter in r4 to r6, of the second in r7 to r9.
#define STEP                                                                                       \
    "ldrsb r11, [r1, r3]\n"                                                                        \
    "ldrsb r10, [r1], #1\n"                                                                        \
    "ldrsb r12, [r0, r2]\n"                                                                        \
    "mla r5, r10, r12, r5\n"                                                                       \
    "mla r8, r11, r12, r8\n"                                                                       \
    "ldrsb r12, [r0, r2, lsl #1]\n"                                                                \
    "mla r6, r10, r12, r6\n"                                                                       \
    "mla r9, r11, r12, r9\n"                                                                       \
    "ldrsb r12, [r0], #1\n"                                                                        \
    "mla r4, r10, r12, r4\n"                                                                       \
    "mla r7, r11, r12, r7\n"

// nn_rescale_right of one sum, saturated and stored: r0 multiplier, r1 down, r2 half, r3 offset.
#define SCALE(sum, to)                                                                             \
    "add r11, r2, " sum ", asr #31\n"                                                              \
    "and lr, " sum ", #0x80000000\n"                                                               \
    "orr lr, lr, #0x40000000\n"                                                                    \
    "smlal lr, r11, " sum ", r0\n"                                                                 \
    "asr r11, r11, r1\n"                                                                           \
    "add r11, r11, r3\n"                                                                           \
    "ssat r11, #8, r11\n"                                                                          \
    "strb r11, " to "\n"
// The next filter's factor; r12 the struct.
#define FACTOR                                                                                     \
    "ldrd r11, lr, [r12, #20]\n"                                                                   \
    "ldr r0, [r11], #4\n"                                                                          \
    "ldrsb r1, [lr], #1\n"                                                                         \
    "strd r11, lr, [r12, #20]\n"                                                                   \
    "mvn r1, r1\n"                                                                                 \
    "sub r11, r1, #1\n"                                                                            \
    "mov r2, #1\n"                                                                                 \
    "lsl r2, r2, r11\n"

__attribute__((naked)) static void pairs(struct run *r)
{
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "1: ldr r12, [sp]\n"
        "ldm r12, {r0-r3, r11}\n"
        "ldr r4, [r11], #4\n"
        "ldr r7, [r11], #4\n"
        "str r11, [r12, #16]\n"
        "mov r5, r4\n"
        "mov r6, r4\n"
        "mov r8, r7\n"
        "mov r9, r7\n"
        "ands lr, r3, #7\n"
        "add lr, lr, r1\n"
        "beq 3f\n"
        "2:\n" STEP "cmp r1, lr\n"
        "bne 2b\n"
        "3: bic r10, r3, #7\n"
        "adds lr, lr, r10\n"
        "b 5f\n"
        "4:\n" STEP STEP STEP STEP STEP STEP STEP STEP "5: cmp r1, lr\n"
        "bne.w 4b\n"
        "ldr r12, [sp]\n"
        "add r1, r1, r3\n"
        "str r1, [r12, #4]\n"
        "ldr r10, [r12, #32]\n"
        "ldr r3, [r12, #40]\n" FACTOR
        "ldr r12, [r12, #36]\n" SCALE("r4", "[r10]") SCALE("r5", "[r10, r12]") SCALE(
            "r6", "[r10, r12, lsl #1]") "adds r10, #1\n"
                                        "ldr r12, [sp]\n" FACTOR "ldr r12, [r12, #36]\n" SCALE(
                                            "r7", "[r10]") SCALE("r8", "[r10, r12]")
                                            SCALE("r9",
                                                  "[r10, r12, lsl #1]") "adds r10, #1\n"
                                                                        "ldr r12, [sp]\n"
                                                                        "ldrd r0, r1, [r12, #28]\n"
                                                                        "subs r0, r0, #1\n"
                                                                        "strd r0, r10, [r12, #28]\n"
                                                                        "bne.w 1b\n"
                                                                        "pop {r0, r4-r11, pc}\n");
    (void)r;
}

// Where the columns lie behind each other in the input itself.
static bool in_place(const struct nn_window *g)
{
    return g->k_h * g->k_w == 1 && g->pad_h == 0 && g->pad_w == 0 && g->stride_h == 1 &&
           g->stride_w == 1;
}

// Every filter against three columns.
static void columns(const struct nn_conv *p, const int8_t *x, int32_t pitch, int8_t *out,
                    int32_t step)
{
    int32_t k = p->g.k_h * p->g.k_w * p->g.in_c;
    int32_t count = p->g.out_c;
    struct run r = {x,        p->weights, pitch, k,    p->bias,      p->multiplier,
                    p->shift, count / 2,  out,   step, p->out_offset};
    pairs(&r);
    if (count % 2 != 0) { // the last filter, with the one before it once more
        int32_t at = count - 2;
        r = (struct run){x,
                         (const int8_t *)p->weights + at * k,
                         pitch,
                         k,
                         (const int32_t *)p->bias + at,
                         p->multiplier + at,
                         p->shift + at,
                         1,
                         out + at,
                         step,
                         p->out_offset};
        pairs(&r);
    }
}

void nn_conv_i8_plain(const void *params)
{
    const struct nn_conv *p = params;
    if (p->steep || p->g.out_c < 2) {
        nn_conv_i8_2x2(params);
        return;
    }
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    int32_t pixels = g->out_h * g->out_w;
    int32_t together =
        pixels >= COLUMNS ? COLUMNS : 1; // fewer are taken singly, in all three columns
    int8_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++, out += pixels * g->out_c) {
        const int8_t *image = (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c;
        for (int32_t at = 0; at < pixels; at += together) {
            int32_t first =
                nn_min32(at, pixels - together); // the last three may overlap those before
            const int8_t *x = image + first * k;
            if (!in_place(g)) {
                x = p->scratch;
                for (int32_t i = 0; i < together; i++) {
                    nn_gather(p, image, (first + i) / g->out_w, (first + i) % g->out_w,
                              (int8_t *)p->scratch + i * k);
                }
            }
            columns(p, x, together == 1 ? 0 : k, out + first * g->out_c,
                    together == 1 ? 0 : g->out_c);
        }
    }
    nn_clamp_i8(p->out, (size_t)(out - (int8_t *)p->out), p->lo, p->hi);
}
