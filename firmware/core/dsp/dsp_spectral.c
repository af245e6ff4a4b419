// SPECTRAL: for each channel scale, decimate, filter, take off the mean; then statistics of the
// signal and of its spectrum, and the spectrum itself: the largest power of each bin over all
// frames.
//
// Features, channel after channel: [mean,] RMS, skewness, kurtosis, skewness and kurtosis of the
// powers, powers of the bins 1..fft/2 that the filter lets pass. With low_frequency all of it but
// the mean once more, behind the last channel, of the signals decimated by 10.
#include "firmware/core/dsp/dsp_block.h"
#include "firmware/core/dsp/dsp_filter.h"
#include "firmware/core/dsp/dsp_spectrum.h"
#include "firmware/core/dsp/dsp_stats.h"
#include "firmware/core/dsp/dsp_wavelet.h"
#include "firmware/core/dsp/mote_math.h"

#define STATISTICS 5

// Values per second behind decimation.
static float block_rate(const struct mote_dsp_config *c, uint64_t interval_ns)
{
    return dsp_rate(interval_ns) / (float)c->decimate;
}

// Whether the filter lets a power bin pass: its band and the filter's overlap.
static bool keeps_bin(const struct mote_dsp_config *c, unsigned bin, float rate)
{
    float spacing = rate / (float)c->fft;
    float middle = (float)bin * spacing;
    switch (c->filter) {
    case MOTE_DSP_LOW_PASS:
        return !(middle - 0.5f * spacing > c->cutoff);
    case MOTE_DSP_HIGH_PASS:
        return !(middle + 0.5f * spacing < c->cutoff);
    default:
        return true;
    }
}

static unsigned kept_bins(const struct mote_dsp_config *c, float rate)
{
    unsigned kept = 0;
    for (unsigned bin = 1; bin <= c->fft / 2u; bin++) {
        kept += keeps_bin(c, bin, rate);
    }
    return kept;
}

// Features of one channel, without those of the low frequencies.
static uint32_t per_channel(const struct mote_dsp_config *c, float rate)
{
    uint32_t n = c->analysis == MOTE_DSP_BY_WAVELET ? DSP_WAVELET_FEATURES * (c->level + 1u)
                                                    : STATISTICS + kept_bins(c, rate);
    return n + c->mean;
}

static const char *why_not_filter(const struct mote_dsp_config *c, float rate)
{
    if (c->filter == MOTE_DSP_NO_FILTER) {
        return NULL;
    }
    if (c->order > 8 || c->order % 2) {
        return "filter order is not 0, 2, 4, 6 or 8";
    }
    if (!(c->cutoff > 0.0f) || !(c->cutoff < 0.5f * rate)) {
        return "filter cutoff is not between 0 and half the sample rate";
    }
    if (c->decimate > 1 && c->cutoff > 0.45f * rate) {
        return "decimation is too high for the filter's cutoff";
    }
    return NULL;
}

static const char *why_not(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                           uint64_t interval_ns)
{
    size_t n = dsp_decimated(window, c->decimate);
    float rate = block_rate(c, interval_ns);
    (void)channels;
    if (n == 0) {
        return "decimation is not 1, 3, 10, 30, 100 or 1000";
    }
    const char *reason = why_not_filter(c, rate);
    if (reason) {
        return reason;
    }
    if (c->analysis == MOTE_DSP_BY_WAVELET) {
        return n < (size_t)32 << c->level ? "window is too short for this wavelet level" : NULL;
    }
    if (n < 2) {
        return "window is too short";
    }
    if (kept_bins(c, rate) == 0 || (c->low_frequency && kept_bins(c, rate / 10.0f) == 0)) {
        return "filter cutoff leaves out every power bin";
    }
    if (c->low_frequency && n < 5u * c->fft) {
        return "low frequencies need five times as many samples as the FFT has points";
    }
    return NULL;
}

static void shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                  uint64_t interval_ns, struct mote_dsp_shape *out)
{
    float rate = block_rate(c, interval_ns);
    uint32_t n = channels * per_channel(c, rate);
    (void)window;
    out->planes = 1;
    if (c->analysis == MOTE_DSP_BY_FFT && c->low_frequency) { // channels of two lengths: no rows
        out->rows = 1;
        out->cols = n + channels * (STATISTICS + kept_bins(c, rate / 10.0f));
        return;
    }
    out->rows = channels;
    out->cols = n / channels;
}

struct work {
    float *signal; // window
    float *frame;  // fft
    float *power;  // of the frame, fft / 2 + 1
    float *peak;   // the largest powers, fft / 2 + 1
    struct dsp_spectrum spectrum;
    struct dsp_wavelet_work wavelet;
};

static void lay_out(const struct mote_dsp_config *c, uint32_t window, struct dsp_scratch *s,
                    struct work *w)
{
    memset(w, 0, sizeof(*w));
    w->signal = dsp_take_floats(s, window);
    if (c->analysis == MOTE_DSP_BY_WAVELET) {
        dsp_wavelet_layout(&w->wavelet, s, dsp_decimated(window, c->decimate));
        return;
    }
    w->frame = dsp_take_floats(s, c->fft);
    w->power = dsp_take_floats(s, c->fft / 2u + 1);
    w->peak = dsp_take_floats(s, c->fft / 2u + 1);
    dsp_spectrum_init(&w->spectrum, s, c->variant, c->fft);
}

static void scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                    uint64_t interval_ns, struct dsp_scratch *s)
{
    struct work w;
    (void)channels, (void)interval_ns;
    lay_out(c, window, s, &w);
}

// The largest power of each bin over frames of fft values; the last frame is filled up with zeros.
static void peak_powers(const struct mote_dsp_config *c, const float *x, size_t n, struct work *w)
{
    unsigned fft = c->fft, bins = fft / 2 + 1, step = c->overlap ? fft / 2 : fft;
    memset(w->peak, 0, bins * sizeof(float));
    for (size_t at = 0; at < n; at += step) {
        size_t got = n - at < fft ? n - at : fft;
        memcpy(w->frame, x + at, got * sizeof(float));
        memset(w->frame + got, 0, (fft - got) * sizeof(float));
        dsp_spectrum_power(&w->spectrum, w->frame, w->power);
        for (unsigned k = 0; k < bins; k++) {
            w->peak[k] = w->power[k] > w->peak[k] ? w->power[k] : w->peak[k];
        }
    }
}

static float *spectral_features(const struct mote_dsp_config *c, const float *x, size_t n,
                                float rate, struct work *w, float *out)
{
    struct dsp_moments m;
    *out++ = dsp_rms(x, n);
    dsp_moments(x, n, &m);
    *out++ = m.skewness;
    *out++ = m.kurtosis;
    peak_powers(c, x, n, w);
    dsp_moments(w->peak, c->fft / 2u + 1, &m);
    *out++ = m.skewness;
    *out++ = m.kurtosis;
    for (unsigned bin = 1; bin <= c->fft / 2u; bin++) {
        if (keeps_bin(c, bin, rate)) {
            float p = w->peak[bin];
            *out++ = c->take_log ? mote_log10(p == 0.0f ? 1e-10f : p) : p;
        }
    }
    return out;
}

static size_t prepare(const struct mote_dsp_config *c, const struct dsp_input *in, unsigned channel,
                      float rate, float *x, float *mean)
{
    dsp_read(in, channel, 0, in->window, x);
    *mean = dsp_mean(x, in->window);
    size_t n = dsp_decimate(x, in->window, c->decimate);
    if (c->filter != MOTE_DSP_NO_FILTER && c->order) {
        struct dsp_filter f;
        dsp_butterworth(&f, c->filter == MOTE_DSP_HIGH_PASS, c->order, c->cutoff / rate);
        dsp_filter_run(&f, x, n);
    }
    dsp_subtract(x, n, dsp_mean(x, n));
    return n;
}

static void run(const struct mote_dsp_config *c, const struct dsp_input *in, float *features,
                struct dsp_scratch *s)
{
    struct work w;
    float rate = block_rate(c, in->interval_ns), mean;
    float *low = features + (size_t)in->channels * per_channel(c, rate);
    lay_out(c, in->window, s, &w);
    for (unsigned channel = 0; channel < in->channels; channel++) {
        float *x = w.signal;
        size_t n = prepare(c, in, channel, rate, x, &mean);
        if (c->mean) {
            *features++ = mean;
        }
        if (c->analysis == MOTE_DSP_BY_WAVELET) {
            dsp_wavelet_run(c->wavelet, c->level, x, n, features, &w.wavelet);
            features += DSP_WAVELET_FEATURES * (c->level + 1u);
            continue;
        }
        features = spectral_features(c, x, n, rate, &w, features);
        if (c->low_frequency) {
            n = dsp_decimate(x, n, 10);
            dsp_subtract(x, n, dsp_mean(x, n));
            low = spectral_features(c, x, n, rate / 10.0f, &w, low);
        }
    }
}

const struct dsp_block dsp_block_spectral = {why_not, shape, scratch, run};
