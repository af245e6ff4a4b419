// Models that were trained or brought in.
#ifndef STORE_MODEL_H
#define STORE_MODEL_H

#include "common/store/store.h"

struct store_model {
    int64_t model_id, bytes, arena, seed, created_ms;
    const char *digest, *name, *path, *dataset, *recipe, *program, *parent, *metrics;
    double float_accuracy, int8_accuracy; // negative: not measured
};
typedef int (*store_model_fn)(void *ctx, const struct store_model *m);
// Adds it; where the digest is there already, only created_ms and metrics are renewed. Sets model_id.
int store_model_put(struct store *s, struct store_model *m, struct err *e) MUST_CHECK;
// which: a digest or its unambiguous beginning, a model_id, or NULL for the newest; name: NULL or the
// slot name it must have. E_NOT_FOUND.
int store_model_find(struct store *s, const char *which, const char *name, store_model_fn fn,
                     void *ctx, struct err *e) MUST_CHECK;
// Newest first.
int store_model_walk(struct store *s, store_model_fn fn, void *ctx, struct err *e) MUST_CHECK;

#endif
