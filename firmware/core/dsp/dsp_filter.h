// Recursive filters in second-order sections (transposed direct form II), float32.
#ifndef DSP_FILTER_H
#define DSP_FILTER_H

#include "firmware/core/mote_base.h"

#define DSP_SECTIONS_MAX 4

struct dsp_section { // y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''
    float b0, b1, b2, a1, a2;
};
struct dsp_filter {
    struct dsp_section section[DSP_SECTIONS_MAX];
    float state[DSP_SECTIONS_MAX][2];
    unsigned sections;
};
// Butterworth of even order 2..8; cutoff is a fraction of the sample rate, 0 < cutoff < 0.5. State
// is zero.
void dsp_butterworth(struct dsp_filter *f, bool high_pass, unsigned order, float cutoff);
// Filters x in place; the state goes on from call to call.
void dsp_filter_run(struct dsp_filter *f, float *x, size_t n);

// Values that decimation by 1, 3, 10, 30, 100 or 1000 leaves of n; 0 for another ratio.
size_t dsp_decimated(size_t n, unsigned ratio);
// Low-pass (Chebyshev I, order 8, 0.05 dB, 0.8 of the new Nyquist frequency, settled on the first
// value) and every ratio-th value, in stages of 3 and 10; in place. Returns what dsp_decimated
// says.
size_t dsp_decimate(float *x, size_t n, unsigned ratio);

#endif
