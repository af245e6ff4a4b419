// Bounded reading of FlatBuffers. Every access checks the bytes that it touches; a violation reads as
// absent and marks the file as bad, so that a walk may go on and be judged once at its end.
//
// A table at T: int32 at T points back to its vtable; the vtable is uint16 size of itself, uint16 size of
// the table, then a uint16 offset from T for each field (0: absent). References are uint32 offsets
// forward from where they stand. A vector is a uint32 count and its elements.
#ifndef MOTE_NN_FB_H
#define MOTE_NN_FB_H

#include "firmware/core/mote_base.h"

struct nn_fb {
    const uint8_t *p;
    uint32_t len;
    bool bad;
};

// A vector's place: `at` is the position of element 0, or 0 where the vector is absent.
struct nn_vec {
    uint32_t at;
    uint32_t count;
};

// Position of a field with `size` bytes, 0 where it is absent.
uint32_t nn_fb_field(struct nn_fb *f, uint32_t table, unsigned id, uint32_t size);
int32_t nn_fb_i32(struct nn_fb *f, uint32_t table, unsigned id, int32_t fallback);
uint8_t nn_fb_u8(struct nn_fb *f, uint32_t table, unsigned id, uint8_t fallback);
float nn_fb_f32(struct nn_fb *f, uint32_t table, unsigned id, float fallback);
// Table that a field refers to, 0 where it is absent.
uint32_t nn_fb_table(struct nn_fb *f, uint32_t table, unsigned id);
// Table that position `at` refers to.
uint32_t nn_fb_follow(struct nn_fb *f, uint32_t at);
struct nn_vec nn_fb_vec(struct nn_fb *f, uint32_t table, unsigned id, uint32_t elem_size);
// Text of a string field with its closing NUL checked; NULL where it is absent.
const char *nn_fb_text(struct nn_fb *f, uint32_t table, unsigned id);
// Element of a vector of tables, and of int32; 0 and a bad file past the end.
uint32_t nn_fb_elem(struct nn_fb *f, struct nn_vec v, uint32_t i);
int32_t nn_fb_int(struct nn_fb *f, struct nn_vec v, uint32_t i);

#endif
