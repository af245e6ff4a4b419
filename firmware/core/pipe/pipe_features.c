// The parts of the path that need no model: features, their normalisation, novelty, and numbers to
// and from tensors.
#include "firmware/core/dsp/mote_math.h"
#include "firmware/core/pipe/mote_pipe.h"

static float tamed(float v)
{
    if (mote_is_finite(v)) {
        return v;
    }
    return v > 0.0f ? MOTE_FLT_MAX : v < 0.0f ? -MOTE_FLT_MAX : 0.0f;
}

void mote_pipe_normalise(const struct mote_pipe_config *c, float *features)
{
    if (!c->offset) {
        return;
    }
    for (size_t i = 0; i < c->features; i++) {
        features[i] =
            tamed((features[i] - mote_getf(c->offset + 4 * i)) * mote_getf(c->gain + 4 * i));
    }
}

int mote_pipe_features(const struct mote_pipe_config *c, const void *raw, unsigned type,
                       float scale, void *scratch, size_t scratch_len, float *features)
{
    int status = mote_dsp_run_raw(&c->dsp, c->channels, c->window, c->interval_ns, raw, type, scale,
                                  features, scratch, scratch_len);
    if (status == MOTE_OK) {
        mote_pipe_normalise(c, features);
    }
    return status;
}

// To the nearest whole number, halves away from zero, within lo..hi.
static int32_t to_whole(float v, int32_t zero_point, int32_t lo, int32_t hi)
{
    if (!(v > -131072.0f)) { // NaN as well: a tensor's scale is not ours to trust
        return v < 0.0f ? lo : zero_point;
    }
    if (v > 131072.0f) {
        return hi;
    }
    int32_t whole = (int32_t)v;
    float rest = v - (float)whole;
    whole += rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0;
    whole += zero_point;
    return whole < lo ? lo : whole > hi ? hi : whole;
}

int mote_pipe_quantize(const float *features, size_t count, const struct mote_nn_tensor *input)
{
    uint8_t *out = input->data;
    size_t size = input->type == MOTE_NN_F32 ? 4 : input->type == MOTE_NN_I16 ? 2 : 1;
    if (!out || input->bytes != count * size) {
        return MOTE_E_MISMATCH;
    }
    if (input->type == MOTE_NN_F32) {
        memmove(out, features, 4 * count);
        return MOTE_OK;
    }
    if (!(input->scale > 0.0f)) {
        return MOTE_E_MISMATCH;
    }
    for (size_t i = 0; i < count; i++) {
        float v = features[i] / input->scale;
        switch (input->type) {
        case MOTE_NN_I8:
            out[i] = (uint8_t)to_whole(v, input->zero_point, INT8_MIN, INT8_MAX);
            break;
        case MOTE_NN_U8:
            out[i] = (uint8_t)to_whole(v, input->zero_point, 0, UINT8_MAX);
            break;
        case MOTE_NN_I16: {
            int16_t whole = (int16_t)to_whole(v, input->zero_point, INT16_MIN, INT16_MAX);
            memcpy(out + 2 * i, &whole, 2); // tensors are in the target's byte order
            break;
        }
        default:
            return MOTE_E_UNSUPPORTED;
        }
    }
    return MOTE_OK;
}

float mote_pipe_dequantize(const struct mote_nn_tensor *output, size_t i)
{
    const uint8_t *p = output->data;
    int16_t whole;
    float v;
    switch (output->type) {
    case MOTE_NN_I8:
        return (float)((int32_t)(int8_t)p[i] - output->zero_point) * output->scale;
    case MOTE_NN_U8:
        return (float)((int32_t)p[i] - output->zero_point) * output->scale;
    case MOTE_NN_I16:
        memcpy(&whole, p + 2 * i, 2);
        return (float)((int32_t)whole - output->zero_point) * output->scale;
    default:
        memcpy(&v, p + 4 * i, 4);
        return tamed(v);
    }
}

float mote_pipe_novelty(const struct mote_pipe_config *c, const float *features)
{
    float nearest = 0.0f;
    uint32_t which = 0;
    if (c->centroids == 0) {
        return 0.0f;
    }
    for (uint32_t k = 0; k < c->centroids; k++) {
        const uint8_t *p = c->centroid + 4 * (size_t)k * c->features;
        float sum = 0.0f;
        for (uint32_t i = 0; i < c->features; i++) {
            float d = features[i] - mote_getf(p + 4 * (size_t)i);
            sum += d * d;
        }
        if (k == 0 || sum < nearest) {
            nearest = sum;
            which = k;
        }
    }
    return tamed(mote_sqrt(nearest) / mote_getf(c->radius + 4 * (size_t)which));
}
