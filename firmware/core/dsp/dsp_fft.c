// The real FFT as a complex one of half the length (even samples real, odd ones imaginary),
// decimation in time: bit reversal, a first pass of radix 4 (its twiddles are 1 and -i), radix 2
// for the rest.
#include "firmware/core/dsp/dsp_fft.h"
#include "firmware/core/dsp/mote_math.h"

void dsp_fft_table(float *table, unsigned n)
{
    float sine;
    for (unsigned k = 0; k <= n / 4; k++) {
        mote_sincos_turn(k, n, &sine, &table[k]);
    }
}

static void bit_reverse(float *x, unsigned m)
{
    unsigned j = 0;
    for (unsigned i = 0; i + 1 < m; i++) {
        if (i < j) {
            float re = x[2 * i], im = x[2 * i + 1];
            x[2 * i] = x[2 * j];
            x[2 * i + 1] = x[2 * j + 1];
            x[2 * j] = re;
            x[2 * j + 1] = im;
        }
        unsigned bit = m >> 1;
        while (j & bit) {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
    }
}

static void first_pass(float *x, unsigned m)
{
    for (float *p = x; p < x + 2 * (size_t)m; p += 8) {
        float ar = p[0] + p[2], ai = p[1] + p[3];
        float br = p[0] - p[2], bi = p[1] - p[3];
        float cr = p[4] + p[6], ci = p[5] + p[7];
        float dr = p[4] - p[6], di = p[5] - p[7];
        p[0] = ar + cr;
        p[1] = ai + ci;
        p[2] = br + di;
        p[3] = bi - dr;
        p[4] = ar - cr;
        p[5] = ai - ci;
        p[6] = br - di;
        p[7] = bi + dr;
    }
}

// One radix-2 pass that joins blocks of half complex values.
static void pass(const float *table, unsigned n, float *x, unsigned m, unsigned half)
{
    unsigned step = n / (2 * half), quarter = n / 4;
    for (unsigned j = 0; j < half; j++) {
        unsigned k = j * step;
        float c = k <= quarter ? table[k] : -table[n / 2 - k];
        float s = k <= quarter ? table[quarter - k] : table[k - quarter];
        for (unsigned i = j; i < m; i += 2 * half) {
            float *p = x + 2 * i, *q = x + 2 * (i + half);
            float re = q[0] * c + q[1] * s;
            float im = q[1] * c - q[0] * s;
            q[0] = p[0] - re;
            q[1] = p[1] - im;
            p[0] += re;
            p[1] += im;
        }
    }
}

void dsp_fft_power(const float *table, unsigned n, float *x, float *power)
{
    unsigned m = n / 2;
    float scale = 1.0f / (float)n;
    bit_reverse(x, m);
    first_pass(x, m);
    for (unsigned half = 4; half < m; half *= 2) {
        pass(table, n, x, m, half);
    }
    float sum = x[0] + x[1], difference = x[0] - x[1];
    power[0] = sum * sum * scale;
    power[m] = difference * difference * scale;
    for (unsigned k = 1; k <= m / 2; k++) {
        const float *p = x + 2 * k, *q = x + 2 * (m - k);
        float er = 0.5f * (p[0] + q[0]), ei = 0.5f * (p[1] - q[1]);
        float odd_r = 0.5f * (p[1] + q[1]), odd_i = 0.5f * (q[0] - p[0]);
        float c = table[k], s = table[n / 4 - k];
        float tr = c * odd_r + s * odd_i, ti = c * odd_i - s * odd_r;
        float ur = er + tr, ui = ei + ti, vr = er - tr, vi = ei - ti;
        power[k] = (ur * ur + ui * ui) * scale;
        power[m - k] = (vr * vr + vi * vi) * scale;
    }
}
