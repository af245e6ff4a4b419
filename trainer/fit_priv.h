// What the training loop and its checkpoints share.
#ifndef TRAINER_FIT_PRIV_H
#define TRAINER_FIT_PRIV_H

#include "trainer/fit.h"

// All that a run remembers between two epochs.
struct fit_state {
    struct net *net;
    float *m, *v;          // params: moments of the optimizer
    float *average;        // params: EMA, NULL where it is off
    float *best, *best_state; // params, states
    int64_t step;          // of the optimizer
    int epoch;             // next one
    int best_epoch, since_best;
    double best_loss, best_accuracy;
    int64_t samples;
};

// OK, E_NOT_FOUND where there is no checkpoint for this identity, or another status with e set.
int fit_checkpoint_load(struct fit_state *s, const struct fit_options *o, struct err *e) MUST_CHECK;
int fit_checkpoint_save(const struct fit_state *s, const struct fit_options *o,
                        struct err *e) MUST_CHECK;

#endif
