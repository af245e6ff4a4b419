// Choosing a tensor's range. See quant_range.h.
//
// PERCENTILE leaves out the same share of values at either end. MSE and ENTROPY try narrower ranges, a
// hundredth of the width at a time from the side that loses less, and keep the one with the smallest mean squared error,
// or the smallest divergence between the histogram and its image at 256 steps.
#include "trainer/quant_range.h"

#include <math.h>

static double bin_value(const struct quant_histogram *h, int i)
{
    return (double)h->lo + ((double)h->hi - (double)h->lo) * (i + 0.5) / QUANT_BINS;
}

static void by_percentile(const struct quant_histogram *h, double percentile, float *lo, float *hi)
{
    uint64_t total = 0;
    for (int i = 0; i < QUANT_BINS; i++) {
        total += h->bin[i];
    }
    uint64_t drop = (uint64_t)((double)total * (1 - percentile / 100));
    int first = 0, last = QUANT_BINS - 1;
    for (uint64_t sum = h->bin[0]; sum <= drop && first < last; sum += h->bin[++first]) {
    }
    for (uint64_t sum = h->bin[last]; sum <= drop && last > first; sum += h->bin[--last]) {
    }
    float width = (h->hi - h->lo) / QUANT_BINS, start = h->lo;
    *lo = first > 0 ? start + width * (float)first : *lo;
    *hi = last < QUANT_BINS - 1 ? start + width * (float)(last + 1) : *hi;
}

// Mean squared error of rounding to 255 steps, plus that of what is cut off.
static double squared_error(const struct quant_histogram *h, double lo, double hi)
{
    double step = (hi - lo) / 255, sum = 0;
    for (int i = 0; i < QUANT_BINS; i++) {
        double v = bin_value(h, i), cut = v < lo ? lo - v : v > hi ? v - hi : 0;
        sum += (double)h->bin[i] * (cut * cut + step * step / 12);
    }
    return sum;
}

// Kullback-Leibler divergence of the clipped histogram from itself at 256 levels.
static double divergence(const struct quant_histogram *h, double lo, double hi)
{
    double level[256] = {0}, filled[256] = {0}, total = 0, sum = 0, below = 0, above = 0;
    for (int i = 0; i < QUANT_BINS; i++) {
        double v = bin_value(h, i), n = (double)h->bin[i];
        total += n;
        below += v < lo ? n : 0;
        above += v > hi ? n : 0;
        if (v >= lo && v <= hi) {
            int at = (int)((v - lo) / (hi - lo) * 255.999);
            level[at] += n;
            filled[at] += n > 0;
        }
    }
    for (int i = 0; i < QUANT_BINS && total > 0; i++) {
        double v = bin_value(h, i), n = (double)h->bin[i];
        if (v < lo || v > hi) {
            continue;
        }
        int at = (int)((v - lo) / (hi - lo) * 255.999);
        n += at == 0     ? below / (filled[0] > 0 ? filled[0] : 1)
             : at == 255 ? above / (filled[255] > 0 ? filled[255] : 1)
                         : 0;
        if (n > 0) {
            double q = filled[at] > 0 ? level[at] / filled[at] : 0;
            sum += n / total * log(n / (q > 0 ? q : 1e-4));
        }
    }
    return sum;
}

static void by_search(const struct quant_histogram *h,
                      double (*cost)(const struct quant_histogram *, double, double), float *lo,
                      float *hi)
{
    double a = (double)*lo, b = (double)*hi, step = (b - a) / 100;
    double best = cost(h, a, b);
    for (int i = 0; i < 80; i++) {
        double left = a + step < 0 ? cost(h, a + step, b) : HUGE_VAL; // zero stays inside
        double right = b - step > 0 ? cost(h, a, b - step) : HUGE_VAL;
        if (left == HUGE_VAL && right == HUGE_VAL) {
            return;
        }
        a += left < right ? step : 0;
        b -= left < right ? 0 : step;
        double now = left < right ? left : right;
        if (now < best) {
            best = now;
            *lo = (float)a;
            *hi = (float)b;
        }
    }
}

void quant_range(const struct quant_histogram *h, enum quant_method method, double percentile,
                 float *lo, float *hi)
{
    if (!(h->hi > h->lo)) {
        return;
    }
    switch (method) {
    case QUANT_MIN_MAX: break;
    case QUANT_PERCENTILE: by_percentile(h, percentile, lo, hi); break;
    case QUANT_MSE: by_search(h, squared_error, lo, hi); break;
    case QUANT_ENTROPY: by_search(h, divergence, lo, hi); break;
    }
}
