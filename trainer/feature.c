// Extracting, standardising and augmenting features. See feature.h.
#include "trainer/feature.h"
#include "common/err.h"
#include "trainer/augment.h"
#include "trainer/feature_cache.h"

#include <math.h>

// A stretch around the window is decoded, a window's length to either side, for shifts and other speeds.
#define AROUND 1

struct feature_lane {
    float *frames;     // (1 + 2 * AROUND) windows
    float *window, *background;
    void *scratch;
    size_t scratch_len;
    int64_t bad;       // first window with values that are not finite, -1: none
    int status;        // of the DSP block
};

static float raw_value(const uint8_t *p, unsigned type)
{
    switch (type) {
    case MOTE_U8: return *p;
    case MOTE_I8: return (int8_t)*p;
    case MOTE_I16: return (int16_t)mote_get16(p);
    case MOTE_I32: return (float)(int32_t)mote_get32(p);
    default: return mote_getf(p);
    }
}

static void decode(const struct piece *p, unsigned channels, size_t from, size_t frames, float *out)
{
    size_t size = mote_sample_size(p->type), n = frames * channels;
    const uint8_t *raw = p->raw + from * channels * size;
    for (size_t i = 0; i < n; i++) {
        out[i] = raw_value(raw + i * size, p->type) * p->scale;
    }
}

static void standardise(const struct features *f, float *x)
{
    for (size_t i = 0; f->offset && i < f->count; i++) {
        x[i] = (x[i] - f->offset[i]) * f->gain[i];
    }
}

void features_augmented(const struct features *f, int lane, const struct window *w, uint64_t key,
                        float *x)
{
    const struct windows *all = f->w;
    struct feature_lane *l = &f->lane[lane];
    struct rng g;
    rng_seed(&g, key, 9);
    const struct piece *p = &all->piece[w->piece];
    size_t before = w->frame < AROUND * all->window ? w->frame : AROUND * all->window;
    size_t from = w->frame - before, end = (size_t)w->frame + (1 + AROUND) * all->window;
    end = end > p->frames ? p->frames : end;
    struct augment_source s = {.frames = l->frames,
                               .count = end - from,
                               .at = before,
                               .channels = all->channels,
                               .window = all->window,
                               .width = all->width,
                               .height = all->height,
                               .spread = f->spread,
                               .white = p->type == MOTE_U8 ? 255 * p->scale : 1};
    decode(p, all->channels, from, end - from, l->frames);
    if (f->r->background > 0 && all->width == 0) {
        const struct window *o = &all->w[rng_below(&g, (uint32_t)all->count)];
        if (o->split == SPLIT_TRAIN) {
            decode(&all->piece[o->piece], all->channels, o->frame, all->window, l->background);
            s.background = l->background;
        }
    }
    augment_window(f->r, &s, &g, l->window);
    if (mote_dsp_run(&f->r->dsp, all->channels, all->window, all->interval_ns, l->window, x,
                     l->scratch, l->scratch_len)) {
        memset(x, 0, f->count * sizeof(float)); // cannot be: features_make has run the same block
    }
    standardise(f, x);
    if (augment_changes_features(f->r)) {
        augment_features(f->r, f->shape, &g, x);
    }
}

struct extract {
    struct features *f;
    int lanes;
};

static bool all_finite(const uint8_t *raw, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(mote_getf(raw + 4 * i))) {
            return false;
        }
    }
    return true;
}

static int extract_one(const struct features *f, struct feature_lane *l, size_t i, float *out)
{
    const struct windows *w = f->w;
    const struct piece *p = &w->piece[w->w[i].piece];
    size_t size = w->channels * mote_sample_size(p->type);
    return mote_dsp_run_raw(&f->r->dsp, w->channels, w->window, w->interval_ns,
                            p->raw + w->w[i].frame * size, p->type, p->scale, out, l->scratch,
                            l->scratch_len);
}

static void extract_lane(void *ctx, int lane)
{
    const struct extract *x = ctx;
    struct features *f = x->f;
    const struct windows *w = f->w;
    struct feature_lane *l = &f->lane[lane];
    for (size_t i = w->count * (size_t)lane / (size_t)x->lanes,
                to = w->count * ((size_t)lane + 1) / (size_t)x->lanes;
         i < to; i++) {
        const struct piece *p = &w->piece[w->w[i].piece];
        size_t size = w->channels * mote_sample_size(p->type);
        float *out = f->x + i * f->count;
        int rc = extract_one(f, l, i, out);
        l->status = rc ? rc : l->status;
        // the pipeline takes what is no number for nought, as a device must: here it is missing data
        if (p->type == MOTE_F32 && l->bad < 0 &&
            !all_finite(p->raw + w->w[i].frame * size, w->window * w->channels)) {
            l->bad = (int64_t)i;
        }
        for (size_t j = 0; j < f->count && l->bad < 0; j++) {
            l->bad = isfinite(out[j]) ? -1 : (int64_t)i;
        }
    }
}

static int make_lanes(struct features *f, int lanes, struct err *e)
{
    size_t values = (size_t)f->w->window * f->w->channels, scratch = 0;
    if (mote_dsp_scratch(&f->r->dsp, f->w->channels, f->w->window, f->w->interval_ns, &scratch)) {
        return err_set(e, E_STATE, "the feature block does not say what scratch it needs");
    }
    f->lane = calloc((size_t)lanes, sizeof(*f->lane));
    f->lanes = f->lane ? lanes : 0;
    bool there = f->lane;
    for (int i = 0; i < f->lanes; i++) {
        struct feature_lane *l = &f->lane[i];
        *l = (struct feature_lane){.scratch_len = scratch, .bad = -1};
        l->frames = calloc((1 + 2 * AROUND) * values, sizeof(float));
        l->window = calloc(values, sizeof(float));
        l->background = calloc(values, sizeof(float));
        l->scratch = malloc(scratch + 16);
        there = there && l->frames && l->window && l->background && l->scratch;
    }
    return there ? OK : err_set(e, E_MEM, "out of memory");
}

static bool is_learned(const struct windows *all, const struct window *w)
{
    return (w->split == SPLIT_TRAIN || w->split == SPLIT_NONE) && windows_learns(all, w->label);
}

// Means of every feature by class, over the training windows; class 0 alone where classes do not matter.
static void class_means(const struct features *f, bool by_class, double *mean, double *count)
{
    for (size_t i = 0; i < f->w->count; i++) {
        const struct window *w = &f->w->w[i];
        if (!is_learned(f->w, w)) {
            continue;
        }
        size_t c = by_class ? w->label : 0;
        count[c]++;
        for (size_t j = 0; j < f->count; j++) {
            mean[c * f->count + j] += (double)f->x[i * f->count + j];
        }
    }
}

// Sum of the squared differences from the mean of the window's class.
static void class_squares(const struct features *f, bool by_class, const double *mean,
                          double *squares)
{
    for (size_t i = 0; i < f->w->count; i++) {
        const struct window *w = &f->w->w[i];
        if (!is_learned(f->w, w)) {
            continue;
        }
        const double *m = mean + (by_class ? w->label : 0) * f->count;
        for (size_t j = 0; j < f->count; j++) {
            double d = (double)f->x[i * f->count + j] - m[j];
            squares[j] += d * d;
        }
    }
}

// A feature that hardly varies is not blown up: its deviation counts as at least r->limit of the mean deviation.
static void set_scale(struct features *f, const double *offset, const double *squares, double n)
{
    double mean_deviation = 0;
    for (size_t j = 0; j < f->count; j++) {
        mean_deviation += sqrt(squares[j] / n) / (double)f->count;
    }
    double least = f->r->limit * mean_deviation;
    for (size_t j = 0; j < f->count; j++) {
        double d = sqrt(squares[j] / n);
        d = d > least ? d : least;
        f->offset[j] = (float)offset[j];
        f->gain[j] = d > 1e-12 ? (float)(1 / d) : 1;
    }
}

// Offset: the mean of all training windows. Gain: one over the deviation, of all windows, or of windows from the
// mean of their class. The second makes what varies little within a class count, which is what a window of an
// unknown class differs in.
static int learn_scale(struct features *f, struct err *e)
{
    bool by_class = f->r->standardise == STANDARDISE_CLASS;
    size_t classes = f->w->label.count;
    double *mean = calloc((classes + 2) * f->count, sizeof(*mean)),
           *count = calloc(classes, sizeof(*count)), n = 0;
    f->offset = calloc(f->count, sizeof(float));
    f->gain = calloc(f->count, sizeof(float));
    if (!mean || !count || !f->offset || !f->gain) {
        free(mean);
        free(count);
        return err_set(e, E_MEM, "out of memory");
    }
    double *offset = mean + classes * f->count, *squares = offset + f->count;
    class_means(f, by_class, mean, count);
    for (size_t c = 0; c < classes; c++) {
        n += count[c];
        for (size_t j = 0; j < f->count; j++) {
            offset[j] += mean[c * f->count + j];
            mean[c * f->count + j] /= count[c] > 0 ? count[c] : 1;
        }
    }
    for (size_t j = 0; j < f->count; j++) {
        offset[j] /= n > 0 ? n : 1;
    }
    class_squares(f, by_class, mean, squares);
    set_scale(f, offset, squares, n > 0 ? n : 1);
    free(mean);
    free(count);
    return OK;
}

// The mean deviation of physical values within a window, over a sample of windows.
static float measure_spread(const struct features *f)
{
    const struct windows *w = f->w;
    double total = 0;
    size_t values = (size_t)w->window * w->channels, step = w->count / 64 + 1, n = 0;
    for (size_t i = 0; i < w->count; i += step, n++) {
        decode(&w->piece[w->w[i].piece], w->channels, w->w[i].frame, w->window, f->lane[0].window);
        double sum = 0, squares = 0;
        for (size_t j = 0; j < values; j++) {
            double v = (double)f->lane[0].window[j];
            sum += v;
            squares += v * v;
        }
        double var = squares / (double)values - sum / (double)values * (sum / (double)values);
        total += var > 0 ? sqrt(var) : 0;
    }
    return n ? (float)(total / (double)n) : 0;
}

static int settle_block(struct features *f, struct err *e)
{
    const struct windows *w = f->w;
    const struct mote_dsp_config *d = &f->r->dsp;
    const char *why = mote_dsp_why_not(d, w->channels, w->window, w->interval_ns);
    if (why) {
        return err_set(
            e, E_FORMAT, "[features] block '%s' on %u channels, %u frames of %.6g ms: %s",
            mote_dsp_kind_name(d->kind), w->channels, w->window, (double)w->interval_ns / 1e6, why);
    }
    if (mote_dsp_shape(d, w->channels, w->window, w->interval_ns, &f->shape)) {
        return err_set(e, E_FORMAT, "[features] block '%s' has no shape here",
                       mote_dsp_kind_name(d->kind));
    }
    f->count = (size_t)f->shape.rows * f->shape.cols * f->shape.planes;
    return OK;
}

static int extract(struct features *f, struct par *par, struct err *e)
{
    const struct windows *w = f->w;
    struct extract x = {f, f->lanes};
    par_run(par, f->lanes, extract_lane, &x);
    for (int i = 0; i < f->lanes; i++) {
        if (f->lane[i].status) {
            return err_set(e, E_STATE, "the feature block failed: %s",
                           mote_status_text(f->lane[i].status));
        }
        if (f->lane[i].bad >= 0) {
            const struct window *bad = &w->w[f->lane[i].bad];
            double at = (double)bad->frame * (double)w->interval_ns / 1e9;
            return err_set(e, E_STATE,
                           "recording %lld holds values that are missing or not finite, between "
                           "%.2f s and %.2f s: leave "
                           "that part out of its labels",
                           (long long)w->piece[bad->piece].rec_id, at,
                           at + (double)w->window * (double)w->interval_ns / 1e9);
        }
    }
    return OK;
}

// A few windows extracted again: features that another build of the block made are not believed.
static bool are_ours(const struct features *f)
{
    const size_t step = f->w->count / 8 + 1;
    float *again = malloc(f->count * sizeof(float));
    bool same = again;
    for (size_t i = 0; same && i < f->w->count; i += step) {
        same = extract_one(f, &f->lane[0], i, again) == MOTE_OK &&
               memcmp(again, f->x + i * f->count, f->count * sizeof(float)) == 0;
    }
    free(again);
    return same;
}

// From the cache, or extracted and kept there.
static int obtain(struct features *f, const char *cache, struct par *par, struct err *e)
{
    char key[HEX_DIGEST_TEXT];
    struct err unkept = {0};
    int rc = cache ? feature_cache_key(f->w, key, e) : OK;
    if (rc) {
        return rc;
    }
    f->cached = cache && feature_cache_load(cache, key, f->w->count, f->count, f->x) && are_ours(f);
    rc = f->cached ? OK : extract(f, par, e);
    if (rc == OK && cache && !f->cached &&
        feature_cache_keep(cache, key, f->w->count, f->count, f->x, &unkept)) {
        return OK; // a full disk, say: the next training extracts again
    }
    return rc;
}

int features_make(struct features *f, const struct windows *w, const float *offset,
                  const float *gain, const char *cache, int lanes, struct par *par, struct err *e)
{
    *f = (struct features){.w = w, .r = w->r};
    int rc = settle_block(f, e);
    rc = rc ? rc : make_lanes(f, lanes, e);
    if (rc) {
        return rc;
    }
    f->x = malloc(w->count * f->count * sizeof(float));
    if (!f->x) {
        return err_set(e, E_MEM, "out of memory: %zu windows of %zu features", w->count, f->count);
    }
    rc = obtain(f, cache, par, e);
    if (rc) {
        return rc;
    }
    f->spread = measure_spread(f);
    if (offset && gain) {
        f->offset = malloc(f->count * sizeof(float));
        f->gain = malloc(f->count * sizeof(float));
        if (!f->offset || !f->gain) {
            return err_set(e, E_MEM, "out of memory");
        }
        memcpy(f->offset, offset, f->count * sizeof(float));
        memcpy(f->gain, gain, f->count * sizeof(float));
    } else if (f->r->standardise != STANDARDISE_NONE) {
        rc = learn_scale(f, e);
    }
    for (size_t i = 0; i < w->count && rc == OK; i++) {
        standardise(f, f->x + i * f->count);
    }
    return rc;
}

void features_release(struct features *f)
{
    for (int i = 0; i < f->lanes; i++) {
        free(f->lane[i].frames);
        free(f->lane[i].window);
        free(f->lane[i].background);
        free(f->lane[i].scratch);
    }
    free(f->lane);
    free(f->x);
    free(f->offset);
    free(f->gain);
    *f = (struct features){0};
}
