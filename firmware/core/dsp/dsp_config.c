// A block's configuration: defaults, bounds, and CBOR (docs/formats/pipeline.md has the keys).
#include "firmware/core/dsp/dsp_params.h"
#include "firmware/core/wire/mote_cbor.h"

#define RAW (1 << MOTE_DSP_RAW)
#define SPECTRAL (1 << MOTE_DSP_SPECTRAL)
#define MEL (1 << MOTE_DSP_MFE | 1 << MOTE_DSP_MFCC)
#define LEVEL (1 << MOTE_DSP_MFE | 1 << MOTE_DSP_SPECTROGRAM)
#define MFCC (1 << MOTE_DSP_MFCC)
#define AUDIO (MEL | 1 << MOTE_DSP_SPECTROGRAM)
#define FLATTEN (1 << MOTE_DSP_FLATTEN)
#define IMAGE (1 << MOTE_DSP_IMAGE)
#define ALL (RAW | SPECTRAL | AUDIO | FLATTEN | IMAGE)
#define AT(member) offsetof(struct mote_dsp_config, member)

const struct dsp_param dsp_params[DSP_PARAM_COUNT] = {
    {2, DSP_U8, ALL, AT(variant), 0, MOTE_DSP_VARIANTS - 1},
    {3, DSP_FLOAT, ALL, AT(scale), -1e9f, 1e9f},
    {4, DSP_U8, AUDIO, AT(channel), 0, MOTE_MAX_CHANNELS - 1},
    {5, DSP_U8, SPECTRAL, AT(analysis), 0, MOTE_DSP_BY_WAVELET},
    {6, DSP_U8, SPECTRAL, AT(filter), 0, MOTE_DSP_HIGH_PASS},
    {7, DSP_FLOAT, SPECTRAL, AT(cutoff), 0, 1e7f},
    {8, DSP_U8, SPECTRAL, AT(order), 0, 8},
    {9, DSP_U16, SPECTRAL, AT(decimate), 1, 1000},
    {10, DSP_BOOL, SPECTRAL, AT(take_log), 0, 1},
    {11, DSP_BOOL, SPECTRAL, AT(overlap), 0, 1},
    {12, DSP_BOOL, SPECTRAL, AT(low_frequency), 0, 1},
    {13, DSP_BOOL, SPECTRAL, AT(mean), 0, 1},
    {14, DSP_U8, SPECTRAL, AT(wavelet), 0, 51},
    {15, DSP_U8, SPECTRAL, AT(level), 1, 7},
    {16, DSP_U16, SPECTRAL | AUDIO, AT(fft), 16, 4096},
    {17, DSP_FLOAT, AUDIO, AT(frame), 1e-5f, 100},
    {18, DSP_FLOAT, AUDIO, AT(stride), 1e-5f, 100},
    {19, DSP_FLOAT, LEVEL, AT(noise_floor), -300, 0},
    {20, DSP_U16, MEL, AT(filters), 2, 256},
    {21, DSP_FLOAT, MEL, AT(low_hz), 0, 1e6f},
    {22, DSP_FLOAT, MEL, AT(high_hz), 0, 1e6f},
    {23, DSP_FLOAT, MEL, AT(pre_emphasis), 0, 1},
    {24, DSP_U8, MFCC, AT(coefficients), 1, 128},
    {25, DSP_U16, MFCC, AT(normalise), 0, 1001},
    {26, DSP_U8, FLATTEN, AT(stats), 1, MOTE_DSP_ALL_STATS},
    {27, DSP_U16, IMAGE, AT(width), 1, 4096},
    {28, DSP_U16, IMAGE, AT(height), 1, 4096},
    {29, DSP_U16, IMAGE, AT(out_width), 0, 4096},
    {30, DSP_U16, IMAGE, AT(out_height), 0, 4096},
    {31, DSP_BOOL, IMAGE, AT(gray), 0, 1},
    {32, DSP_U8, IMAGE, AT(fit), 0, MOTE_DSP_LETTERBOX},
};

void mote_dsp_defaults(struct mote_dsp_config *c, unsigned kind)
{
    memset(c, 0, sizeof(*c));
    c->kind = (uint8_t)kind;
    c->variant = MOTE_DSP_F32;
    c->scale = kind == MOTE_DSP_IMAGE ? 1.0f / 255.0f : 1.0f;
    c->cutoff = 3.0f;
    c->order = 6;
    c->decimate = 1;
    c->take_log = true;
    c->overlap = true;
    c->wavelet = 20; // db4
    c->level = 1;
    c->fft = kind == MOTE_DSP_SPECTRAL ? 16 : kind == MOTE_DSP_SPECTROGRAM ? 128 : 256;
    c->frame = 0.02f;
    c->stride = kind == MOTE_DSP_MFCC ? 0.02f : 0.01f;
    c->noise_floor = -52.0f;
    c->filters = kind == MOTE_DSP_MFCC ? 32 : 40;
    c->pre_emphasis = 0.98f;
    c->coefficients = 13;
    c->normalise = 101;
    c->stats = MOTE_DSP_ALL_STATS;
    c->width = c->height = 1;
}

float mote_dsp_get(const struct mote_dsp_config *c, unsigned i)
{
    if (i >= DSP_PARAM_COUNT) {
        return 0.0f;
    }
    const uint8_t *at = (const uint8_t *)c + dsp_params[i].offset;
    uint16_t u;
    float f;
    switch (dsp_params[i].field) {
    case DSP_FLOAT:
        memcpy(&f, at, sizeof(f));
        return f;
    case DSP_U16:
        memcpy(&u, at, sizeof(u));
        return (float)u;
    case DSP_BOOL:
        return *(const bool *)(const void *)at ? 1.0f : 0.0f;
    default:
        return (float)*at;
    }
}

int mote_dsp_set(struct mote_dsp_config *c, unsigned i, float value)
{
    if (i >= DSP_PARAM_COUNT) {
        return MOTE_E_ARG;
    }
    const struct dsp_param *p = &dsp_params[i];
    uint8_t *at = (uint8_t *)c + p->offset;
    if (!(value >= p->lo && value <= p->hi)) {
        return MOTE_E_LIMIT;
    }
    if (p->field == DSP_FLOAT) {
        memcpy(at, &value, sizeof(value));
        return MOTE_OK;
    }
    uint16_t whole = (uint16_t)value;
    if ((float)whole != value) {
        return MOTE_E_ARG;
    }
    if (p->field == DSP_U16) {
        memcpy(at, &whole, sizeof(whole));
    } else if (p->field == DSP_BOOL) {
        *(bool *)(void *)at = whole != 0;
    } else {
        *at = (uint8_t)whole;
    }
    return MOTE_OK;
}

static bool uses(const struct mote_dsp_config *c, unsigned i)
{
    return dsp_params[i].kinds >> c->kind & 1;
}

int mote_dsp_encode(uint8_t *out, size_t cap, const struct mote_dsp_config *c)
{
    struct mote_cbor_writer w;
    size_t pairs = 1;
    if (c->kind >= MOTE_DSP_KINDS) {
        return MOTE_E_ARG;
    }
    for (unsigned i = 0; i < DSP_PARAM_COUNT; i++) {
        pairs += uses(c, i);
    }
    mote_cbor_writer_init(&w, out, cap);
    mote_cbor_put_map(&w, pairs);
    mote_cbor_put_uint(&w, DSP_KIND_KEY);
    mote_cbor_put_uint(&w, c->kind);
    for (unsigned i = 0; i < DSP_PARAM_COUNT; i++) {
        float v = mote_dsp_get(c, i);
        if (!uses(c, i)) {
            continue;
        }
        mote_cbor_put_uint(&w, dsp_params[i].key);
        if (dsp_params[i].field == DSP_FLOAT) {
            mote_cbor_put_float(&w, v);
        } else if (dsp_params[i].field == DSP_BOOL) {
            mote_cbor_put_bool(&w, v != 0.0f);
        } else {
            mote_cbor_put_uint(&w, (uint64_t)v);
        }
    }
    return mote_cbor_finish(&w);
}

static void decode_value(struct mote_cbor_reader *r, struct mote_dsp_config *c, unsigned i)
{
    float v = 0.0f;
    bool flag = false;
    uint64_t whole = 0;
    if (dsp_params[i].field == DSP_FLOAT) {
        (void)mote_cbor_get_float(r, &v); // the reader keeps the error
    } else if (dsp_params[i].field == DSP_BOOL) {
        (void)mote_cbor_get_bool(r, &flag);
        v = flag ? 1.0f : 0.0f;
    } else {
        (void)mote_cbor_get_uint_max(r, UINT16_MAX, &whole);
        v = (float)whole;
    }
    if (r->status == MOTE_OK) {
        int status = mote_dsp_set(c, i, v);
        if (status) {
            (void)mote_cbor_fail(r, status);
        }
    }
}

int mote_dsp_decode(struct mote_dsp_config *c, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    size_t pairs;
    uint64_t key, kind;
    unsigned next = 0;
    memset(c, 0, sizeof(*c));
    mote_cbor_reader_init(&r, p, len);
    (void)mote_cbor_get_map(&r, &pairs); // errors stay in the reader
    (void)mote_cbor_get_uint_max(&r, UINT8_MAX, &key);
    (void)mote_cbor_get_uint_max(&r, UINT8_MAX, &kind);
    if (r.status == MOTE_OK && (pairs == 0 || key != DSP_KIND_KEY)) {
        return MOTE_E_FORMAT;
    }
    if (r.status == MOTE_OK && kind >= MOTE_DSP_KINDS) {
        return MOTE_E_UNSUPPORTED;
    }
    if (r.status) {
        return r.status;
    }
    mote_dsp_defaults(c, (unsigned)kind);
    for (size_t k = 1; k < pairs && r.status == MOTE_OK; k++) {
        (void)mote_cbor_get_uint_max(&r, UINT8_MAX, &key);
        while (next < DSP_PARAM_COUNT && dsp_params[next].key < key) {
            next++;
        }
        if (next == DSP_PARAM_COUNT || dsp_params[next].key != key || !uses(c, next)) {
            return r.status ? r.status : MOTE_E_UNSUPPORTED;
        }
        decode_value(&r, c, next++);
    }
    return mote_cbor_end(&r);
}
