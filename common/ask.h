// What is asked of devices whether they are awake or not: recordings, recording rates and triggers. Kept in the store
// and laid at the broker as each device's retained configuration (P/d/DEV/config, docs/formats/wire.md).
//
// Settings are JSON: {"rates": [{"stream": "acc", "hz": 50}], "triggers": [{"kind": "level", "stream": "acc", "over": 12.5,
// "label": "shock", "seconds": 3, "gap_seconds": 60}, {"kind": "class", "class": "knock", "over": 0.8, "seconds": 3}]}
#ifndef COMMON_ASK_H
#define COMMON_ASK_H

#include <jansson.h>

#include "common/store/store_config.h"
#include "common/store/store_device.h"

#define ASK_EXPIRES_MS ((int64_t)30 * 24 * 3600 * 1000) // when nothing else is said

// The devices that words name: ids, groups, or "all". Each once, in the words' order.
struct ask_targets {
    char **id;
    size_t count;
};
// E_NOT_FOUND with the word where it is neither a device in use nor a group. Release whatever it returns.
int ask_targets_find(struct store *s, const char *const *words, size_t count, struct ask_targets *t,
                     struct err *e) MUST_CHECK;
void ask_targets_release(struct ask_targets *t);

struct ask_recording {
    const char *stream, *label, *author; // stream "": every stream; label "": none
    int64_t duration_ms, expires_ms;     // expires_ms: Unix time
};
// Lists a recording for a device. E_LIMIT where its list is full (MOTE_CONFIG_RECORDINGS), E_USAGE for values that no
// device would take. *command_id: the row that tells of its progress.
int ask_record(struct store *s, const char *device, const struct ask_recording *r,
               int64_t *command_id, struct err *e) MUST_CHECK;
// Takes all recordings off a device's list, and tells it to end whatever it records. *count: how many were listed.
int ask_stop(struct store *s, const char *device, const char *author, int64_t *count,
             struct err *e) MUST_CHECK;
// Replaces the members "rates" and "triggers" where settings has them. E_USAGE says what is wrong with them.
int ask_set(struct store *s, const char *device, const json_t *settings, const char *author,
            struct err *e) MUST_CHECK;
// Writes the retained messages of devices whose recordings are over; a few at a time. By the collector.
int ask_refresh(struct store *s, struct err *e) MUST_CHECK;
// Where a recording that was asked for stands: "asked", "recording", "done", "failed", "withdrawn", "expired".
const char *ask_state(const struct store_command *c, int64_t now_ms);

#endif
