// FULLY_CONNECTED in float32. Sums run in the order of the definition: other orders give other bits.
#include "firmware/core/nn/nn_kernels.h"

void nn_fc_f32_ref(const void *params)
{
    const struct nn_fc_f32 *p = params;
    const float *in = p->in;
    float *out = p->out;
    for (int32_t b = 0; b < p->batches; b++, in += p->in_n) {
        const float *w = p->weights;
        for (int32_t o = 0; o < p->out_n; o++, w += p->in_n) {
            float sum = 0.0f;
            for (int32_t i = 0; i < p->in_n; i++) {
                sum += in[i] * w[i];
            }
            sum += p->bias != NULL ? p->bias[o] : 0.0f;
            sum = sum < p->lo ? p->lo : sum;
            *out++ = p->hi < sum ? p->hi : sum;
        }
    }
}
