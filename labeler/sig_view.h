// A stretch of a recording's stream, loaded and described: what signals, sound and pictures share.
#ifndef LABELER_SIG_VIEW_H
#define LABELER_SIG_VIEW_H

#include "common/recording.h"
#include "firmware/core/mote_base.h"
#include "firmware/core/mote_port.h"
#include "labeler/lab_route.h"

#define SIG_FRAMES_MAX ((size_t)16 << 20) // loaded by one request

struct sig_view {
    int64_t rec_id, stream_id;
    char stream[64];
    int64_t stream_start_us, stream_end_us; // of the whole stream in this recording
    int64_t from_us, to_us;                 // asked for, cut to the stream
    int64_t interval_ns, type, channels, frames; // of the whole stream
    double scale;
    char units[32];
    char channel_names[256];
};
// Reads ":id", stream (default: the first), from and to. E_NOT_FOUND where there is no such stream.
int sig_view_read(struct lab *lab, const struct lab_req *q, struct sig_view *v,
                  struct err *e) MUST_CHECK;
// The whole of a recording's stream (""; the first). E_NOT_FOUND.
int sig_view_find(struct lab *lab, int64_t rec_id, const char *stream, struct sig_view *v,
                  struct err *e) MUST_CHECK;
// The value that is 0 dB: the greatest that the type holds, scaled.
float sig_full_scale(const struct sig_view *v);
// Frames of from..to at most, by the stream's rate.
int64_t sig_view_frames(const struct sig_view *v);
// Loads from..to of the view; E_LIMIT past SIG_FRAMES_MAX.
int sig_view_load(struct lab *lab, const struct sig_view *v, int64_t from_us, int64_t to_us,
                  struct rec_samples *out, struct err *e) MUST_CHECK;

// A raw value of that type as a number, unscaled.
static inline float sig_raw(const uint8_t *p, unsigned type)
{
    switch (type) {
    case MOTE_U8: return (float)p[0];
    case MOTE_I8: return (float)(int8_t)p[0];
    case MOTE_I16: return (float)(int16_t)mote_get16(p);
    case MOTE_I32: return (float)(int32_t)mote_get32(p);
    default: return mote_getf(p);
    }
}

#endif
