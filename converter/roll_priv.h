// What the files of the runner share: a rollout with its release and its devices in memory.
#ifndef CONVERTER_ROLL_PRIV_H
#define CONVERTER_ROLL_PRIV_H

#include "common/buf.h"
#include "converter/roll_run.h"

struct roll_job {
    struct store *s;
    int64_t rollout_id, release_id, stage, changed_ms;
    char state[16], reason[ROLL_REASON_MAX];
    struct roll_policy policy;
    // its release
    int64_t seq;
    char name[MOTE_NAME_MAX + 1], digest[HEX_DIGEST_TEXT];
    struct buf signed_manifest;
    // its devices, in order of id
    struct roll_device *device;
    size_t devices;
};

void roll_job_release(struct roll_job *j); // accepts the zeroed struct
// Rollout, policy and release. signed_manifest is filled, not checked.
int roll_job_load(struct roll_job *j, struct store *s, int64_t rollout_id,
                  struct err *e) MUST_CHECK;
// Devices of the policy's group with what they can do, what the rollout knows of them, and what
// they reported since. Changes that follow from reports alone are marked dirty.
int roll_job_devices(struct roll_job *j, const struct mote_manifest *m, int64_t now_ms,
                     struct err *e) MUST_CHECK;
// Writes dirty devices, and the desired state of those just offered the release, in short
// transactions. E_CONFLICT where somebody changed the rollout since it was loaded: then the rest is
// not written.
int roll_job_save_devices(struct roll_job *j, int64_t now_ms, struct err *e) MUST_CHECK;
// Inside a transaction.
int roll_job_save(const struct roll_job *j, struct err *e) MUST_CHECK;
// Inside a transaction: E_CONFLICT where the rollout's row is not as it was loaded.
int roll_job_unchanged(const struct roll_job *j, struct err *e) MUST_CHECK;
// Inside a transaction. Takes back the desired state of devices that have been offered the release
// and have not settled.
int roll_job_withdraw(struct roll_job *j, int64_t now_ms, struct err *e) MUST_CHECK;

#endif
