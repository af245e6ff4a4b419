// Overlapping windows of sound. Memory: | struct dsp_audio and its tables | rows of the window
// before |
//
// Rows move up by as many frames as the window moved on; the new ones at the end are computed, and
// row 0 as well: with pre-emphasis it looks at the window's last value (the field's definition),
// not at the one before it.
#include "firmware/core/dsp/dsp_audio.h"

static bool has_frames(const struct mote_dsp_config *c)
{
    return c->kind == MOTE_DSP_MFE || c->kind == MOTE_DSP_MFCC || c->kind == MOTE_DSP_SPECTROGRAM;
}

// Places everything; returns the audio state, NULL while counting.
static struct dsp_audio *lay_out(const struct mote_dsp_stream *st, struct dsp_scratch *s,
                                 float **rows)
{
    struct dsp_audio *a = dsp_take(s, sizeof(*a)), unused;
    dsp_audio_init(a ? a : &unused, s, st->config, st->window, st->interval_ns);
    const struct dsp_audio *known = a ? a : &unused;
    *rows = dsp_take_floats(s, (size_t)known->frames.count * known->cols);
    return a;
}

int mote_dsp_stream_size(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                         uint64_t interval_ns, size_t *bytes)
{
    struct mote_dsp_stream st = {
        .config = c, .channels = channels, .window = window, .interval_ns = interval_ns};
    struct dsp_scratch s = {NULL, 0};
    float *rows;
    int status = mote_dsp_scratch(c, channels, window, interval_ns, bytes);
    if (status == MOTE_OK && has_frames(c)) {
        (void)lay_out(&st, &s, &rows); // only counts
        *bytes = s.used;
    }
    return status;
}

int mote_dsp_stream_open(struct mote_dsp_stream *st, const struct mote_dsp_config *c,
                         unsigned channels, uint32_t window, uint64_t interval_ns, void *memory,
                         size_t memory_len)
{
    size_t need;
    memset(st, 0, sizeof(*st));
    int status = mote_dsp_stream_size(c, channels, window, interval_ns, &need);
    if (status) {
        return status;
    }
    if (need && (uintptr_t)memory & 7) {
        return MOTE_E_ARG;
    }
    if (memory_len < need) {
        return MOTE_E_SPACE;
    }
    *st =
        (struct mote_dsp_stream){c, channels, window, interval_ns, memory, memory_len, NULL, false};
    if (has_frames(c)) {
        struct dsp_scratch s = {memory, 0};
        (void)lay_out(st, &s, &st->rows); // stands at the start of memory
    }
    return MOTE_OK;
}

// Rows of the window before that are rows of this one too, moved to their place. Returns how many
// there are.
static uint32_t reuse(struct mote_dsp_stream *st, const struct dsp_audio *a, uint32_t advance)
{
    uint32_t moved = advance / a->frames.stride;
    if (!st->warm || advance == 0 || advance % a->frames.stride || moved >= a->frames.count) {
        return 0;
    }
    uint32_t kept = a->frames.count - moved;
    memmove(st->rows, st->rows + (size_t)moved * a->cols, (size_t)kept * a->cols * sizeof(float));
    return kept;
}

int mote_dsp_stream_run(struct mote_dsp_stream *st, const void *raw, unsigned type, float scale,
                        uint32_t advance, float *features)
{
    if (!st->rows) {
        return mote_dsp_run_raw(st->config, st->channels, st->window, st->interval_ns, raw, type,
                                scale, features, st->memory, st->memory_len);
    }
    if (mote_sample_size(type) == 0) {
        return MOTE_E_ARG;
    }
    struct dsp_input in = {raw,   (uint8_t)type,    st->channels, st->window, st->interval_ns,
                           scale, st->config->scale};
    struct dsp_audio *a = st->memory;
    uint32_t kept = reuse(st, a, advance);
    if (kept) {
        dsp_audio_row(a, &in, 0, st->rows);
    }
    for (uint32_t i = kept; i < a->frames.count; i++) {
        dsp_audio_row(a, &in, i, st->rows + (size_t)i * a->cols);
    }
    st->warm = true;
    size_t n = (size_t)a->frames.count * a->cols;
    memcpy(features, st->rows, n * sizeof(float));
    dsp_audio_finish(a, features);
    dsp_tame(features, n);
    return MOTE_OK;
}
