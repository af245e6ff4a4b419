// Where the known windows lie: centroids and radii by which devices tell what they never saw (mote_pipe_novelty).
#ifndef TRAINER_NOVELTY_H
#define TRAINER_NOVELTY_H

#include "trainer/feature.h"

struct novelty {
    size_t count, features;
    float *centroid; // count x features
    float *radius;   // count
    double known;    // share of the calibrating windows with a novelty of at most 1
};

// k-means within each class over the windows that are not test data, radii so that about `share` of a group's windows are
// known to centroids made without that group.
int novelty_make(struct novelty *n, const struct features *f, size_t per_class, double share,
                 uint64_t seed, struct err *e) MUST_CHECK;
void novelty_release(struct novelty *n);
// Distance to the nearest centroid by its radius.
float novelty_of(const struct novelty *n, const float *x);

#endif
