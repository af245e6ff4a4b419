// Depthwise windows whose output channels share an input channel, for Helium: an input times four weights at once.
#include "firmware/core/nn/kernel_depthwise_runs.h"
#include "firmware/core/nn/kernel_mve.h"

void nn_taps_4x4(const struct nn_taps *t, int32_t *sums)
{
    const int8_t *x = t->x;
    const int8_t *w = t->w;
    const int32_t apart = t->apart;
    int32x4_t a = vdupq_n_s32(0);
    int32x4_t b = a;
    int32x4_t c = a;
    int32x4_t d = a;
    for (int32_t across = t->across; across > 0; across--, x += t->x_across, w += t->w_across) {
        for (int32_t along = t->along; along > 0; along--, x += t->x_along, w += t->w_along) {
            int32x4_t v = vldrbq_s32(w);
            a = vmlaq_n_s32(a, v, x[0]);
            b = vmlaq_n_s32(b, v, x[apart]);
            c = vmlaq_n_s32(c, v, x[2 * apart]);
            d = vmlaq_n_s32(d, v, x[3 * apart]);
        }
    }
    const uint32x4_t places = {0, 4, 8, 12};
    vstrwq_scatter_shifted_offset_s32(sums, places, a);
    vstrwq_scatter_shifted_offset_s32(sums + 1, places, b);
    vstrwq_scatter_shifted_offset_s32(sums + 2, places, c);
    vstrwq_scatter_shifted_offset_s32(sums + 3, places, d);
}
