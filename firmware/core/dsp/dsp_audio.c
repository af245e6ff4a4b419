// MFE, MFCC and SPECTROGRAM in float32: rectangular frames, pre-emphasis, power spectrum, mel
// filters, logarithms.
#include "firmware/core/dsp/dsp_audio.h"
#include "firmware/core/dsp/dsp_fft.h"
#include "firmware/core/dsp/dsp_mel.h"
#include "firmware/core/dsp/mote_math.h"

#define SILENCE 1e-10f // stands for an energy of zero

// Rounded up, unless it is only a rounding error above a whole number.
static uint32_t samples(float rate, float seconds)
{
    float n = rate * seconds;
    if (!(n >= 0.0f) || n > 1e6f) {
        return 0;
    }
    uint32_t whole = (uint32_t)n;
    return n - (float)whole < 0.001f ? whole : whole + 1;
}

bool dsp_audio_frames(const struct mote_dsp_config *c, uint32_t window, uint64_t interval_ns,
                      struct dsp_frames *out)
{
    float rate = dsp_rate(interval_ns);
    out->length = samples(rate, c->frame);
    out->stride = samples(rate, c->stride);
    out->count = 0;
    if (out->length == 0 || out->stride == 0 || window < out->length) {
        return false;
    }
    out->count = (window - out->length) / out->stride + 1;
    return true;
}

static bool has_mel(const struct mote_dsp_config *c)
{
    return c->kind != MOTE_DSP_SPECTROGRAM;
}

int mote_dsp_suggest(struct mote_dsp_config *c, uint64_t interval_ns)
{
    uint32_t length = samples(dsp_rate(interval_ns), c->frame);
    uint16_t fft = DSP_FFT_MIN, filters = 36; // 40 + log2(16 / 256)
    if (c->kind != MOTE_DSP_MFE && c->kind != MOTE_DSP_MFCC && c->kind != MOTE_DSP_SPECTROGRAM) {
        return MOTE_E_UNSUPPORTED;
    }
    if (length == 0) {
        return MOTE_E_ARG;
    }
    while (fft < length && fft < DSP_FFT_MAX) {
        fft = (uint16_t)(2 * fft);
        filters++;
    }
    if (fft < length) {
        return MOTE_E_LIMIT;
    }
    c->fft = fft;
    c->filters = has_mel(c) ? filters : c->filters;
    return MOTE_OK;
}

static const char *why_not(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                           uint64_t interval_ns)
{
    struct dsp_frames f;
    if (c->channel >= channels) {
        return "the stream has no such channel";
    }
    if (!dsp_audio_frames(c, window, interval_ns, &f)) {
        return f.length && f.stride ? "window is shorter than a frame"
                                    : "frame or stride is shorter than a sample";
    }
    if (f.length < 4 || f.stride < 4) {
        return "frame or stride is shorter than 4 samples";
    }
    if (f.count > DSP_FRAMES_MAX) {
        return "more than 500 frames to a window";
    }
    if (!has_mel(c)) {
        return NULL;
    }
    float rate = dsp_rate(interval_ns), high = c->high_hz > 0.0f ? c->high_hz : 0.5f * rate;
    if (high > 0.5f * rate || !(c->low_hz < high)) {
        return "low_hz and high_hz are not in order below half the sample rate";
    }
    if (c->kind == MOTE_DSP_MFCC && c->coefficients > c->filters) {
        return "more coefficients than filters";
    }
    if (c->kind == MOTE_DSP_MFCC && c->normalise && c->normalise % 2 == 0) {
        return "normalise is even";
    }
    return dsp_mel_is_whole(c, rate)
               ? NULL
               : "a mel filter has no FFT bin: fewer filters, or a longer FFT";
}

static unsigned columns(const struct mote_dsp_config *c)
{
    switch (c->kind) {
    case MOTE_DSP_MFE:
        return c->filters;
    case MOTE_DSP_MFCC:
        return c->coefficients;
    default:
        return c->fft / 2u + 1;
    }
}

static void shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                  uint64_t interval_ns, struct mote_dsp_shape *out)
{
    struct dsp_frames f;
    (void)channels;
    (void)dsp_audio_frames(c, window, interval_ns, &f); // why_not has looked at the result
    out->rows = f.count;
    out->cols = columns(c);
    out->planes = 1;
}

void dsp_audio_init(struct dsp_audio *a, struct dsp_scratch *s, const struct mote_dsp_config *c,
                    uint32_t window, uint64_t interval_ns)
{
    memset(a, 0, sizeof(*a));
    a->config = c;
    a->rate = dsp_rate(interval_ns);
    a->cols = columns(c);
    (void)dsp_audio_frames(c, window, interval_ns, &a->frames); // why_not has looked at the result
    dsp_spectrum_init(&a->spectrum, s, c->variant, c->fft);
    if (has_mel(c)) {
        a->edge = dsp_take(s, (c->filters + 2u) * sizeof(uint16_t));
        if (a->edge) {
            dsp_mel_edges(c, a->rate, a->edge);
        }
    }
    if (c->kind == MOTE_DSP_MFCC && c->normalise) {
        a->column = dsp_take_floats(s, 3 * (size_t)a->frames.count + 2);
    }
    if (c->variant == MOTE_DSP_Q15) {
        dsp_audio_q15_init(a, s);
        return;
    }
    a->frame = dsp_take_floats(s, c->fft + 1u);
    a->power = dsp_take_floats(s, c->fft / 2u + 1);
    if (has_mel(c)) {
        a->mel = dsp_take_floats(s, c->filters);
    }
    if (c->kind == MOTE_DSP_MFCC) {
        a->cosine = dsp_take_floats(s, c->filters + 1u);
        for (unsigned k = 0; a->cosine && k <= c->filters; k++) {
            float sine;
            mote_sincos_turn(k, 4u * c->filters, &sine, &a->cosine[k]);
        }
    }
}

// Decibels to 0..1 (SPECTROGRAM: 0 and up).
static float level_of(const struct mote_dsp_config *c, float decibel)
{
    float v = (decibel - c->noise_floor) / (12.0f - c->noise_floor);
    if (!(v > 0.0f)) {
        return 0.0f;
    }
    if (c->kind == MOTE_DSP_SPECTROGRAM) {
        return v;
    }
    float step = v < 1.0f ? mote_rint(v * 256.0f) : 256.0f;
    return (step > 255.0f ? 255.0f : step) / 256.0f;
}

static float decibels(float e)
{
    e = e == 0.0f ? SILENCE : e;
    return 10.0f * mote_log10(e > 1e-30f ? e : 1e-30f);
}

// The frame's first fft values at most, behind the value in front of it, less what pre-emphasis
// takes.
static void load(const struct dsp_audio *a, const struct dsp_input *in, uint32_t frame)
{
    const struct mote_dsp_config *c = a->config;
    uint32_t first = frame * a->frames.stride;
    uint32_t n = a->frames.length < c->fft ? a->frames.length : c->fft;
    float *x = a->frame;
    if (has_mel(c) && c->pre_emphasis > 0.0f) {
        dsp_read(in, c->channel, first ? first - 1 : in->window - 1, 1, x);
        dsp_read(in, c->channel, first, n, x + 1);
        for (uint32_t i = 0; i < n; i++) {
            x[i] = x[i + 1] - c->pre_emphasis * x[i];
        }
    } else {
        dsp_read(in, c->channel, first, n, x);
    }
    memset(x + n, 0, (c->fft - n) * sizeof(float));
}

// Orthonormal DCT-II of the logarithms in a->mel.
static void cepstrum(const struct dsp_audio *a, float *row)
{
    unsigned n = a->config->filters, turn = 4 * n;
    float scale = mote_sqrt(2.0f / (float)n);
    for (unsigned k = 1; k < a->cols; k++) {
        float sum = 0.0f;
        for (unsigned i = 0, angle = k; i < n; i++) {
            unsigned at = angle <= 2 * n ? angle : turn - angle; // the cosine is even,
            sum += a->mel[i] *
                   (at <= n ? a->cosine[at] : -a->cosine[2 * n - at]); // and odd around a quarter
            angle += 2 * k;
            angle = angle >= turn ? angle - turn : angle;
        }
        row[k] = sum * scale;
    }
}

static void mfcc_row(struct dsp_audio *a, float *row)
{
    const struct mote_dsp_config *c = a->config;
    float energy = 0.0f;
    for (unsigned k = 0; k <= c->fft / 2u; k++) {
        energy += a->power[k];
    }
    for (unsigned i = 0; i < c->filters; i++) {
        a->mel[i] = mote_log(a->mel[i] == 0.0f ? SILENCE : a->mel[i]);
    }
    cepstrum(a, row);
    row[0] = mote_log(energy == 0.0f ? SILENCE : energy);
}

void dsp_audio_row(struct dsp_audio *a, const struct dsp_input *in, uint32_t frame, float *row)
{
    const struct mote_dsp_config *c = a->config;
    if (c->variant == MOTE_DSP_Q15) {
        dsp_audio_q15_row(a, in, frame, row);
        return;
    }
    load(a, in, frame);
    dsp_spectrum_power(&a->spectrum, a->frame, a->power);
    if (c->kind == MOTE_DSP_SPECTROGRAM) {
        for (unsigned k = 0; k < a->cols; k++) {
            row[k] = level_of(c, decibels(a->power[k]));
        }
        return;
    }
    dsp_mel_energies(a->edge, c->filters, a->power, a->mel);
    if (c->kind == MOTE_DSP_MFCC) {
        mfcc_row(a, row);
        return;
    }
    for (unsigned i = 0; i < c->filters; i++) {
        row[i] = level_of(c, decibels(a->mel[i]));
    }
}

// Sum of the first `count` values of a column of n that goes on mirrored at its end, for ever.
// sum[i] is the sum of the first i values of the column.
static float mirrored_sum(const float *sum, uint32_t n, uint32_t count)
{
    float whole = 2.0f * sum[n] * (float)(count / (2 * n));
    uint32_t rest = count % (2 * n);
    return whole + (rest <= n ? sum[rest] : sum[n] + (sum[n] - sum[2 * n - rest]));
}

// Mean over the window of width values around each value of a column, mirrored at both ends.
static float around(const float *sum, uint32_t n, uint32_t width, uint32_t i)
{
    // Whole periods in front, so that the window never begins before the start.
    uint32_t half = width / 2, start = i + (half / (2 * n) + 1) * 2 * n - half;
    return (mirrored_sum(sum, n, start + width) - mirrored_sum(sum, n, start)) / (float)width;
}

// Deviation of the window around a value. By sums of squares, which is fast; value by value where
// so little is left of them that it could be rounding.
static float deviation_around(const float *v, const float *sum, const float *squares, uint32_t n,
                              uint32_t width, uint32_t i)
{
    float mean = around(sum, n, width, i), square = around(squares, n, width, i);
    float variance = square - mean * mean;
    if (variance > 1e-3f * squares[n] / (float)n) {
        return mote_sqrt(variance);
    }
    float total = 0.0f;
    uint32_t half = width / 2, start = i + (half / (2 * n) + 1) * 2 * n - half;
    for (uint32_t k = 0; k < width; k++) {
        uint32_t at = (start + k) % (2 * n);
        float d = v[at < n ? at : 2 * n - 1 - at] - mean;
        total += d * d;
    }
    return mote_sqrt(total / (float)width);
}

void dsp_audio_finish(struct dsp_audio *a, float *rows)
{
    uint32_t n = a->frames.count, width = a->config->normalise;
    if (!a->column) {
        return;
    }
    float *v = a->column, *sum = v + n, *squares = sum + n + 1;
    sum[0] = squares[0] = 0.0f;
    for (unsigned col = 0; col < a->cols; col++) {
        for (uint32_t i = 0; i < n; i++) {
            v[i] =
                rows[(size_t)i * a->cols + col] - rows[col]; // nothing at all where nothing changes
            sum[i + 1] = sum[i] + v[i];
        }
        for (uint32_t i = 0; i < n; i++) {
            v[i] -= around(sum, n, width, i);
        }
        for (uint32_t i = 0; i < n; i++) {
            sum[i + 1] = sum[i] + v[i];
            squares[i + 1] = squares[i] + v[i] * v[i];
        }
        for (uint32_t i = 0; i < n; i++) {
            rows[(size_t)i * a->cols + col] =
                v[i] / (deviation_around(v, sum, squares, n, width, i) + 1e-10f);
        }
    }
}

static void scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                    uint64_t interval_ns, struct dsp_scratch *s)
{
    struct dsp_audio a;
    (void)channels;
    dsp_audio_init(&a, s, c, window, interval_ns);
}

static void run(const struct mote_dsp_config *c, const struct dsp_input *in, float *features,
                struct dsp_scratch *s)
{
    struct dsp_audio a;
    dsp_audio_init(&a, s, c, in->window, in->interval_ns);
    for (uint32_t i = 0; i < a.frames.count; i++) {
        dsp_audio_row(&a, in, i, features + (size_t)i * a.cols);
    }
    dsp_audio_finish(&a, features);
}

const struct dsp_block dsp_block_audio = {why_not, shape, scratch, run};
