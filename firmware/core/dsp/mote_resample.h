// Another sample rate: up / down times the old one, by a polyphase low-pass filter (Kaiser window,
// beta 5, 20 * max(up, down) + 1 taps: what SciPy's resample_poly does by default). For a sensor
// whose rate is not the one that a model was trained with, and for files. Float32, no state between
// calls, no allocation.
#ifndef MOTE_RESAMPLE_H
#define MOTE_RESAMPLE_H

#include "firmware/core/mote_base.h"

#define MOTE_RESAMPLE_MAX 1000u // up and down, after their common divisor is taken out

// The smallest up and down that make `to` out of `from`, both intervals between values.
// MOTE_E_LIMIT where there are none below the maximum: rates that have no ratio of small numbers.
int mote_resample_ratio(uint64_t from_ns, uint64_t to_ns, uint32_t *up, uint32_t *down) MOTE_CHECK;
// Values that n become: n * up / down, rounded up. 0 where the ratio is out of bounds or n over
// 2^31.
size_t mote_resample_count(size_t n, uint32_t up, uint32_t down);
// Bytes of scratch; it must be 4-byte aligned.
size_t mote_resample_scratch(uint32_t up, uint32_t down);
// n values of in, `step` floats apart (the channels of a frame), to mote_resample_count values of
// out, `step` apart.
int mote_resample(const float *in, size_t n, size_t step, uint32_t up, uint32_t down, float *out,
                  void *scratch, size_t scratch_len) MOTE_CHECK;

#endif
