// A project in a temporary folder with labelled recordings, for tests of the trainer.
#ifndef SUPPORT_TRAINER_KIT_H
#define SUPPORT_TRAINER_KIT_H

#include "common/store/store.h"

struct trainer_kit {
    char dir[256];
    struct store *store;
    int64_t sessions, recordings;
};

struct trainer_take { // one recording
    const char *device, *stream, *group, *label; // group may be NULL; label NULL: none
    unsigned channels;
    uint64_t interval_ns;
    float scale;
    const int16_t *frames;
    size_t count;
};

// Each ends the program with a line on stderr where it fails.
void trainer_kit_make(struct trainer_kit *k);
void trainer_kit_remove(struct trainer_kit *k);
int64_t trainer_kit_record(struct trainer_kit *k, const struct trainer_take *t);
// Labels start_us..end_us of a recording.
void trainer_kit_label(struct trainer_kit *k, int64_t rec_id, const char *region, const char *label,
                       int64_t start_us, int64_t end_us);
// Writes a file below the project's folder; returns its path, valid until the next call.
const char *trainer_kit_file(struct trainer_kit *k, const char *name, const char *text);

#endif
