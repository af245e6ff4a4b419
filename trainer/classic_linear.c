// Logistic regression and linear support vector machines. See classic.h.
#include "trainer/classic.h"
#include "common/err.h"

#include <math.h>

#define MEMORY 10     // pairs of steps and slope changes that L-BFGS keeps
#define ROUNDS 1000   // at most
#define BIAS_SCALE 10 // the constant feature of the machines' bias: hardly held back by |w|

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// Value and slope at p, which holds W (features x classes) then the biases.
static double logistic_at(const struct classic_data *d, double penalty, const double *p,
                          double *slope)
{
    size_t k = d->classes, weights = d->features * k;
    double z[CLASSIC_CLASSES_MAX], value = 0.5 * dot(p, p, weights);
    memcpy(slope, p, weights * sizeof(*slope));
    memset(slope + weights, 0, k * sizeof(*slope));
    for (size_t i = 0; i < d->n; i++) {
        const float *x = classic_row(d, i);
        double top = -INFINITY, sum = 0, factor = penalty * (d->weight ? (double)d->weight[i] : 1);
        memcpy(z, p + weights, k * sizeof(*z));
        for (size_t j = 0; j < d->features; j++) {
            for (size_t c = 0; c < k; c++) {
                z[c] += (double)x[j] * p[j * k + c];
            }
        }
        for (size_t c = 0; c < k; c++) {
            top = z[c] > top ? z[c] : top;
        }
        for (size_t c = 0; c < k; c++) {
            sum += exp(z[c] - top);
        }
        value -= factor * (z[d->label[i]] - top - log(sum));
        for (size_t c = 0; c < k; c++) {
            z[c] = factor * (exp(z[c] - top) / sum - (c == d->label[i]));
            slope[weights + c] += z[c];
        }
        for (size_t j = 0; j < d->features; j++) {
            for (size_t c = 0; c < k; c++) {
                slope[j * k + c] += (double)x[j] * z[c];
            }
        }
    }
    return value;
}

struct lbfgs {
    size_t n;
    double *p, *slope, *next, *next_slope, *way;
    double *step[MEMORY], *change[MEMORY];
    double rho[MEMORY];
    int kept, newest;
};

static bool lbfgs_init(struct lbfgs *l, size_t n)
{
    *l = (struct lbfgs){.n = n};
    double *all = calloc((5 + 2 * MEMORY) * n, sizeof(*all));
    l->p = all;
    if (!all) {
        return false;
    }
    l->slope = all + n;
    l->next = all + 2 * n;
    l->next_slope = all + 3 * n;
    l->way = all + 4 * n;
    for (int i = 0; i < MEMORY; i++) {
        l->step[i] = all + (5 + (size_t)i) * n;
        l->change[i] = all + (5 + MEMORY + (size_t)i) * n;
    }
    return true;
}

// The two-loop recursion: slope times the approximate inverse of the second derivatives, downhill.
static void lbfgs_direct(struct lbfgs *l)
{
    double a[MEMORY];
    for (size_t i = 0; i < l->n; i++) {
        l->way[i] = -l->slope[i];
    }
    for (int k = 0; k < l->kept; k++) {
        int at = (l->newest - k + MEMORY) % MEMORY;
        a[at] = l->rho[at] * dot(l->step[at], l->way, l->n);
        for (size_t i = 0; i < l->n; i++) {
            l->way[i] -= a[at] * l->change[at][i];
        }
    }
    if (l->kept) {
        double scale =
            1 / (l->rho[l->newest] * dot(l->change[l->newest], l->change[l->newest], l->n));
        for (size_t i = 0; i < l->n; i++) {
            l->way[i] *= scale;
        }
    }
    for (int k = l->kept - 1; k >= 0; k--) {
        int at = (l->newest - k + MEMORY) % MEMORY;
        double b = l->rho[at] * dot(l->change[at], l->way, l->n);
        for (size_t i = 0; i < l->n; i++) {
            l->way[i] += (a[at] - b) * l->step[at][i];
        }
    }
}

static void lbfgs_keep(struct lbfgs *l)
{
    int at = (l->newest + 1) % MEMORY;
    for (size_t i = 0; i < l->n; i++) {
        l->step[at][i] = l->next[i] - l->p[i];
        l->change[at][i] = l->next_slope[i] - l->slope[i];
    }
    double curve = dot(l->step[at], l->change[at], l->n);
    if (curve > 1e-12) {
        l->rho[at] = 1 / curve;
        l->newest = at;
        l->kept += l->kept < MEMORY;
    }
    memcpy(l->p, l->next, l->n * sizeof(double));
    memcpy(l->slope, l->next_slope, l->n * sizeof(double));
}

static double largest(const double *v, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++) {
        top = fabs(v[i]) > top ? fabs(v[i]) : top;
    }
    return top;
}

int classic_logistic(const struct classic_data *d, double penalty, float *w, float *b, int *rounds,
                     struct err *e)
{
    size_t weights = d->features * d->classes, n = weights + d->classes;
    struct lbfgs l;
    if (!lbfgs_init(&l, n)) {
        return err_set(e, E_MEM, "out of memory");
    }
    double value = logistic_at(d, penalty, l.p, l.slope);
    for (*rounds = 0; *rounds < ROUNDS && largest(l.slope, n) > 1e-5 * penalty * (double)d->n;
         ++*rounds) {
        lbfgs_direct(&l);
        double downhill = dot(l.way, l.slope, n),
               length = l.kept ? 1 : 1 / (1 + sqrt(dot(l.slope, l.slope, n))), now = value;
        bool lower = false;
        for (int tries = 0; tries < 40 && !lower;
             tries++, length *= lower ? 1 : 0.5) { // Armijo's condition
            for (size_t i = 0; i < n; i++) {
                l.next[i] = l.p[i] + length * l.way[i];
            }
            now = logistic_at(d, penalty, l.next, l.next_slope);
            lower = now <= value + 1e-4 * length * downhill;
        }
        if (!lower) {
            break; // as low as the arithmetic goes
        }
        value = now;
        lbfgs_keep(&l);
    }
    for (size_t i = 0; i < weights; i++) {
        w[i] = (float)l.p[i];
    }
    for (size_t c = 0; c < d->classes; c++) {
        b[c] = (float)l.p[weights + c];
    }
    free(l.p);
    return OK;
}

struct machine {
    const struct classic_data *d;
    size_t members;
    uint32_t *member; // of the pair's two classes
    double *alpha, *square, *w;
    double bias;
};

// Goes over the members in a random order until no multiplier moves much.
static void solve_pair(struct machine *m, size_t p, double penalty, struct rng *g)
{
    const struct classic_data *d = m->d;
    memset(m->w, 0, d->features * sizeof(*m->w));
    m->bias = 0;
    double worst = INFINITY;
    for (int round = 0; round < ROUNDS && worst > 1e-4; round++) {
        rng_shuffle(g, m->member, m->members);
        worst = 0;
        for (size_t i = 0; i < m->members; i++) {
            uint32_t at = m->member[i];
            const float *x = classic_row(d, at);
            double y = d->label[at] == p ? 1 : -1,
                   c = penalty * (d->weight ? (double)d->weight[at] : 1);
            double sum = m->bias * BIAS_SCALE;
            for (size_t j = 0; j < d->features; j++) {
                sum += m->w[j] * (double)x[j];
            }
            double slope = y * sum - 1, old = m->alpha[at];
            double moves = old <= 0 ? fmin(slope, 0) : old >= c ? fmax(slope, 0) : slope;
            worst = fmax(worst, fabs(moves));
            double now = fmin(fmax(old - slope / m->square[at], 0), c);
            m->alpha[at] = now;
            double by = (now - old) * y;
            for (size_t j = 0; by != 0 && j < d->features; j++) {
                m->w[j] += by * (double)x[j];
            }
            m->bias += by * BIAS_SCALE;
        }
    }
}

int classic_svm(const struct classic_data *d, double penalty, uint64_t seed, float *w, float *b,
                struct err *e)
{
    size_t pairs = classic_pairs(d->classes), pair = 0;
    struct machine m = {.d = d};
    struct rng g;
    rng_seed(&g, seed, 400);
    m.member = calloc(d->n + 1, sizeof(*m.member));
    m.alpha = calloc(d->n + 1, sizeof(*m.alpha));
    m.square = calloc(d->n + 1, sizeof(*m.square));
    m.w = calloc(d->features + 1, sizeof(*m.w));
    bool there = m.member && m.alpha && m.square && m.w;
    for (size_t i = 0; there && i < d->n; i++) {
        const float *x = classic_row(d, i);
        m.square[i] = BIAS_SCALE * BIAS_SCALE;
        for (size_t j = 0; j < d->features; j++) {
            m.square[i] += (double)x[j] * (double)x[j];
        }
    }
    for (size_t p = 0; there && p < d->classes; p++) {
        for (size_t q = p + 1; q < d->classes; q++, pair++) {
            m.members = 0;
            for (size_t i = 0; i < d->n; i++) {
                m.alpha[i] = 0;
                if (d->label[i] == p || d->label[i] == q) {
                    m.member[m.members++] = (uint32_t)i;
                }
            }
            solve_pair(&m, p, penalty, &g);
            for (size_t j = 0; j < d->features; j++) {
                w[j * pairs + pair] = (float)m.w[j];
            }
            b[pair] = (float)(m.bias * BIAS_SCALE);
        }
    }
    free(m.member);
    free(m.alpha);
    free(m.square);
    free(m.w);
    return there ? OK : err_set(e, E_MEM, "out of memory");
}
