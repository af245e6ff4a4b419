// CONV_2D on int8 for Helium: three output pixels against two filters at a time, so that five loads serve six
// VMLADAVA. The offset of the inputs, times the sum of a filter, joins its bias once.
#include "firmware/core/nn/kernel_mve.h"

#define PIXELS NN_MVE_COLUMNS

// One row of the window: what lies left of the image, inside it, right of it.
static int8_t *put_row(const struct nn_conv *p, const int8_t *row, int32_t x0, int8_t *to)
{
    const struct nn_window *g = &p->g;
    if (x0 >= 0 && x0 + g->k_w <= g->in_w) {
        mve_copy(to, row + x0 * g->in_c, g->k_w * g->in_c);
        return to + g->k_w * g->in_c;
    }
    int32_t left = x0 < 0 ? nn_min32(-x0, g->k_w) : 0;
    int32_t inside = nn_max32(nn_min32(x0 + g->k_w, g->in_w) - x0 - left, 0);
    mve_fill(to, (int8_t)-p->in_offset, left * g->in_c);
    to += left * g->in_c;
    mve_copy(to, row + (x0 + left) * g->in_c, inside * g->in_c);
    to += inside * g->in_c;
    int32_t right = g->k_w - left - inside;
    mve_fill(to, (int8_t)-p->in_offset, right * g->in_c);
    return to + right * g->in_c;
}

static void gather(const struct nn_conv *p, const int8_t *image, int32_t y, int32_t x, int8_t *to)
{
    const struct nn_window *g = &p->g;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        int32_t in_y = y * g->stride_h - g->pad_h + ky * g->dilation_h;
        int32_t x0 = x * g->stride_w - g->pad_w;
        const int8_t *row = image + in_y * g->in_w * g->in_c;
        if (in_y < 0 || in_y >= g->in_h) {
            mve_fill(to, (int8_t)-p->in_offset, g->k_w * g->in_c);
            to += g->k_w * g->in_c;
        } else if (g->dilation_w == 1) {
            to = put_row(p, row, x0, to);
        } else {
            for (int32_t kx = 0; kx < g->k_w; kx++, to += g->in_c) {
                int32_t at = x0 + kx * g->dilation_w;
                if (at < 0 || at >= g->in_w) {
                    mve_fill(to, (int8_t)-p->in_offset, g->in_c);
                } else {
                    mve_copy(to, row + at * g->in_c, g->in_c);
                }
            }
        }
    }
}

// What the assembly works on; it knows the offsets.
struct run {
    const int8_t *w;           // 0: weights of the first filter, advanced
    int32_t k;                 // 4
    const int8_t *x[PIXELS];   // 8: columns
    const int32_t *start;      // 20, advanced
    const int32_t *multiplier; // 24, advanced
    const int8_t *shift;       // 28, advanced
    int8_t *out;               // 32, advanced
    int32_t step;              // 36: bytes from pixel to pixel
    int32_t offset;            // 40
    int32_t blocks;            // 44: of four filters, at least 1
    int32_t lo, hi;            // 48, 52
    int32_t sums[4 * PIXELS];  // 56: of each pixel the four filters
};

// Filters at r1 and r3 against the three columns: sums of pixel i in r(4i) and r(4i + 2). r11 the struct, r12 k. The
// loop predicates its own last turn.
#define PAIR(sums0, sums1, sums2)                                                                  \
    "add r3, r1, r12\n"                                                                            \
    "ldr r5, [r11, #8]\n"                                                                          \
    "ldrd r7, r9, [r11, #12]\n"                                                                    \
    "mov r0, #0\n"                                                                                 \
    "mov r2, #0\n"                                                                                 \
    "mov r4, #0\n"                                                                                 \
    "mov r6, #0\n"                                                                                 \
    "mov r8, #0\n"                                                                                 \
    "mov r10, #0\n"                                                                                \
    "dlstp.8 lr, r12\n"                                                                            \
    "2: vldrb.8 q0, [r1], #16\n"                                                                   \
    "vldrb.8 q2, [r5], #16\n"                                                                      \
    "vmladava.s8 r0, q0, q2\n"                                                                     \
    "vldrb.8 q1, [r3], #16\n"                                                                      \
    "vmladava.s8 r2, q1, q2\n"                                                                     \
    "vldrb.8 q2, [r7], #16\n"                                                                      \
    "vmladava.s8 r4, q0, q2\n"                                                                     \
    "vmladava.s8 r6, q1, q2\n"                                                                     \
    "vldrb.8 q2, [r9], #16\n"                                                                      \
    "vmladava.s8 r8, q0, q2\n"                                                                     \
    "vmladava.s8 r10, q1, q2\n"                                                                    \
    "letp lr, 2b\n"                                                                                \
    "strd r0, r2, [r11, #" sums0 "]\n"                                                             \
    "strd r4, r6, [r11, #" sums1 "]\n"                                                             \
    "strd r8, r10, [r11, #" sums2 "]\n"

// Four filters of one pixel: q3 starts, q4 multipliers, q5 shifts (to the right), r6 offset; see mve_rescale_right.
#define SCALE(sums, to)                                                                            \
    "vldrw.u32 q0, [r11, #" sums "]\n"                                                             \
    "vadd.i32 q0, q0, q3\n"                                                                        \
    "vqrdmulh.s32 q0, q0, q4\n"                                                                    \
    "vshr.s32 q1, q0, #31\n"                                                                       \
    "vadd.i32 q0, q0, q1\n"                                                                        \
    "vrshl.s32 q0, q0, q5\n"                                                                       \
    "vadd.i32 q0, q0, r6\n"                                                                        \
    "vmax.s32 q0, q0, q6\n"                                                                        \
    "vmin.s32 q0, q0, q7\n"                                                                        \
    "vstrb.32 q0, [" to "]\n"

__attribute__((naked)) static void blocks(struct run *r)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "vpush {d8-d15}\n"
        "mov r11, r0\n"
        "ldr r12, [r11, #4]\n"
        "ldrd r0, r2, [r11, #48]\n"
        "vdup.32 q6, r0\n"
        "vdup.32 q7, r2\n"
        "1: ldr r1, [r11]\n" PAIR(
            "56", "72", "88") "ldr r1, [r11]\n"
                              "add r1, r1, r12, lsl #1\n" PAIR(
                                  "64", "80", "96") "ldr r1, [r11]\n"
                                                    "add r1, r1, r12, lsl #2\n"
                                                    "str r1, [r11]\n"
                                                    "add r4, r11, #20\n"
                                                    "ldm r4, {r0-r3}\n"
                                                    "ldrd r5, r6, [r11, #36]\n"
                                                    "vldrw.u32 q3, [r0], #16\n"
                                                    "vldrw.u32 q4, [r1], #16\n"
                                                    "vldrb.s32 q5, [r2], #4\n"
                                                    "adds r7, r3, r5\n" SCALE("56", "r3")
                                                        SCALE("72", "r7") "adds r7, r7, r5\n" SCALE(
                                                            "88", "r7") "adds r3, #4\n"
                                                                        "stm r4, {r0-r3}\n"
                                                                        "ldr r0, [r11, #44]\n"
                                                                        "subs r0, r0, #1\n"
                                                                        "str r0, [r11, #44]\n"
                                                                        "bne 1b\n"
                                                                        "vpop {d8-d15}\n"
                                                                        "pop {r4-r11, pc}\n");
    (void)r;
}

// Every filter against three columns. The last four filters may overlap those before.
static void columns(const struct nn_conv *p, const int8_t *const *x, int8_t *out, int32_t step)
{
    int32_t k = p->g.k_h * p->g.k_w * p->g.in_c;
    int32_t count = p->g.out_c;
    struct run r;
    r.k = k;
    memcpy(r.x, x, sizeof r.x);
    r.step = step;
    r.offset = p->out_offset;
    r.lo = p->lo;
    r.hi = p->hi;
    r.w = p->weights;
    r.start = p->bias;
    r.multiplier = p->multiplier;
    r.shift = p->shift;
    r.out = out;
    r.blocks = count / 4;
    blocks(&r);
    if (count % 4 != 0) {
        int32_t at = count - 4;
        r.w = (const int8_t *)p->weights + at * k;
        r.start = (const int32_t *)p->bias + at;
        r.multiplier = p->multiplier + at;
        r.shift = p->shift + at;
        r.out = out + at;
        r.blocks = 1;
        blocks(&r);
    }
}

void nn_conv_i8_mve(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    int32_t pixels = g->out_h * g->out_w;
    int32_t together =
        pixels >= PIXELS ? PIXELS : 1; // fewer are taken singly, in all three columns
    int8_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++, out += pixels * g->out_c) {
        const int8_t *image = (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c;
        for (int32_t at = 0; at < pixels; at += together) {
            int32_t first =
                nn_min32(at, pixels - together); // the last three may overlap those before
            const int8_t *x[PIXELS];
            int32_t yy = first / g->out_w;
            int32_t xx = first - yy * g->out_w;
            for (int32_t i = 0; i < PIXELS; i++) {
                if (i >= together) {
                    x[i] = x[0];
                } else if (nn_fit_in_place(p)) {
                    x[i] = image + (yy * g->stride_h * g->in_w + xx * g->stride_w) * g->in_c;
                } else {
                    gather(p, image, yy, xx, (int8_t *)p->scratch + i * k);
                    x[i] = (int8_t *)p->scratch + i * k;
                }
                if (++xx == g->out_w) {
                    xx = 0;
                    yy++;
                }
            }
            columns(p, x, out + first * g->out_c, together == 1 ? 0 : g->out_c);
        }
    }
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_mve(p);
    return (struct nn_choice){fit.fast ? nn_conv_i8_mve : nn_conv_i8_ref, fit.scratch, fit.starts};
}
