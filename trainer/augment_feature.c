// Augmentation of features that have a time axis (rows) and a band axis (columns). See augment.h.
#include "trainer/augment.h"

#include <math.h>

#define PACE_MAX 32768 // more features than this keep their tempo
#define BANDS_MAX 512 // more columns than this are left as they are

static float between(struct rng *g, double limit)
{
    return (float)limit * (2 * rng_uniform(g) - 1);
}

// Another vocal tract: formants move together (Jaitly and Hinton, 2013). Mel bands are nearly logarithmic in
// frequency, so a factor is a shift along the axis, growing from nothing at the lowest band.
static void warp(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    float row[BANDS_MAX], factor = 1 + between(g, r->band_warp), last = (float)(shape.cols - 1);
    for (uint32_t i = 0; i < shape.rows; i++, x += shape.cols) {
        memcpy(row, x, shape.cols * sizeof(float));
        for (uint32_t j = 0; j < shape.cols; j++) {
            float at = (float)j * factor;
            at = at > last ? last : at;
            uint32_t a = (uint32_t)at, b = a + 1 < shape.cols ? a + 1 : a;
            x[j] = row[a] + (at - (float)a) * (row[b] - row[a]);
        }
    }
}

// Faster or slower around the middle, at the same pitch. What comes in from beyond the ends repeats them.
static void pace(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    static _Thread_local float old[PACE_MAX];
    size_t wide = (size_t)shape.cols * shape.planes;
    float factor = 1 + between(g, r->time_warp), last = (float)(shape.rows - 1);
    memcpy(old, x, wide * shape.rows * sizeof(float));
    for (uint32_t i = 0; i < shape.rows; i++) {
        float at = ((float)i - last / 2) * factor + last / 2;
        at = at < 0 ? 0 : at > last ? last : at;
        const float *a = old + (size_t)at * wide, *b = a + (at < last ? wide : 0);
        for (size_t j = 0; j < wide; j++) {
            x[i * wide + j] = a[j] + (at - floorf(at)) * (b[j] - a[j]);
        }
    }
}

// Another microphone or room: levels move smoothly along the axis, as half a cosine and a whole one. A band that is
// silent stays so.
static void tilt(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    float add[BANDS_MAX], half = between(g, r->band_tilt), whole = between(g, r->band_tilt) / 2;
    for (uint32_t j = 0; j < shape.cols; j++) {
        float phase = (float)M_PI * (float)j / (float)shape.cols;
        add[j] = half * cosf(phase) + whole * cosf(2 * phase);
    }
    for (uint32_t i = 0; i < shape.rows; i++) {
        for (uint32_t j = 0; j < shape.cols; j++, x++) {
            *x += *x > 0 ? fmaxf(add[j], -*x) : 0;
        }
    }
}

static void blank(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    uint32_t wide = shape.cols * shape.planes;
    uint32_t rows = (uint32_t)(rng_uniform(g) * (float)r->time_mask * (float)shape.rows);
    uint32_t cols = (uint32_t)(rng_uniform(g) * (float)r->band_mask * (float)shape.cols);
    uint32_t row = rng_below(g, shape.rows - rows + 1), col = rng_below(g, shape.cols - cols + 1);
    for (uint32_t i = 0; i < shape.rows; i++) {
        for (uint32_t j = 0; j < shape.cols; j++) {
            if ((i >= row && i < row + rows) || (j >= col && j < col + cols)) {
                memset(x + (size_t)i * wide + (size_t)j * shape.planes, 0,
                       shape.planes * sizeof(float));
            }
        }
    }
}

void augment_features(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    if (r->time_warp > 0 && shape.rows > 1 &&
        (size_t)shape.rows * shape.cols * shape.planes <= PACE_MAX) {
        pace(r, shape, g, x);
    }
    bool bands = shape.planes == 1 && shape.cols > 1 && shape.cols <= BANDS_MAX;
    if (bands && r->band_warp > 0) {
        warp(r, shape, g, x);
    }
    if (bands && r->band_tilt > 0) {
        tilt(r, shape, g, x);
    }
    if (r->time_mask > 0 || r->band_mask > 0) {
        blank(r, shape, g, x);
    }
}
