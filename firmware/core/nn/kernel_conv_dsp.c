// CONV_2D on int8 for Cortex-M with the DSP extension.
//
// The inputs under four output pixels become four widened columns, interleaved; each filter then runs
// along its bytes once for all four. Padding is a zero after the offset is added. Where the channels are not
// a multiple of four, a column is first gathered as bytes, so that widening always sees whole words.
#include "firmware/core/nn/kernel_dsp.h"

#define COLUMNS NN_DSP_COLUMNS

// Factors and biases of the filters, in the order in which the assembly takes them.
struct filter {
    int32_t bias;
    struct dsp_factor factor;
};
_Static_assert(sizeof(struct filter) == NN_DSP_FILTER_BYTES, "scratch memory follows from it");

struct column {
    const struct nn_conv *p;
    uint32_t *to;   // next word to write
    uint8_t *bytes; // gathered column, NULL where the input is widened in place
    uint32_t plus;  // the input's offset, as a pair
};

static void put_zeros(struct column *c, int32_t count)
{
    if (c->bytes != NULL) {
        memset(c->bytes, -c->p->in_offset, (size_t)count);
        c->bytes += count;
        return;
    }
    for (; count > 0; count -= 4, c->to += 2 * COLUMNS) {
        c->to[0] = 0;
        c->to[1] = 0;
    }
}

static void put(struct column *c, const int8_t *from, int32_t count)
{
    if (c->bytes != NULL) {
        memcpy(c->bytes, from, (size_t)count);
        c->bytes += count;
        return;
    }
    c->to = dsp_widen(c->to, from, count / 4, 2 * COLUMNS, c->plus);
}

// One row of the window: what lies left of the image, inside it, right of it.
static void put_row(struct column *c, const int8_t *row, int32_t x0)
{
    const struct nn_window *g = &c->p->g;
    int32_t left = x0 < 0 ? nn_min32(-x0, g->k_w) : 0;
    int32_t inside = nn_max32(nn_min32(x0 + g->k_w, g->in_w) - x0 - left, 0);
    put_zeros(c, left * g->in_c);
    put(c, row + (size_t)(x0 + left) * (size_t)g->in_c, inside * g->in_c);
    put_zeros(c, (g->k_w - left - inside) * g->in_c);
}

static void put_row_dilated(struct column *c, const int8_t *row, int32_t x0)
{
    const struct nn_window *g = &c->p->g;
    for (int32_t k = 0; k < g->k_w; k++) {
        int32_t x = x0 + k * g->dilation_w;
        if (x < 0 || x >= g->in_w) {
            put_zeros(c, g->in_c);
        } else {
            put(c, row + (size_t)x * (size_t)g->in_c, g->in_c);
        }
    }
}

// Column `which` of the four: the window of output pixel (y, x).
static void fill(const struct nn_conv *p, const int8_t *image, uint32_t *columns, int32_t which,
                 int32_t y, int32_t x)
{
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    uint8_t *bytes = NULL;
    if (g->in_c % 4 != 0) { // behind the factors and the last filter: see unpack
        bytes = (uint8_t *)(columns + COLUMNS * nn_dsp_padded(k) / 2) +
                (size_t)g->out_c * sizeof(struct filter);
        bytes += k % 4 != 0 ? nn_dsp_padded(k) : 0;
    }
    struct column c = {p, columns + 2 * which, bytes, dsp_pair(p->in_offset)};
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        int32_t in_y = y * g->stride_h - g->pad_h + ky * g->dilation_h;
        const int8_t *row = image + (size_t)in_y * (size_t)g->in_w * (size_t)g->in_c;
        if (in_y < 0 || in_y >= g->in_h) {
            put_zeros(&c, g->k_w * g->in_c);
        } else if (g->dilation_w == 1) {
            put_row(&c, row, x * g->stride_w - g->pad_w);
        } else {
            put_row_dilated(&c, row, x * g->stride_w - g->pad_w);
        }
    }
    if (bytes != NULL) {
        memset(c.bytes, -p->in_offset, (size_t)(nn_dsp_padded(k) - k));
        (void)dsp_widen(c.to, (const int8_t *)bytes, nn_dsp_padded(k) / 4, 2 * COLUMNS, c.plus);
    }
}

// What the assembly works on; it knows the offsets.
struct run {
    const int8_t *w;                // 0: weights of the first filter, advanced
    const uint32_t *x, *x_end;      // 4, 8: the four columns
    int8_t *out;                    // 12: first channel of the first pixel, advanced
    int32_t out_step;               // 16: bytes from pixel to pixel
    int32_t offset;                 // 20
    const struct filter *filter_end; // 24
    int32_t over;                   // 28: weights that were read beyond each filter
};

// Four weights, then eight words of columns. r0 weights, r1 columns, r8 to r11 sums.
#define GROUP                                                                                      \
    "ldr r3, [r0], #4\n"                                                                           \
    "ldmia r1!, {r4-r7}\n"                                                                         \
    "sxtb16 r12, r3\n"                                                                             \
    "sxtb16 r3, r3, ror #8\n"                                                                      \
    "smlad r8, r12, r4, r8\n"                                                                      \
    "smlad r9, r12, r6, r9\n"                                                                      \
    "smlad r8, r3, r5, r8\n"                                                                       \
    "smlad r9, r3, r7, r9\n"                                                                       \
    "ldmia r1!, {r4-r7}\n"                                                                         \
    "smlad r10, r12, r4, r10\n"                                                                    \
    "smlad r11, r12, r6, r11\n"                                                                    \
    "smlad r10, r3, r5, r10\n"                                                                     \
    "smlad r11, r3, r7, r11\n"

// r4 multiplier, r5 half, r6 down, r7 offset.
#define SCALE(sum)                                                                                 \
    "add r3, r5, " sum ", asr #31\n"                                                               \
    "and r12, " sum ", #0x80000000\n"                                                              \
    "orr r12, r12, #0x40000000\n"                                                                  \
    "smlal r12, r3, " sum ", r4\n"                                                                 \
    "asr r3, r3, r6\n"                                                                             \
    "add r3, r3, r7\n"                                                                             \
    "ssat " sum ", #8, r3\n"

// The sums are stored from the last pixel to the first, so that with a step of 0 the first one stays.
__attribute__((naked)) static void filters(struct run *r, const struct filter *f)
{
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "mov lr, r1\n"
                     "mov r12, r0\n"
                     "ldr r0, [r12]\n"
                     "ldr r2, [r12, #8]\n"
                     "1: ldr r8, [lr], #4\n"
                     "ldr r1, [r12, #4]\n"
                     "mov r9, r8\n"
                     "mov r10, r8\n"
                     "mov r11, r8\n"
                     "sub r3, r2, r1\n"
                     "lsls r3, r3, #26\n" // bit 5: an odd number of groups of 32 bytes
                     "bpl 2f\n" GROUP "cmp r1, r2\n"
                     "beq 3f\n"
                     "2:\n" GROUP GROUP "cmp r1, r2\n"
                     "bne 2b\n"
                     "3: ldr r1, [sp]\n"
                     "ldr r7, [r1, #20]\n"
                     "ldmia lr!, {r4-r6}\n" SCALE("r8") SCALE("r9") SCALE("r10") SCALE("r11")
                     "mov r12, r1\n"
                     "ldr r3, [r12, #12]\n"
                     "ldr r1, [r12, #16]\n"
                     "add r4, r3, r1, lsl #1\n"
                     "strb r11, [r4, r1]\n"
                     "strb r10, [r4]\n"
                     "strb r9, [r3, r1]\n"
                     "strb r8, [r3], #1\n"
                     "str r3, [r12, #12]\n"
                     "ldrd r3, r4, [r12, #24]\n"
                     "sub r0, r0, r4\n"
                     "cmp lr, r3\n"
                     "bne 1b\n"
                     "pop {r0, r4-r11, pc}\n");
    (void)r;
    (void)f;
}

// Every filter against four columns; the pixels lie `step` bytes from each other in the output.
static void columns(const struct nn_conv *p, const uint32_t *x, const struct filter *f, int8_t *out,
                    int32_t step)
{
    int32_t k = p->g.k_h * p->g.k_w * p->g.in_c;
    int32_t count = p->g.out_c;
    int32_t odd = k % 4;
    // Filters run into the next one where columns are zero; the last one has no next: it is copied.
    int32_t inner = odd == 0 ? count : count - 1;
    struct run r = {
        p->weights,   x, x + COLUMNS * nn_dsp_padded(k) / 2, out, step, p->out_offset, f + inner,
        (4 - odd) % 4};
    if (inner > 0) {
        filters(&r, f);
    }
    if (odd != 0) {
        int8_t *last = (int8_t *)(uintptr_t)(f + count);
        r.w = last;
        r.out = out + inner;
        r.filter_end = f + count;
        filters(&r, f + inner);
    }
}

// Scratch: columns, factors, then, where k is odd to four, the last filter with zeros behind it, and the bytes of
// a column that is being gathered.
static struct filter *unpack(const struct nn_conv *p)
{
    int32_t k = p->g.k_h * p->g.k_w * p->g.in_c;
    const int32_t *bias = p->bias;
    struct filter *f = (struct filter *)((uint32_t *)p->scratch + COLUMNS * nn_dsp_padded(k) / 2);
    for (int32_t c = 0; c < p->g.out_c; c++) {
        f[c].bias = bias != NULL ? bias[c] : 0;
        (void)dsp_unpack(p->multiplier[c], p->shift[c], &f[c].factor);
    }
    if (k % 4 != 0) {
        int8_t *last = (int8_t *)(f + p->g.out_c);
        memset(last, 0, (size_t)nn_dsp_padded(k));
        memcpy(last, (const int8_t *)p->weights + (size_t)(p->g.out_c - 1) * (size_t)k, (size_t)k);
    }
    return f;
}

void nn_conv_i8_dsp(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    const struct filter *f = unpack(p);
    int8_t *out = p->out;
    int32_t pixels = g->out_h * g->out_w;
    int32_t together =
        pixels >= COLUMNS ? COLUMNS : 1; // fewer than four are taken singly, in all four columns
    for (int32_t b = 0; b < g->batches; b++, out += pixels * g->out_c) {
        const int8_t *image =
            (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c);
        for (int32_t at = 0; at < pixels; at += together) {
            int32_t first =
                nn_min32(at, pixels - together); // the last four may overlap those before
            for (int32_t i = 0; i < together; i++) {
                fill(p, image, p->scratch, i, (first + i) / g->out_w, (first + i) % g->out_w);
            }
            columns(p, p->scratch, f, out + first * g->out_c, together == 1 ? 0 : g->out_c);
        }
    }
    nn_clamp_i8(p->out, (size_t)(out - (int8_t *)p->out), p->lo, p->hi);
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_dsp(p);
    return (struct nn_choice){fit.fast ? nn_conv_i8_dsp : nn_conv_i8_ref, fit.scratch, fit.starts};
}
