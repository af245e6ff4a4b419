// exp(x) = 2^k * exp(r), r in [-ln2/2, ln2/2], by its Taylor series to the 13th power (error below 2^-56).
#include "firmware/core/nn/nn_float.h"

static double exp_double(double x)
{
    const double log2e = 1.4426950408889634;
    const double ln2_high =
        6.93147180369123816490e-01; // its low 21 bits are zero: k * ln2_high is exact
    const double ln2_low = 1.90821492927058770002e-10;
    double scaled = x * log2e;
    int32_t k = (int32_t)(scaled + (scaled < 0.0 ? -0.5 : 0.5));
    double r = (x - k * ln2_high) - k * ln2_low;
    double sum = 1.0;
    for (int i = 13; i >= 1; i--) {
        sum = 1.0 + r / i * sum;
    }
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

float nn_expf(float x)
{
    if (x != x) {
        return x;
    }
    if (x > 89.0f) {
        return __builtin_inff();
    }
    if (x < -104.0f) {
        return 0.0f;
    }
    return (float)exp_double((double)x);
}

float nn_tanhf(float x)
{
    double y = (double)x;
    if (x != x || x == 0.0f) {
        return x;
    }
    if (y > 10.0 || y < -10.0) {
        return y > 0.0 ? 1.0f : -1.0f;
    }
    if (y < 0.01 && y > -0.01) { // the quotient below would cancel
        double y2 = y * y;
        return (float)(y * (1.0 - y2 * (1.0 / 3.0 - y2 * (2.0 / 15.0 - y2 * (17.0 / 315.0)))));
    }
    double e = exp_double(2.0 * y);
    return (float)((e - 1.0) / (e + 1.0));
}
