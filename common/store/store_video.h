// Videos attached to recordings: where the file is, and how it lies against the signals.
#ifndef STORE_VIDEO_H
#define STORE_VIDEO_H

#include "common/store/store.h"

struct store_video {
    int64_t rec_id, bytes, offset_us,
        time_ms; // offset_us: device time of its first picture, less the recording's start
    const char *path, *type, *author;          // path: within the project folder
};
// One a recording: a second replaces the first. The file is the caller's to keep.
int store_video_put(struct store *s, const struct store_video *v, struct err *e) MUST_CHECK;
// E_NOT_FOUND where the recording has none.
int store_video_set_offset(struct store *s, int64_t rec_id, int64_t offset_us,
                           struct err *e) MUST_CHECK;
int store_video_drop(struct store *s, int64_t rec_id, struct err *e) MUST_CHECK;
typedef int (*store_video_fn)(void *ctx, const struct store_video *v);
int store_video_find(struct store *s, int64_t rec_id, store_video_fn fn, void *ctx,
                     struct err *e) MUST_CHECK; // E_NOT_FOUND
// Whether any recording shows the file of that path; *used is set.
int store_video_uses(struct store *s, const char *path, bool *used, struct err *e) MUST_CHECK;

#endif
