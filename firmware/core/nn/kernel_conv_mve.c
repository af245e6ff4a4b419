// CONV_2D on int8 for Helium: four output pixels against four filters at a time. The offset of the inputs, times
// the sum of a filter, joins its bias once.
#include "firmware/core/nn/kernel_mve.h"

#define PIXELS 4

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

// `filters` filters of k weights, one behind the other, against four columns; filter f and column i sum to
// sums[4 * i + f]. The loop predicates its own last turn.
__attribute__((naked)) static void dots(const int8_t *w, int32_t k, const int8_t *const *x, int32_t *sums, int32_t filters)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldr r12, [sp, #36]\n"
                     "1: ldm r2, {r5, r7, r9, r11}\n"
                     "mov r4, #0\n"
                     "mov r6, #0\n"
                     "mov r8, #0\n"
                     "mov r10, #0\n"
                     "dlstp.8 lr, r1\n"
                     "2: vldrb.8 q0, [r0], #16\n"
                     "vldrb.8 q1, [r5], #16\n"
                     "vmladava.s8 r4, q0, q1\n"
                     "vldrb.8 q2, [r7], #16\n"
                     "vmladava.s8 r6, q0, q2\n"
                     "vldrb.8 q3, [r9], #16\n"
                     "vmladava.s8 r8, q0, q3\n"
                     "vldrb.8 q1, [r11], #16\n"
                     "vmladava.s8 r10, q0, q1\n"
                     "letp lr, 2b\n"
                     "str r6, [r3, #16]\n"
                     "str r8, [r3, #32]\n"
                     "str r10, [r3, #48]\n"
                     "str r4, [r3], #4\n"
                     "rsb r4, r1, #0\n" // the last turn went past the filter's end by -k mod 16
                     "and r4, r4, #15\n"
                     "sub r0, r0, r4\n"
                     "subs r12, r12, #1\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
    (void)w;
    (void)k;
    (void)x;
    (void)sums;
    (void)filters;
}

// Four filters (fewer at the end) against the columns of `pixels` pixels.
static void block(const struct nn_conv *p, const int8_t *const *x, int32_t k, int32_t c, int32_t pixels, int8_t *out)
{
    int32_t left = p->g.out_c - c;
    mve_pred16_t lanes = vctp32q((uint32_t)left);
    int32_t sums[4 * PIXELS];
    dots((const int8_t *)p->weights + c * k, k, x, sums, left < 4 ? left : 4);
    int32x4_t first = vldrwq_z_s32((const int32_t *)p->bias + c, lanes);
    int32x4_t multiplier = vldrwq_z_s32(p->multiplier + c, lanes);
    int32x4_t shift = vldrbq_z_s32(p->shift + c, lanes);
    for (int32_t i = 0; i < pixels; i++) {
        int32x4_t y = vaddq_s32(vldrwq_s32(sums + 4 * i), first);
        vstrbq_p_s32(out + i * p->g.out_c, mve_finish(y, multiplier, shift, p->out_offset, p->lo, p->hi), lanes);
    }
}

void nn_conv_i8_mve(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    int32_t pixels = g->out_h * g->out_w;
    int8_t *columns = p->scratch;
    int8_t *out = p->out;
    for (int32_t b = 0; b < g->batches; b++) {
        const int8_t *image = (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c;
        for (int32_t at = 0; at < pixels; at += PIXELS) {
            int32_t n = nn_min32(PIXELS, pixels - at);
            const int8_t *x[PIXELS];
            for (int32_t i = 0; i < PIXELS; i++) {
                int32_t y = (at + i) / g->out_w;
                int32_t xx = (at + i) % g->out_w;
                if (i >= n) {
                    x[i] = x[0];
                } else if (nn_fit_in_place(p)) {
                    x[i] = image + (y * g->stride_h * g->in_w + xx * g->stride_w) * g->in_c;
                } else {
                    gather(p, image, y, xx, columns + i * k);
                    x[i] = columns + i * k;
                }
            }
            for (int32_t c = 0; c < g->out_c; c += 4) {
                block(p, x, k, c, n, out + c);
            }
            out += n * g->out_c;
        }
    }
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_mve(p);
    return (struct nn_choice){fit.fast ? nn_conv_i8_mve : nn_conv_i8_ref, fit.scratch, fit.starts};
}
