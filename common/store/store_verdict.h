// What people say of a model's answers: refused proposals, and windows of the live view that were wrong.
#ifndef STORE_VERDICT_H
#define STORE_VERDICT_H

#include "common/store/store.h"

struct store_verdict {
    int64_t rec_id, t_us,
        dur_us; // rec_id 0: a window of the device's live view, by its device time
    const char *verdict;          // "refused" or "wrong"
    const char *device, *label, *model, *author;
    double score;
};
int store_verdict_put(struct store *s, const struct store_verdict *v, struct err *e) MUST_CHECK;
// Whether somebody refused that label for a recording. *refused is set.
int store_verdict_refused(struct store *s, int64_t rec_id, const char *label, bool *refused,
                          struct err *e) MUST_CHECK;

#endif
