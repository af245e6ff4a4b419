// Labels: classes, append-only events, and the regions they add up to.
#ifndef STORE_LABEL_H
#define STORE_LABEL_H

#include "common/store/store.h"

#define STORE_LABEL_MAX 63 // bytes of a label's name

struct store_label_class {
    int64_t label_id, position, uses, retired_ms; // uses: regions that carry it
    const char *name, *hotkey, *color, *guideline;
};
typedef int (*store_label_class_fn)(void *ctx, const struct store_label_class *c);
// Adds by name, or updates the one that is there. Empty hotkey and colour get free ones.
int store_label_class_put(struct store *s, const struct store_label_class *c,
                          struct err *e) MUST_CHECK;
int store_label_class_walk(struct store *s, store_label_class_fn fn, void *ctx,
                           struct err *e) MUST_CHECK;

struct store_region {
    int64_t rec_id, version, event_id, time_ms;
    const char *region; // "" is the whole recording
    const char *label, *author, *source, *model;
    bool whole;         // start_us and end_us are not set
    int64_t start_us, end_us;
    bool has_box;
    double x, y, w, h, score;
    bool deleted;       // of history rows
};
typedef int (*store_region_fn)(void *ctx, const struct store_region *r);
// Appends a 'set' event. expect_version: what the author saw (0: new), or -1 for "whatever it is";
// E_CONFLICT otherwise, with *r->version left as the stored one. Adds the label class where it is new.
// Sets r->version and r->event_id.
int store_label_set(struct store *s, struct store_region *r, int64_t expect_version,
                    struct err *e) MUST_CHECK;
int store_label_delete(struct store *s, struct store_region *r, int64_t expect_version,
                       struct err *e) MUST_CHECK;
// Present regions of a recording.
int store_label_walk(struct store *s, int64_t rec_id, store_region_fn fn, void *ctx,
                     struct err *e) MUST_CHECK;
// Every event of a recording, oldest first (rec_id 0: of all, newest first, up to limit).
int store_label_history(struct store *s, int64_t rec_id, int64_t limit, store_region_fn fn,
                        void *ctx, struct err *e) MUST_CHECK;
// Regions with that label (NULL: any) across recordings, in order of recording.
int store_label_all(struct store *s, const char *label, store_region_fn fn, void *ctx,
                    struct err *e) MUST_CHECK;
int store_label_last_event(struct store *s, int64_t *event_id, int64_t *time_ms,
                           struct err *e) MUST_CHECK;

#endif
