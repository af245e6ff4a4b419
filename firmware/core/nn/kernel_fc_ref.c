// FULLY_CONNECTED, portable reference.
#include "firmware/core/nn/nn_kernels.h"

void nn_fc_i8_ref(const void *params)
{
    const struct nn_fc *p = params;
    const int8_t *in = p->in;
    const int32_t *bias = p->bias;
    int8_t *out = p->out;
    for (int32_t b = 0; b < p->batches; b++, in += p->in_n) {
        const int8_t *w = p->weights;
        for (int32_t o = 0; o < p->out_n; o++, w += p->in_n) {
            uint32_t sum = 0;
            for (int32_t i = 0; i < p->in_n; i++) {
                sum += (uint32_t)(w[i] * (in[i] + p->in_offset));
            }
            int32_t acc = bias != NULL ? nn_wrap_add((int32_t)sum, bias[o]) : (int32_t)sum;
            int32_t q = p->per_channel ? o : 0;
            acc = nn_rescale(acc, p->multiplier[q], p->shift[q]);
            *out++ = (int8_t)nn_clamp(nn_wrap_add(acc, p->out_offset), p->lo, p->hi);
        }
    }
}
