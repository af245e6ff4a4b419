// Discrete wavelet transform, and the statistics of its sub-bands.
#ifndef DSP_WAVELET_H
#define DSP_WAVELET_H

#include "firmware/core/dsp/dsp_block.h"

#define DSP_WAVELET_FEATURES 14u // of a sub-band
#define DSP_WAVELET_TAPS 20u
#define DSP_WAVELET_COUNT 52u

// Analysis filters of a wavelet (below DSP_WAVELET_COUNT); returns how many taps both have.
unsigned dsp_wavelet_filters(unsigned wavelet, float low[DSP_WAVELET_TAPS],
                             float high[DSP_WAVELET_TAPS]);

struct dsp_wavelet_work {
    float *half, *detail;
    uint32_t *histogram;
};
// Lays out what dsp_wavelet_run needs for signals of n values.
void dsp_wavelet_layout(struct dsp_wavelet_work *w, struct dsp_scratch *s, size_t n);
// Features of the approximation of the last level, then of the details from the last level to the
// first. x (n values, at least 32 * 2^level) is destroyed.
void dsp_wavelet_run(unsigned wavelet, unsigned level, float *x, size_t n, float *features,
                     const struct dsp_wavelet_work *w);

#endif
