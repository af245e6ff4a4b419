// What the signal blocks cost: one second of sound at 16 kHz and two of motion at 62.5 Hz, default
// parameters, in both variants. On an emulated mps2 board under -icount shift=0 a tick of the CMSDK
// timer is 40 instructions; on a host it is the clock.
#include <stdio.h>
#ifdef BENCH_BOARD
#define UNIT "thousand instructions"
#else
#include <time.h>
#define UNIT "microseconds"
#endif

#include "firmware/core/dsp/mote_dsp.h"

#define RATE 16000
static int16_t raw[RATE];
static float features[8192];
static _Alignas(8) uint8_t scratch[16384];

#ifdef BENCH_BOARD
static volatile uint32_t *const timer = (volatile uint32_t *)0x40000000; // control, value, reload
static double now(void)
{
    if (!timer[0]) {
        timer[2] = timer[1] = UINT32_MAX;
        timer[0] = 1;
    }
    return (double)(UINT32_MAX - timer[1]) * 40 / 1000;
}
#else
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
#endif

static void measure(unsigned kind, uint8_t variant)
{
    struct mote_dsp_config c;
    mote_dsp_defaults(&c, kind);
    c.variant = variant;
    bool sound = kind == MOTE_DSP_MFE || kind == MOTE_DSP_MFCC || kind == MOTE_DSP_SPECTROGRAM;
    unsigned channels = sound ? 1 : 3;
    uint32_t window = sound ? RATE : 125;
    uint64_t interval = sound ? 62500 : 16000000;
    size_t need;
    int status = mote_dsp_scratch(&c, channels, window, interval, &need);
    double best = 0;
    for (int i = 0; i < 3 && status == MOTE_OK; i++) {
        double start = now();
        status = mote_dsp_run_raw(&c, channels, window, interval, raw, MOTE_I16, 1.0f / 32768,
                                  features, scratch, sizeof(scratch));
        double took = now() - start;
        best = i == 0 || took < best ? took : best;
    }
    printf("%-12s %-6s %9ld %s, scratch %u bytes, status %d\n", mote_dsp_kind_name(kind),
           mote_dsp_variant_name(variant), (long)best, UNIT, (unsigned)need, status);
}

int main(void)
{
    static const uint8_t kinds[] = {MOTE_DSP_SPECTRAL, MOTE_DSP_MFE, MOTE_DSP_MFCC,
                                    MOTE_DSP_SPECTROGRAM, MOTE_DSP_FLATTEN};
    for (unsigned i = 0; i < RATE; i++) {
        raw[i] = (int16_t)(i * 7919u);
    }
    for (unsigned i = 0; i < sizeof(kinds); i++) {
        measure(kinds[i], MOTE_DSP_F32);
        measure(kinds[i], MOTE_DSP_Q15);
    }
    return 0;
}
