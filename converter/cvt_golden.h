// Golden inputs of a release: raw windows with what every device must make of them, bit for bit.
#ifndef CONVERTER_CVT_GOLDEN_H
#define CONVERTER_CVT_GOLDEN_H

#include "firmware/core/pkg/mote_pkg.h"

struct cvt_model;
struct err;
struct store;

#define CVT_GOLDEN_WANTED 2
// Bytes of the manifest that golden windows may take; larger windows are made from a seed.
#define CVT_GOLDEN_BUDGET 5600

struct cvt_golden {
    struct mote_golden golden[CVT_GOLDEN_WANTED];
    size_t count;
    void *owned[2 * CVT_GOLDEN_WANTED]; // private
};

// Windows of different labels from the test split of the model's dataset where the store has it,
// otherwise (or where a window would not fit) made from seeds; run through firmware/core/pipe for
// the expected bytes. arena: bytes that the pipeline needs, out.
int cvt_golden_make(struct cvt_golden *g, const struct cvt_model *m, struct store *s, size_t *arena,
                    struct err *e) MUST_CHECK;
void cvt_golden_release(struct cvt_golden *g); // accepts the zeroed struct

#endif
