// The numbers that turn scores into decisions, from windows that were watched but not learned from.
#include "common/err.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "trainer/session_priv.h"

#include <math.h>

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// A score below which a known window hardly falls: a low quantile of the right answers among held-out windows.
int session_choose_threshold(struct session *s, struct err *e)
{
    s->threshold = (float)s->recipe.threshold;
    if (s->threshold <= 0 && s->recipe.task == TASK_DETECT) {
        s->threshold = 0.5f;
    }
    if (s->threshold > 0 || s->recipe.task != TASK_CLASSIFY) {
        return OK;
    }
    struct sample_set check = {0};
    size_t outputs = shape_len(net_output(&s->net)), right = 0;
    int rc = sample_set_make(&check, s, SPLIT_VALIDATE, 0, e);
    float *y = calloc(check.data.n * outputs + 1, sizeof(float)),
          *top = calloc(check.data.n + 1, sizeof(float));
    rc = rc         ? rc
         : y && top ? fit_predict(&s->net, &check.data, s->lanes, s->par, y, e)
                    : err_set(e, E_MEM, "out of memory");
    if (rc == OK) {
        loss_softmax(y, (int)check.data.n, (int)outputs);
        for (size_t i = 0; i < check.data.n; i++) {
            size_t best = 0;
            for (size_t c = 1; c < outputs; c++) {
                best = y[i * outputs + c] > y[i * outputs + best] ? c : best;
            }
            if (best == s->windows.w[check.window[i]].label) {
                top[right++] = y[i * outputs + best];
            }
        }
        qsort(top, right, sizeof(*top), by_value);
        float low = right ? top[(size_t)((1 - s->recipe.known_share) / 2 * (double)right)] : 0.5f;
        s->threshold = fminf(low * 0.95f, 0.6f);
    }
    free(y);
    free(top);
    sample_set_release(&check);
    return rc;
}

// Mean squared difference between normalised features and what the quantized model gives back. q: the input.
static int distance_of(struct session *s, const float *x, int16_t *q, float *out)
{
    const struct gtensor *in = &s->graph.t[s->graph.input], *y = &s->graph.t[s->graph.output];
    struct mote_nn_tensor input = {.data = q,
                                   .type = s->wide ? MOTE_NN_I16 : MOTE_NN_I8,
                                   .scale = in->scale,
                                   .zero_point = in->zero_point};
    input.bytes = s->features.count * (s->wide ? 2 : 1);
    double sum = 0;
    int rc = mote_pipe_quantize(x, s->features.count, &input);
    if (rc) {
        return rc;
    }
    const void *values = quant_sim_run(s->sim, q);
    for (size_t j = 0; j < s->features.count; j++) {
        int32_t v = s->wide ? ((const int16_t *)values)[j] : ((const int8_t *)values)[j];
        double d = (double)((float)(v - y->zero_point) * y->scale - x[j]);
        sum += d * d;
    }
    *out = (float)(sum / (double)s->features.count);
    return OK;
}

// What rounding adds to a distance is in it: the judge on the device is the quantized model.
int session_choose_distance(struct session *s, struct err *e)
{
    if (s->recipe.task != TASK_ANOMALY || s->recipe.threshold > 0) {
        return OK;
    }
    struct sample_set check = {0};
    size_t n = s->features.count;
    int rc = sample_set_make(
        &check, s, split_count(&s->windows, SPLIT_VALIDATE) ? SPLIT_VALIDATE : SPLIT_TRAIN, 0, e);
    float *distance = calloc(check.data.n + 1, sizeof(float));
    int16_t *q = calloc(n, sizeof(*q)); // int8 takes half of it
    rc = rc ? rc : distance && q ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < check.data.n && rc == OK; i++) {
        if (distance_of(s, s->features.x + check.window[i] * n, q, &distance[i])) {
            rc = err_set(e, E_STATE, "a window's features cannot be quantized");
        }
    }
    if (rc == OK && check.data.n) {
        qsort(distance, check.data.n, sizeof(*distance), by_value);
        s->threshold = distance[(size_t)(s->recipe.known_share * (double)(check.data.n - 1))] *
                       (float)s->recipe.margin;
    }
    free(distance);
    free(q);
    sample_set_release(&check);
    return rc;
}
