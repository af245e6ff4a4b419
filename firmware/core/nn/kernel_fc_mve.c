// FULLY_CONNECTED on int8 for Helium: four rows of weights at a time.
#include "firmware/core/nn/kernel_mve.h"

// Sums of products of four rows with x; rows may repeat.
static inline int32x4_t rows(const int8_t *const *r, const int8_t *x, int32_t k)
{
    const int8_t *w0 = r[0];
    const int8_t *w1 = r[1];
    const int8_t *w2 = r[2];
    const int8_t *w3 = r[3];
    int32_t a[4] = {0, 0, 0, 0};
    for (int32_t n = k / 16; n > 0; n--, w0 += 16, w1 += 16, w2 += 16, w3 += 16, x += 16) {
        int8x16_t in = vldrbq_s8(x);
        a[0] = vmladavaq_s8(a[0], in, vldrbq_s8(w0));
        a[1] = vmladavaq_s8(a[1], in, vldrbq_s8(w1));
        a[2] = vmladavaq_s8(a[2], in, vldrbq_s8(w2));
        a[3] = vmladavaq_s8(a[3], in, vldrbq_s8(w3));
    }
    if (k % 16 != 0) {
        mve_pred16_t p = vctp8q((uint32_t)(k % 16));
        int8x16_t in = vldrbq_z_s8(x, p);
        a[0] = vmladavaq_s8(a[0], in, vldrbq_z_s8(w0, p));
        a[1] = vmladavaq_s8(a[1], in, vldrbq_z_s8(w1, p));
        a[2] = vmladavaq_s8(a[2], in, vldrbq_z_s8(w2, p));
        a[3] = vmladavaq_s8(a[3], in, vldrbq_z_s8(w3, p));
    }
    return vldrwq_s32(a);
}

void nn_fc_i8_mve(const void *params)
{
    const struct nn_fc *p = params;
    int8_t *out = p->out;
    int32x4_t multiplier = vdupq_n_s32(p->multiplier[0]);
    int32x4_t shift = vdupq_n_s32(p->shift[0]);
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t *x = (const int8_t *)p->in + b * p->in_n;
        const int8_t *w = p->weights;
        for (int32_t o = 0; o < p->out_n; o += 4, w += 4 * p->in_n) {
            const int8_t *r[4];
            int32_t left = p->out_n - o;
            mve_pred16_t lanes = vctp32q((uint32_t)left);
            for (int32_t f = 0; f < 4; f++) {
                r[f] = w + (f < left ? f : 0) * p->in_n;
            }
            int32x4_t y =
                vaddq_s32(rows(r, x, p->in_n), vldrwq_z_s32((const int32_t *)p->bias + o, lanes));
            if (p->per_channel) {
                multiplier = vldrwq_z_s32(p->multiplier + o, lanes);
                shift = vldrbq_z_s32(p->shift + o, lanes);
            }
            vstrbq_p_s32(out + o, mve_finish(y, multiplier, shift, p->out_offset, p->lo, p->hi),
                         lanes);
        }
        out += p->out_n;
    }
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    struct nn_fit fit = nn_fit_fc_mve(p);
    return (struct nn_choice){fit.fast ? nn_fc_i8_mve : nn_fc_i8_ref, fit.scratch, fit.starts};
}
