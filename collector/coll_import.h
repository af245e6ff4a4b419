// Files into the store: each recording of a labelled folder becomes blocks under a pseudo device
// "import-NAME", in a session of its own for every run, and label events with the source "import".
#ifndef COLL_IMPORT_H
#define COLL_IMPORT_H

#include "common/intake.h"

struct import_options {
    const char *map;    // mapping file, NULL: guesses
    const char *device; // NAME of import-NAME; NULL: from the path
    const char *label;  // for what has none; NULL: it stays unlabelled
    bool quiet;         // no progress bar
};
struct import_result {
    struct intake_counts in;
    int64_t files, broken; // broken: could not be read
};
// Called for each broken file with its one-line reason; may be NULL.
typedef void (*import_bad_fn)(void *ctx, const char *path, const struct err *why);

// Adds to r. A file that cannot be read is told and skipped; what was committed stays where the rest
// fails. What is in the store already (by a digest of shape and samples) is skipped.
int import_path(struct store *s, const char *path, const struct import_options *o,
                struct import_result *r, import_bad_fn bad, void *ctx, struct err *e) MUST_CHECK;

#endif
