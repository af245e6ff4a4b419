// Spectrograms. See plot_spectro.h.
#include "labeler/plot_spectro.h"

#include "common/err.h"
#include "firmware/core/dsp/dsp_fft.h"
#include "labeler/sig_view.h"

#include <math.h>

// Stops of a colour scale that stays readable in grey and for colour-blind eyes (dark blue to yellow).
static const uint8_t stops[][3] = {{4, 5, 22},     {30, 17, 72},   {72, 24, 106}, {120, 35, 109}, {168, 50, 96},
                                   {212, 72, 66}, {242, 113, 32}, {251, 165, 10}, {246, 215, 70}, {252, 255, 164}};

static void colour(float unit, uint8_t out[3])
{
    float at = unit <= 0 ? 0 : unit >= 1 ? (float)(ARRAY_LEN(stops) - 1) : unit * (float)(ARRAY_LEN(stops) - 1);
    size_t i = (size_t)at;
    i = i > ARRAY_LEN(stops) - 2 ? ARRAY_LEN(stops) - 2 : i;
    float part = at - (float)i;
    for (int c = 0; c < 3; c++) {
        out[c] = (uint8_t)((float)stops[i][c] + ((float)stops[i + 1][c] - (float)stops[i][c]) * part + 0.5f);
    }
}

// The run that holds n frames around t, and its first of them. False: a gap.
static bool find_window(const struct rec_samples *s, int64_t t_us, unsigned n, size_t *frame)
{
    for (size_t i = 0; i < s->runs; i++) {
        const struct rec_run *run = &s->run[i];
        int64_t at = (int64_t)((double)(t_us - run->start_us) * 1000.0 / (double)s->interval_ns) - (int64_t)n / 2;
        if (run->frames < n || at < -(int64_t)n / 2 || at > (int64_t)run->frames - (int64_t)n / 2) {
            continue;
        }
        at = at < 0 ? 0 : at > (int64_t)(run->frames - n) ? (int64_t)(run->frames - n) : at;
        *frame = run->first_frame + (size_t)at;
        return true;
    }
    return false;
}

static void draw_column(const struct plot_spectro *p, const float *power, uint32_t x, uint8_t *rgb)
{
    unsigned bins = p->fft / 2;
    // A full-scale sine under a Hann window has |X|^2 / n = n / 16 of its amplitude squared.
    float reference = p->full_scale * p->full_scale * (float)p->fft / 16.0f;
    for (uint32_t y = 0; y < p->height; y++) {
        unsigned lo = (p->height - 1 - y) * bins / p->height, hi = (p->height - y) * bins / p->height;
        float most = power[lo];
        for (unsigned k = lo + 1; k < hi; k++) {
            most = power[k] > most ? power[k] : most;
        }
        float db = 10.0f * log10f(most / reference + 1e-12f);
        colour((db - p->low_db) / (p->high_db - p->low_db), rgb + ((size_t)y * p->width + x) * 3);
    }
}

int plot_spectro_draw(const struct plot_spectro *p, const struct rec_samples *s, uint8_t *rgb)
{
    float *work = malloc(((size_t)p->fft * 3 + DSP_FFT_TABLE(p->fft) + 2) * sizeof(float));
    if (!work || s->interval_ns == 0) {
        free(work);
        return work ? E_STATE : E_MEM;
    }
    float *x = work, *power = x + p->fft, *window = power + p->fft + 1, *table = window + p->fft;
    size_t size = mote_sample_size(s->type), stride = size * s->channels;
    dsp_fft_table(table, p->fft);
    for (unsigned i = 0; i < p->fft; i++) {
        window[i] = 0.5f - 0.5f * cosf(6.2831853f * (float)i / (float)p->fft);
    }
    for (uint32_t col = 0; col < p->width; col++) {
        int64_t t = p->from_us + (int64_t)((double)(p->to_us - p->from_us) * ((double)col + 0.5) / (double)p->width);
        size_t frame;
        if (!find_window(s, t, p->fft, &frame)) {
            continue;
        }
        const uint8_t *raw = s->raw + frame * stride + p->channel * size;
        float mean = 0;
        for (unsigned i = 0; i < p->fft; i++) {
            x[i] = sig_raw(raw + i * stride, s->type) * s->scale;
            mean += x[i];
        }
        mean /= (float)p->fft;
        for (unsigned i = 0; i < p->fft; i++) {
            x[i] = (x[i] - mean) * window[i];
        }
        dsp_fft_power(table, p->fft, x, power);
        draw_column(p, power, col, rgb);
    }
    free(work);
    return OK;
}
