// The device's half of the promise for readings that come from a line protocol: blocks with sequence
// numbers, kept in memory until the collector has acknowledged them, sent again where it did not.
#ifndef COLL_GATE_DEVICE_H
#define COLL_GATE_DEVICE_H

#include "firmware/core/wire/mote_wire.h"

#define GATE_BLOCKS_MAX 1024 // kept; the oldest go, and are told as dropped
#define GATE_WINDOW 64

// Publishes a body to data/STREAM; false: not now.
typedef bool (*gate_publish_fn)(void *ctx, const void *bytes, size_t len);

struct gate_block {
    uint64_t seq;
    uint32_t len;
    uint8_t bytes[MOTE_BLOCK_MAX];
};

struct gate_device {
    uint8_t session[MOTE_SESSION_LEN];
    struct mote_str stream, label;
    unsigned axes;
    uint64_t interval_ns;
    uint32_t recording;        // the present one, from 1
    uint64_t recording_frames; // of it so far
    uint64_t frames_max;       // after which the next one begins
    uint64_t t_us;             // of the first frame in data
    uint8_t data[2048];
    size_t used;
    uint64_t next_seq;         // of the next block
    uint64_t sent;             // blocks below were published
    struct gate_block *block;  // ring
    size_t first, count;
    int64_t progress_us;
};

int gate_device_init(struct gate_device *d); // a new session; 0 or -1 without memory
void gate_device_release(struct gate_device *d);
// Ends what is there and begins a recording of another shape.
void gate_device_shape(struct gate_device *d, unsigned axes, uint64_t interval_ns, uint64_t t_us);
void gate_device_row(struct gate_device *d, const float *row);
// Makes a block of what is there; end: the recording's last.
void gate_device_flush(struct gate_device *d, bool end);
// Publishes what may go at that time.
void gate_device_send(struct gate_device *d, int64_t now_us, gate_publish_fn publish, void *ctx);
void gate_device_ack(struct gate_device *d, const uint8_t *p, size_t len, int64_t now_us);

#endif
