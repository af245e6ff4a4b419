// y[i] = sum over k of x[k] * h[i * down - k * up + half]: what would be left of x with up - 1
// zeros behind each value, filtered, and only every down-th value kept. The filter has half = 10 *
// max(up, down) taps on both sides; it is even, so that half + 1 are stored.
#include "firmware/core/dsp/mote_math.h"
#include "firmware/core/dsp/mote_resample.h"

#define BETA 5.0f
#define PERIODS 10u

static uint64_t divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int mote_resample_ratio(uint64_t from_ns, uint64_t to_ns, uint32_t *up, uint32_t *down)
{
    *up = *down = 0;
    if (from_ns == 0 || to_ns == 0) {
        return MOTE_E_ARG;
    }
    uint64_t common = divisor(from_ns, to_ns);
    if (from_ns / common > MOTE_RESAMPLE_MAX || to_ns / common > MOTE_RESAMPLE_MAX) {
        return MOTE_E_LIMIT;
    }
    *up = (uint32_t)(from_ns / common);
    *down = (uint32_t)(to_ns / common);
    return MOTE_OK;
}

static bool bounded(uint32_t up, uint32_t down)
{
    return up >= 1 && down >= 1 && up <= MOTE_RESAMPLE_MAX && down <= MOTE_RESAMPLE_MAX;
}

size_t mote_resample_count(size_t n, uint32_t up, uint32_t down)
{
    if (!bounded(up, down) || n > (size_t)1 << 31) {
        return 0;
    }
    uint64_t total = (uint64_t)n * up;
    return (size_t)(total / down + (total % down != 0));
}

static uint32_t half_length(uint32_t up, uint32_t down)
{
    return PERIODS * (up > down ? up : down);
}

size_t mote_resample_scratch(uint32_t up, uint32_t down)
{
    return bounded(up, down) ? (half_length(up, down) + 1) * sizeof(float) : 0;
}

// The modified Bessel function of order 0, by its series: for x up to BETA 20 terms leave nothing.
static float bessel(float x)
{
    float quarter = 0.25f * x * x, term = 1.0f, sum = 1.0f;
    for (unsigned k = 1; k < 20; k++) {
        term *= quarter / (float)(k * k);
        sum += term;
    }
    return sum;
}

// The right half of a low-pass at 1 / max of the Nyquist frequency, with a gain of up at 0 Hz.
static void design(float *h, uint32_t half, uint32_t widest, uint32_t up)
{
    float sum = 0.0f;
    for (uint32_t m = half + 1; m-- > 0;) { // the small ones first
        float sine, cosine, place = (float)m / (float)half;
        mote_sincos_turn(m, 2 * widest, &sine, &cosine);
        float angle = 3.14159265359f * (float)m / (float)widest;
        float value = m ? sine / angle : 1.0f;
        h[m] = value * bessel(BETA * mote_sqrt((1.0f - place) * (1.0f + place)));
        sum += m ? 2.0f * h[m] : h[m];
    }
    for (uint32_t m = 0; m <= half; m++) {
        h[m] *= (float)up / sum;
    }
}

int mote_resample(const float *in, size_t n, size_t step, uint32_t up, uint32_t down, float *out,
                  void *scratch, size_t scratch_len)
{
    size_t count = mote_resample_count(n, up, down);
    if (!bounded(up, down) || (n && !count) || step == 0) {
        return MOTE_E_ARG;
    }
    uint32_t common = (uint32_t)divisor(up, down);
    up /= common;
    down /= common;
    uint32_t half = half_length(up, down);
    if (scratch_len < mote_resample_scratch(up, down)) {
        return MOTE_E_SPACE;
    }
    float *h = scratch;
    design(h, half, up > down ? up : down, up);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = (uint64_t)i * down;
        uint64_t first = at > half ? (at - half + up - 1) / up : 0, last = (at + half) / up;
        float sum = 0.0f;
        for (uint64_t k = first; k <= last && k < n; k++) {
            uint64_t place = k * up;
            sum += in[(size_t)k * step] * h[place > at ? place - at : at - place];
        }
        out[i * step] = up == 1 && down == 1 ? in[i * step] : sum;
    }
    return MOTE_OK;
}
