// Runs a model on raw tensor bytes with the device runtime, and measures it.
#ifndef CONVERTER_CVT_RUN_H
#define CONVERTER_CVT_RUN_H

#include "firmware/core/nn/mote_nn.h"

struct buf;
struct cvt_model;
struct err;

struct cvt_run {
    struct mote_nn nn;
    void *arena;
    size_t arena_bytes; // with the flags below
    size_t in_bytes, out_bytes;
    const void *in; // in_bytes: the inputs, one after the other
};

// flags: enum mote_nn_flags. E_REFUSED with operator and reason where the runtime will not run it.
int cvt_run_open(struct cvt_run *r, const struct cvt_model *m, uint32_t flags,
                 struct err *e) MUST_CHECK;
void cvt_run_close(struct cvt_run *r); // accepts the zeroed struct
// Writes the inputs and resets streaming state; before every invoke, because input memory may be
// reused.
int cvt_run_feed(struct cvt_run *r, struct err *e) MUST_CHECK;
int cvt_run_invoke(struct cvt_run *r, struct err *e) MUST_CHECK;
// Appends the outputs, one after the other.
int cvt_run_collect(const struct cvt_run *r, struct buf *out, struct err *e) MUST_CHECK;

#endif
