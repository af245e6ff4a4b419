// From a histogram of a tensor's values to the range that int8 should cover.
#ifndef TRAINER_QUANT_RANGE_H
#define TRAINER_QUANT_RANGE_H

#include "trainer/quant.h"

#define QUANT_BINS 2048

struct quant_histogram {
    float lo, hi;              // smallest and largest value seen
    uint64_t bin[QUANT_BINS];  // equal widths over lo..hi
};

// Narrows *lo..*hi (which come in as the histogram's).
void quant_range(const struct quant_histogram *h, enum quant_method method, double percentile,
                 float *lo, float *hi);

#endif
