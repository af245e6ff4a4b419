// FULLY_CONNECTED on int8 for Cortex-M with the DSP extension.
//
// The input is widened once, then three rows of weights run along it at a time. A long input is taken in
// chunks, with the sums of all outputs kept between them, so that the scratch memory stays small.
#include "firmware/core/nn/kernel_dsp.h"

#define ROWS 3

// What the assembly works on; it knows the offsets.
struct run {
    struct dsp_factor factor; // 0
    int32_t offset;           // 12
    const uint32_t *x;        // 16: widened inputs
    const int32_t *start;     // 20: sums to start from, advanced
    int32_t *sums;            // 24: where sums go, advanced; NULL: to out, scaled
    int8_t *out;              // 28: advanced
    int32_t next;             // 32: from the end of these rows to the next three
    int32_t times;            // 36: how often, at least 1
    uintptr_t entry;          // 40: into the unrolled groups
    const int8_t *w[ROWS];    // 44: rows of weights
};

// Eight weights of one row. r7 to r10 hold the inputs.
#define ROW(pointer, sum)                                                                          \
    "ldmia.w " pointer "!, {r11, r12}\n"                                                           \
    "sxtb16.w lr, r11\n"                                                                           \
    "sxtb16.w r11, r11, ror #8\n"                                                                  \
    "smlad " sum ", lr, r7, " sum "\n"                                                             \
    "smlad " sum ", r11, r8, " sum "\n"                                                            \
    "sxtb16.w lr, r12\n"                                                                           \
    "sxtb16.w r12, r12, ror #8\n"                                                                  \
    "smlad " sum ", lr, r9, " sum "\n"                                                             \
    "smlad " sum ", r12, r10, " sum "\n"
#define GROUP "ldmia.w r3!, {r7-r10}\n" ROW("r0", "r4") ROW("r1", "r5") ROW("r2", "r6")
#define GROUP_BYTES 112 // 28 instructions of 4 bytes
#define GROUPS 8

// Scales and saturates one sum: r7 multiplier, r8 half, r9 down, r10 offset.
#define SCALE(sum)                                                                                 \
    "add r3, r8, " sum ", asr #31\n"                                                               \
    "and lr, " sum ", #0x80000000\n"                                                               \
    "orr lr, lr, #0x40000000\n"                                                                    \
    "smlal lr, r3, " sum ", r7\n"                                                                  \
    "asr r3, r3, r9\n"                                                                             \
    "add r3, r3, r10\n"                                                                            \
    "ssat " sum ", #8, r3\n"

__attribute__((naked, aligned(4))) static void rows(struct run *r, const uint32_t *x_end)
{
    __asm__ volatile("push {r0, r1, r4-r11, lr}\n"
                     "add r12, r0, #44\n"
                     "ldm r12, {r0-r2}\n"
                     "sub r12, r12, #44\n"
                     "1: ldrd r3, r7, [r12, #16]\n"
                     "ldmia r7!, {r4-r6}\n"
                     "str r7, [r12, #20]\n"
                     "ldr pc, [r12, #40]\n"
                     ".balign 4\n"
                     ".global nn_dsp_fc_groups\n"
                     "nn_dsp_fc_groups:\n" GROUP GROUP GROUP GROUP GROUP GROUP GROUP GROUP
                     "ldr r11, [sp, #4]\n"
                     "cmp r3, r11\n"
                     "bne.w nn_dsp_fc_groups\n"
                     "ldr r12, [sp]\n"
                     "ldrd r3, r11, [r12, #24]\n"
                     "cbnz r3, 2f\n"
                     "ldm r12, {r7-r10}\n" SCALE("r4") SCALE("r5") SCALE("r6")
                     "strb r4, [r11], #1\n"
                     "strb r5, [r11], #1\n"
                     "strb r6, [r11], #1\n"
                     "str r11, [r12, #28]\n"
                     "b 3f\n"
                     "2: stmia r3!, {r4-r6}\n"
                     "str r3, [r12, #24]\n"
                     "3: ldrd r3, r4, [r12, #32]\n"
                     "add r0, r0, r3\n"
                     "add r1, r1, r3\n"
                     "add r2, r2, r3\n"
                     "subs r4, r4, #1\n"
                     "str r4, [r12, #36]\n"
                     "bne.w 1b\n"
                     "add sp, sp, #8\n"
                     "pop {r4-r11, pc}\n");
    (void)r;
    (void)x_end;
}
extern const uint8_t nn_dsp_fc_groups[];

// The rows that are left over, one or two of them: run beside themselves, through buffers of their own.
static void last_rows(const struct nn_fc *p, struct run r, int32_t n, int32_t done,
                      const int32_t *start, int32_t *sums, int8_t *out)
{
    int32_t from[ROWS] = {0};
    int32_t to[ROWS];
    int8_t bytes[ROWS];
    int32_t left = p->out_n - done;
    memcpy(from, start + done, (size_t)left * sizeof *from);
    r.w[1] = left > 1 ? r.w[1] : r.w[0];
    r.w[2] = r.w[0];
    r.start = from;
    r.out = bytes;
    r.times = 1;
    r.sums = sums != NULL ? to : NULL;
    rows(&r, r.x + n / 2);
    if (sums != NULL) {
        memcpy(sums + done, to, (size_t)left * sizeof *to);
    } else {
        memcpy(out + done, bytes, (size_t)left);
    }
}

// All rows against inputs [at, at + n), of which x holds the widened ones. sums NULL: out gets the results.
static void all_rows(const struct nn_fc *p, const uint32_t *x, int32_t at, int32_t n,
                     const int32_t *start, int32_t *sums, int8_t *out)
{
    const int8_t *w = (const int8_t *)p->weights + at;
    int32_t full = p->out_n / ROWS * ROWS;
    struct run r = {
        {0, 0, 0}, p->out_offset,      x,           start, sums,
        out,       ROWS * p->in_n - n, full / ROWS, 0,     {w, w + p->in_n, w + 2 * p->in_n}};
    int32_t skip = (GROUPS - n / 8 % GROUPS) % GROUPS;
    r.entry = (uintptr_t)(nn_dsp_fc_groups + skip * GROUP_BYTES) | 1u;
    (void)dsp_unpack(p->multiplier[0], p->shift[0], &r.factor);
    if (full > 0) {
        struct run copy = r;
        rows(&copy, x + n / 2);
    }
    if (full < p->out_n) {
        for (int i = 0; i < ROWS; i++) {
            r.w[i] += (size_t)full * (size_t)p->in_n;
        }
        last_rows(p, r, n, full, start, sums, out);
    }
}

static void finish(const struct nn_fc *p, const int32_t *sums, int8_t *out)
{
    for (int32_t o = 0; o < p->out_n; o++) {
        int32_t q = p->per_channel ? o : 0;
        out[o] = (int8_t)nn_clamp(
            nn_wrap_add(nn_rescale(sums[o], p->multiplier[q], p->shift[q]), p->out_offset), p->lo,
            p->hi);
    }
}

void nn_fc_i8_dsp(const void *params)
{
    const struct nn_fc *p = params;
    int32_t chunk = nn_fc_part(p);
    uint32_t *x = p->scratch;
    int32_t *sums = nn_dsp_keeps_sums(p) ? (int32_t *)(x + chunk / 2) : NULL;
    bool scaled = !p->per_channel && !p->steep;
    uint32_t plus = dsp_pair(p->in_offset);
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t *in = (const int8_t *)p->in + (size_t)b * (size_t)p->in_n;
        int8_t *out = (int8_t *)p->out + (size_t)b * (size_t)p->out_n;
        const int32_t *start = p->bias;
        if (start == NULL) {
            memset(sums, 0, (size_t)p->out_n * sizeof *sums);
            start = sums;
        }
        for (int32_t at = 0; at < p->in_n; at += chunk, start = sums) {
            int32_t n = nn_min32(chunk, p->in_n - at);
            (void)dsp_widen(x, in + at, n / 4, 2, plus);
            all_rows(p, x, at, n, start, scaled && at + n == p->in_n ? NULL : sums, out);
        }
        if (scaled) {
            nn_clamp_i8(out, (size_t)p->out_n, p->lo, p->hi);
        } else {
            finish(p, sums, out);
        }
    }
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    struct nn_fit fit = nn_fit_fc_dsp(p);
    return (struct nn_choice){fit.fast ? nn_fc_i8_dsp : nn_fc_i8_ref, fit.scratch, fit.starts};
}
