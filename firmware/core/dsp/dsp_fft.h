// Real FFT of a power of two, in float32.
#ifndef DSP_FFT_H
#define DSP_FFT_H

#include "firmware/core/mote_base.h"

#define DSP_FFT_MIN 16u
#define DSP_FFT_MAX 4096u
// Floats of a table for n points.
#define DSP_FFT_TABLE(n) ((n) / 4 + 1)

// Fills a table of cosines for n points.
void dsp_fft_table(float *table, unsigned n);
// Power of the bins 0..n/2 of x (n values, destroyed): |X[k]|^2 / n.
void dsp_fft_power(const float *table, unsigned n, float *x, float *power);

#endif
