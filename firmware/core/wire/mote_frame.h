// Messages over a byte stream that loses and adds bytes (UART, USB serial): docs/formats/frame.md. A frame is
// the leaf of a topic with a NUL, the payload, and the CRC-16 of both, stuffed so that it holds no zero
// byte (COBS), between zero bytes. Whatever noise does, the next zero byte begins anew.
#ifndef MOTE_FRAME_H
#define MOTE_FRAME_H

#include "firmware/core/mote_base.h"

#define MOTE_FRAME_LEAF_MAX 96
// Bytes around a payload of len bytes, at most.
#define MOTE_FRAME_OVERHEAD(len) (MOTE_FRAME_LEAF_MAX + 6 + (len) / 254)

// Writes a whole frame with its zero bytes; returns its length or MOTE_E_SPACE, MOTE_E_ARG for a leaf that
// is empty or too long.
int mote_frame_encode(uint8_t *out, size_t cap, const char *leaf, const void *payload,
                      size_t len) MOTE_CHECK;

struct mote_frame_reader {
    uint8_t *buf; // the caller's
    size_t cap;
    size_t len;         // private
    bool overflow;      // private
    uint32_t frames, errors; // read them: whole ones, and pieces that were none
};
void mote_frame_reader_init(struct mote_frame_reader *r, uint8_t *buf, size_t cap);
// Takes a byte. 1: a frame is whole, leaf and payload lie in buf until the next call; 0: not yet.
int mote_frame_push(struct mote_frame_reader *r, uint8_t byte, const char **leaf,
                    const uint8_t **payload, size_t *len);

#endif
