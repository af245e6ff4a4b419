// What devices are asked for by their retained configuration: recordings that are listed, settings, and what
// the devices answered. common/ask.h makes the message.
#ifndef STORE_CONFIG_H
#define STORE_CONFIG_H

#include "common/store/store_outbox.h"

struct store_config {
    const char *device, *settings, *author, *reply; // settings: JSON
    int64_t revision, changed_ms, applied, applied_ms,
        status; // applied: revision that was answered last, 0: none
};
typedef int (*store_config_fn)(void *ctx, const struct store_config *c);
// Calls fn with the device's row; not at all where it has none.
int store_config_get(struct store *s, const char *device, store_config_fn fn, void *ctx,
                     struct err *e) MUST_CHECK;
// A new revision: greater than the last one and at least the present time in ms. settings NULL: as they were.
int store_config_put(struct store *s, const char *device, const char *settings, const char *author,
                     struct err *e) MUST_CHECK;
// The device answered a revision.
int store_config_applied(struct store *s, const char *device, int64_t revision, int64_t status,
                         const char *text, struct err *e) MUST_CHECK;
// Devices whose retained message must be written again, at most limit; and that it was.
typedef int (*store_name_fn)(void *ctx, const char *name);
int store_config_stale(struct store *s, int64_t limit, store_name_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;
int store_config_fresh(struct store *s, const char *device, struct err *e) MUST_CHECK;

// Recordings that the device's configuration lists: asked for, not over, not withdrawn, not expired; oldest first.
int store_asked_walk(struct store *s, const char *device, store_command_fn fn, void *ctx,
                     struct err *e) MUST_CHECK;
// Takes all of them off the list; *count: how many there were.
int store_asked_withdraw(struct store *s, const char *device, int64_t *count,
                         struct err *e) MUST_CHECK;
// The last recordings that were asked for, newest first; device "": of all devices.
int store_asked_last(struct store *s, const char *device, int64_t limit, store_command_fn fn,
                     void *ctx, struct err *e) MUST_CHECK;

// What a reply says of a recording. going: it is not over. rec_no 0: it says no number. Where it is over and was
// listed, the configuration becomes stale. E_NOT_FOUND where the device was never sent it.
struct store_progress {
    const char *device, *text;
    int64_t command_id, status, done_ms, session_id, rec_no;
    bool going;
};
int store_command_progress(struct store *s, const struct store_progress *p,
                           struct err *e) MUST_CHECK;

#endif
