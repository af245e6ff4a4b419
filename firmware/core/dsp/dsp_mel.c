// Mel scale: 1127 ln(1 + f / 700). Points at equal distances on it, taken to FFT bins.
#include "firmware/core/dsp/dsp_mel.h"
#include "firmware/core/dsp/mote_math.h"

static float to_mel(float hz)
{
    return 1127.0f * mote_log(1.0f + hz / 700.0f);
}

static float to_hz(float mel)
{
    return 700.0f * (mote_exp(mel / 1127.0f) - 1.0f);
}

static unsigned edge_at(const struct mote_dsp_config *c, float rate, unsigned i)
{
    float high = c->high_hz > 0.0f ? c->high_hz : 0.5f * rate;
    float low_mel = to_mel(c->low_hz), high_mel = to_mel(high);
    float hz = i == 0 ? c->low_hz
                      : to_hz(low_mel + (high_mel - low_mel) * (float)i / (float)(c->filters + 1));
    if (i == c->filters + 1u) {
        hz = high - 0.001f;
    }
    float bin = (float)(c->fft + 1) * hz / rate;
    unsigned last = c->fft / 2u;
    if (!(bin > 0.0f)) {
        return 0;
    }
    return bin < (float)last ? (unsigned)bin : last;
}

void dsp_mel_edges(const struct mote_dsp_config *c, float rate, uint16_t *edge)
{
    for (unsigned i = 0; i < c->filters + 2u; i++) {
        edge[i] = (uint16_t)edge_at(c, rate, i);
    }
}

bool dsp_mel_is_whole(const struct mote_dsp_config *c, float rate)
{
    unsigned before = edge_at(c, rate, 0), here = edge_at(c, rate, 1);
    for (unsigned i = 2; i < c->filters + 2u; i++) {
        unsigned next = edge_at(c, rate, i);
        if (before == here && here == next) {
            return false;
        }
        before = here;
        here = next;
    }
    return true;
}

void dsp_mel_energies(const uint16_t *edge, unsigned filters, const float *power, float *energy)
{
    for (unsigned i = 0; i < filters; i++) {
        unsigned left = edge[i], middle = edge[i + 1], right = edge[i + 2];
        float rise = 0.0f, fall = 0.0f, e = power[middle];
        for (unsigned k = left + 1; k < middle; k++) {
            rise += power[k] * (float)(k - left);
        }
        for (unsigned k = middle + 1; k < right; k++) {
            fall += power[k] * (float)(right - k);
        }
        if (middle > left + 1) {
            e += rise / (float)(middle - left);
        }
        if (right > middle + 1) {
            e += fall / (float)(right - middle);
        }
        energy[i] = e;
    }
}

// v / d rounded down or one too high, without a 64-bit division: v below 2^56, d below 2^16.
static uint64_t divide(uint64_t v, uint32_t d)
{
    uint32_t reciprocal = UINT32_MAX / d + 1; // 2^32 / d, rounded up
    return (v >> 32) * reciprocal + ((v & UINT32_MAX) * reciprocal >> 32);
}

void dsp_mel_energies_q15(const uint16_t *edge, unsigned filters, const uint32_t *power,
                          uint64_t *energy)
{
    for (unsigned i = 0; i < filters; i++) {
        unsigned left = edge[i], middle = edge[i + 1], right = edge[i + 2];
        uint64_t rise = 0, fall = 0, e = power[middle];
        for (unsigned k = left + 1; k < middle; k++) {
            rise += (uint64_t)power[k] * (k - left);
        }
        for (unsigned k = middle + 1; k < right; k++) {
            fall += (uint64_t)power[k] * (right - k);
        }
        if (middle > left + 1) {
            e += divide(rise, middle - left);
        }
        if (right > middle + 1) {
            e += divide(fall, right - middle);
        }
        energy[i] = e;
    }
}
