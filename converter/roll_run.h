// Applies the rollout policy to the store: chooses devices that fit, offers them the release by the
// outbox, watches what they report, moves through the stages.
#ifndef CONVERTER_ROLL_RUN_H
#define CONVERTER_ROLL_RUN_H

#include "common/hex.h"
#include "common/store/store_device.h"
#include "converter/roll_policy.h"
#include "firmware/core/pkg/mote_pkg.h"

struct err;
struct mote_manifest;
struct project;
struct store;

// Why a device cannot take a release, in words; 0 bytes where it can. streams: names of its
// streams, blank between and around.
void roll_fit(const struct mote_manifest *m, const struct store_device *d, const char *streams,
              char *reason, size_t cap);

// Policy as the rollout's row keeps it, in JSON.
int roll_policy_write(const struct roll_policy *p, char *out, size_t cap) MUST_CHECK;
int roll_policy_read(struct roll_policy *p, const char *text, struct err *e) MUST_CHECK;

// A new rollout of a release (id, digest, NULL: the newest), running. Unfinished ones of the same
// slot name are aborted: what they ship is no longer wanted. The canary must exist and fit. who:
// for the audit log.
int roll_start(const struct project *p, struct store *s, const char *release,
               const struct roll_policy *policy, const char *who, int64_t *rollout_id,
               int64_t *superseded, struct err *e) MUST_CHECK;
// "pause", "resume" or "abort". Abort withdraws the release from devices that have not switched.
// Resume accepts the failures so far. E_STATE where the rollout is not in a state for it.
int roll_change(struct store *s, int64_t rollout_id, const char *action, const char *who,
                struct err *e) MUST_CHECK;

struct roll_totals { // of one pass
    int64_t running, changed;
};
// One pass: every running rollout is stepped; paused ones, and the newest finished one of each slot
// name, take note of what devices report; the latter is offered to devices that came later, where
// it reached every device. Releases that are older than a finished one are withdrawn. now_ms: wall
// clock. A rollout that somebody changes meanwhile is left to the next pass.
int roll_pass(const struct project *p, struct store *s, int64_t now_ms, struct roll_totals *out,
              struct err *e) MUST_CHECK;

#endif
