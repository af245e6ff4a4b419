// What a later run needs to go on from a model: float parameters, normalisation, labels. docs/formats/weights.md.
#ifndef TRAINER_WEIGHTS_H
#define TRAINER_WEIGHTS_H

#include "trainer/feature.h"
#include "trainer/net.h"

struct buf;
struct err;

struct weights {
    struct name_list label;
    size_t features;       // 0 where nothing was standardised
    float *offset, *gain;  // features each
    size_t params, states, last; // last: parameters of the last layer
    float *param, *state;
};

int weights_put(struct buf *out, const struct net *n, const struct features *f) MUST_CHECK;
int weights_load(struct weights *w, const char *path, struct err *e) MUST_CHECK;
void weights_release(struct weights *w);
// Takes the parameters over into a started network of the same shape; where it has more outputs than the weights,
// those keep their start values. E_CONFLICT where the shapes do not fit.
int weights_apply(const struct weights *w, struct net *n, struct err *e) MUST_CHECK;

#endif
