// Dataset versions: immutable lists of labelled windows with a digest.
#ifndef STORE_DATASET_H
#define STORE_DATASET_H

#include "common/store/store.h"

struct store_dataset_item {
    int64_t rec_id, start_us, end_us;
    const char *stream, *label, *split, *grp;
};
struct store_dataset {
    int64_t dataset_id, items, created_ms;
    const char *digest, *name, *query;
};
// Digest over the items in their order; where it is there already nothing is added. out_digest holds
// STORE_DIGEST_TEXT.
int store_dataset_put(struct store *s, const char *name, const char *query,
                      const struct store_dataset_item *items, size_t count, char *out_digest,
                      struct err *e) MUST_CHECK;
typedef int (*store_dataset_item_fn)(void *ctx, const struct store_dataset_item *i);
int store_dataset_items(struct store *s, const char *digest, const char *split,
                        store_dataset_item_fn fn, void *ctx, struct err *e) MUST_CHECK;
typedef int (*store_dataset_fn)(void *ctx, const struct store_dataset *d);
int store_dataset_walk(struct store *s, store_dataset_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
