// Projections. See plane.h.
#include "labeler/plane.h"

#include "common/err.h"

#include <math.h>

#define ITERATIONS 40
#define CUT 6.0f

static void standardise(float *x, size_t n, size_t d)
{
    for (size_t c = 0; c < d; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            float v = x[i * d + c];
            sum += isfinite(v) ? v : 0;
        }
        double mean = sum / (double)n;
        for (size_t i = 0; i < n; i++) {
            float v = x[i * d + c];
            squares += isfinite(v) ? (v - mean) * (v - mean) : 0;
        }
        double deviation = sqrt(squares / (double)n);
        for (size_t i = 0; i < n; i++) {
            float *v = &x[i * d + c];
            double z = isfinite(*v) && deviation > 1e-9 ? (*v - mean) / deviation : 0;
            *v = z > CUT ? CUT : z < -CUT ? -CUT : (float)z;
        }
    }
}

static float noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(*state >> 32) / 2147483648.0f;
}

// Makes the k columns of v (d x k) orthonormal, one after the other.
static void orthonormalise(double *v, size_t d, int k)
{
    for (int a = 0; a < k; a++) {
        for (int b = 0; b < a; b++) {
            double dot = 0;
            for (size_t i = 0; i < d; i++) {
                dot += v[i * (size_t)k + (size_t)a] * v[i * (size_t)k + (size_t)b];
            }
            for (size_t i = 0; i < d; i++) {
                v[i * (size_t)k + (size_t)a] -= dot * v[i * (size_t)k + (size_t)b];
            }
        }
        double length = 0;
        for (size_t i = 0; i < d; i++) {
            length += v[i * (size_t)k + (size_t)a] * v[i * (size_t)k + (size_t)a];
        }
        length = sqrt(length);
        for (size_t i = 0; i < d; i++) {
            v[i * (size_t)k + (size_t)a] =
                length > 1e-12 ? v[i * (size_t)k + (size_t)a] / length : 0;
        }
    }
}

// Scores of every row: out = x v.
static void project(const float *x, size_t n, size_t d, const double *v, int k, float *out)
{
    for (size_t i = 0; i < n; i++) {
        double sum[PLANE_K_MAX] = {0};
        for (size_t c = 0; c < d; c++) {
            for (int j = 0; j < k; j++) {
                sum[j] += (double)x[i * d + c] * v[c * (size_t)k + (size_t)j];
            }
        }
        for (int j = 0; j < k; j++) {
            out[i * (size_t)k + (size_t)j] = (float)sum[j];
        }
    }
}

// v = x' (x v), which turns v towards the components of greatest variance.
static void step(const float *x, size_t n, size_t d, double *v, int k, float *scores)
{
    project(x, n, d, v, k, scores);
    memset(v, 0, d * (size_t)k * sizeof(*v));
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < d; c++) {
            for (int j = 0; j < k; j++) {
                v[c * (size_t)k + (size_t)j] +=
                    (double)x[i * d + c] * (double)scores[i * (size_t)k + (size_t)j];
            }
        }
    }
}

int plane_pca(float *x, size_t n, size_t d, int k, uint64_t seed, float *out, double *explained)
{
    double *v = malloc(d * (size_t)k * sizeof(*v));
    uint64_t state = seed * 2 + 1;
    if (!v) {
        return E_MEM;
    }
    standardise(x, n, d);
    for (size_t i = 0; i < d * (size_t)k; i++) {
        v[i] = noise(&state);
    }
    orthonormalise(v, d, k);
    for (int r = 0; r < ITERATIONS; r++) {
        step(x, n, d, v, k, out);
        orthonormalise(v, d, k);
    }
    for (int j = 0; j < k; j++) {
        double sum = 0;
        for (size_t c = 0; c < d; c++) {
            sum += v[c * (size_t)k + (size_t)j];
        }
        for (size_t c = 0; sum < 0 && c < d; c++) {
            v[c * (size_t)k + (size_t)j] = -v[c * (size_t)k + (size_t)j];
        }
    }
    project(x, n, d, v, k, out);
    double total = 0;
    for (size_t i = 0; i < n * d; i++) {
        total += (double)x[i] * (double)x[i];
    }
    for (int j = 0; explained && j < k; j++) {
        double own = 0;
        for (size_t i = 0; i < n; i++) {
            own += (double)out[i * (size_t)k + (size_t)j] * (double)out[i * (size_t)k + (size_t)j];
        }
        explained[j] = total > 0 ? own / total : 0;
    }
    free(v);
    return OK;
}

void plane_fit(float *xy, size_t n)
{
    for (int axis = 0; axis < 2; axis++) {
        float lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            lo = fminf(lo, xy[i * 2 + (size_t)axis]);
            hi = fmaxf(hi, xy[i * 2 + (size_t)axis]);
        }
        for (size_t i = 0; i < n; i++) {
            float *v = &xy[i * 2 + (size_t)axis];
            *v = hi > lo ? 2 * (*v - lo) / (hi - lo) - 1 : 0;
        }
    }
}
