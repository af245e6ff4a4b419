// What to label next: recordings in the order in which labelling them teaches most.
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "common/store/store.h"

enum store_queue_by {
    STORE_QUEUE_UNCERTAIN,    // unlabelled, a device's model was unsure: the least score first
    STORE_QUEUE_DISAGREEMENT, // labelled as a whole, and a model said something else with a high
                              // score
    STORE_QUEUE_UNLABELLED,   // unlabelled, newest first
    STORE_QUEUE_NOVEL,        // unlabelled, the greatest novelty first
    STORE_QUEUE_RANDOM,       // unlabelled, in an order that only the seed decides
    STORE_QUEUE_BALANCE,      // unlabelled, what a model takes for the rarest label first
    STORE_QUEUE_MARKED // a person marked a window of it as wrong in the live view; not labelled
                       // since
};
struct store_queue_item {
    int64_t rec_id;
    const char *label, *model_digest; // what the model said; "" none
    double score, novelty;
};
typedef int (*store_queue_fn)(void *ctx, const struct store_queue_item *i);
// The newest 20,000 candidates are looked at.
int store_queue_walk(struct store *s, enum store_queue_by by, int64_t seed, int64_t limit,
                     store_queue_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
