// A window of raw frames out of the store: what a device's sensor gave, byte for byte.
#ifndef CONVERTER_CVT_WINDOW_H
#define CONVERTER_CVT_WINDOW_H

struct buf;
struct err;
struct store;

struct cvt_window {
    int64_t rec_id, start_us;
    const char *stream;
    uint32_t frames, channels;
    uint8_t type; // out: enum mote_sample_type
    float scale;  // out: physical value = raw * scale
};

// Appends frames * channels values from start_us on. E_NOT_FOUND where the recording has no such stream,
// E_FORMAT where it has fewer frames there, other channels, or a gap.
int cvt_window_read(struct cvt_window *w, struct store *s, struct buf *out, struct err *e) MUST_CHECK;

#endif
