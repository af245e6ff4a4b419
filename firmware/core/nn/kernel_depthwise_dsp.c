// DEPTHWISE_CONV_2D on int8 for Cortex-M with the DSP extension: windows of three by three without dilation,
// depth multiplier 1, channels by fours. Everything else runs kernel_depthwise_runs.c.
//
// For four channels, the three input rows under an output row are widened into a ring of rows with a zero at
// either end; every output pixel is then alike, edges included.
#include "firmware/core/nn/kernel_dsp.h"
#include "firmware/core/nn/kernel_depthwise_runs.h"

#define K NN_DSP_WINDOW

// What the assembly works on; it knows the offsets.
struct run {
    const uint32_t *row[K];      // 0: widened rows, advanced
    int8_t *out;                 // 12: advanced
    int32_t count;               // 16: pixels, at least 1
    int32_t in_step,
        out_step; // 20, 24: bytes from pixel to pixel; the output's less the four written
    const uint32_t *weights;     // 28: of each tap the pairs of channels (0, 2) and (1, 3)
    int32_t offset;              // 32
    int32_t start[4];            // 36: sums to start from
    struct dsp_factor factor[4]; // 52
};

// One tap: r8, r9 the input's pairs, even and odd the weights'.
#define TAP(row, at, even, odd)                                                                    \
    "ldrd r8, r9, [" row ", #" at "]\n"                                                            \
    "smlabb r4, r8, " even ", r4\n"                                                                \
    "smlatt r6, r8, " even ", r6\n"                                                                \
    "smlabb r5, r9, " odd ", r5\n"                                                                 \
    "smlatt r7, r9, " odd ", r7\n"
#define TWO "ldmia r3!, {r10, r11, r12, lr}\n"

// Scales one sum and stores it: r3 factors, r12 output, lr offset.
#define STORE(sum)                                                                                 \
    "ldmia r3!, {r8, r9, r10}\n"                                                                   \
    "add r9, r9, " sum ", asr #31\n"                                                               \
    "and r11, " sum ", #0x80000000\n"                                                              \
    "orr r11, r11, #0x40000000\n"                                                                  \
    "smlal r11, r9, " sum ", r8\n"                                                                 \
    "asr r9, r9, r10\n"                                                                            \
    "add r9, r9, lr\n"                                                                             \
    "ssat r9, #8, r9\n"                                                                            \
    "strb r9, [r12], #1\n"

__attribute__((naked)) static void pixels(struct run *r)
{
    __asm__ volatile(
        "push {r0, r4-r11, lr}\n"
        "ldm r0, {r0-r2}\n"
        "1: ldr r3, [sp]\n"
        "add r12, r3, #36\n"
        "ldm r12, {r4-r7}\n"
        "ldr r3, [r3, #28]\n" TWO TAP("r0", "0", "r10", "r11") TAP("r0", "8", "r12", "lr") TWO TAP(
            "r0", "16", "r10", "r11") TAP("r1", "0", "r12", "lr") TWO TAP("r1", "8", "r10", "r11")
            TAP("r1", "16", "r12", "lr") TWO TAP("r2", "0", "r10", "r11")
                TAP("r2", "8", "r12", "lr") "ldm r3, {r10, r11}\n" TAP(
                    "r2", "16", "r10", "r11") "ldr r3, [sp]\n"
                                              "ldr r12, [r3, #12]\n"
                                              "ldr lr, [r3, #32]\n"
                                              "adds r3, #52\n" STORE("r4") STORE("r5") STORE("r6")
                                                  STORE("r7") "ldr r3, [sp]\n"
                                                              "ldr r4, [r3, #16]\n"
                                                              "ldr r5, [r3, #20]\n"
                                                              "ldr r6, [r3, #24]\n"
                                                              "add r0, r0, r5\n"
                                                              "add r1, r1, r5\n"
                                                              "add r2, r2, r5\n"
                                                              "add r12, r12, r6\n"
                                                              "str r12, [r3, #12]\n"
                                                              "subs r4, r4, #1\n"
                                                              "str r4, [r3, #16]\n"
                                                              "bne 1b\n"
                                                              "pop {r0, r4-r11, pc}\n");
    (void)r;
}

static void widen_row(const struct nn_conv *p, uint32_t *to, const int8_t *from)
{
    const struct nn_window *g = &p->g;
    uint32_t plus = dsp_pair(p->in_offset);
    int32_t step = g->in_c;
    to += 2 * g->pad_w;
    for (int32_t x = 0; x < g->in_w; x++, from += step, to += 2) {
        uint32_t four = dsp_load(from);
        to[0] = dsp_even(four, plus);
        to[1] = dsp_odd(four, plus);
    }
}

// Four channels of one image.
static void image(const struct nn_conv *p, struct run *r, const int8_t *in, int8_t *out)
{
    const struct nn_window *g = &p->g;
    uint32_t *ring = p->scratch;
    int32_t words = nn_dsp_row_words(g);
    int32_t next = -g->pad_h; // input row that is widened next
    memset(ring, 0, (size_t)words * K * sizeof *ring);
    for (int32_t y = 0; y < g->out_h; y++) {
        int32_t top = y * g->stride_h - g->pad_h;
        for (next = nn_max32(next, top); next < top + K; next++) {
            uint32_t *row = ring + (next + K) % K * words;
            if (next >= 0 && next < g->in_h) {
                widen_row(p, row, in + (size_t)next * (size_t)g->in_w * (size_t)g->in_c);
            } else {
                memset(row, 0, (size_t)words * sizeof *row);
            }
        }
        for (int32_t k = 0; k < K; k++) {
            r->row[k] = ring + (top + k + K) % K * words;
        }
        r->out = out + (size_t)y * (size_t)g->out_w * (size_t)g->out_c;
        r->count = g->out_w;
        pixels(r);
    }
}

void nn_depthwise_i8_dsp(const void *params)
{
    const struct nn_conv *p = params;
    if (!nn_dsp_ring(p)) {
        nn_depthwise_i8_runs(params);
        return;
    }
    const struct nn_window *g = &p->g;
    const int32_t *bias = p->bias;
    size_t out_bytes = (size_t)g->out_h * (size_t)g->out_w * (size_t)g->out_c;
    for (int32_t c = 0; c < g->out_c; c += 4) {
        uint32_t weights[2 * K * K];
        struct run r = {{NULL, NULL, NULL}, NULL,         0,
                        8 * g->stride_w,    g->out_c - 4, weights,
                        p->out_offset,      {0},          {{0, 0, 0}}};
        for (int32_t t = 0; t < K * K; t++) {
            uint32_t four = dsp_load((const int8_t *)p->weights + t * g->out_c + c);
            weights[2 * t] = dsp_even(four, 0);
            weights[2 * t + 1] = dsp_odd(four, 0);
        }
        for (int32_t i = 0; i < 4; i++) {
            r.start[i] = bias != NULL ? bias[c + i] : 0;
            (void)dsp_unpack(p->multiplier[c + i], p->shift[c + i], &r.factor[i]);
        }
        for (int32_t b = 0; b < g->batches; b++) {
            image(p, &r,
                  (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c) + c,
                  (int8_t *)p->out + (size_t)b * out_bytes + c);
        }
    }
    nn_clamp_i8(p->out, out_bytes * (size_t)g->batches, p->lo, p->hi);
}

struct nn_choice nn_choose_depthwise_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_depthwise_dsp(p);
    return (struct nn_choice){fit.fast ? nn_depthwise_i8_dsp : nn_depthwise_i8_ref, fit.scratch,
                              fit.starts};
}
