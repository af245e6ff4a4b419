// Losses and their slopes. See loss.h.
#include "trainer/loss.h"

#include <math.h>

void loss_softmax(float *y, int n, int outputs)
{
    for (int i = 0; i < n; i++, y += outputs) {
        float top = y[0], sum = 0;
        for (int j = 1; j < outputs; j++) {
            top = y[j] > top ? y[j] : top;
        }
        for (int j = 0; j < outputs; j++) {
            y[j] = expf(y[j] - top);
            sum += y[j];
        }
        for (int j = 0; j < outputs; j++) {
            y[j] /= sum;
        }
    }
}

// Log-sum-exp of a row, so that log p = y - it.
static float log_sum(const float *y, int outputs)
{
    float top = y[0], sum = 0;
    for (int j = 1; j < outputs; j++) {
        top = y[j] > top ? y[j] : top;
    }
    for (int j = 0; j < outputs; j++) {
        sum += expf(y[j] - top);
    }
    return top + logf(sum);
}

static double cross_entropy(const struct loss *l, const float *y, const float *t, int outputs,
                            float scale, float *dy)
{
    float norm = log_sum(y, outputs);
    float spread = l->smoothing / (float)outputs;
    double sum = 0;
    for (int j = 0; j < outputs; j++) {
        float target = t[j] * (1 - l->smoothing) + spread;
        sum -= (double)(target * (y[j] - norm));
        if (dy) {
            dy[j] = (expf(y[j] - norm) - target) * scale;
        }
    }
    return sum;
}

// sum_j t_j (1 - p_j)^gamma (-log p_j); slope through p by the chain rule (Lin et al., 2017).
static double focal(const struct loss *l, const float *y, const float *t, int outputs, float scale,
                    float *dy)
{
    float norm = log_sum(y, outputs);
    double sum = 0;
    float through = 0; // sum_j p_j dL/dp_j
    for (int j = 0; j < outputs; j++) {
        float lp = y[j] - norm, p = expf(lp), q = 1 - p > 1e-6f ? 1 - p : 1e-6f;
        sum -= (double)(t[j] * powf(q, l->gamma) * lp);
        if (dy) {
            // p dL/dp = t (gamma p q^(gamma-1) log p - q^gamma)
            dy[j] = t[j] * (l->gamma * p * powf(q, l->gamma - 1) * lp - powf(q, l->gamma));
            through += dy[j];
        }
    }
    for (int j = 0; dy && j < outputs; j++) {
        dy[j] = (dy[j] - expf(y[j] - norm) * through) * scale;
    }
    return sum;
}

static double distance(const struct loss *l, const float *y, const float *t, int outputs,
                       float scale, float *dy)
{
    double sum = 0;
    for (int j = 0; j < outputs; j++) {
        float d = y[j] - t[j];
        bool far = l->kind == LOSS_HUBER && fabsf(d) > l->delta;
        sum += far ? (double)(l->delta * (fabsf(d) - 0.5f * l->delta)) : 0.5 * (double)(d * d);
        if (dy) {
            dy[j] = (far ? copysignf(l->delta, d) : d) * scale / (float)outputs;
        }
    }
    return sum / outputs;
}

// Each cell of a sample is a classification; the few that hold something weigh more.
static double cells(const struct loss *l, const float *y, const float *target, float factor,
                    int outputs, float scale, float *dy)
{
    struct loss one = *l;
    one.cells = 0;
    double sum = 0;
    int classes = outputs / l->cells;
    for (int i = 0; i < l->cells; i++) {
        int at = i * classes;
        float weight = factor * (target[at] > 0.5f ? 1 : l->object) / (float)l->cells;
        sum += loss_run(&one, y + at, target + at, &weight, 1, classes, scale, dy ? dy + at : NULL);
    }
    return sum;
}

double loss_run(const struct loss *l, const float *y, const float *target, const float *weight,
                int n, int outputs, float scale, float *dy)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)i * (size_t)outputs;
        float factor = weight ? weight[i] : 1;
        float *d = dy ? dy + at : NULL;
        if (l->cells > 1) {
            sum += cells(l, y + at, target + at, factor, outputs, scale, d);
            continue;
        }
        double one = l->kind == LOSS_CROSS_ENTROPY
                         ? cross_entropy(l, y + at, target + at, outputs, scale * factor, d)
                     : l->kind == LOSS_FOCAL
                         ? focal(l, y + at, target + at, outputs, scale * factor, d)
                         : distance(l, y + at, target + at, outputs, scale * factor, d);
        sum += one * (double)factor;
    }
    return sum;
}
