// The power spectrum of a frame of floats in either variant of the arithmetic.
#ifndef DSP_SPECTRUM_H
#define DSP_SPECTRUM_H

#include "firmware/core/dsp/dsp_block.h"

struct dsp_spectrum {
    unsigned n;
    float *table;     // f32-1
    int16_t *q15;     // q15-1: table
    int16_t *complex; // q15-1: n values
    uint32_t *whole;  // q15-1: powers, n / 2 + 1
};
// Lays the tables out in scratch, and fills them where scratch has memory.
void dsp_spectrum_init(struct dsp_spectrum *sp, struct dsp_scratch *s, unsigned variant,
                       unsigned n);
// Power of the bins 0..n/2 of frame (n values, destroyed): |X[k]|^2 / n.
void dsp_spectrum_power(const struct dsp_spectrum *sp, float *frame, float *power);

#endif
