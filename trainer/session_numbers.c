// Targets of a regression, standardised for training and turned back in the last layer's weights.
#include "trainer/session_priv.h"

#include <math.h>

void session_numbers_measure(struct session *s)
{
    const struct windows *w = &s->windows;
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (w->w[i].split == SPLIT_TRAIN) {
            sum += (double)w->w[i].value;
            n++;
        }
    }
    double mean = n > 0 ? sum / n : 0;
    for (size_t i = 0; i < w->count; i++) {
        double d = (double)w->w[i].value - mean;
        squares += w->w[i].split == SPLIT_TRAIN ? d * d : 0;
    }
    double deviation = n > 0 ? sqrt(squares / n) : 0;
    s->number_mean = (float)mean;
    s->number_gain = deviation > 1e-12 ? (float)(1 / deviation) : 1;
}

// y' = gain * (y - mean) of the last layer's outputs.
static void turn(struct session *s, float gain, float mean)
{
    const struct layer *l = &s->net.layer[s->net.layers - 1];
    for (size_t i = 0; i < l->w_len; i++) {
        s->net.param[l->w + i] *= gain;
    }
    for (size_t i = 0; i < l->b_len; i++) {
        s->net.param[l->b + i] = gain * (s->net.param[l->b + i] - mean);
    }
}

void session_numbers_scale(struct session *s, bool earlier)
{
    if (earlier) { // a fresh network starts at the scale of training anyhow
        turn(s, s->number_gain, s->number_mean);
    }
}

void session_numbers_unscale(struct session *s)
{
    turn(s, 1 / s->number_gain, -s->number_mean * s->number_gain);
}
