// Spectrograms: power of short Fourier transforms as rows of colour, as numbers of a palette.
#ifndef LABELER_PLOT_SPECTRO_H
#define LABELER_PLOT_SPECTRO_H

#include "common/recording.h"

#define PLOT_COLOURS 256 // 0 is "no samples"
#define PLOT_HEIGHT_MAX 1024

struct plot_spectro {
    unsigned fft;               // points of a transform, a power of two, 16..4096
    uint32_t width, height;     // pixels; the top row is half the sample rate
    unsigned channel;
    float low_db, high_db;      // colours' range, relative to full scale
    float full_scale;           // value that is 0 dB
    int64_t from_us, to_us;
};
// Draws what s holds of from..to into pixels (width * height, zeroed by the caller): columns whose transform lies in a
// gap stay 0. E_MEM; E_STATE without a rate or over PLOT_HEIGHT_MAX rows.
int plot_spectro_draw(const struct plot_spectro *p, const struct rec_samples *s,
                      uint8_t *pixels) MUST_CHECK;
// Row y of a picture shows the bins first[y + 1] up to first[y] (not included), and first[y + 1] where that is none.
void plot_rows(uint32_t height, unsigned bins, uint16_t *first);
// Number of a power in dB: 1..255.
uint8_t plot_colour_of(const struct plot_spectro *p, float db);
// Red, green and blue of each number.
void plot_palette(uint8_t rgb[PLOT_COLOURS][3]);

// Transforms of one stream, one after another.
struct plot_transform {
    unsigned fft;
    float *work; // NULL: released
    float *x, *power, *window, *table;
    float reference; // power of a full-scale sine
};
int plot_transform_init(struct plot_transform *t, unsigned fft, float full_scale) MUST_CHECK;
void plot_transform_release(struct plot_transform *t);
// t->power of fft frames that start at frame; its mean is taken off first.
void plot_transform_run(struct plot_transform *t, const struct rec_samples *s, size_t frame,
                        unsigned channel);
// 10 log10(v), within 0.01 dB, for v over 0.
float plot_decibel(float v);

#endif
