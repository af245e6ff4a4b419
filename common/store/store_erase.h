// Erasing: all that is known of a person, a device or one recording goes, on request. A tombstone with the digest stays,
// and dataset versions and the models made from them say how much of what they were made from is gone.
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "common/store/store.h"

struct store_erase { // exactly one of person, device and rec_id is set
    const char *person; // recording.grp: the user, speaker or subject
    const char *person_json; // the same as a JSON string, quotes included: models' metrics name
                             // their groups
    const char *device;
    int64_t rec_id;
};
struct store_erased {
    int64_t recordings, blocks, labels, rows; // labels: events; rows: a device's events and reports
    int64_t datasets, items, models, releases; // that depended on it; items: of the datasets
};

// What would go, and what depended on it. E_NOT_FOUND where there is nothing of that name.
int store_erase_plan(struct store *s, const struct store_erase *what, struct store_erased *out,
                     struct err *e) MUST_CHECK;

// Called for every recording before its rows go, for files beside the store; a negative value stops.
typedef int (*store_erase_fn)(void *ctx, int64_t rec_id);
// Erases in transactions of one recording each, main.db before blocks.db: where it is cut off, the same call goes on.
// Freed pages are overwritten, and the logs are emptied as far as other programs let go of them; *log_left says whether
// something stayed there until their next checkpoint.
int store_erase_run(struct store *s, const struct store_erase *what, const char *who,
                    const char *why, store_erase_fn fn, void *ctx, struct store_erased *out,
                    bool *log_left, struct err *e) MUST_CHECK;

// Whether an imported file of this digest was erased: importing it again would undo that.
int store_erase_knows(struct store *s, const char *digest, bool *erased, struct err *e) MUST_CHECK;

// Models whose dataset lost items, newest first.
typedef int (*store_erase_model_fn)(void *ctx, const char *digest, const char *name, int64_t erased,
                                    int64_t items);
int store_erase_models(struct store *s, store_erase_model_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;

#endif
