// Least and greatest values of long streams, kept in a file, so that an hour of sound draws as fast as a second.
//
// PROJECT/cache/pyramid-REC-STREAM_ID: derived, rebuilt when it is missing, damaged or the stream has grown. Layout,
// little-endian: "MLPY", version u32 = 1, stream frames i64, channels u32, runs u32, bins u64; then per
// run start_us i64, frames u64, first bin u64; then per bin and channel least and greatest raw value as
// float32. A bin is PYRAMID_BIN frames of one run (the last of a run may be shorter). It is written beside
// and renamed, by one thread of the process at a time.
#ifndef LABELER_PYRAMID_H
#define LABELER_PYRAMID_H

#include "labeler/sig_view.h"

#define PYRAMID_BIN 256

struct pyramid_run {
    int64_t start_us;
    uint64_t frames, first_bin;
};
struct pyramid {
    uint32_t channels, runs;
    uint64_t bins;
    struct pyramid_run *run;
    float *value; // bins x channels x (least, greatest), raw
};

// Reads the file, or builds it from the store's blocks first.
int pyramid_open(struct lab *lab, const struct sig_view *v, struct pyramid *p, struct err *e) MUST_CHECK;
void pyramid_release(struct pyramid *p); // accepts the zeroed struct

#endif
