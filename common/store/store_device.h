// Devices: who is provisioned, and the last word of each.
#ifndef STORE_DEVICE_H
#define STORE_DEVICE_H

#include "common/store/store.h"

struct store_device {
    const char *id, *name, *grp;
    int64_t created_ms, removed_ms; // removed_ms 0: in use
    // Its last word; hello_ms 0: never heard of.
    int64_t hello_ms, status_ms, reported_ms, last_data_ms;
    const char *board, *isa, *runtime, *ops, *dsp_variant, *model, *model_digest, *status_reason;
    int64_t ram, arena, slots, slot_bytes, device_class, boot_count;
    bool simulated, online;
    const char *rel_state, *rel_manifest, *rel_reason, *active_model;
    int64_t rel_seq, active_seq, fetched, total;
};
typedef int (*store_device_fn)(void *ctx, const struct store_device *d);

// Adds or re-enables one. E_EXISTS where it is in use already.
int store_device_add(struct store *s, const char *id, const char *name, const char *grp,
                     struct err *e) MUST_CHECK;
int store_device_remove(struct store *s, const char *id, struct err *e) MUST_CHECK;
// In order of id. id NULL: all, removed ones too; else that one (E_NOT_FOUND).
int store_device_walk(struct store *s, const char *id, store_device_fn fn, void *ctx,
                      struct err *e) MUST_CHECK;

// By the collector. Fields of the others stay as they are.
int store_device_set_hello(struct store *s, const struct store_device *d, struct err *e) MUST_CHECK;
int store_device_set_status(struct store *s, const char *id, bool online, int64_t boot_count,
                            const char *reason, struct err *e) MUST_CHECK;
int store_device_set_reported(struct store *s, const struct store_device *d,
                              struct err *e) MUST_CHECK;
// When its last block was stored.
int store_device_set_seen(struct store *s, const char *id, int64_t data_ms,
                          struct err *e) MUST_CHECK;

#endif
