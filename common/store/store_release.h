// Releases and rollouts.
#ifndef STORE_RELEASE_H
#define STORE_RELEASE_H

#include "common/store/store.h"

struct store_release {
    int64_t release_id, seq, payload_bytes, min_class, arena, created_ms, swept_ms;
    const char *name, *manifest_digest, *model, *payload_digest, *ops, *stream, *dsp_variant;
    const void *manifest;
    size_t manifest_len;
};
typedef int (*store_release_fn)(void *ctx, const struct store_release *r);
// The sequence number that the next release of that name gets.
int store_release_next_seq(struct store *s, const char *name, int64_t *seq,
                           struct err *e) MUST_CHECK;
int store_release_put(struct store *s, struct store_release *r,
                      struct err *e) MUST_CHECK; // sets release_id
// which: id, manifest digest or its beginning, or NULL for the newest.
int store_release_find(struct store *s, const char *which, store_release_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;
int store_release_walk(struct store *s, store_release_fn fn, void *ctx,
                       struct err *e) MUST_CHECK; // newest first
// Notes that its retained messages were withdrawn.
int store_release_set_swept(struct store *s, int64_t release_id, struct err *e) MUST_CHECK;

struct store_rollout {
    int64_t rollout_id, release_id, stage, created_ms, changed_ms;
    const char *state, *policy, *reason;
};
typedef int (*store_rollout_fn)(void *ctx, const struct store_rollout *r);
int store_rollout_put(struct store *s, struct store_rollout *r,
                      struct err *e) MUST_CHECK; // rollout_id 0: adds
int store_rollout_find(struct store *s, int64_t rollout_id, store_rollout_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;
// state NULL: all. Newest first.
int store_rollout_walk(struct store *s, const char *state, store_rollout_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;

struct store_rollout_device {
    int64_t rollout_id, stage, offered_ms, changed_ms;
    const char *device, *state, *reason;
};
typedef int (*store_rollout_device_fn)(void *ctx, const struct store_rollout_device *d);
int store_rollout_device_put(struct store *s, const struct store_rollout_device *d,
                             struct err *e) MUST_CHECK; // adds or changes
int store_rollout_device_walk(struct store *s, int64_t rollout_id, store_rollout_device_fn fn,
                              void *ctx, struct err *e) MUST_CHECK;

#endif
