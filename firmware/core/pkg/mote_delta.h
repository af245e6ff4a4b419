// Models as differences: the payload of releases of form WEIGHTS and DELTA.
// docs/formats/release.md.
//
// A payload says, segment by segment, where the new model's bytes come from: copied from the model
// in use, given anew, or as differences to it. What is given or differs is coded by a small
// adaptive arithmetic coder. Differences are taken byte by byte between places that the builder
// lined up (a tensor with the same tensor), because a retrained model differs by a little nearly
// everywhere, where general delta tools find nothing equal. Reading needs under a kilobyte of RAM
// and no more than it asks for at a time.
#ifndef MOTE_DELTA_H
#define MOTE_DELTA_H

#include "firmware/core/mote_base.h"

enum mote_delta_kind {
    MOTE_DELTA_COPY,    // len bytes of the base
    MOTE_DELTA_LITERAL, // len coded bytes
    MOTE_DELTA_RESIDUAL // len coded differences to the base's bytes
};
struct mote_delta_segment {
    uint8_t kind;
    uint32_t base; // offset in the base; of COPY and RESIDUAL
    uint32_t len;
};
#define MOTE_DELTA_SEGMENTS_MAX 4096

// Builds a payload for model out of base. The segments' lengths sum to len; copies must be equal to
// what they stand for (MOTE_E_ARG). Without segments: one RESIDUAL of what both lengths share, the
// rest LITERAL. Returns bytes or MOTE_E_SPACE. For the server: not meant for devices.
int mote_delta_build(uint8_t *out, size_t cap, const uint8_t *base, size_t base_len,
                     const uint8_t *model, size_t len, const struct mote_delta_segment *segment,
                     size_t count) MOTE_CHECK;

// Random access to bytes; MOTE_OK or MOTE_E_IO. Never asked for bytes beyond the length that was
// given.
typedef int (*mote_delta_read_fn)(void *ctx, uint32_t at, void *buf, uint32_t len);

struct mote_delta_model { // private: probabilities of what is coded
    uint16_t zero[4], sign, bucket[4][8], mantissa[8], literal[256];
    uint8_t last, before; // sizes of the last two differences
};

struct mote_delta { // private
    mote_delta_read_fn payload, base;
    void *payload_ctx, *base_ctx;
    uint32_t payload_len, base_len, size, done;
    uint32_t segments, index;
    struct mote_delta_segment now; // what is left of the current one
    uint32_t at;                   // of the next coded byte
    uint32_t low, high, code;
    uint8_t held[32];
    uint8_t fill, taken;
    struct mote_delta_model model;
};

// Checks header and all segments. MOTE_E_FORMAT, MOTE_E_MISMATCH (base or size are not those),
// MOTE_E_LIMIT, MOTE_E_IO.
int mote_delta_open(struct mote_delta *d, mote_delta_read_fn payload, void *payload_ctx,
                    uint32_t payload_len, mote_delta_read_fn base, void *base_ctx,
                    uint32_t base_len, uint32_t size) MOTE_CHECK;
// The next len bytes of the model; MOTE_E_ARG beyond its size, MOTE_E_IO. Whether they are right
// only the model's digest tells.
int mote_delta_next(struct mote_delta *d, uint8_t *out, uint32_t len) MOTE_CHECK;

#endif
