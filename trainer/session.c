// A training from start to end. See session.h.
#include "trainer/session.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_dataset.h"
#include "trainer/session_priv.h"

#include <unistd.h>

// Extraction and calibration use as many lanes as this whatever the network: their results do not depend on it.
#define WORK_LANES 2

static int start_threads(struct session *s, struct err *e)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    s->lanes = s->recipe.lanes > WORK_LANES ? (int)s->recipe.lanes : WORK_LANES;
    int threads = s->o->threads > 0 ? (int)s->o->threads : cpus > 0 ? (int)cpus : 1;
    s->par = par_new(threads < s->lanes ? threads : s->lanes, e);
    return s->par ? OK : e->code;
}

static int take_labels(struct session *s, struct err *e)
{
    return s->o->from ? windows_set_labels(&s->windows, (const char *const *)s->from.label.name,
                                           s->from.label.count, e)
                      : OK;
}

static int open_all(struct session *s, struct err *e)
{
    struct recipe *r = &s->recipe;
    int rc = recipe_load(r, s->o->recipe, e);
    rc = rc ? rc : project_open(&s->project, s->o->project, e);
    rc = rc ? rc : store_open(&s->store, s->project.dir, STORE_WRITE, e);
    if (rc) {
        return rc;
    }
    if (s->o->test) {
        snprintf(r->test_groups, sizeof(r->test_groups), "%s", s->o->test);
    }
    if (s->o->validate) {
        snprintf(r->validate_groups, sizeof(r->validate_groups), "%s", s->o->validate);
    }
    rc = s->o->from ? session_find_parent(s, e) : OK;
    return rc ? rc : start_threads(s, e);
}

// A window's label as the store keeps it; a number as text in buf.
static const char *label_of(const struct session *s, const struct window *x, char buf[24])
{
    if (s->recipe.task != TASK_REGRESS) {
        return s->windows.label.name[x->label];
    }
    snprintf(buf, 24, "%.9g", (double)x->value);
    return buf;
}

// The list of windows, immutable and with a digest.
static int keep_dataset(struct session *s, struct err *e)
{
    const struct windows *w = &s->windows;
    struct store_dataset_item *item = calloc(w->count, sizeof(*item));
    char(*number)[24] = calloc(w->count, sizeof(*number));
    char query[RECIPE_TEXT + 128];
    if (!item || !number) {
        free(item);
        free(number);
        return err_set(e, E_MEM, "out of memory");
    }
    size_t used = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct window *x = &w->w[i];
        if (x->split == SPLIT_NONE) {
            continue;
        }
        const struct piece *p = &w->piece[x->piece];
        int64_t start = p->start_us + (int64_t)((double)x->frame * (double)w->interval_ns / 1000.0);
        item[used++] = (struct store_dataset_item){
            .rec_id = p->rec_id,
            .start_us = start,
            .end_us = start + (int64_t)((double)w->window * (double)w->interval_ns / 1000.0),
            .stream = s->recipe.stream,
            .label = label_of(s, x, number[i]),
            .split = split_name((enum split)x->split),
            .grp = w->group.name[x->group]};
    }
    snprintf(query, sizeof(query), "stream=%s labels=%s%s%s", s->recipe.stream,
             s->recipe.labels[0] ? s->recipe.labels : "all",
             s->recipe.dataset[0] ? " dataset=" : "", s->recipe.dataset);
    int rc = store_dataset_put(s->store, s->recipe.name, query, item, used, s->dataset, e);
    free(item);
    free(number);
    return rc;
}

// All that is labelled, split here and kept as a dataset version.
static int load_labelled(struct session *s, struct err *e)
{
    int rc = windows_from_store(&s->windows, s->store, e);
    rc = rc ? rc : windows_finish(&s->windows, e);
    rc = rc ? rc
         : s->o->in_folds
             ? split_fold(&s->windows, (uint64_t)s->o->seed, s->o->fold, s->o->folds, e)
             : split_windows(&s->windows, (uint64_t)s->o->seed, e);
    return rc ? rc : s->o->register_model ? keep_dataset(s, e) : OK;
}

// The windows and splits of the dataset version that the recipe names.
static int load_version(struct session *s, struct err *e)
{
    if (s->o->test || s->o->validate || s->o->in_folds) {
        return err_set(e, E_USAGE,
                       "a dataset version has its own splits: no --test, --validate or folds with "
                       "[data] dataset");
    }
    int rc = windows_recipe_labels(&s->windows, e);
    rc = rc ? rc : windows_find_dataset(s->store, s->recipe.dataset, s->dataset, e);
    rc = rc ? rc : windows_from_dataset(&s->windows, s->store, s->dataset, NULL, e);
    rc = rc ? rc : windows_finish(&s->windows, e);
    rc = rc ? rc : split_given(&s->windows, e);
    // under other names it is another version, which eval can read
    return rc || !s->recipe.rename[0] || !s->o->register_model ? rc : keep_dataset(s, e);
}

static int load(struct session *s, struct err *e)
{
    windows_init(&s->windows, &s->recipe);
    int rc = take_labels(s, e);
    rc = rc ? rc : s->recipe.dataset[0] ? load_version(s, e) : load_labelled(s, e);
    if (rc) {
        return rc;
    }
    if (s->recipe.dsp.kind == MOTE_DSP_IMAGE) { // the stream knows its pictures' size
        s->recipe.dsp.width = (uint16_t)s->windows.width;
        s->recipe.dsp.height = (uint16_t)s->windows.height;
    }
    char cache[IO_PATH_MAX];
    int64_t started = clock_mono_us();
    const float *offset = s->o->from && s->from.features ? s->from.offset : NULL;
    rc = features_make(&s->features, &s->windows, offset, offset ? s->from.gain : NULL,
                       project_path(&s->project, cache, "cache"), s->lanes, s->par, e);
    s->features_ms = (clock_mono_us() - started) / 1000;
    if (rc == OK && offset && s->from.features != s->features.count) {
        rc = err_set(e, E_CONFLICT, "the earlier model has %zu features, the recipe gives %zu",
                     s->from.features, s->features.count);
    }
    return rc;
}

static int check_gates(const struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    double f = judge_accuracy(&s->test_float), q = judge_accuracy(&s->test_int8);
    size_t arena = ship_arena(s->runtime);
    if (r->flash > 0 && s->int8_file.len > (size_t)r->flash) {
        return err_set(e, E_REFUSED, "limit: the model has %zu bytes, [limits] flash allows %lld",
                       s->int8_file.len, (long long)r->flash);
    }
    if (r->ram > 0 && arena > (size_t)r->ram) {
        return err_set(e, E_REFUSED,
                       "limit: the model needs %zu bytes of arena, [limits] ram allows %lld", arena,
                       (long long)r->ram);
    }
    if (r->patch > 0 && s->patch > r->patch) {
        return err_set(e, E_REFUSED,
                       "limit: the patch from the earlier model has %lld bytes, [limits] patch "
                       "allows %lld: [finetune] "
                       "freeze = body keeps it small",
                       (long long)s->patch, (long long)r->patch);
    }
    if (r->task == TASK_REGRESS && r->error > 0 && judge_mean_error(&s->test_int8) > r->error) {
        return err_set(e, E_REFUSED,
                       "gate: the mean error of int8 is %.4g, [gates] error allows %.4g",
                       judge_mean_error(&s->test_int8), r->error);
    }
    if (r->task != TASK_CLASSIFY || s->test_int8.count == 0) {
        return OK;
    }
    if (q < r->accuracy) {
        return err_set(e, E_REFUSED, "gate: int8 accuracy is %.3f, [gates] accuracy asks for %.3f",
                       q, r->accuracy);
    }
    return f - q > r->int8_loss
               ? err_set(e, E_REFUSED,
                         "gate: quantization loses %.3f, [gates] int8_loss allows %.3f", f - q,
                         r->int8_loss)
               : OK;
}

static void close_all(struct session *s)
{
    ship_close(s->runtime);
    free(s->file);
    quant_sim_free(s->sim);
    graph_release(&s->graph);
    judge_release(&s->test_float);
    judge_release(&s->test_int8);
    novelty_release(&s->novelty);
    features_release(&s->features);
    windows_release(&s->windows);
    weights_release(&s->from);
    net_release(&s->net);
    net_release(&s->trained);
    squeeze_tune_free(s->tune);
    session_teach_end(s);
    par_free(s->par);
    buf_release(&s->pipeline);
    buf_release(&s->int8_file);
    buf_release(&s->float_file);
    json_decref(s->curve);
    json_decref(s->steps);
    json_decref(s->decision);
    recipe_release(&s->recipe);
    store_close(s->store);
}

int session_train(const struct session_options *o, json_t **report, struct err *e)
{
    *report = NULL;
    struct session *s = calloc(1, sizeof(*s));
    if (!s) {
        return err_set(e, E_MEM, "out of memory");
    }
    int64_t started = clock_mono_us();
    s->o = o;
    s->curve = json_array();
    s->steps = json_array();
    buf_init(&s->float_file, (size_t)1 << 30);
    int rc = open_all(s, e);
    rc = rc ? rc : load(s, e);
    rc = rc ? rc : session_learn(s, e);
    rc = rc ? rc : session_squeeze(s, e);
    rc = rc ? rc : session_quantize(s, e);
    rc = rc ? rc : session_judge(s, e);
    rc = rc ? rc : session_patch_size(s, e);
    if (rc == OK) {
        s->total_ms = (clock_mono_us() - started) / 1000;
        rc = o->trial ? OK : check_gates(s, e);
        *report = session_report(s);
        rc = rc ? rc : o->register_model ? session_keep(s, e) : OK;
    }
    if (rc && rc != E_REFUSED) {
        json_decref(*report);
        *report = NULL;
    }
    close_all(s);
    free(s);
    return rc;
}
