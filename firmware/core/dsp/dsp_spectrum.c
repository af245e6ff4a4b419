// Chooses the FFT of a variant. The fixed-point one takes the frame as int16 with an exponent of
// its own.
#include "firmware/core/dsp/dsp_spectrum.h"
#include "firmware/core/dsp/dsp_fft.h"
#include "firmware/core/dsp/dsp_fft_q15.h"
#include "firmware/core/dsp/mote_math.h"

void dsp_spectrum_init(struct dsp_spectrum *sp, struct dsp_scratch *s, unsigned variant, unsigned n)
{
    memset(sp, 0, sizeof(*sp));
    sp->n = n;
    if (variant == MOTE_DSP_Q15) {
        sp->q15 = dsp_take(s, DSP_FFT_TABLE(n) * sizeof(int16_t));
        sp->complex = dsp_take(s, n * sizeof(int16_t));
        sp->whole = dsp_take(s, (n / 2 + 1) * sizeof(uint32_t));
        if (sp->q15) {
            dsp_q15_table(sp->q15, n);
        }
        return;
    }
    sp->table = dsp_take_floats(s, DSP_FFT_TABLE(n));
    if (sp->table) {
        dsp_fft_table(sp->table, n);
    }
}

// Rounds the frame to int16 of 15 bits at most; returns the exponent: x is about q * 2^exponent.
static int to_q15(const float *x, unsigned n, int16_t *q)
{
    float largest = 0.0f;
    for (unsigned i = 0; i < n; i++) {
        float a = x[i] < 0.0f ? -x[i] : x[i];
        largest = a > largest ? a : largest;
    }
    int exponent = mote_exponent(largest) - 13;
    if (exponent < -100 || exponent > 100) { // silence, or no sensible signal
        memset(q, 0, n * sizeof(*q));
        return 0;
    }
    float scale = mote_pow2(-exponent);
    for (unsigned i = 0; i < n; i++) {
        q[i] = (int16_t)mote_rint(x[i] * scale);
    }
    return exponent;
}

void dsp_spectrum_power(const struct dsp_spectrum *sp, float *frame, float *power)
{
    if (sp->table) {
        dsp_fft_power(sp->table, sp->n, frame, power);
        return;
    }
    unsigned bins = sp->n / 2 + 1;
    int exponent = to_q15(frame, sp->n, sp->complex);
    exponent += dsp_q15_power(sp->q15, sp->n, sp->complex, sp->whole);
    float scale = mote_pow2(exponent);
    for (unsigned k = 0; k < bins; k++) {
        power[k] = (float)sp->whole[k] * scale * scale / (float)sp->n;
    }
}
