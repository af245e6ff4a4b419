// t-SNE, exact. See plane.h. Memory is n * n floats: a few thousand windows.
#include "labeler/plane.h"

#include "common/err.h"

#include <math.h>

#define EXAGGERATED 100 // rounds with the affinities enlarged
#define EXAGGERATION 12.0
#define TICK_ROUNDS 10

// Squared distances of row i to all rows, into out.
static void distances(const float *x, size_t n, size_t d, size_t i, float *out)
{
    for (size_t j = 0; j < n; j++) {
        float sum = 0;
        for (size_t c = 0; c < d; c++) {
            float diff = x[i * d + c] - x[j * d + c];
            sum += diff * diff;
        }
        out[j] = sum;
    }
}

// Turns a row of squared distances into affinities whose entropy is log(perplexity), by halving.
static void affinities(float *row, size_t n, size_t self, double perplexity)
{
    double lo = 0, hi = INFINITY, beta = 1, wanted = log(perplexity);
    float least = INFINITY;
    for (size_t j = 0; j < n; j++) {
        least = j != self && row[j] < least ? row[j] : least;
    }
    for (int tries = 0; tries < 50; tries++) {
        double sum = 0, weighted = 0;
        for (size_t j = 0; j < n; j++) {
            double p = j == self ? 0 : exp(-beta * (double)(row[j] - least));
            sum += p;
            weighted += p * (double)(row[j] - least);
        }
        double entropy = log(sum) + beta * weighted / sum;
        if (fabs(entropy - wanted) < 1e-4) {
            break;
        }
        if (entropy > wanted) {
            lo = beta;
            beta = isinf(hi) ? beta * 2 : (beta + hi) / 2;
        } else {
            hi = beta;
            beta = (beta + lo) / 2;
        }
    }
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        row[j] = j == self ? 0 : (float)exp(-beta * (double)(row[j] - least));
        sum += (double)row[j];
    }
    for (size_t j = 0; j < n; j++) {
        row[j] = (float)((double)row[j] / sum);
    }
}

static void make_symmetric(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            float both = fmaxf((p[i * n + j] + p[j * n + i]) / (2.0f * (float)n), 1e-12f);
            p[i * n + j] = p[j * n + i] = both;
        }
    }
}

// One round of descent; the sum over all pairs is that of the round before, which saves a pass.
static void descend(const float *p, size_t n, float *y, float *speed, float *gain, float *force,
                    double *sum, double enlarge, float momentum)
{
    double fresh = 0;
    float rate = fmaxf(50.0f, (float)n / 12.0f);
    for (size_t i = 0; i < n; i++) {
        float fx = 0, fy = 0;
        for (size_t j = 0; j < n; j++) {
            float dx = y[i * 2] - y[j * 2], dy = y[i * 2 + 1] - y[j * 2 + 1];
            float q = 1 / (1 + dx * dx + dy * dy);
            fresh += j != i ? (double)q : 0;
            float pull = ((float)enlarge * p[i * n + j] - q / (float)*sum) * q;
            fx += pull * dx;
            fy += pull * dy;
        }
        force[i * 2] = 4 * fx;
        force[i * 2 + 1] = 4 * fy;
    }
    for (size_t i = 0; i < n * 2; i++) {
        bool same = (force[i] > 0) == (speed[i] > 0);
        gain[i] = fmaxf(same ? gain[i] * 0.8f : gain[i] + 0.2f, 0.01f);
        speed[i] = momentum * speed[i] - rate * gain[i] * force[i];
        y[i] += speed[i];
    }
    *sum = fresh;
}

static double first_sum(const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            float dx = y[i * 2] - y[j * 2], dy = y[i * 2 + 1] - y[j * 2 + 1];
            sum += j != i ? 1.0 / (1.0 + (double)(dx * dx + dy * dy)) : 0;
        }
    }
    return sum;
}

int plane_tsne(const float *x, size_t n, size_t d, double perplexity, int rounds, float *out,
               plane_tick_fn tick, void *ctx)
{
    float *p = malloc((n * n + n * 6) * sizeof(*p));
    if (!p) {
        return E_MEM;
    }
    float *speed = p + n * n, *gain = speed + n * 2, *force = gain + n * 2;
    int rc = OK;
    perplexity = fmin(perplexity, (double)(n - 1) / 3);
    for (size_t i = 0; i < n; i++) {
        distances(x, n, d, i, p + i * n);
        affinities(p + i * n, n, i, fmax(perplexity, 1.01));
    }
    make_symmetric(p, n);
    plane_fit(out, n);
    for (size_t i = 0; i < n * 2; i++) {
        out[i] *= 1e-2f;
        speed[i] = 0;
        gain[i] = 1;
    }
    double sum = first_sum(out, n);
    for (int r = 0; r < rounds && rc == OK; r++) {
        bool early = r < EXAGGERATED;
        descend(p, n, out, speed, gain, force, &sum, early ? EXAGGERATION : 1, early ? 0.5f : 0.8f);
        rc = tick && r % TICK_ROUNDS == 0 ? tick(ctx, (double)r / rounds) : OK;
    }
    free(p);
    return rc;
}
