// The whole porting contract: what a board gives to the core. Every function is a callback with a
// context; none may be called from an interrupt. docs/porting.md is the list to tick off.
#ifndef MOTE_PORT_H
#define MOTE_PORT_H

#include "firmware/core/mote_base.h"

// NOR-like flash. Programming only clears bits; an erased byte reads 0xff. All addresses are
// relative to the region given to the core. Returns MOTE_OK or MOTE_E_IO.
struct mote_flash {
    void *ctx;
    uint32_t size;      // bytes; a multiple of sector
    uint32_t sector;    // bytes erased at once
    uint32_t
        prog_unit; // programs are aligned to it and a multiple of it; a power of two, at most 32
    int (*read)(void *ctx, uint32_t addr, void *buf, uint32_t len);
    int (*prog)(void *ctx, uint32_t addr, const void *buf, uint32_t len);
    int (*erase)(void *ctx, uint32_t addr); // one sector
    const uint8_t *map; // where the region can be read in place, NULL where it cannot
};

// A reliable byte stream to the broker (TCP, TLS, a serial modem). Never blocks.
struct mote_transport {
    void *ctx;
    int (*open)(void *ctx); // MOTE_OK, MOTE_E_AGAIN while connecting, MOTE_E_IO
    int (*send)(void *ctx, const void *buf,
                size_t len); // bytes taken (0: try later), MOTE_E_CLOSED, MOTE_E_IO
    int (*recv)(void *ctx, void *buf,
                size_t cap); // bytes got (0: nothing now), MOTE_E_CLOSED, MOTE_E_IO
    void (*close)(void *ctx);
};

struct mote_clock {
    void *ctx;
    uint64_t (*now_us)(void *ctx); // monotonic since boot
};

struct mote_entropy {
    void *ctx;
    int (*fill)(void *ctx, void *buf, size_t len); // unpredictable bytes, or MOTE_E_IO
};

enum mote_sample_type { MOTE_U8, MOTE_I8, MOTE_I16, MOTE_I32, MOTE_F32 };
// Bytes of one value; 0 for an unknown type.
static inline size_t mote_sample_size(unsigned type)
{
    return type == MOTE_U8 || type == MOTE_I8     ? 1
           : type == MOTE_I16                     ? 2
           : type == MOTE_I32 || type == MOTE_F32 ? 4
                                                  : 0;
}

// A stream that a device offers. A physical value is raw * scale, in units.
struct mote_stream_info {
    const char *name;  // [a-z0-9_]{1,31}, such as "acc"
    const char *units; // SenML units, such as "m/s2"
    uint8_t type;      // enum mote_sample_type
    uint8_t channels;
    float scale;
    uint64_t interval_ns; // between frames; 0 for values without a rate
    uint16_t width,
        height; // of pictures: a frame is a pixel, rows from the top, interval_ns is 0; 0 otherwise
};

// Where samples come from. read gives up to max_frames interleaved frames of one stream, little-endian,
// and the device time of the first; frames that follow each other are interval_ns apart.
struct mote_sensor {
    void *ctx;
    const struct mote_stream_info *streams;
    uint8_t stream_count;
    int (*read)(void *ctx, unsigned stream, void *frames, size_t max_frames,
                uint64_t *t_us); // frames got, 0: none now
};

// What a decision sets in motion: a relay, a brake, a light. label is the class of the window (borrowed).
struct mote_decision {
    const char *label;
    unsigned class_index;
    float score;      // 0..1
    float novelty;    // at most 1 inside what training saw
    bool uncertain;
    uint64_t t_us;    // device time of the window's first sample
};
struct mote_actuator {
    void *ctx;
    void (*decision)(void *ctx, const struct mote_decision *d); // may be NULL
};

struct mote_logger {
    void *ctx;
    void (*line)(void *ctx, const char *text); // may be NULL
};

#endif
