// Spectrograms. See plot_spectro.h.
#include "labeler/plot_spectro.h"

#include "common/err.h"
#include "firmware/core/dsp/dsp_fft.h"
#include "labeler/sig_view.h"

#include <math.h>

// Stops of a colour scale that stays readable in grey and for colour-blind eyes (dark blue to yellow).
static const uint8_t stops[][3] = {{4, 5, 22},     {30, 17, 72},   {72, 24, 106},  {120, 35, 109},
                                   {168, 50, 96},  {212, 72, 66},  {242, 113, 32}, {251, 165, 10},
                                   {246, 215, 70}, {252, 255, 164}};

static void colour(float unit, uint8_t out[3])
{
    float at = unit <= 0   ? 0
               : unit >= 1 ? (float)(ARRAY_LEN(stops) - 1)
                           : unit * (float)(ARRAY_LEN(stops) - 1);
    size_t i = (size_t)at;
    i = i > ARRAY_LEN(stops) - 2 ? ARRAY_LEN(stops) - 2 : i;
    float part = at - (float)i;
    for (int c = 0; c < 3; c++) {
        out[c] = (uint8_t)((float)stops[i][c] +
                           ((float)stops[i + 1][c] - (float)stops[i][c]) * part + 0.5f);
    }
}

void plot_palette(uint8_t rgb[PLOT_COLOURS][3])
{
    memset(rgb[0], 0, 3);
    for (int i = 1; i < PLOT_COLOURS; i++) {
        colour((float)(i - 1) / (PLOT_COLOURS - 2), rgb[i]);
    }
}

uint8_t plot_colour_of(const struct plot_spectro *p, float db)
{
    float unit = (db - p->low_db) / (p->high_db - p->low_db);
    return (uint8_t)(unit <= 0   ? 1
                     : unit >= 1 ? PLOT_COLOURS - 1
                                 : 1.5f + unit * (PLOT_COLOURS - 2));
}

// The exponent from the bits, the rest by a polynomial through log2 at the Chebyshev points of 1..2 (off by 0.00002 at most).
float plot_decibel(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    int exponent = (int)(bits >> 23) - 127;
    bits = (bits & 0x7fffff) | 0x3f800000;
    float m;
    memcpy(&m, &bits, sizeof(m));
    float log2 = -2.7879262f +
                 m * (5.0478554f +
                      m * (-3.4898786f + m * (1.5894743f + m * (-0.40251339f + m * 0.043004958f))));
    return 3.01029996f * ((float)exponent + log2);
}

int plot_transform_init(struct plot_transform *t, unsigned fft, float full_scale)
{
    *t = (struct plot_transform){.fft = fft};
    t->work = malloc(((size_t)fft * 3 + DSP_FFT_TABLE(fft) + 2) * sizeof(float));
    if (!t->work) {
        return E_MEM;
    }
    t->x = t->work;
    t->power = t->x + fft;
    t->window = t->power + fft + 1;
    t->table = t->window + fft;
    dsp_fft_table(t->table, fft);
    for (unsigned i = 0; i < fft; i++) {
        t->window[i] = 0.5f - 0.5f * cosf(6.2831853f * (float)i / (float)fft);
    }
    // A full-scale sine under a Hann window has |X|^2 / n = n / 16 of its amplitude squared.
    t->reference = full_scale * full_scale * (float)fft / 16.0f;
    return OK;
}

void plot_transform_release(struct plot_transform *t)
{
    free(t->work);
    *t = (struct plot_transform){0};
}

void plot_transform_run(struct plot_transform *t, const struct rec_samples *s, size_t frame,
                        unsigned channel)
{
    size_t size = mote_sample_size(s->type), stride = size * s->channels;
    const uint8_t *raw = s->raw + frame * stride + channel * size;
    float mean = 0;
    for (unsigned i = 0; i < t->fft; i++) {
        t->x[i] = sig_raw(raw + i * stride, s->type);
        mean += t->x[i];
    }
    mean /= (float)t->fft;
    for (unsigned i = 0; i < t->fft; i++) {
        t->x[i] = (t->x[i] - mean) * s->scale * t->window[i];
    }
    dsp_fft_power(t->table, t->fft, t->x, t->power);
}

// The run that holds n frames around t, and its first of them. False: a gap.
static bool find_window(const struct rec_samples *s, int64_t t_us, unsigned n, size_t *frame)
{
    for (size_t i = 0; i < s->runs; i++) {
        const struct rec_run *run = &s->run[i];
        int64_t at = (int64_t)((double)(t_us - run->start_us) * 1000.0 / (double)s->interval_ns) -
                     (int64_t)n / 2;
        if (run->frames < n || at < -(int64_t)n / 2 || at > (int64_t)run->frames - (int64_t)n / 2) {
            continue;
        }
        at = at < 0 ? 0 : at > (int64_t)(run->frames - n) ? (int64_t)(run->frames - n) : at;
        *frame = run->first_frame + (size_t)at;
        return true;
    }
    return false;
}

void plot_rows(uint32_t height, unsigned bins, uint16_t *first)
{
    for (uint32_t y = 0; y <= height; y++) {
        first[y] = (uint16_t)((height - y) * bins / height);
    }
}

// row: of plot_rows, so that no pixel needs a division.
static void draw_column(const struct plot_spectro *p, const struct plot_transform *t,
                        const uint16_t *row, uint32_t x, uint8_t *pixels)
{
    float factor = 1.0f / t->reference;
    for (uint32_t y = 0; y < p->height; y++) {
        unsigned lo = row[y + 1], hi = row[y];
        float most = t->power[lo];
        for (unsigned k = lo + 1; k < hi; k++) {
            most = t->power[k] > most ? t->power[k] : most;
        }
        pixels[(size_t)y * p->width + x] = plot_colour_of(p, plot_decibel(most * factor + 1e-14f));
    }
}

int plot_spectro_draw(const struct plot_spectro *p, const struct rec_samples *s, uint8_t *pixels)
{
    struct plot_transform t;
    uint16_t row[PLOT_HEIGHT_MAX + 1];
    if (s->interval_ns == 0 || p->height > PLOT_HEIGHT_MAX) {
        return E_STATE;
    }
    plot_rows(p->height, p->fft / 2, row);
    if (plot_transform_init(&t, p->fft, p->full_scale)) {
        return E_MEM;
    }
    for (uint32_t col = 0; col < p->width; col++) {
        int64_t at = p->from_us + (int64_t)((double)(p->to_us - p->from_us) * ((double)col + 0.5) /
                                            (double)p->width);
        size_t frame;
        if (find_window(s, at, p->fft, &frame)) {
            plot_transform_run(&t, s, frame, p->channel);
            draw_column(p, &t, row, col, pixels);
        }
    }
    plot_transform_release(&t);
    return OK;
}
