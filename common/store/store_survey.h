// Surveys of what is labelled, by device, user or metadata; and what people state about the project.
//
// A key says what groups recordings: "device", "group" (the user or speaker, the device where none is
// named) or "meta:NAME" (a member of the recording's metadata; "" where it has none).
#ifndef STORE_SURVEY_H
#define STORE_SURVEY_H

#include "common/store/store.h"

#define STORE_KEY_MAX 80

// E_FORMAT where the key is none of the above.
int store_survey_check_key(const char *key, struct err *e) MUST_CHECK;

// Counts the labels of the next 1,024 recordings after *chunk in which something changed since they were counted, in one
// transaction of some 20 ms. *chunk starts at -1 and is -1 when none is left. A loop over it leaves the coverage exact.
int store_survey_count(struct store *s, int64_t *chunk, struct err *e) MUST_CHECK;

struct store_survey_cell {
    const char *label, *group;
    int64_t recordings, labelled_us; // with that label, and the time that carries it
};
typedef int (*store_survey_fn)(void *ctx, const struct store_survey_cell *c);
// Labelled time per label and group, of what store_survey_count has counted. stream NULL: any.
int store_survey_coverage(struct store *s, const char *key, const char *stream, store_survey_fn fn,
                          void *ctx, struct err *e) MUST_CHECK;
// Names of metadata members and groups of a key that the newest 20,000 recordings have.
typedef int (*store_survey_name_fn)(void *ctx, const char *name);
int store_survey_meta_names(struct store *s, store_survey_name_fn fn, void *ctx,
                            struct err *e) MUST_CHECK;
int store_survey_groups(struct store *s, const char *key, store_survey_name_fn fn, void *ctx,
                        struct err *e) MUST_CHECK;

struct store_survey_piece { // a labelled stretch, or a whole recording
    int64_t rec_id, start_us, end_us;
    const char *label, *group;
};
typedef int (*store_survey_piece_fn)(void *ctx, const struct store_survey_piece *p);
// Every labelled piece of recordings that have the stream, by recording and time. Boxes and points are left out.
int store_survey_pieces(struct store *s, const char *key, const char *stream,
                        store_survey_piece_fn fn, void *ctx, struct err *e) MUST_CHECK;

// What people state: JSON by name. *out (malloc'd, the caller frees) is NULL where nothing is stated.
int store_setting_get(struct store *s, const char *name, char **out, struct err *e) MUST_CHECK;
int store_setting_put(struct store *s, const char *name, const char *json, const char *author,
                      struct err *e) MUST_CHECK;

#endif
