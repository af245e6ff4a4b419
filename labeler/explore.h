// The job behind the explorer: cuts recordings of a stream into windows, computes their features (of a model's
// pipeline, or plain statistics), runs the model over them, and projects all of them into a plane.
#ifndef LABELER_EXPLORE_H
#define LABELER_EXPLORE_H

struct err;
struct project;
struct store;

#define EXPLORE_WINDOWS_MAX 50000
#define EXPLORE_TSNE_MAX 4000

// Carries out the projection that was added under that number (store_explore.h): it becomes "done" or
// "failed" with the reason, and older ones beyond the last few are dropped.
int explore_run(const struct project *project, struct store *s, int64_t id,
                struct err *e) MUST_CHECK;

#endif
