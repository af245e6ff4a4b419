// k-means and mixtures of axis-aligned normal distributions. See classic.h.
#include "trainer/classic.h"
#include "common/err.h"

#include <math.h>

#define LLOYD_ROUNDS 100
#define EM_ROUNDS 200
#define EM_ENOUGH 1e-4 // gain of the mean log-likelihood below which it ends

static bool mixture_init(struct classic_mixture *m, size_t parts, size_t features)
{
    *m = (struct classic_mixture){.parts = parts, .features = features};
    m->mean = calloc(parts * features + 1, sizeof(float));
    m->deviation = calloc(parts * features + 1, sizeof(float));
    m->share = calloc(parts + 1, sizeof(float));
    return m->mean && m->deviation && m->share;
}

void classic_mixture_release(struct classic_mixture *m)
{
    free(m->mean);
    free(m->deviation);
    free(m->share);
    *m = (struct classic_mixture){0};
}

static double distance2(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)a[i] - (double)b[i];
        sum += v * v;
    }
    return sum;
}

static size_t nearest(const struct classic_mixture *m, size_t parts, const float *x, double *d2)
{
    size_t best = 0;
    *d2 = INFINITY;
    for (size_t k = 0; k < parts; k++) {
        double d = distance2(m->mean + k * m->features, x, m->features);
        if (d < *d2) {
            *d2 = d;
            best = k;
        }
    }
    return best;
}

// Each next mean is a window drawn by its squared distance to those there are.
static void start_means(const struct classic_data *d, struct classic_mixture *m, struct rng *g,
                        double *near)
{
    for (size_t k = 0; k < m->parts; k++) {
        double total = 0;
        for (size_t i = 0; i < d->n; i++) {
            near[i] = 1;
            if (k) {
                (void)nearest(m, k, classic_row(d, i), &near[i]);
            }
            total += near[i];
        }
        double pick = total * (double)rng_uniform(g);
        size_t at = 0;
        while (at + 1 < d->n && (pick -= near[at]) > 0) {
            at++;
        }
        memcpy(m->mean + k * m->features, classic_row(d, at), m->features * sizeof(float));
    }
}

// One of Lloyd's rounds; the mean squared distance before it.
static double lloyd(const struct classic_data *d, struct classic_mixture *m, double *sum)
{
    size_t n = m->features;
    double total = 0;
    memset(sum, 0, m->parts * (n + 1) * sizeof(*sum));
    for (size_t i = 0; i < d->n; i++) {
        double d2;
        const float *x = classic_row(d, i);
        double *s = sum + nearest(m, m->parts, x, &d2) * (n + 1);
        total += d2;
        for (size_t j = 0; j < n; j++) {
            s[j] += (double)x[j];
        }
        s[n]++;
    }
    for (size_t k = 0; k < m->parts; k++) {
        const double *s = sum + k * (n + 1);
        for (size_t j = 0; j < n && s[n] > 0; j++) {
            m->mean[k * n + j] = (float)(s[j] / s[n]);
        }
        m->share[k] = (float)(s[n] / (double)d->n);
    }
    return total / (double)d->n;
}

int classic_kmeans(const struct classic_data *d, size_t parts, uint64_t seed,
                   struct classic_mixture *m, struct err *e)
{
    struct rng g;
    rng_seed(&g, seed, 500);
    parts = parts < d->n ? parts : d->n;
    double *sum = calloc(parts * (d->features + 1) + 1, sizeof(*sum)),
           *near = calloc(d->n + 1, sizeof(*near));
    bool there = mixture_init(m, parts, d->features) && sum && near;
    if (there) {
        start_means(d, m, &g, near);
        double before = INFINITY, now = 0;
        for (int round = 0; round < LLOYD_ROUNDS; round++) {
            now = lloyd(d, m, sum);
            if (!(now < before)) {
                break;
            }
            before = now;
        }
        float deviation = (float)sqrt(fmax(now / (double)d->features, 1e-12));
        for (size_t i = 0; i < parts * d->features; i++) {
            m->deviation[i] = deviation;
        }
    }
    free(sum);
    free(near);
    return there ? OK : err_set(e, E_MEM, "out of memory");
}

static double log_part(const struct classic_mixture *m, size_t k, const float *x)
{
    const float *mean = m->mean + k * m->features, *dev = m->deviation + k * m->features;
    double sum = log(fmax((double)m->share[k], 1e-30));
    for (size_t j = 0; j < m->features; j++) {
        double z = ((double)x[j] - (double)mean[j]) / (double)dev[j];
        sum -= 0.5 * z * z + log((double)dev[j]) + 0.91893853320467274; // log(2 pi) / 2
    }
    return sum;
}

double classic_mixture_log(const struct classic_mixture *m, const float *x, double *all)
{
    double best = -INFINITY, sum = 0;
    for (size_t k = 0; k < m->parts; k++) {
        double v = log_part(m, k, x);
        if (v > best) {
            sum = sum * exp(best - v) + 1;
            best = v;
        } else {
            sum += exp(v - best);
        }
    }
    if (all) {
        *all = best + log(sum);
    }
    return best;
}

struct em {
    const struct classic_data *d;
    struct classic_mixture *m;
    double *part; // parts: of one window
    double *first, *second, *mass;
    double *floor; // features: smallest variance
};

static double gather(struct em *s)
{
    const struct classic_mixture *m = s->m;
    size_t n = m->features;
    double total = 0;
    memset(s->first, 0, m->parts * n * sizeof(double));
    memset(s->second, 0, m->parts * n * sizeof(double));
    memset(s->mass, 0, m->parts * sizeof(double));
    for (size_t i = 0; i < s->d->n; i++) {
        const float *x = classic_row(s->d, i);
        double top = -INFINITY, sum = 0;
        for (size_t k = 0; k < m->parts; k++) {
            s->part[k] = log_part(m, k, x);
            top = fmax(top, s->part[k]);
        }
        for (size_t k = 0; k < m->parts; k++) {
            s->part[k] = exp(s->part[k] - top);
            sum += s->part[k];
        }
        total += top + log(sum);
        for (size_t k = 0; k < m->parts; k++) {
            double r = s->part[k] / sum;
            s->mass[k] += r;
            for (size_t j = 0; r > 1e-12 && j < n; j++) {
                double v = (double)x[j] -
                           (double)m->mean[k * n + j]; // around the old mean: no cancellation
                s->first[k * n + j] += r * v;
                s->second[k * n + j] += r * v * v;
            }
        }
    }
    return total / (double)s->d->n;
}

static void renew(struct em *s)
{
    struct classic_mixture *m = s->m;
    size_t n = m->features;
    for (size_t k = 0; k < m->parts; k++) {
        double mass = fmax(s->mass[k], 1e-9);
        m->share[k] = (float)(s->mass[k] / (double)s->d->n);
        for (size_t j = 0; j < n; j++) {
            double shift = s->first[k * n + j] / mass,
                   var = s->second[k * n + j] / mass - shift * shift;
            m->mean[k * n + j] += (float)shift;
            m->deviation[k * n + j] = (float)sqrt(fmax(var, s->floor[j]));
        }
    }
}

static void set_floor(struct em *s, double least)
{
    for (size_t j = 0; j < s->m->features; j++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < s->d->n; i++) {
            mean += (double)classic_row(s->d, i)[j] / (double)s->d->n;
        }
        for (size_t i = 0; i < s->d->n; i++) {
            double v = (double)classic_row(s->d, i)[j] - mean;
            square += v * v / (double)s->d->n;
        }
        s->floor[j] = fmax(square * least * least, 1e-12);
    }
}

int classic_gaussians(const struct classic_data *d, size_t parts, double least, uint64_t seed,
                      struct classic_mixture *m, struct err *e)
{
    int rc = classic_kmeans(d, parts, seed, m, e);
    if (rc) {
        return rc;
    }
    size_t n = m->features, cells = m->parts * n;
    double *all = calloc(2 * cells + 2 * m->parts + n + 1, sizeof(*all));
    if (!all) {
        return err_set(e, E_MEM, "out of memory");
    }
    struct em s = {.d = d, .m = m, .first = all, .second = all + cells, .mass = all + 2 * cells};
    s.part = s.mass + m->parts;
    s.floor = s.part + m->parts;
    set_floor(&s, least);
    double before = -INFINITY;
    for (int round = 0; round < EM_ROUNDS; round++) {
        double now = gather(&s);
        renew(&s);
        if (now - before < EM_ENOUGH && round > 0) {
            break;
        }
        before = now;
    }
    free(all);
    return OK;
}
