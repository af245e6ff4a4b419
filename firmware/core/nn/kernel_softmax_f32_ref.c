// SOFTMAX on float32.
#include "firmware/core/nn/nn_float.h"
#include "firmware/core/nn/nn_kernels.h"

void nn_softmax_f32_ref(const void *params)
{
    const struct nn_softmax *p = params;
    const float *in = p->in;
    float *out = p->out;
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        float max = -3.402823466e38f;
        for (int32_t i = 0; i < p->depth; i++) {
            max = max < in[i] ? in[i] : max;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = nn_expf((in[i] - max) * p->beta);
            sum += out[i];
        }
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = out[i] / sum;
        }
    }
}
