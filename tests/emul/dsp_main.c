// Runs every signal block in both variants over known signals and prints a digest of the bits of
// each result. Built for the host and for emulated boards by dsp.sh, which compares what they
// print.
#include <stdio.h>

#include "firmware/core/dsp/mote_dsp.h"
#include "firmware/core/dsp/mote_math.h"
#include "firmware/core/dsp/mote_resample.h"

#define WINDOW 2000
#define CHANNELS 3
static int16_t raw[WINDOW * CHANNELS];
static float features[WINDOW * CHANNELS];
static _Alignas(8) uint8_t scratch[32768];

static uint32_t digest(uint32_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len--) {
        h = (h ^ *p++) * 16777619u;
    }
    return h;
}

static void fill(uint32_t state)
{
    for (unsigned i = 0; i < WINDOW * CHANNELS; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        int saw = (int)(i * 37 % 200) - 100;
        raw[i] = (int16_t)((int)(state & 0xfff) * 4 - 8192 + saw * 100);
    }
}

static void run(const char *what, const struct mote_dsp_config *c, unsigned channels,
                uint64_t interval_ns, float scale)
{
    int n = mote_dsp_features(c, channels, WINDOW, interval_ns);
    int status = n > 0 && (size_t)n <= MOTE_COUNT(features)
                     ? mote_dsp_run_raw(c, channels, WINDOW, interval_ns, raw, MOTE_I16, scale,
                                        features, scratch, sizeof(scratch))
                     : MOTE_E_ARG;
    printf("%s %s status %d features %d digest %08lx\n", what, mote_dsp_variant_name(c->variant),
           status, n,
           (unsigned long)(status == MOTE_OK
                               ? digest(2166136261u, features, (size_t)n * sizeof(float))
                               : 0));
}

static void blocks(uint8_t variant)
{
    struct mote_dsp_config c;
    for (unsigned kind = 0; kind < MOTE_DSP_KINDS; kind++) {
        mote_dsp_defaults(&c, kind);
        c.variant = variant;
        c.width = 50;
        c.height = 40;
        c.out_width = c.out_height = 32;
        run(mote_dsp_kind_name(kind), &c, 3, 125000, 1.0f / 32768);
        run(mote_dsp_kind_name(kind), &c, 1, 62500, 1.0f / 30000);
        run(mote_dsp_kind_name(kind), &c, 3, 125000, 1e-22f); // powers are denormal
    }
    mote_dsp_defaults(&c, MOTE_DSP_SPECTRAL);
    c.variant = variant;
    c.filter = MOTE_DSP_LOW_PASS;
    c.cutoff = 11;
    c.fft = 64;
    c.decimate = 3;
    c.low_frequency = true;
    run("filtered", &c, 3, 10000000, 0.01f);
    c.low_frequency = false;
    c.analysis = MOTE_DSP_BY_WAVELET;
    c.level = 3;
    run("wavelet", &c, 3, 10000000, 0.01f);
}

static void functions(void)
{
    uint32_t h = 2166136261u;
    for (uint32_t u = 1; u < 0x7f800000u; u += 500009) {
        float x, y[6];
        memcpy(&x, &u, 4);
        y[0] = mote_sqrt(x);
        y[1] = mote_log(x);
        y[2] = mote_log10(x);
        y[3] = mote_exp(y[1] * 0.9f);
        mote_sincos_turn(u % 997, 997, &y[4], &y[5]);
        h = digest(h, y, sizeof(y));
    }
    printf("functions digest %08lx\n", (unsigned long)h);
}

static void resampling(void)
{
    static float in[500];
    for (unsigned i = 0; i < MOTE_COUNT(in); i++) {
        in[i] = (float)raw[i] / 32768.0f;
    }
    int status = mote_resample(in, MOTE_COUNT(in), 1, 160, 147, features, scratch, sizeof(scratch));
    printf("resampled status %d digest %08lx\n", status,
           (unsigned long)digest(2166136261u, features, 545 * sizeof(float)));
}

int main(void)
{
    fill(1);
    functions();
    resampling();
    blocks(MOTE_DSP_F32);
    blocks(MOTE_DSP_Q15);
    return 0;
}
