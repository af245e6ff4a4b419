// A classifier on recordings as they run on: windows slide over whole recordings, scores are
// smoothed, thresholded and suppressed by the device's own code, and decisions are compared with
// what was labelled.
//
// An event is a stretch of one label, taken from the judged windows of a split. A decision is right
// where its window touches an event of its class, false where it touches events of other classes
// alone, and not judged where nothing is labelled. Delay: from an event's start to the end of the
// window that decides it.
#ifndef TRAINER_STREAM_EVAL_H
#define TRAINER_STREAM_EVAL_H

#include "trainer/ship.h"

#include <jansson.h>

struct err;

struct stream_window {
    uint32_t piece, frame;
    float novelty;
    bool judged; // touches an event
};
struct stream_event {
    uint32_t piece, from, to; // frames
    uint16_t label;
};
struct stream_track {
    struct stream_window *w;
    float *score; // windows x classes
    struct stream_event *event;
    size_t windows, events, classes;
    double frame_s;
    uint32_t window, stride; // frames
    double hours;            // labelled
};

// Runs every window of the pieces that hold windows of that split (SPLIT_NONE: of any).
// stream_track_release frees.
int stream_collect(struct stream_track *t, struct ship_runtime *r, const struct windows *w,
                   enum split split, struct err *e) MUST_CHECK;
void stream_track_release(struct stream_track *t);

struct stream_point {
    int smooth, suppress; // windows
    float threshold;
    size_t decisions, wrong, unjudged, found; // found: events
    double false_per_hour, missed, delay_s;   // missed: share of events; delay: mean of those found
    bool on_front; // no other point is better in one and as good in the others
};

// What a device would have decided with these three settings, everything else as in config.
int stream_measure(const struct stream_track *t, const struct mote_pipe_config *config,
                   struct stream_point *p, struct err *e) MUST_CHECK;

// A grid of settings, the Pareto front of (false alarms, missed events, delay) marked. Of the
// front, *chosen misses least among those with at most `allowed` false alarms an hour (then fewer
// of them, then less delay); where none has so few, it is the one with the fewest.
#define STREAM_GRID (8 * 14 * 5)
int stream_choose(const struct stream_track *t, const struct mote_pipe_config *config,
                  double allowed, struct stream_point grid[STREAM_GRID], size_t *count,
                  size_t *chosen, struct err *e) MUST_CHECK;

json_t *stream_point_json(const struct stream_point *p);

#endif
