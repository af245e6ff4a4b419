// Spectrograms: power of short Fourier transforms as rows of colour.
#ifndef LABELER_PLOT_SPECTRO_H
#define LABELER_PLOT_SPECTRO_H

#include "common/recording.h"

struct plot_spectro {
    unsigned fft;               // points of a transform, a power of two, 16..4096
    uint32_t width, height;     // pixels; the top row is half the sample rate
    unsigned channel;
    float low_db, high_db;      // colours' range, relative to full scale
    float full_scale;           // value that is 0 dB
    int64_t from_us, to_us;
};
// Draws what s holds of from..to into rgb (width * height * 3, zeroed by the caller): columns whose
// transform lies in a gap stay black. E_MEM.
int plot_spectro_draw(const struct plot_spectro *p, const struct rec_samples *s, uint8_t *rgb) MUST_CHECK;

#endif
