// What labels were at some time: the events up to then, against the regions of now.
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include "common/store/store_label.h"

// Regions of the recordings of a dataset (digest), or of one recording (digest NULL), that were other than
// they are now when time_ms had passed. r is what it was then; r->deleted: it was not there. r->version is
// the version of now, 0 where it is not there now.
int store_restore_walk(struct store *s, const char *digest, int64_t rec_id, int64_t time_ms,
                       store_region_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
