// Features of windows, as firmware/core/dsp computes them, standardised as the pipeline does it on devices.
#ifndef TRAINER_FEATURE_H
#define TRAINER_FEATURE_H

#include "trainer/fit.h"
#include "trainer/par.h"
#include "trainer/windows.h"

struct features {
    const struct windows *w;
    const struct recipe *r;
    struct mote_dsp_shape shape;
    size_t count;            // of features
    float *x;                // windows x count, standardised
    float *offset, *gain;    // count each, or NULL: x' = (x - offset) * gain
    bool cached;             // read from the project's cache, not extracted
    float spread; // mean deviation of the training windows' physical values: what noise is measured
                  // by
    struct feature_lane *lane; // private: scratch of the threads
    int lanes;
};

// Extracts every window's features. offset and gain: those of an earlier model (count each, copied), or NULL to
// take them from the training windows where the recipe standardises. E_STATE names a window with values that are
// not finite. cache: a folder (feature_cache.h) where they are looked for first and kept, or NULL. features_release frees; a zeroed struct may be released.
int features_make(struct features *f, const struct windows *w, const float *offset,
                  const float *gain, const char *cache, int lanes, struct par *par,
                  struct err *e) MUST_CHECK;
void features_release(struct features *f);
// Features of one window, changed by the recipe's augmentation under that key (0: none), into x.
void features_augmented(const struct features *f, int lane, const struct window *w, uint64_t key,
                        float *x);

#endif
