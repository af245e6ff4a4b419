// Augmentation of windows and features. See augment.h.
#include "trainer/augment.h"

#include <math.h>

bool augment_changes_window(const struct recipe *r)
{
    return r->noise > 0 || r->gain > 0 || r->shift > 0 || r->stretch > 0 || r->rotate > 0 || r->background > 0 ||
           r->flip > 0 || r->crop > 0 || r->colour > 0;
}

bool augment_changes_features(const struct recipe *r)
{
    return r->time_mask > 0 || r->band_mask > 0;
}

static float between(struct rng *g, double limit)
{
    return (float)limit * (2 * rng_uniform(g) - 1);
}

// Shift and stretch by linear interpolation; what lies beyond the samples repeats the last one.
static void resample(const struct recipe *r, const struct augment_source *s, struct rng *g, float *out)
{
    double speed = 1 + (double)between(g, r->stretch);
    double start = (double)s->at + (double)between(g, r->shift) * s->window + (1 - speed) * s->window / 2;
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
static void rotate(const struct recipe *r, const struct augment_source *s, struct rng *g, float *out)
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

static void picture(const struct recipe *r, const struct augment_source *s, struct rng *g, float *out)
{
    int w = (int)s->width, h = (int)s->height, c = (int)s->channels;
    int dx = (int)lroundf(between(g, r->crop) * (float)w), dy = (int)lroundf(between(g, r->crop) * (float)h);
    bool mirrored = rng_uniform(g) < (float)r->flip;
    float contrast = 1 + between(g, r->colour), brightness = between(g, r->colour) * s->white / 2;
    float middle = s->white / 2;
    const float *from = s->frames + s->at * s->channels;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++, out += c) {
            int sx = x + dx, sy = y + dy;
            sx = sx < 0 ? 0 : sx >= w ? w - 1 : sx;
            sy = sy < 0 ? 0 : sy >= h ? h - 1 : sy;
            const float *p = from + (ptrdiff_t)(sy * w + (mirrored ? w - 1 - sx : sx)) * c;
            for (int j = 0; j < c; j++) {
                float v = r->colour > 0 ? (p[j] - middle) * contrast + middle + brightness : p[j];
                out[j] = v < 0 ? 0 : v > s->white ? s->white : v;
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

void augment_window(const struct recipe *r, const struct augment_source *s, struct rng *g, float *out)
{
    size_t n = (size_t)s->window * s->channels;
    if (s->width > 0) {
        picture(r, s, g, out);
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
        out[i] = out[i] * gain + (scale > 0 ? scale * s->background[i] : 0) + (noise > 0 ? noise * quick_normal(g) : 0);
    }
}

void augment_features(const struct recipe *r, struct mote_dsp_shape shape, struct rng *g, float *x)
{
    uint32_t wide = shape.cols * shape.planes;
    uint32_t rows = (uint32_t)(rng_uniform(g) * (float)r->time_mask * (float)shape.rows);
    uint32_t cols = (uint32_t)(rng_uniform(g) * (float)r->band_mask * (float)shape.cols);
    uint32_t row = rng_below(g, shape.rows - rows + 1), col = rng_below(g, shape.cols - cols + 1);
    for (uint32_t i = 0; i < shape.rows; i++) {
        for (uint32_t j = 0; j < shape.cols; j++) {
            if ((i >= row && i < row + rows) || (j >= col && j < col + cols)) {
                memset(x + (size_t)i * wide + (size_t)j * shape.planes, 0, shape.planes * sizeof(float));
            }
        }
    }
}
