// Retention: what is old goes in small steps. What carries a label, or is in a dataset, stays.
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "common/store/store.h"

struct store_retain {
    int64_t before_ms;   // of the server's clock: what came earlier may go
    const char
        *stream; // name of a stream; NULL: recordings of all, and events and health reports as well
    bool labelled_too;   // labelled recordings go as well (their labels stay as events)
};
struct store_retain_done {
    int64_t recordings, blocks, rows; // rows: events and health reports
    bool more; // there is more to do
};
// One step of at most about 20 ms, in a transaction of its own on blocks.db. Acknowledged numbers stay
// acknowledged: a block that went is not taken again.
int store_retain_step(struct store *s, const struct store_retain *r, struct store_retain_done *done,
                      struct err *e) MUST_CHECK;
// Bytes of blocks.db, without what its log holds; free_bytes of them are empty pages that will be used again.
int store_blocks_bytes(struct store *s, int64_t *bytes, int64_t *free_bytes,
                       struct err *e) MUST_CHECK;

#endif
