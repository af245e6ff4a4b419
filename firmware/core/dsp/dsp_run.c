// The dispatcher: what all blocks have in common is checked here, the rest by the block itself.
#include "firmware/core/dsp/dsp_params.h"
#include "firmware/core/dsp/dsp_block.h"
#include "firmware/core/dsp/mote_math.h"

#define VALUES_MAX (1u << 24) // of a window, and of its features

static const struct dsp_block *block_of(unsigned kind)
{
    switch (kind) {
    case MOTE_DSP_RAW:
        return &dsp_block_raw;
    case MOTE_DSP_SPECTRAL:
        return &dsp_block_spectral;
    case MOTE_DSP_FLATTEN:
        return &dsp_block_flatten;
    case MOTE_DSP_IMAGE:
        return &dsp_block_image;
    default:
        return &dsp_block_audio;
    }
}

static const char *why_not_common(const struct mote_dsp_config *c, unsigned channels,
                                  uint32_t window, uint64_t interval_ns)
{
    if (c->kind >= MOTE_DSP_KINDS) {
        return "unknown kind of block";
    }
    unsigned kinds = 1u << c->kind;
    const unsigned audio = 1u << MOTE_DSP_MFE | 1u << MOTE_DSP_MFCC | 1u << MOTE_DSP_SPECTROGRAM;
    for (unsigned i = 0; i < DSP_PARAM_COUNT; i++) {
        float v = mote_dsp_get(c, i);
        if ((dsp_params[i].kinds & kinds) && !(v >= dsp_params[i].lo && v <= dsp_params[i].hi)) {
            return "a parameter is out of its bounds";
        }
    }
    if (channels == 0 || channels > MOTE_MAX_CHANNELS) {
        return "too few or too many channels";
    }
    if (window == 0 || window > VALUES_MAX / channels) {
        return "window is empty or too long";
    }
    if ((kinds & (audio | 1u << MOTE_DSP_SPECTRAL)) == 0) {
        return NULL;
    }
    if (interval_ns == 0 || interval_ns > 1000000000000000ull) {
        return "the stream has no sample rate";
    }
    return c->fft & (c->fft - 1) ? "fft is no power of two" : NULL;
}

const char *mote_dsp_why_not(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                             uint64_t interval_ns)
{
    struct mote_dsp_shape shape;
    const char *reason = why_not_common(c, channels, window, interval_ns);
    if (!reason) {
        reason = block_of(c->kind)->why_not(c, channels, window, interval_ns);
    }
    if (reason) {
        return reason;
    }
    block_of(c->kind)->shape(c, channels, window, interval_ns, &shape);
    return (uint64_t)shape.rows * shape.cols * shape.planes > VALUES_MAX ? "too many features"
                                                                         : NULL;
}

int mote_dsp_check(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                   uint64_t interval_ns)
{
    return mote_dsp_why_not(c, channels, window, interval_ns) ? MOTE_E_UNSUPPORTED : MOTE_OK;
}

int mote_dsp_shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                   uint64_t interval_ns, struct mote_dsp_shape *out)
{
    int status = mote_dsp_check(c, channels, window, interval_ns);
    memset(out, 0, sizeof(*out));
    if (status == MOTE_OK) {
        block_of(c->kind)->shape(c, channels, window, interval_ns, out);
    }
    return status;
}

int mote_dsp_features(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                      uint64_t interval_ns)
{
    struct mote_dsp_shape s;
    int status = mote_dsp_shape(c, channels, window, interval_ns, &s);
    return status ? status : (int)(s.rows * s.cols * s.planes);
}

int mote_dsp_scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                     uint64_t interval_ns, size_t *bytes)
{
    struct dsp_scratch s = {NULL, 0};
    int status = mote_dsp_check(c, channels, window, interval_ns);
    *bytes = 0;
    if (status == MOTE_OK) {
        block_of(c->kind)->scratch(c, channels, window, interval_ns, &s);
        *bytes = s.used;
    }
    return status;
}

void dsp_tame(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!mote_is_finite(x[i])) {
            x[i] = x[i] > 0.0f ? MOTE_FLT_MAX : x[i] < 0.0f ? -MOTE_FLT_MAX : 0.0f;
        }
    }
}

int mote_dsp_run_raw(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                     uint64_t interval_ns, const void *raw, unsigned type, float scale,
                     float *features, void *scratch, size_t scratch_len)
{
    size_t needed;
    int status = mote_dsp_scratch(c, channels, window, interval_ns, &needed);
    if (status) {
        return status;
    }
    if (mote_sample_size(type) == 0 || (needed && ((uintptr_t)scratch & 7))) {
        return MOTE_E_ARG;
    }
    if (scratch_len < needed) {
        return MOTE_E_SPACE;
    }
    struct dsp_input in = {raw, (uint8_t)type, channels, window, interval_ns, scale, c->scale};
    struct dsp_scratch s = {scratch, 0};
    block_of(c->kind)->run(c, &in, features, &s);
    dsp_tame(features, (size_t)mote_dsp_features(c, channels, window, interval_ns));
    return MOTE_OK;
}

int mote_dsp_run(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                 uint64_t interval_ns, const float *frames, float *features, void *scratch,
                 size_t scratch_len)
{
    return mote_dsp_run_raw(c, channels, window, interval_ns, frames, MOTE_F32, 1.0f, features,
                            scratch, scratch_len);
}
