// Statistics in float32: partial sums of 64 values, moments around the mean.
#include "firmware/core/dsp/dsp_stats.h"
#include "firmware/core/dsp/mote_math.h"

#define CHUNK 64 // values to a partial sum

float dsp_mean(const float *x, size_t n)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n;) {
        size_t end = n - i > CHUNK ? i + CHUNK : n;
        float part = 0.0f;
        for (; i < end; i++) {
            part += x[i];
        }
        sum += part;
    }
    return n ? sum / (float)n : 0.0f;
}

void dsp_subtract(float *x, size_t n, float value)
{
    for (size_t i = 0; i < n; i++) {
        x[i] -= value;
    }
}

static float mean_square(const float *x, size_t n, float mean)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n;) {
        size_t end = n - i > CHUNK ? i + CHUNK : n;
        float part = 0.0f;
        for (; i < end; i++) {
            float d = x[i] - mean;
            part += d * d;
        }
        sum += part;
    }
    return n ? sum / (float)n : 0.0f;
}

float dsp_rms(const float *x, size_t n)
{
    return mote_sqrt(mean_square(x, n, 0.0f));
}

void dsp_moments(const float *x, size_t n, struct dsp_moments *out)
{
    float mean = dsp_mean(x, n);
    float variance = mean_square(x, n, mean);
    float deviation = mote_sqrt(variance);
    out->mean = mean;
    out->variance = variance;
    out->skewness = 0.0f;
    out->kurtosis = -3.0f;
    if (deviation == 0.0f) {
        return;
    }
    // Powers of x / deviation, not of x: they cannot overflow or vanish.
    float inverse = 1.0f / deviation, cubes = 0.0f, fourths = 0.0f;
    for (size_t i = 0; i < n;) {
        size_t end = n - i > CHUNK ? i + CHUNK : n;
        float part3 = 0.0f, part4 = 0.0f;
        for (; i < end; i++) {
            float z = (x[i] - mean) * inverse;
            float zz = z * z;
            part3 += zz * z;
            part4 += zz * zz;
        }
        cubes += part3;
        fourths += part4;
    }
    out->skewness = cubes / (float)n;
    out->kurtosis = fourths / (float)n - 3.0f;
}

void dsp_range(const float *x, size_t n, float *lowest, float *highest)
{
    float lo = n ? x[0] : 0.0f, hi = lo;
    for (size_t i = 1; i < n; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    *lowest = lo;
    *highest = hi;
}

static void sift_down(float *x, size_t root, size_t n)
{
    float value = x[root];
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= n) {
            break;
        }
        if (child + 1 < n && x[child] < x[child + 1]) {
            child++;
        }
        if (!(value < x[child])) {
            break;
        }
        x[root] = x[child];
        root = child;
    }
    x[root] = value;
}

void dsp_sort(float *x, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) {
        sift_down(x, i, n);
    }
    for (size_t last = n; last-- > 1;) {
        float largest = x[0];
        x[0] = x[last];
        x[last] = largest;
        sift_down(x, 0, last);
    }
}
