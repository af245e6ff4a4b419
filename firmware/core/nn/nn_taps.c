// Taps of depthwise windows in plain C. Weak: parts have better ones (kernel_taps_*.c, kernel_dots_m3.c), which stand before
// this in an archive by their names, so that a linker finds them first.
#include "firmware/core/nn/kernel_depthwise_runs.h"

static void taps(const struct nn_taps *t, const int8_t *w, int32_t *sums)
{
    const int8_t *x = t->x;
    const int32_t apart = t->apart;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    for (int32_t across = t->across; across > 0; across--) {
        for (int32_t along = t->along; along > 0; along--) {
            int32_t v = *w;
            a += (uint32_t)(v * x[0]);
            b += (uint32_t)(v * x[apart]);
            c += (uint32_t)(v * x[2 * apart]);
            d += (uint32_t)(v * x[3 * apart]);
            x += t->x_along;
            w += t->w_along;
        }
        x += t->x_across;
        w += t->w_across;
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

__attribute__((weak)) void nn_taps_4(const struct nn_taps *t)
{
    int32_t sums[NN_RUNS_OUTPUTS];
    taps(t, t->w, sums);
    nn_finish(t->finish, sums, t->count, t->out_step, t->out);
}

__attribute__((weak)) void nn_taps_4x4(const struct nn_taps *t, int32_t *sums)
{
    for (int32_t c = 0; c < NN_RUNS_CHANNELS; c++) {
        taps(t, t->w + c, sums + NN_RUNS_OUTPUTS * c);
    }
}
