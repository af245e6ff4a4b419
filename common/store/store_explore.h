// Projections: all windows of a stream in a plane, with what a model says of each. One run is one
// projection; its windows are written by the program that computes it (labeler/main_explore.c).
#ifndef STORE_EXPLORE_H
#define STORE_EXPLORE_H

#include "common/store/store.h"

struct store_projection {
    int64_t projection_id, windows, done, window_limit, seed, created_ms,
        changed_ms;                                              // done: of 1000
    const char *method, *stream, *model, *state, *note, *author; // model: digest, "" none
};
// Adds it as "waiting" and sets projection_id.
int store_projection_add(struct store *s, struct store_projection *p, struct err *e) MUST_CHECK;
int store_projection_set(struct store *s, int64_t id, const char *state, const char *note,
                         int64_t done, struct err *e) MUST_CHECK;
typedef int (*store_projection_fn)(void *ctx, const struct store_projection *p);
// Newest first; id 0: the last 50.
int store_projection_walk(struct store *s, int64_t id, store_projection_fn fn, void *ctx,
                          struct err *e) MUST_CHECK;
// Keeps the newest `keep` that are done and all that are not, and drops the rest with their windows.
int store_projection_prune(struct store *s, int64_t keep, struct err *e) MUST_CHECK;

struct store_projection_window {
    int64_t n, rec_id, start_us, end_us;
    double x, y, score, novelty;
    const char *said;  // "" without a model
    const char *label; // filled when read: of the region over its middle, else of the whole
                       // recording; "" none
};
// Appends them in one transaction; a few hundred at a time.
int store_projection_put(struct store *s, int64_t id, const struct store_projection_window *w,
                         size_t count, struct err *e) MUST_CHECK;
typedef int (*store_projection_window_fn)(void *ctx, const struct store_projection_window *w);
int store_projection_windows(struct store *s, int64_t id, store_projection_window_fn fn, void *ctx,
                             struct err *e) MUST_CHECK;
// Windows that the model and the label name differently, the surest first. label, said NULL: any. Where both
// are given they may also be the same.
int store_projection_errors(struct store *s, int64_t id, const char *label, const char *said,
                            int64_t limit, store_projection_window_fn fn, void *ctx,
                            struct err *e) MUST_CHECK;

struct store_proposal { // what a model would call a recording, from its windows
    int64_t rec_id, windows;
    double score; // mean score of the windows that said so, times their share
    const char *label, *now; // now: label of the whole recording, "" none
};
typedef int (*store_proposal_fn)(void *ctx, const struct store_proposal *p);
// By recording, the surest first; those with a score of at least `least`.
int store_projection_proposals(struct store *s, int64_t id, double least, bool unlabelled,
                               int64_t limit, store_proposal_fn fn, void *ctx,
                               struct err *e) MUST_CHECK;

#endif
