// A recording's samples: reads blocks from the store and decodes them by firmware/core/wire.
#ifndef COMMON_RECORDING_H
#define COMMON_RECORDING_H

#include "common/store/store.h"

struct err;

// A picture's frames are its pixels in rows from the top, its channels the colours; a stream of pictures
// has interval_ns 0, one run a picture, width * height frames in each.

// A piece of one stream without gaps: raw typed frames as the sensor gave them.
struct rec_run {
    int64_t start_us;   // device time of its first frame
    size_t first_frame; // where it starts in rec_samples.raw, in frames
    size_t frames;
};
struct rec_samples {
    unsigned type;      // enum mote_sample_type
    unsigned channels;
    float scale;
    uint64_t interval_ns;
    uint32_t width, height; // of pictures
    char units[32];
    uint8_t *raw;       // frames * channels * size of type, little-endian, interleaved
    size_t frames;
    struct rec_run *run; // in order of time; a gap lies between two runs
    size_t runs;
};
// Frames of the named stream that lie in from_us..to_us (exclusive; INT64_MIN, INT64_MAX: all). At most
// max_frames (E_LIMIT). E_NOT_FOUND where the recording has no such stream.
int rec_load(struct store *s, int64_t rec_id, const char *stream, int64_t from_us, int64_t to_us,
             size_t max_frames, struct rec_samples *out, struct err *e) MUST_CHECK;
void rec_release(struct rec_samples *r);
// One value as a physical number.
float rec_value(const struct rec_samples *r, size_t frame, unsigned channel);

#endif
