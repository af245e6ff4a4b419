// Messages for the collector to publish, and commands to devices.
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "common/store/store.h"

// topic is below the prefix ("d/DEV/cmd"). A retained message replaces older ones of its topic; an empty
// retained payload withdraws. expires_ms 0: never.
int store_outbox_put(struct store *s, const char *topic, const void *payload, size_t len,
                     bool retain, int64_t expires_ms, struct err *e) MUST_CHECK;
struct store_outbox_msg {
    int64_t msg_id;
    const char *topic;
    const void *payload;
    size_t len;
    bool retain;
};
typedef int (*store_outbox_fn)(void *ctx, const struct store_outbox_msg *m);
// Unsent and unexpired, in order, after that id, at most limit.
int store_outbox_pending(struct store *s, int64_t after_id, int64_t limit, store_outbox_fn fn,
                         void *ctx, struct err *e) MUST_CHECK;
int store_outbox_sent(struct store *s, int64_t msg_id, struct err *e) MUST_CHECK;
// Marks every retained message that still counts as unsent: after a broker lost its state.
int store_outbox_resend_retained(struct store *s, struct err *e) MUST_CHECK;
// As above for those with a greater id that were sent before a time, where the broker lost the latest only;
// whatever their id where the store never had that one. *count: how many.
int store_outbox_resend_after(struct store *s, int64_t msg_id, int64_t sent_before_ms,
                              int64_t *count, struct err *e) MUST_CHECK;
int store_outbox_count(struct store *s, int64_t *pending, struct err *e) MUST_CHECK;

struct store_command {
    int64_t command_id, duration_ms, created_ms, expires_ms, replied_ms, status;
    const char *device, *kind, *stream, *label, *author, *reply;
    const char *via; // "cmd": sent once (NULL as well); "config": listed in the configuration until
                     // it is over
    int64_t began_ms, done_ms, withdrawn_ms,
        rec_id; // of a recording, when read; done_ms: recorded so far
};
typedef int (*store_command_fn)(void *ctx, const struct store_command *c);
int store_command_put(struct store *s, struct store_command *c,
                      struct err *e) MUST_CHECK; // sets command_id
int store_command_walk(struct store *s, const char *device, int64_t after_id, store_command_fn fn,
                       void *ctx, struct err *e) MUST_CHECK;

#endif
