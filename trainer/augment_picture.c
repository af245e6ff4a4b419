// Augmentation of pictures. See augment.h.
//
// One affine map from the new picture to the old one holds mirror, shift, scale and turn; pixels beyond the edge
// repeat it. Whole-pixel maps copy, others interpolate between the four neighbours.
#include "trainer/augment.h"

#include <math.h>

struct map { // old = m * (new - middle) + middle + shift
    float m[4], dx, dy;
    bool whole;
};

static float between(struct rng *g, double limit)
{
    return (float)limit * (2 * rng_uniform(g) - 1);
}

static struct map draw_map(const struct recipe *r, const struct augment_source *s, struct rng *g)
{
    struct map t = {.whole = r->zoom <= 0 && r->turn <= 0};
    t.dx = roundf(between(g, r->crop) * (float)s->width);
    t.dy = roundf(between(g, r->crop) * (float)s->height);
    float side = rng_uniform(g) < (float)r->flip ? -1 : 1;
    float scale = t.whole ? 1 : 1 + between(g, r->zoom),
          angle = t.whole ? 0 : between(g, r->turn) * (float)M_PI / 180;
    t.m[0] = side * cosf(angle) * scale;
    t.m[1] = side * -sinf(angle) * scale;
    t.m[2] = sinf(angle) * scale;
    t.m[3] = cosf(angle) * scale;
    return t;
}

static float clamped(float v, float hi)
{
    return v < 0 ? 0 : v > hi ? hi : v;
}

// One pixel (all its channels) of the old picture at a point between pixels.
static void take(const struct augment_source *s, const struct map *t, float px, float py,
                 float *out)
{
    size_t w = s->width, c = s->channels;
    const float *from = s->frames + s->at * c;
    float x = clamped(px, (float)(w - 1)), y = clamped(py, (float)(s->height - 1));
    if (t->whole) {
        memcpy(out, from + ((size_t)lroundf(y) * w + (size_t)lroundf(x)) * c, c * sizeof(float));
        return;
    }
    size_t x0 = (size_t)x, y0 = (size_t)y, x1 = x0 + 1 < w ? x0 + 1 : x0,
           y1 = y0 + 1 < s->height ? y0 + 1 : y0;
    float fx = x - (float)x0, fy = y - (float)y0;
    for (size_t j = 0; j < c; j++) {
        float above = from[(y0 * w + x0) * c + j] * (1 - fx) + from[(y0 * w + x1) * c + j] * fx;
        float below = from[(y1 * w + x0) * c + j] * (1 - fx) + from[(y1 * w + x1) * c + j] * fx;
        out[j] = above * (1 - fy) + below * fy;
    }
}

static void recolour(const struct recipe *r, const struct augment_source *s, struct rng *g,
                     float *out)
{
    float contrast = 1 + between(g, r->colour), brightness = between(g, r->colour) * s->white / 2,
          middle = s->white / 2;
    size_t n = (size_t)s->width * s->height * s->channels;
    for (size_t i = 0; r->colour > 0 && i < n; i++) {
        out[i] = clamped((out[i] - middle) * contrast + middle + brightness, s->white);
    }
}

// A gray square somewhere, partly beyond the edge where it falls so (DeVries and Taylor, 2017).
static void erase(const struct recipe *r, const struct augment_source *s, struct rng *g, float *out)
{
    int w = (int)s->width, h = (int)s->height, c = (int)s->channels;
    int side = (int)lroundf(rng_uniform(g) * (float)r->erase * (float)(w < h ? w : h));
    int left = (int)rng_below(g, (uint32_t)w) - side / 2,
        top = (int)rng_below(g, (uint32_t)h) - side / 2;
    for (int y = top < 0 ? 0 : top; y < top + side && y < h; y++) {
        for (int x = left < 0 ? 0 : left; x < left + side && x < w; x++) {
            for (int j = 0; j < c; j++) {
                out[(y * w + x) * c + j] = s->white / 2;
            }
        }
    }
}

void augment_picture(const struct recipe *r, const struct augment_source *s, struct rng *g,
                     float *out)
{
    struct map t = draw_map(r, s, g);
    float mx = (float)(s->width - 1) / 2, my = (float)(s->height - 1) / 2;
    for (uint32_t y = 0; y < s->height; y++) {
        for (uint32_t x = 0; x < s->width; x++) {
            float ax = (float)x - mx, ay = (float)y - my;
            take(s, &t, t.m[0] * ax + t.m[1] * ay + mx + t.dx,
                 t.m[2] * ax + t.m[3] * ay + my + t.dy,
                 out + ((size_t)y * s->width + x) * s->channels);
        }
    }
    recolour(r, s, g, out);
    if (r->erase > 0) {
        erase(r, s, g, out);
    }
}
