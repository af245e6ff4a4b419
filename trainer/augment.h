// Changed copies of a window: what a recipe's [augment] section asks for.
#ifndef TRAINER_AUGMENT_H
#define TRAINER_AUGMENT_H

#include "trainer/recipe.h"
#include "trainer/rng.h"

// A stretch of physical samples with the window inside it, so that shifting and stretching find real neighbours.
struct augment_source {
    const float *frames; // count x channels
    size_t count, at;    // where the window starts
    unsigned channels;
    uint32_t window;
    uint32_t width, height; // of a picture, 0 otherwise
    float white;            // of a picture: the largest physical value
    const float *background; // another window (window x channels), or NULL
    float spread;            // typical deviation of the physical values
};

bool augment_changes_window(const struct recipe *r);
bool augment_changes_features(const struct recipe *r);
// Writes the changed window (window x channels).
void augment_window(const struct recipe *r, const struct augment_source *s, struct rng *g,
                    float *out);
// The part of augment_window that is for pictures: mirrored, shifted, scaled, turned, recoloured, partly blanked.
void augment_picture(const struct recipe *r, const struct augment_source *s, struct rng *g,
                     float *out);
// Changes features in place: the band axis warped and its levels tilted, as another voice or microphone would; rows
// and columns blanked out (SpecAugment).
void augment_features(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x);

#endif
