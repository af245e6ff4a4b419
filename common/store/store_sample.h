// Streams, sessions, blocks, recordings, events: what devices send and importers read.
#ifndef STORE_SAMPLE_H
#define STORE_SAMPLE_H

#include "common/store/store.h"

struct store_stream {
    int64_t stream_id;
    const char *device, *name, *units, *channel_names;
    int64_t type, channels, interval_ns;
    double scale;
    bool
        keeps_rate; // interval_ns is that of one recording: it does not change a rate that is known
};
// Finds by device and name or adds it; what changed in the descriptor is updated (NULL texts: not known;
// type below 0: nothing is known but the name). Sets st->stream_id.
int store_stream_put(struct store *s, struct store_stream *st, struct err *e) MUST_CHECK;
// Whether a device may have that stream: it is there already, or fewer than max are.
int store_stream_room(struct store *s, const char *device, const char *name, int64_t max,
                      bool *room, struct err *e) MUST_CHECK;
// Frames stored of a device's stream in all its blocks, those outside recordings too. 0 where it has none.
int store_stream_frames(struct store *s, const char *device, const char *stream, int64_t *frames,
                        struct err *e) MUST_CHECK;
int store_session_put(struct store *s, const char *device, const uint8_t uid[12], int64_t device_us,
                      bool simulated, int64_t *session_id, struct err *e) MUST_CHECK;

struct store_block {
    int64_t session_id, stream_id, seq, kind, rec_no, t_us, frames,
        end_us; // end_us: exclusive device time
    const void *bytes;
    size_t len;
    bool rec_end, uncertain, simulated;
    const char *hint;           // label asked for; "" none
    int64_t width, height;
    int64_t interval_ns;        // of its frames; 0: the stream's
    const char *source, *name, *grp, *digest, *meta; // of imports; NULL means device's, and empty
    const char *device;
};
enum store_block_result { STORE_BLOCK_NEW, STORE_BLOCK_REPEAT, STORE_BLOCK_CONFLICT };
// Inside a transaction. Adds the block, and keeps its recording's rows (rec_no over 0) up to date.
// A key that is there with the same bytes is a repeat; with others it is kept as a conflict.
// Returns enum store_block_result, or a negative status. *rec_id: its recording, 0 where none.
int store_block_put(struct store *s, const struct store_block *b, int64_t *rec_id,
                    struct err *e) MUST_CHECK;
// The acknowledgement of a session's stream from what this connection's transaction sees: next, then up
// to max ranges (pairs first, last). Dropped ranges count as there. Returns the number of ranges.
int store_block_ack(struct store *s, int64_t session_id, int64_t stream_id, int64_t *next,
                    int64_t (*ranges)[2], int max, struct err *e) MUST_CHECK;
int store_dropped_put(struct store *s, int64_t session_id, int64_t stream_id, int64_t first,
                      int64_t last, int64_t t_us, const char *reason, struct err *e) MUST_CHECK;

struct store_recording {
    int64_t rec_id, session_id, rec_no, start_us, end_us, width, height, created_ms, offset_ms;
    const char *device, *name, *grp, *source, *hint, *digest, *meta;
    bool simulated, uncertain, complete;
    const char *labels; // names of its present labels, comma between, "" none
    int64_t label_count;
    const char *streams; // names, comma between
};
typedef int (*store_recording_fn)(void *ctx, const struct store_recording *r);
struct store_recording_filter { // NULL and 0 mean: any
    const char *device, *stream, *label, *grp, *source, *search; // label "" : unlabelled only
    int64_t rec_id, after_rec_id, before_rec_id;
    int64_t since_ms, until_ms;
    int uncertain, complete, simulated; // -1 no, 1 yes
    const char *meta_name, *meta_value; // a member of its metadata, both or none
    const char *split;                  // side it is on in the newest dataset version
    int64_t score_below;                // percent: a device's model gave a window of it less
    bool newest_first;
    int64_t limit; // 0: no limit
    int64_t offset; // rows left out first; only with a limit
};
int store_recording_walk(struct store *s, const struct store_recording_filter *f,
                         store_recording_fn fn, void *ctx, struct err *e) MUST_CHECK;
int store_recording_count(struct store *s, const struct store_recording_filter *f, int64_t *count,
                          struct err *e) MUST_CHECK;
// rec_id of an import with that digest, 0 where there is none.
int store_recording_by_digest(struct store *s, const char *digest, int64_t *rec_id,
                              struct err *e) MUST_CHECK;
int store_recording_by_no(struct store *s, int64_t session_id, int64_t rec_no, int64_t *rec_id,
                          struct err *e) MUST_CHECK;

struct store_recording_stream {
    struct store_stream stream;
    int64_t first_seq, last_seq, blocks, frames, start_us, end_us;
    bool ended;
};
typedef int (*store_recording_stream_fn)(void *ctx, const struct store_recording_stream *rs);
int store_recording_streams(struct store *s, int64_t rec_id, store_recording_stream_fn fn,
                            void *ctx, struct err *e) MUST_CHECK;
// Blocks of a recording's stream in order of seq, those that touch from_us..to_us (exclusive).
typedef int (*store_bytes_fn)(void *ctx, int64_t t_us, const void *bytes, size_t len);
int store_recording_blocks(struct store *s, int64_t rec_id, int64_t stream_id, int64_t from_us,
                           int64_t to_us, store_bytes_fn fn, void *ctx, struct err *e) MUST_CHECK;

struct store_event {
    int64_t event_id, session_id, t_us, dur_us, rec_no, rec_id,
        received_ms; // rec_id filled when read
    const char *device, *label, *model, *model_digest;
    double score, novelty;
    bool uncertain;
};
typedef int (*store_event_fn)(void *ctx, const struct store_event *ev);
int store_event_put(struct store *s, const struct store_event *ev, struct err *e) MUST_CHECK;
// device NULL: all. after_event_id: newer ones only. In order of event_id.
int store_event_walk(struct store *s, const char *device, int64_t after_event_id, int64_t limit,
                     store_event_fn fn, void *ctx, struct err *e) MUST_CHECK;
int store_event_last_id(struct store *s, int64_t *event_id, struct err *e) MUST_CHECK;
int store_health_put(struct store *s, const char *device, const char *json,
                     struct err *e) MUST_CHECK;
int store_health_last(struct store *s, const char *device, char *json, size_t cap,
                      struct err *e) MUST_CHECK;

struct store_collector {
    const char *id, *last_error;
    int64_t pid, started_ms, alive_ms, blocks, repeats, conflicts, refused;
};
typedef int (*store_collector_fn)(void *ctx, const struct store_collector *c);
int store_collector_alive(struct store *s, const struct store_collector *c,
                          struct err *e) MUST_CHECK;
int store_collector_walk(struct store *s, store_collector_fn fn, void *ctx,
                         struct err *e) MUST_CHECK;

#endif
