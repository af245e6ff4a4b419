// Least and greatest values of long streams at several widths, in a file, so that an hour of sound draws as fast as a second.
//
// PROJECT/cache/pyramid-REC-STREAM_ID: derived, made by the background writer alone (derive.h), made anew when it is missing,
// damaged or the stream has grown. Layout, little-endian: "MLPY", version u32 = 2, stream frames i64, end of the last
// frame i64 (device µs), channels u32, runs u32, levels u32, reserved u32; then per level its number of bins u64; then per
// run start_us i64, frames u64, and per level the number of its first bin u64; then per level, bin and channel least and
// greatest raw value as float32. A bin of level k is PYRAMID_BIN * PYRAMID_STEP^k frames of one run (the last of a run may
// be shorter). Readers map the file: a request touches the pages that it draws and no others.
#ifndef LABELER_PYRAMID_H
#define LABELER_PYRAMID_H

#include "labeler/sig_view.h"

#define PYRAMID_BIN 64
#define PYRAMID_STEP 8
#define PYRAMID_LEVELS 5
#define PYRAMID_LEAST ((int64_t)1 << 17) // frames of a stream that is worth one

struct pyramid {
    const uint8_t *map; // NULL: closed
    size_t size;
    int64_t frames, end_us; // of the stream when it was made
    uint32_t channels, runs;
    uint64_t bins[PYRAMID_LEVELS];
    const uint8_t *run, *level[PYRAMID_LEVELS];
};
struct pyramid_run {
    int64_t start_us;
    uint64_t frames;
    uint64_t first_bin[PYRAMID_LEVELS];
};

// Maps the file. E_NOT_FOUND where there is none, E_FORMAT where it is damaged; the stream may have grown since.
int pyramid_open(struct lab *lab, const struct sig_view *v, struct pyramid *p) MUST_CHECK;
void pyramid_close(struct pyramid *p); // accepts the zeroed struct
// Frames of a bin of that level.
uint64_t pyramid_width(unsigned level);
// Run n; false where its numbers lie outside the file.
bool pyramid_run(const struct pyramid *p, uint32_t n, struct pyramid_run *out);
// The first run that ends after t_us.
uint32_t pyramid_find(const struct pyramid *p, const struct sig_view *v, int64_t t_us);
// Least (which 0) or greatest (1) raw value of a bin of a level.
static inline float pyramid_value(const struct pyramid *p, unsigned level, uint64_t bin,
                                  uint32_t channel, unsigned which)
{
    return mote_getf(p->level[level] + ((bin * p->channels + channel) * 2 + which) * 4);
}
// Makes the file from the store's blocks; for the background writer.
int pyramid_build(struct lab *lab, const struct sig_view *v, struct err *e) MUST_CHECK;

#endif
