// What the blocks share: the input as they see it, the scratch they carve up, their entry points.
// Private to firmware/core/dsp.
#ifndef DSP_BLOCK_H
#define DSP_BLOCK_H

#include "firmware/core/dsp/mote_dsp.h"

// A window of frames in a sensor's own type.
struct dsp_input {
    const uint8_t *raw;
    uint8_t type; // enum mote_sample_type
    unsigned channels;
    uint32_t window;
    uint64_t interval_ns;
    float scale; // to physical values
    float gain;  // config.scale
};
float dsp_rate(uint64_t interval_ns);
// count values of a channel from frame `first` on, scaled. What is no number, or
// beyond 1e15 either way, reads as 0.
void dsp_read(const struct dsp_input *in, unsigned channel, uint32_t first, uint32_t count,
              float *out);

// Scratch: with base NULL it only counts.
struct dsp_scratch {
    uint8_t *base;
    size_t used;
};
// bytes, 8-byte aligned; NULL while counting.
void *dsp_take(struct dsp_scratch *s, size_t bytes);
static inline float *dsp_take_floats(struct dsp_scratch *s, size_t count)
{
    return dsp_take(s, count * sizeof(float));
}

// What leaves a block is always finite: what is no number becomes 0, what overflowed the largest
// float of its sign.
void dsp_tame(float *x, size_t n);

// Frames of the audio blocks.
struct dsp_frames {
    uint32_t length, stride, count;
};
#define DSP_FRAMES_MAX 500u
// false where not a single frame fits.
bool dsp_audio_frames(const struct mote_dsp_config *c, uint32_t window, uint64_t interval_ns,
                      struct dsp_frames *out);

// Each kind: why it cannot run (NULL: it can), its shape, its scratch, itself. The dispatcher has
// checked what all have in common; shape, scratch and run are called only where why_not gave NULL.
struct dsp_block {
    const char *(*why_not)(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                           uint64_t interval_ns);
    void (*shape)(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                  uint64_t interval_ns, struct mote_dsp_shape *out);
    void (*scratch)(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                    uint64_t interval_ns, struct dsp_scratch *s);
    void (*run)(const struct mote_dsp_config *c, const struct dsp_input *in, float *features,
                struct dsp_scratch *s);
};
extern const struct dsp_block dsp_block_raw, dsp_block_spectral, dsp_block_audio, dsp_block_flatten,
    dsp_block_image;

#endif
