// Statistics of an array, in float32 with sums of sums, so that the error stays small for long
// arrays.
#ifndef DSP_STATS_H
#define DSP_STATS_H

#include "firmware/core/mote_base.h"

float dsp_mean(const float *x, size_t n);
void dsp_subtract(float *x, size_t n, float value);
float dsp_rms(const float *x, size_t n);

struct dsp_moments {
    float mean;
    float variance; // mean of squares around the mean
    float skewness; // of a constant array: 0
    float kurtosis; // Fisher's: 0 for a normal distribution; of a constant array: -3
};
void dsp_moments(const float *x, size_t n, struct dsp_moments *out);
void dsp_range(const float *x, size_t n, float *lowest, float *highest);
// Ascending, in place, without recursion.
void dsp_sort(float *x, size_t n);

#endif
