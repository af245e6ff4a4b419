// Frames of sound to rows of features, one at a time: MFE, MFCC and SPECTROGRAM.
#ifndef DSP_AUDIO_H
#define DSP_AUDIO_H

#include "firmware/core/dsp/dsp_block.h"
#include "firmware/core/dsp/dsp_spectrum.h"

struct dsp_audio {
    const struct mote_dsp_config *config;
    struct dsp_frames frames;
    float rate;
    unsigned cols;  // features of a frame
    float *frame;   // fft + 1
    float *power;   // fft / 2 + 1
    float *mel;     // filters
    float *cosine;  // MFCC: filters + 1, of angles k / (4 filters) of a turn
    float *column;  // MFCC with normalisation: 3 * frames.count + 2
    uint16_t *edge; // filters + 2
    struct dsp_spectrum spectrum;
    // q15-1:
    float level_gain, level_offset; // from logarithms to 0..1
    int32_t step_gain, step_offset; // the same in 1/256, in 1/2^36 and 1/2^16
    uint64_t *mel_q15;              // filters
    int32_t *logs;                  // MFCC: filters
    int16_t *cosine_q15;
};

// Lays out and fills the tables (only counts where scratch has no memory). The configuration was
// checked.
void dsp_audio_init(struct dsp_audio *a, struct dsp_scratch *s, const struct mote_dsp_config *c,
                    uint32_t window, uint64_t interval_ns);
// Features of a frame: a->cols values. With pre-emphasis, frame 0 looks at the window's last value.
void dsp_audio_row(struct dsp_audio *a, const struct dsp_input *in, uint32_t frame, float *row);
// What is done to all rows together, in place: MFCC's sliding normalisation.
void dsp_audio_finish(struct dsp_audio *a, float *rows);

// The parts of dsp_audio_init and dsp_audio_row in integers.
void dsp_audio_q15_init(struct dsp_audio *a, struct dsp_scratch *s);
void dsp_audio_q15_row(struct dsp_audio *a, const struct dsp_input *in, uint32_t frame, float *row);

#endif
