// Recordings that do not come from a device of ours into the store: blocks under a pseudo device in a
// session of its own, label events with the source "import". What is there already (by a digest of shape
// and samples) is skipped. Used by import and by HTTP ingestion.
#ifndef COMMON_INTAKE_H
#define COMMON_INTAKE_H

#include "common/dataset.h"

struct err;
struct store;
struct intake;

struct intake_counts {
    int64_t recordings, duplicates, labels, frames, bytes;
    int64_t erased; // left out: a recording of these samples was erased on request
};

// "import-fan-2" from a prefix and a name: lower case, '-' for what a device id cannot hold.
#define INTAKE_DEVICE_MAX 33
void intake_name_device(char out[INTAKE_DEVICE_MAX], const char *prefix, const char *name);

// label: of what has none (NULL: it stays unlabelled); it and counts must live until intake_close.
int intake_open(struct intake **in, struct store *s, const char *device, const char *label,
                struct intake_counts *counts, struct err *e) MUST_CHECK;
// E_FORMAT where the recording itself is at fault: others may follow. Other failures end the intake.
int intake_item(struct intake *in, const struct ds_item *item, struct err *e) MUST_CHECK;
// Commits what is open, then its labels.
int intake_finish(struct intake *in, struct err *e) MUST_CHECK;
// Undoes what was not committed. Accepts NULL.
void intake_close(struct intake *in);

#endif
