// Calibration and quantization of a graph. See quant.h.
#include "trainer/quant.h"
#include "common/err.h"
#include "trainer/par.h"
#include "trainer/quant_range.h"

#include <math.h>

#define LOGIT_RANGE_MIN 0.01f

struct calibration {
    const struct graph *g;
    const struct net *n;
    const struct fit_data *samples;
    struct lane lane[FIT_LANES_MAX];
    struct quant_histogram *h[FIT_LANES_MAX]; // graph.tensors each
    int lanes;
    bool counting; // second pass: bins instead of ends
};

static void widen(struct quant_histogram *h, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h->lo = y[i] < h->lo ? y[i] : h->lo;
        h->hi = y[i] > h->hi ? y[i] : h->hi;
    }
}

static void count(struct quant_histogram *h, const float *y, size_t n)
{
    float scale = h->hi > h->lo ? QUANT_BINS / (h->hi - h->lo) : 0;
    for (size_t i = 0; i < n; i++) {
        int at = (int)((y[i] - h->lo) * scale);
        h->bin[at < 0 ? 0 : at >= QUANT_BINS ? QUANT_BINS - 1 : at]++;
    }
}

static void look(void *ctx, int lane)
{
    struct calibration *c = ctx;
    struct lane *l = &c->lane[lane];
    size_t len = shape_len(c->n->layer[0].y), n = c->samples->n, lanes = (size_t)c->lanes;
    for (size_t at = n * (size_t)lane / lanes, to = n * ((size_t)lane + 1) / lanes; at < to;
         at += (size_t)l->n) {
        l->n = to - at < (size_t)l->cap ? (int)(to - at) : l->cap;
        for (size_t i = 0; i < (size_t)l->n; i++) {
            c->samples->fill(c->samples->ctx, lane, (uint32_t)(at + i), 0, l->y[0] + i * len);
        }
        net_forward(c->n, l, false);
        for (int t = 0; t < c->g->tensors; t++) {
            int layer = c->g->t[t].layer;
            if (layer >= 0) {
                size_t values = shape_len(c->g->t[t].s) * (size_t)l->n;
                (c->counting ? count : widen)(&c->h[lane][t], l->y[layer], values);
            }
        }
    }
}

static void join_ends(struct calibration *c)
{
    for (int t = 0; t < c->g->tensors; t++) {
        struct quant_histogram all = {.lo = 0, .hi = 0}; // zero is always representable
        for (int j = 0; j < c->lanes; j++) {
            all.lo = fminf(all.lo, c->h[j][t].lo);
            all.hi = fmaxf(all.hi, c->h[j][t].hi);
        }
        for (int j = 0; j < c->lanes; j++) {
            c->h[j][t].lo = all.lo;
            c->h[j][t].hi = all.hi;
        }
    }
}

static void choose_ranges(struct calibration *c, struct graph *g, const struct quant_options *o)
{
    for (int t = 0; t < g->tensors; t++) {
        struct quant_histogram *h = &c->h[0][t];
        g->t[t].lo = h->lo;
        g->t[t].hi = h->hi;
        for (int j = 1; j < c->lanes; j++) {
            for (int i = 0; i < QUANT_BINS; i++) {
                h->bin[i] += c->h[j][t].bin[i];
            }
        }
        quant_range(h, o->method, o->percentile, &g->t[t].lo, &g->t[t].hi);
    }
}

static int calibrate(struct graph *g, const struct net *n, const struct fit_data *samples,
                     const struct quant_options *o, struct err *e)
{
    struct calibration *c = calloc(1, sizeof(*c));
    if (!c) {
        return err_set(e, E_MEM, "out of memory");
    }
    *c = (struct calibration){.g = g, .n = n, .samples = samples, .lanes = o->lanes};
    int rc = OK;
    for (int j = 0; j < o->lanes && rc == OK; j++) {
        c->h[j] = calloc((size_t)g->tensors, sizeof(*c->h[j]));
        rc = c->h[j] ? lane_init(&c->lane[j], n, 32, false, e) : err_set(e, E_MEM, "out of memory");
    }
    if (rc == OK) {
        par_run(o->par, o->lanes, look, c);
        join_ends(c);
        c->counting = true;
        if (o->method != QUANT_MIN_MAX) {
            par_run(o->par, o->lanes, look, c);
        }
        choose_ranges(c, g, o);
    }
    for (int j = 0; j < o->lanes; j++) {
        lane_release(&c->lane[j]);
        free(c->h[j]);
    }
    free(c);
    return rc;
}

// Scale and zero point of a range, nudged so that real 0 is a whole number.
static void set_scale(struct gtensor *t)
{
    float lo = fminf(t->lo, 0), hi = fmaxf(t->hi, 0);
    if (t->wide) {
        double top = fmax(-(double)lo, (double)hi) / 32767;
        t->scale = top > 1e-9 ? (float)top : 1e-9f;
        t->zero_point = 0;
        return;
    }
    double scale = ((double)hi - (double)lo) / 255;
    t->scale = scale > 1e-9 ? (float)scale : 1e-9f;
    double zero = -128 - (double)lo / (double)t->scale;
    t->zero_point = (int32_t)lrint(zero < -128 ? -128 : zero > 127 ? 127 : zero);
}

// Pools and reshapes keep their input's scale; a concatenation's inputs and output share one.
static void tie_ranges(struct graph *g)
{
    bool changed = true;
    for (int round = 0; changed && round < g->ops + 2; round++) {
        changed = false;
        for (int i = 0; i < g->ops; i++) {
            const struct gop *o = &g->op[i];
            if (o->kind != GOP_MAXPOOL && o->kind != GOP_AVGPOOL && o->kind != GOP_RESHAPE &&
                o->kind != GOP_CONCAT && o->kind != GOP_QUANTIZE) {
                continue;
            }
            int tied[3] = {o->in[0], o->out, o->kind == GOP_CONCAT ? o->in[1] : o->out};
            float lo = g->t[o->in[0]].lo, hi = g->t[o->in[0]].hi;
            for (int j = 0; j < 3;
                 j++) { // all of them: what a concat widens behind a pool reaches before it
                lo = fminf(lo, g->t[tied[j]].lo);
                hi = fmaxf(hi, g->t[tied[j]].hi);
            }
            for (int j = 0; j < 3; j++) {
                struct gtensor *t = &g->t[tied[j]];
                changed = changed || t->lo < lo || t->lo > lo || t->hi < hi || t->hi > hi;
                t->lo = lo;
                t->hi = hi;
            }
        }
    }
}

static int quantize_weights(struct graph *g, struct gop *o, bool per_channel, struct err *e)
{
    o->w_scales = per_channel ? o->channels : 1;
    o->qw = malloc(o->w_len);
    bool wide = g->t[o->in[0]].wide;
    o->qb = wide ? NULL : malloc((size_t)o->channels * sizeof(*o->qb));
    o->qb_wide = wide ? malloc((size_t)o->channels * sizeof(*o->qb_wide)) : NULL;
    o->w_scale = calloc((size_t)o->channels, sizeof(float));
    if (!o->qw || !(wide ? (void *)o->qb_wide : (void *)o->qb) || !o->w_scale) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < o->w_len; i++) {
        float *top = &o->w_scale[per_channel ? gop_channel(o, i) : 0];
        *top = fmaxf(*top, fabsf(o->w[i]));
    }
    for (int c = 0; c < o->w_scales; c++) {
        o->w_scale[c] = o->w_scale[c] > 1e-12f ? o->w_scale[c] / 127 : 1e-6f;
    }
    for (size_t i = 0; i < o->w_len; i++) {
        float q = roundf(o->w[i] / o->w_scale[per_channel ? gop_channel(o, i) : 0]);
        o->qw[i] = (int8_t)(q < -127 ? -127 : q > 127 ? 127 : q);
    }
    for (int c = 0; c < o->channels; c++) {
        double scale = (double)g->t[o->in[0]].scale * (double)o->w_scale[per_channel ? c : 0];
        double q = round((double)o->b[c] / scale);
        if (wide) {
            o->qb_wide[c] = (int64_t)(q < -1e15 ? -1e15 : q > 1e15 ? 1e15 : q);
        } else {
            o->qb[c] = (int32_t)(q < -1e9 ? -1e9 : q > 1e9 ? 1e9 : q);
        }
    }
    return OK;
}

int quant_ranges(struct graph *g, const struct net *n, const struct fit_data *samples,
                 const struct quant_options *o, struct err *e)
{
    return samples->n == 0 ? err_set(e, E_STATE, "no windows to calibrate with")
                           : calibrate(g, n, samples, o, e);
}

void quant_scales(struct graph *g)
{
    tie_ranges(g);
    for (int i = 0; i < g->ops; i++) { // the operator refuses logits that all but agree
        if (g->op[i].kind == GOP_SOFTMAX) {
            struct gtensor *t = &g->t[g->op[i].in[0]];
            t->hi = fmaxf(t->hi, t->lo + LOGIT_RANGE_MIN);
        }
    }
    for (int i = 0; i < g->tensors; i++) {
        set_scale(&g->t[i]);
    }
    for (int i = 0; i < g->ops; i++) {
        if (g->op[i].kind == GOP_SOFTMAX) { // fixed by the operator
            g->t[g->op[i].out].scale = 1.0f / 256;
            g->t[g->op[i].out].zero_point = -128;
        }
    }
}

int quant_weights(struct graph *g, bool per_channel_dense, struct err *e)
{
    int rc = OK;
    for (int i = 0; i < g->ops && rc == OK; i++) {
        struct gop *p = &g->op[i];
        rc = p->w ? quantize_weights(g, p, p->kind != GOP_DENSE || per_channel_dense, e) : OK;
    }
    return rc;
}

int quant_run(struct graph *g, const struct net *n, const struct fit_data *samples,
              const struct quant_options *o, struct err *e)
{
    int rc = quant_ranges(g, n, samples, o, e);
    if (rc) {
        return rc;
    }
    quant_scales(g);
    return quant_weights(g, o->per_channel_dense, e);
}
