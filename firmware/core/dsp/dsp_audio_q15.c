// MFE, MFCC and SPECTROGRAM in integers, for parts without floating-point hardware: samples as Q15
// (full scale is 1.0), FFT in int16 with a common exponent, mel sums in 64 bits, logarithms to base
// 2 in 1/65536. Only what leaves is float.
#include "firmware/core/dsp/dsp_audio.h"
#include "firmware/core/dsp/dsp_fft_q15.h"
#include "firmware/core/dsp/dsp_mel.h"
#include "firmware/core/dsp/mote_math.h"

#define ONE 65536        // of logarithms
#define SILENCE -2177059 // log2(1e-10)
#define FLOOR -6531176   // log2(1e-30)
#define ROOM 8191        // what the FFT takes without a shift
#define LN_2 (0.69314718056f / 65536.0f)
#define DB_2 (3.01029995664f / 65536.0f)

void dsp_audio_q15_init(struct dsp_audio *a, struct dsp_scratch *s)
{
    const struct mote_dsp_config *c = a->config;
    float range = 12.0f - c->noise_floor;
    a->level_gain = DB_2 / range;
    a->level_offset = -c->noise_floor / range;
    if (c->kind == MOTE_DSP_SPECTROGRAM) {
        return;
    }
    // In units of 1/256 of the range, as fractions of 2^36 and 2^16: both fit a float's 24 bits
    // well.
    a->step_gain = (int32_t)(a->level_gain * 256.0f * 68719476736.0f + 0.5f);
    a->step_offset = (int32_t)(a->level_offset * 256.0f * 65536.0f + 0.5f);
    a->mel_q15 = dsp_take(s, c->filters * sizeof(uint64_t));
    if (c->kind == MOTE_DSP_MFCC) {
        a->logs = dsp_take(s, c->filters * sizeof(int32_t));
        a->cosine_q15 = dsp_take(s, (c->filters + 1u) * sizeof(int16_t));
        for (unsigned k = 0; a->cosine_q15 && k <= c->filters; k++) {
            float sine, cosine;
            mote_sincos_turn(k, 4u * c->filters, &sine, &cosine);
            a->cosine_q15[k] = (int16_t)mote_rint(cosine * 32767.0f);
        }
    }
}

// Sound in int16 at full scale 1.0 needs no arithmetic: that would give the same values.
static bool is_q15(const struct dsp_input *in)
{
    return in->type == MOTE_I16 && in->scale * in->gain * 32768.0f == 1.0f;
}

static int sample(const struct dsp_input *in, bool as_is, unsigned channel, uint32_t at)
{
    if (as_is) {
        return (int16_t)mote_get16(in->raw + 2 * ((size_t)at * in->channels + channel));
    }
    float v;
    dsp_read(in, channel, at, 1, &v);
    v *= 32768.0f;
    return v >= 32767.0f ? 32767 : v <= -32768.0f ? -32768 : (int)mote_rint(v);
}

// One value of the frame, at most 2^16 either way.
static int emphasised(int now, int before, int coefficient)
{
    return now - ((before * coefficient + 0x4000) >> 15);
}

// Fills the FFT's input, shifted so that it uses the room there is. Returns the exponent.
static int load(struct dsp_audio *a, const struct dsp_input *in, uint32_t frame)
{
    const struct mote_dsp_config *c = a->config;
    uint32_t first = frame * a->frames.stride;
    uint32_t n = a->frames.length < c->fft ? a->frames.length : c->fft;
    int coefficient =
        c->kind == MOTE_DSP_SPECTROGRAM ? 0 : (int)mote_rint(c->pre_emphasis * 32768.0f);
    bool as_is = is_q15(in);
    int16_t *x = a->spectrum.complex;
    int start = coefficient ? sample(in, as_is, c->channel, first ? first - 1 : in->window - 1) : 0;
    int before = start, largest = 0;
    for (uint32_t i = 0; i < n; i++) {
        int now = sample(in, as_is, c->channel, first + i);
        int v = emphasised(now, before, coefficient);
        largest = v > largest ? v : -v > largest ? -v : largest;
        x[i] = (int16_t)now;
        before = now;
    }
    int up = 0, down = 0;
    while (largest > ROOM) {
        largest = (largest + 1) / 2;
        down++;
    }
    while (largest && largest * 2 <= ROOM) {
        largest *= 2;
        up++;
    }
    before = start;
    for (uint32_t i = 0; i < n; i++) {
        int now = x[i], v = emphasised(now, before, coefficient);
        x[i] = (int16_t)dsp_shift_q15(v * (1 << up), down);
        before = now;
    }
    memset(x + n, 0, (c->fft - n) * sizeof(*x));
    return down - up;
}

static void cepstrum(const struct dsp_audio *a, float *row)
{
    unsigned n = a->config->filters, turn = 4 * n;
    float scale = mote_sqrt(2.0f / (float)n) * LN_2 / 32767.0f;
    for (unsigned k = 1; k < a->cols; k++) {
        int64_t sum = 0;
        for (unsigned i = 0, angle = k; i < n; i++) {
            unsigned at = angle <= 2 * n ? angle : turn - angle;
            sum += (int64_t)a->logs[i] * (at <= n ? a->cosine_q15[at] : -a->cosine_q15[2 * n - at]);
            angle += 2 * k;
            angle = angle >= turn ? angle - turn : angle;
        }
        row[k] = (float)sum * scale;
    }
}

// Base-2 logarithm of an energy.
static int32_t level(uint64_t v, int32_t offset)
{
    int32_t log2 = v ? dsp_log2_q16(v) + offset : SILENCE;
    return log2 > FLOOR ? log2 : FLOOR;
}

// Decibels of a logarithm, taken to 0 and up.
static float spectrogram_level(const struct dsp_audio *a, int32_t log2)
{
    float v = (float)log2 * a->level_gain + a->level_offset;
    return v > 0.0f ? v : 0.0f;
}

// The same in steps of 1/256 within 0..255/256, without arithmetic on floats but the last.
static float mfe_level(const struct dsp_audio *a, int32_t log2)
{
    int64_t v = (int64_t)log2 * a->step_gain + (int64_t)a->step_offset * (1 << 20);
    int64_t step = (v + ((int64_t)1 << 35)) >> 36;
    return (float)(int32_t)(step < 0 ? 0 : step > 255 ? 255 : step) * (1.0f / 256.0f);
}

static void mfcc_row(struct dsp_audio *a, const uint32_t *power, int32_t offset, float *row)
{
    const struct mote_dsp_config *c = a->config;
    uint64_t energy = 0;
    for (unsigned k = 0; k <= c->fft / 2u; k++) {
        energy += power[k];
    }
    for (unsigned i = 0; i < c->filters; i++) {
        a->logs[i] = level(a->mel_q15[i], offset);
    }
    cepstrum(a, row);
    row[0] = (float)level(energy, offset) * LN_2;
}

void dsp_audio_q15_row(struct dsp_audio *a, const struct dsp_input *in, uint32_t frame, float *row)
{
    const struct mote_dsp_config *c = a->config;
    const uint32_t *power = a->spectrum.whole;
    int exponent = load(a, in, frame);
    exponent += dsp_q15_power(a->spectrum.q15, c->fft, a->spectrum.complex, a->spectrum.whole);
    // |X|^2 / fft of samples in 1/32768: power * 4^exponent / fft / 2^30.
    int32_t offset = (2 * exponent - 30) * ONE - dsp_log2_q16(c->fft);
    if (c->kind == MOTE_DSP_SPECTROGRAM) {
        for (unsigned k = 0; k < a->cols; k++) {
            row[k] = spectrogram_level(a, level(power[k], offset));
        }
        return;
    }
    dsp_mel_energies_q15(a->edge, c->filters, power, a->mel_q15);
    if (c->kind == MOTE_DSP_MFCC) {
        mfcc_row(a, power, offset, row);
        return;
    }
    for (unsigned i = 0; i < c->filters; i++) {
        row[i] = mfe_level(a, level(a->mel_q15[i], offset));
    }
}
