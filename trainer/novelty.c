// Centroids and radii. See novelty.h.
//
// A centroid's radius is the root mean square of its windows' distances, times a factor of its class: classes differ in
// how much their devices differ. The factor comes from groups (devices, users) that took no part: in up to FOLDS
// rounds centroids are made without some groups, whose windows then show how far known ones lie. It is the quantile
// of these that the recipe wants, and MARGIN more.
#include "trainer/novelty.h"
#include "common/err.h"

#include <math.h>

#define ROUNDS 30
#define MARGIN 1.1f
#define FEW 12 // windows below which a centroid takes the radius of all
#define FOLDS 8

static float distance2(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        float d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

static size_t nearest(const float *centroid, size_t count, size_t features, const float *x,
                      float *d2)
{
    size_t best = 0;
    *d2 = INFINITY;
    for (size_t i = 0; i < count; i++) {
        float d = distance2(centroid + i * features, x, features);
        if (d < *d2) {
            *d2 = d;
            best = i;
        }
    }
    return best;
}

float novelty_of(const struct novelty *n, const float *x)
{
    float d2;
    size_t at = nearest(n->centroid, n->count, n->features, x, &d2);
    return n->count ? sqrtf(d2) / n->radius[at] : 0;
}

// k-means++ start, then Lloyd's rounds, over the listed windows. Returns how many centroids were made.
static size_t cluster(const struct features *f, const uint32_t *member, size_t members, size_t k,
                      struct rng *g, float *out, double *sum)
{
    size_t n = f->count, made = 0;
    k = k < members ? k : members;
    for (; made < k; made++) {
        double total = 0;
        for (size_t i = 0; i < members; i++) {
            float d2 = 1;
            if (made) {
                (void)nearest(out, made, n, f->x + member[i] * n, &d2);
            }
            total += (double)d2;
        }
        double pick = total * (double)rng_uniform(g);
        size_t at = 0;
        for (size_t i = 0; i < members; i++) {
            float d2 = 1;
            if (made) {
                (void)nearest(out, made, n, f->x + member[i] * n, &d2);
            }
            at = i;
            pick -= (double)d2;
            if (pick <= 0) {
                break;
            }
        }
        memcpy(out + made * n, f->x + member[at] * n, n * sizeof(float));
    }
    for (int round = 0; round < ROUNDS; round++) {
        memset(sum, 0, made * (n + 1) * sizeof(*sum));
        for (size_t i = 0; i < members; i++) {
            float d2;
            double *s = sum + nearest(out, made, n, f->x + member[i] * n, &d2) * (n + 1);
            for (size_t j = 0; j < n; j++) {
                s[j] += (double)f->x[member[i] * n + j];
            }
            s[n]++;
        }
        for (size_t c = 0; c < made; c++) {
            for (size_t j = 0; j < n && sum[c * (n + 1) + n] > 0; j++) {
                out[c * n + j] = (float)(sum[c * (n + 1) + j] / sum[c * (n + 1) + n]);
            }
        }
    }
    return made;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static float quantile(float *v, size_t n, double share)
{
    qsort(v, n, sizeof(*v), by_value);
    size_t at = (size_t)ceil(share * (double)n);
    return n ? v[at < 1 ? 0 : at > n ? n - 1 : at - 1] : 0;
}

// Whether a window takes part in round `fold` of FOLDS; -1: the last round, with everything that is not test data.
static bool takes_part(const struct window *w, int fold)
{
    return (w->split == SPLIT_TRAIN || w->split == SPLIT_VALIDATE) &&
           (fold < 0 || w->group % FOLDS != fold);
}

struct maker {
    struct novelty *n;
    const struct features *f;
    size_t per_class;
    uint64_t seed;
    uint32_t *member;
    double *sum;
    size_t *own;    // windows of each centroid
    uint16_t *made; // class of each centroid
};

struct held { // a window that took no part
    float distance; // in radii
    uint16_t near;  // class of the nearest centroid
};

static void set_radii(const struct maker *m, int fold)
{
    struct novelty *n = m->n;
    double total = 0, windows = 0;
    memset(m->sum, 0, n->count * sizeof(*m->sum));
    memset(m->own, 0, n->count * sizeof(*m->own));
    for (size_t i = 0; i < m->f->w->count; i++) {
        if (takes_part(&m->f->w->w[i], fold)) {
            float d2;
            size_t c = nearest(n->centroid, n->count, n->features, m->f->x + i * m->f->count, &d2);
            m->sum[c] += (double)d2;
            m->own[c]++;
            total += (double)d2;
            windows++;
        }
    }
    float typical = windows > 0 ? (float)sqrt(total / windows) : 1;
    for (size_t c = 0; c < n->count; c++) {
        float r = m->own[c] < FEW ? typical : (float)sqrt(m->sum[c] / (double)m->own[c]);
        n->radius[c] = fmaxf(fmaxf(r, 0.25f * typical), 1e-6f);
    }
}

static void make_once(const struct maker *m, int fold)
{
    const struct windows *w = m->f->w;
    m->n->count = 0;
    for (size_t c = 0; c < w->label.count; c++) {
        struct rng g;
        rng_seed(&g, m->seed, 900 + c);
        size_t members = 0;
        for (size_t i = 0; i < w->count; i++) {
            if (w->w[i].label == c && takes_part(&w->w[i], fold)) {
                m->member[members++] = (uint32_t)i;
            }
        }
        size_t more = cluster(m->f, m->member, members, m->per_class, &g,
                              m->n->centroid + m->n->count * m->f->count, m->sum);
        for (size_t i = 0; i < more; i++) {
            m->made[m->n->count++] = (uint16_t)c;
        }
    }
    set_radii(m, fold);
}

// Distances, in radii, of windows whose group took no part. Returns how many.
static size_t held_out(const struct maker *m, struct held *h)
{
    const struct windows *w = m->f->w;
    size_t held = 0;
    for (int fold = 0; fold < FOLDS; fold++) {
        bool used = false;
        for (size_t i = 0; i < w->count && !used; i++) {
            used = takes_part(&w->w[i], -1) && !takes_part(&w->w[i], fold);
        }
        if (!used) {
            continue;
        }
        make_once(m, fold);
        for (size_t i = 0; i < w->count && m->n->count; i++) {
            if (takes_part(&w->w[i], -1) && !takes_part(&w->w[i], fold)) {
                float d2;
                size_t at = nearest(m->n->centroid, m->n->count, m->f->count,
                                    m->f->x + i * m->f->count, &d2);
                h[held++] = (struct held){sqrtf(d2) / m->n->radius[at], m->made[at]};
            }
        }
    }
    return held;
}

static void make(const struct maker *m, double share, struct held *h, float *d)
{
    size_t held = held_out(m, h), known = 0;
    make_once(m, -1);
    for (size_t c = 0; c < m->f->w->label.count; c++) {
        size_t own = 0;
        for (size_t i = 0; i < held; i++) {
            if (h[i].near == c) {
                d[own++] = h[i].distance;
            }
        }
        float factor = own ? fmaxf(quantile(d, own, share), 1) * MARGIN : 2;
        for (size_t i = 0; i < own; i++) {
            known += d[i] <= factor;
        }
        for (size_t i = 0; i < m->n->count; i++) {
            m->n->radius[i] *= m->made[i] == c ? factor : 1;
        }
    }
    m->n->known = held ? (double)known / (double)held : share;
}

int novelty_make(struct novelty *n, const struct features *f, size_t per_class, double share,
                 uint64_t seed, struct err *e)
{
    size_t most = per_class * f->w->label.count;
    *n = (struct novelty){.features = f->count};
    struct maker m = {.n = n, .f = f, .per_class = per_class, .seed = seed};
    m.member = calloc(f->w->count + 1, sizeof(*m.member));
    m.sum = calloc((most + 1) * (f->count + 1), sizeof(*m.sum));
    m.own = calloc(most + 1, sizeof(*m.own));
    m.made = calloc(most + 1, sizeof(*m.made));
    struct held *h = calloc(f->w->count + 1, sizeof(*h));
    float *d = calloc(f->w->count + 1, sizeof(*d));
    n->centroid = calloc(most * f->count + 1, sizeof(float));
    n->radius = calloc(most + 1, sizeof(float));
    bool there = m.member && m.sum && m.own && m.made && h && d && n->centroid && n->radius;
    if (there) {
        make(&m, share, h, d);
    } else {
        novelty_release(n);
    }
    free(m.member);
    free(m.sum);
    free(m.own);
    free(m.made);
    free(h);
    free(d);
    return there ? OK : err_set(e, E_MEM, "out of memory");
}

void novelty_release(struct novelty *n)
{
    free(n->centroid);
    free(n->radius);
    *n = (struct novelty){0};
}
