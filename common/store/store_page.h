// Queries that only the page asks: counts at a glance, the latest of a kind, renaming a label.
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include "common/store/store.h"
#include "common/store/store_label.h"
#include "common/store/store_outbox.h"
#include "common/store/store_sample.h"

// Numbers that move when something of their kind is stored.
struct store_changes {
    int64_t recording, blocks, event, label_event, model, release, rollout_ms, device_ms,
        class_count, command;
};
int store_page_changes(struct store *s, struct store_changes *out, struct err *e) MUST_CHECK;

struct store_overview {
    int64_t devices, devices_online, devices_simulated;
    int64_t recordings, recordings_labelled, recordings_uncertain, recordings_simulated;
    int64_t queue; // unlabelled among the newest 2,000 uncertain ones
    int64_t blocks, sample_bytes, recorded_us, conflicts, dropped;
    int64_t regions, label_events, classes, people;
    int64_t events, events_uncertain;
    int64_t models, releases, rollouts_running, datasets;
    int64_t outbox_pending;
};
int store_page_overview(struct store *s, struct store_overview *out, struct err *e) MUST_CHECK;

// Rows of a name and counts; what they count is said by each function.
typedef int (*store_page_count_fn)(void *ctx, const char *name, int64_t count, int64_t extra);
// Recordings per stream name, and its frames.
int store_page_by_stream(struct store *s, store_page_count_fn fn, void *ctx,
                         struct err *e) MUST_CHECK;
// Recordings created per minute since that time: name is the minute as milliseconds in text.
int store_page_by_minute(struct store *s, int64_t since_ms, store_page_count_fn fn, void *ctx,
                         struct err *e) MUST_CHECK;

// Audit lines that start with what, by who (NULL: anybody), not older than since_ms.
int store_page_audit_count(struct store *s, const char *who, const char *what, int64_t since_ms,
                           int64_t *count, struct err *e) MUST_CHECK;
// Appends a 'set' event with the new name for every region that carries the old one, and retires the
// old class; the new one is made where it is new. E_NOT_FOUND where no class has the old name.
int store_page_label_rename(struct store *s, const char *from, const char *to, const char *author,
                            int64_t *changed, struct err *e) MUST_CHECK;
// The latest first.
int store_page_commands(struct store *s, const char *device, int64_t limit, store_command_fn fn,
                        void *ctx, struct err *e) MUST_CHECK;
int store_page_last_events(struct store *s, const char *device, int64_t limit, store_event_fn fn,
                           void *ctx, struct err *e) MUST_CHECK;
// Events whose window lies in a recording, in order of time.
int store_page_recording_events(struct store *s, int64_t rec_id, store_event_fn fn, void *ctx,
                                struct err *e) MUST_CHECK;
// device NULL: all.
typedef int (*store_stream_fn)(void *ctx, const struct store_stream *st);
int store_page_streams(struct store *s, const char *device, store_stream_fn fn, void *ctx,
                       struct err *e) MUST_CHECK;

// The latest recording that was imported from a file of that name; 0: none.
int store_page_recording_by_name(struct store *s, const char *name, int64_t *rec_id,
                                 struct err *e) MUST_CHECK;

typedef int (*store_page_part_fn)(void *ctx, const char *label, const char *split, const char *grp,
                                  int64_t items);
// Items per label, split and group. E_NOT_FOUND where there is no such dataset.
int store_page_dataset_parts(struct store *s, const char *digest, store_page_part_fn fn, void *ctx,
                             struct err *e) MUST_CHECK;

#endif
