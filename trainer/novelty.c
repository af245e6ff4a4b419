// Centroids and radii. See novelty.h.
//
// A centroid's radius is a quantile of the distances of the windows nearest to it. Training windows make the
// centroids, so their distances are too small: all radii are then stretched by one factor until the wanted share of
// the windows that were held out is inside, and by MARGIN more, because the next device differs again.
#include "trainer/novelty.h"
#include "common/err.h"

#include <math.h>

#define ROUNDS 30
#define MARGIN 1.15f
#define FEW 12 // windows below which a centroid takes the radius of all

static float distance2(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        float d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

static size_t nearest(const float *centroid, size_t count, size_t features, const float *x, float *d2)
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
static size_t cluster(const struct features *f, const uint32_t *member, size_t members, size_t k, struct rng *g, float *out,
                      double *sum)
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

static void set_radii(struct novelty *n, const struct features *f, double share, float *d)
{
    size_t all = 0;
    float d2;
    for (size_t i = 0; i < f->w->count; i++) {
        if (f->w->w[i].split == SPLIT_TRAIN) {
            (void)nearest(n->centroid, n->count, n->features, f->x + i * f->count, &d2);
            d[all++] = sqrtf(d2);
        }
    }
    float typical = quantile(d, all, share);
    for (size_t c = 0; c < n->count; c++) {
        size_t own = 0;
        for (size_t i = 0; i < f->w->count; i++) {
            if (f->w->w[i].split == SPLIT_TRAIN && nearest(n->centroid, n->count, n->features, f->x + i * f->count, &d2) == c) {
                d[own++] = sqrtf(d2);
            }
        }
        float r = own < FEW ? typical : quantile(d, own, share);
        n->radius[c] = fmaxf(fmaxf(r, 0.25f * typical), 1e-6f);
    }
}

static void stretch_radii(struct novelty *n, const struct features *f, double share, float *d)
{
    size_t held = 0;
    for (size_t i = 0; i < f->w->count; i++) {
        if (f->w->w[i].split == SPLIT_VALIDATE) {
            d[held++] = novelty_of(n, f->x + i * f->count);
        }
    }
    float factor = held ? fmaxf(quantile(d, held, share), 1) * MARGIN : MARGIN;
    for (size_t c = 0; c < n->count; c++) {
        n->radius[c] *= factor;
    }
    size_t known = 0;
    for (size_t i = 0; i < held; i++) {
        known += d[i] <= factor;
    }
    n->known = held ? (double)known / (double)held : share;
}

int novelty_make(struct novelty *n, const struct features *f, size_t per_class, double share, uint64_t seed, struct err *e)
{
    const struct windows *w = f->w;
    size_t most = per_class * w->label.count;
    *n = (struct novelty){.features = f->count};
    uint32_t *member = calloc(w->count + 1, sizeof(*member));
    double *sum = calloc((per_class + 1) * (f->count + 1), sizeof(*sum));
    float *d = calloc(w->count + 1, sizeof(*d));
    n->centroid = calloc(most * f->count + 1, sizeof(float));
    n->radius = calloc(most + 1, sizeof(float));
    int rc = member && sum && d && n->centroid && n->radius ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t c = 0; c < w->label.count && rc == OK; c++) {
        struct rng g;
        rng_seed(&g, seed, 900 + c);
        size_t members = 0;
        for (size_t i = 0; i < w->count; i++) {
            if (w->w[i].label == c && w->w[i].split == SPLIT_TRAIN) {
                member[members++] = (uint32_t)i;
            }
        }
        n->count += cluster(f, member, members, per_class, &g, n->centroid + n->count * f->count, sum);
    }
    if (rc == OK && n->count) {
        set_radii(n, f, share, d);
        stretch_radii(n, f, share, d);
    }
    free(member);
    free(sum);
    free(d);
    if (rc) {
        novelty_release(n);
    }
    return rc;
}

void novelty_release(struct novelty *n)
{
    free(n->centroid);
    free(n->radius);
    *n = (struct novelty){0};
}
