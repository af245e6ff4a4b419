// A model to work on: found by path, or in the project's store; its file, and what the file says.
#ifndef CONVERTER_CVT_MODEL_H
#define CONVERTER_CVT_MODEL_H

#include "common/buf.h"
#include "common/hex.h"
#include "common/io.h"
#include "firmware/core/pipe/mote_pipe.h"

struct err;
struct mote_nn_diag;
struct project;
struct store;

struct cvt_model {
    uint8_t *file; // 16-byte aligned
    size_t len;
    uint8_t digest[HEX_DIGEST_LEN];
    char digest_text[HEX_DIGEST_TEXT];
    char path[IO_PATH_MAX];
    // As the store has it; empty where the model is only a file:
    bool known;
    char name[MOTE_NAME_MAX + 1], dataset[HEX_DIGEST_TEXT], program[64], parent[HEX_DIGEST_TEXT];
    struct buf recipe;
    int64_t seed;
};

// which: a path, or with p and s a digest, its beginning, an id, or NULL for the newest. p and s
// may be NULL together: then which must be a path. A file that the store names must still have its
// digest (E_CONFLICT).
int cvt_model_load(struct cvt_model *m, const char *which, const struct project *p, struct store *s,
                   struct err *e) MUST_CHECK;
// As above for commands that need no project: it is opened only where which is not a file.
int cvt_model_open(struct cvt_model *m, const char *which, const char *project,
                   struct err *e) MUST_CHECK;
void cvt_model_release(struct cvt_model *m); // accepts the zeroed struct

// The pipeline inside; its text points into m->file. E_NOT_FOUND where there is none, E_FORMAT.
int cvt_model_pipeline(const struct cvt_model *m, struct mote_pipe_config *c,
                       struct err *e) MUST_CHECK;
// Distinct operator names, blank between, in order of first use.
int cvt_model_ops(const struct cvt_model *m, char *out, size_t cap, struct err *e) MUST_CHECK;

// "operator 3 CONV_2D: reason (unsupported)": why the runtime refused, as an error of code
// E_FORMAT.
int cvt_refused(struct err *e, int status, const struct mote_nn_diag *diag);
// 16-byte aligned zeroed memory for an arena; free() it. NULL where there is none.
void *cvt_arena(size_t bytes);

#endif
