// Mallat's algorithm with half-sample symmetric extension at both ends, and 14 features of each
// sub-band: entropy of a histogram of 100 bins, zero and mean crossings per value, percentiles 5,
// 25, 75, 95, median, mean, deviation, variance (of n - 1), RMS, skewness, kurtosis.
#include "firmware/core/dsp/dsp_wavelet.h"
#include "firmware/core/dsp/dsp_stats.h"
#include "firmware/core/dsp/mote_math.h"

#define BINS 100

void dsp_wavelet_layout(struct dsp_wavelet_work *w, struct dsp_scratch *s, size_t n)
{
    w->half = dsp_take_floats(s, (n + DSP_WAVELET_TAPS) / 2);
    w->detail = dsp_take_floats(s, (n + DSP_WAVELET_TAPS) / 2);
    w->histogram = dsp_take(s, BINS * sizeof(uint32_t));
}

static float entropy(const float *x, size_t n, uint32_t *count)
{
    float lowest, highest, sum = 0.0f;
    dsp_range(x, n, &lowest, &highest);
    float width = (highest - lowest) / (float)BINS;
    if (!(width > 0.0f)) {
        return 0.0f;
    }
    memset(count, 0, BINS * sizeof(*count));
    for (size_t i = 0; i < n; i++) {
        float bin = (x[i] - lowest) / width;
        count[bin < (float)BINS ? (unsigned)bin : BINS - 1]++;
    }
    for (unsigned k = 0; k < BINS; k++) {
        float p = (float)count[k] / (float)n;
        if (count[k]) {
            sum -= p * mote_log(p);
        }
    }
    return sum;
}

// How often neighbours lie on different sides of a level.
static float crossings(const float *x, size_t n, float level)
{
    uint32_t count = 0;
    for (size_t i = 1; i < n; i++) {
        count += (x[i] > level) != (x[i - 1] > level);
    }
    return (float)count / (float)n;
}

static float percentile(const float *sorted, size_t n, float part)
{
    return sorted[(size_t)((float)(n - 1) * part + 0.5f)];
}

// x is sorted by it.
static void band_features(float *x, size_t n, float *out, uint32_t *histogram)
{
    static const float part[5] = {0.05f, 0.25f, 0.75f, 0.95f, 0.5f};
    struct dsp_moments m;
    dsp_moments(x, n, &m);
    *out++ = entropy(x, n, histogram);
    *out++ = crossings(x, n, 0.0f);
    *out++ = crossings(x, n, m.mean);
    float rms = dsp_rms(x, n);
    dsp_sort(x, n);
    for (unsigned i = 0; i < MOTE_COUNT(part); i++) {
        *out++ = percentile(x, n, part[i]);
    }
    *out++ = m.mean;
    *out++ = mote_sqrt(m.variance);
    *out++ = m.variance * ((float)n / (float)(n - 1));
    *out++ = rms;
    *out++ = rms == 0.0f ? 0.0f : m.skewness;
    *out = rms == 0.0f ? 0.0f : m.kurtosis;
}

// One level: n values to (n + taps - 1) / 2 of each band.
static size_t level_down(const float *x, size_t n, const float *low, const float *high,
                         unsigned taps, float *a, float *d)
{
    size_t out = (n + taps - 1) / 2;
    for (size_t i = 0; i < out; i++) {
        float sum_a = 0.0f, sum_d = 0.0f;
        for (unsigned k = 0; k < taps; k++) {
            size_t at = 2 * i + 1 - k; // wraps where it is in front of the first value
            if (2 * i + 1 < k) {
                at = k - 2 * i - 2;
            } else if (at >= n) {
                at = 2 * n - 1 - at;
            }
            sum_a += x[at] * low[k];
            sum_d += x[at] * high[k];
        }
        a[i] = sum_a;
        d[i] = sum_d;
    }
    return out;
}

void dsp_wavelet_run(unsigned wavelet, unsigned level, float *x, size_t n, float *features,
                     const struct dsp_wavelet_work *w)
{
    float low[DSP_WAVELET_TAPS], high[DSP_WAVELET_TAPS];
    unsigned taps = dsp_wavelet_filters(wavelet, low, high);
    float *from = x, *to = w->half;
    for (unsigned i = 0; i < level; i++) {
        n = level_down(from, n, low, high, taps, to, w->detail);
        band_features(w->detail, n, features + (size_t)(level - i) * DSP_WAVELET_FEATURES,
                      w->histogram);
        float *swap = from;
        from = to;
        to = swap;
    }
    band_features(from, n, features, w->histogram);
}
