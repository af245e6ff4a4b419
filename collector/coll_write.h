// Samples into files of the kinds that other tools read.
#ifndef COLL_WRITE_H
#define COLL_WRITE_H

#include "common/recording.h"

struct err;

enum write_kind { WRITE_CSV, WRITE_WAV, WRITE_FLAC, WRITE_NPY, WRITE_PNG, WRITE_EI };

struct write_piece { // a run of a recording's stream
    const struct rec_samples *samples;
    struct rec_run run;
    const char *channel_names; // comma between, "" unknown
    const char *device;
    int64_t start_us;          // of the recording: times in files count from there
};

// The kind for words such as "wav"; "auto" goes by the samples. What a kind cannot hold becomes the
// nearest that can (pictures of other depths and floats in FLAC: npy and wav). E_USAGE for other words.
int write_kind_of(const char *word, const struct rec_samples *s, enum write_kind *kind,
                  struct err *e) MUST_CHECK;
const char *write_extension(enum write_kind kind); // without the dot
// Writes a whole new file.
int write_file(const char *path, enum write_kind kind, const struct write_piece *p,
               struct err *e) MUST_CHECK;

#endif
