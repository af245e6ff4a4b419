// Augmentation of windows and features. See augment.h.
#include "trainer/augment.h"

#include <math.h>

bool augment_changes_window(const struct recipe *r)
{
    return r->noise > 0 || r->gain > 0 || r->shift > 0 || r->stretch > 0 || r->rotate > 0 ||
           r->background > 0 || r->flip > 0 || r->crop > 0 || r->colour > 0 || r->zoom > 0 ||
           r->turn > 0 || r->erase > 0;
}

bool augment_changes_features(const struct recipe *r)
{
    return r->time_mask > 0 || r->band_mask > 0 || r->time_warp > 0 || r->band_warp > 0 ||
           r->band_tilt > 0;
}

static float between(struct rng *g, double limit)
{
    return (float)limit * (2 * rng_uniform(g) - 1);
}

// Shift and stretch by linear interpolation; what lies beyond the samples repeats the last one.
static void resample(const struct recipe *r, const struct augment_source *s, struct rng *g,
                     float *out)
{
    double speed = 1 + (double)between(g, r->stretch);
    double start =
        (double)s->at + (double)between(g, r->shift) * s->window + (1 - speed) * s->window / 2;
    size_t c = s->channels, last = s->count - 1;
    for (uint32_t i = 0; i < s->window; i++) {
        double t = start + speed * i;
        t = t < 0 ? 0 : t > (double)last ? (double)last : t;
        size_t a = (size_t)t, b = a < last ? a + 1 : a;
        float rest = (float)(t - (double)a);
        for (size_t j = 0; j < c; j++) {
            out[i * c + j] = s->frames[a * c + j] * (1 - rest) + s->frames[b * c + j] * rest;
        }
    }
}

// Turns every group of three channels around a random axis (Rodrigues).
static void rotate(const struct recipe *r, const struct augment_source *s, struct rng *g,
                   float *out)
{
    float axis[3], length = 0;
    for (int i = 0; i < 3; i++) {
        axis[i] = rng_normal(g);
        length += axis[i] * axis[i];
    }
    length = sqrtf(length) + 1e-9f;
    float angle = between(g, r->rotate) * (float)M_PI / 180, co = cosf(angle), si = sinf(angle);
    float m[3][3];
    for (int i = 0; i < 3; i++) {
        axis[i] /= length;
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            int k = 3 - i - j;
            float cross = i == j ? 0 : ((j - i + 3) % 3 == 1 ? -axis[k] : axis[k]) * si;
            m[i][j] = axis[i] * axis[j] * (1 - co) + cross + (i == j ? co : 0);
        }
    }
    for (uint32_t i = 0; i < s->window; i++) {
        for (unsigned c = 0; c + 3 <= s->channels; c += 3) {
            float *v = out + (size_t)i * s->channels + c;
            float x = v[0], y = v[1], z = v[2];
            for (int j = 0; j < 3; j++) {
                v[j] = m[j][0] * x + m[j][1] * y + m[j][2] * z;
            }
        }
    }
}

// Nearly normal, deviation 1: the sum of four uniform numbers out of one draw. A second of sound takes thousands.
static float quick_normal(struct rng *g)
{
    uint64_t u = rng_u64(g);
    uint32_t sum = (uint32_t)((u & 0xffff) + (u >> 16 & 0xffff) + (u >> 32 & 0xffff) + (u >> 48));
    return ((float)sum - 131070) * (1.0f / 37837.2f);
}

static float deviation(const float *x, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    double var = squares / (double)n - (sum / (double)n) * (sum / (double)n);
    return var > 0 ? (float)sqrt(var) : 0;
}

void augment_window(const struct recipe *r, const struct augment_source *s, struct rng *g,
                    float *out)
{
    size_t n = (size_t)s->window * s->channels;
    if (s->width > 0) {
        augment_picture(r, s, g, out);
    } else if (r->shift > 0 || r->stretch > 0) {
        resample(r, s, g, out);
    } else {
        memcpy(out, s->frames + s->at * s->channels, n * sizeof(float));
    }
    if (r->rotate > 0) {
        rotate(r, s, g, out);
    }
    float gain = 1 + between(g, r->gain);
    // half of the windows stay free of other sound, and keep most of their own noise floor
    float mix = s->background && rng_uniform(g) < 0.5f ? rng_uniform(g) * (float)r->background : 0;
    float scale = mix > 0 ? mix * deviation(out, n) / (deviation(s->background, n) + 1e-9f) : 0;
    float noise = (float)r->noise * rng_uniform(g) * fmaxf(deviation(out, n), 0.1f * s->spread);
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] * gain + (scale > 0 ? scale * s->background[i] : 0) +
                 (noise > 0 ? noise * quick_normal(g) : 0);
    }
}
