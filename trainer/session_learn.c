// From features to a judged int8 model: network, training, novelty, quantization, device runtime.
#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/progress.h"
#include "trainer/export.h"
#include "trainer/session_priv.h"

#define CHECKPOINT_MS 5000 // between two checkpoints of a long run

static int build(struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    bool anomaly = r->task == TASK_ANOMALY;
    int outputs = anomaly ? (int)s->features.count : (int)s->windows.label.count;
    outputs += r->task == TASK_DETECT; // nothing
    struct rng g;
    rng_seed(&g, (uint64_t)s->o->seed, 1);
    int rc = net_init(&s->net, arch_input(r, s->features.shape), kern_best(), e);
    rc = rc ? rc : arch_build(&s->net, r, outputs, e);
    rc = rc ? rc : net_start(&s->net, &g, e);
    if (rc == OK && s->o->from) {
        rc = weights_apply(&s->from, &s->net, e);
    }
    if (rc == OK && r->task == TASK_DETECT) {
        s->recipe.cells = (int64_t)net_output(&s->net).h * net_output(&s->net).w;
    }
    if (rc == OK && r->task == TASK_REGRESS) {
        session_numbers_measure(s);
        session_numbers_scale(s, s->o->from != NULL);
    }
    for (int i = 1; rc == OK && s->o->from && r->freeze == FREEZE_BODY && i < s->net.layers - 1;
         i++) {
        s->net.layer[i].frozen = true;
    }
    return rc;
}

struct watch {
    struct session *s;
    struct progress bar;
};

static int on_epoch(void *ctx, const struct fit_epoch *ep)
{
    struct watch *w = ctx;
    char note[96];
    if (ep->check_accuracy >= 0) {
        snprintf(note, sizeof(note), "epoch %d  loss %.4f  validation %.4f, %.1f %%", ep->epoch,
                 ep->loss, ep->check_loss, 100 * ep->check_accuracy);
    } else {
        snprintf(note, sizeof(note), "epoch %d  loss %.4f  validation %.4f", ep->epoch, ep->loss,
                 ep->check_loss);
    }
    progress_set(&w->bar, ep->epoch, note);
    json_array_append_new(w->s->curve,
                          json_pack("{s:i, s:f, s:f, s:f}", "epoch", ep->epoch, "loss", ep->loss,
                                    "check_loss", ep->check_loss, "accuracy", ep->check_accuracy));
    return 0;
}

// What a checkpoint must have been made for: recipe, seed, data and normalisation, program.
static void identify(const struct session *s, struct fit_options *o)
{
    struct buf b = {0};
    int rc = buf_put(&b, s->recipe.digest, sizeof(s->recipe.digest));
    rc = rc ? rc
            : buf_printf(&b, "%lld %s %s %s %s %d", (long long)s->o->seed, s->dataset, s->parent,
                         MOTELOOP_VERSION, s->net.kern->name, s->lanes);
    hex_sha256(o->identity, b.data ? b.data : "", rc ? 0 : b.len);
    buf_release(&b);
}

// Threads that meet three times a step cost more than a small network's step takes. By the network alone, so that the
// result is the same on every machine.
int session_lanes(const struct session *s, int batch)
{
    const uint64_t worth = 2000000; // multiply-accumulates of a step, one way
    return s->recipe.lanes > 0                           ? (int)s->recipe.lanes
           : net_macs(&s->net) * (uint64_t)batch < worth ? 1
                                                         : 2;
}

static void finetune_options(const struct session *s, struct fit_options *o)
{
    if (s->o->from) {
        o->epochs = s->recipe.tune_epochs > 0 ? (int)s->recipe.tune_epochs : o->epochs;
        o->rate = s->recipe.tune_rate > 0 ? (float)s->recipe.tune_rate : o->rate;
    }
}

int session_learn(struct session *s, struct err *e)
{
    struct sample_set train = {0}, check = {0};
    struct fit_options o;
    char checkpoint[IO_PATH_MAX], folder[IO_PATH_MAX], name[96];
    int64_t started = clock_mono_us();
    int rc = session_is_table(s) ? OK : build(s, e);
    if (session_is_classic(s)) {
        rc = rc ? rc : session_classic_learn(s, e);
        return rc ? err_wrap(e, "train") : OK;
    }
    rc = rc ? rc : sample_set_make(&train, s, SPLIT_TRAIN, 0, e);
    rc = rc ? rc : sample_set_make(&check, s, SPLIT_VALIDATE, 0, e);
    if (rc == OK) {
        recipe_fit_options(&s->recipe, &o);
        finetune_options(s, &o);
        o.seed = (uint64_t)s->o->seed;
        o.lanes = session_lanes(s, o.batch);
        rc = session_teach_start(s, o.lanes, o.batch, e);
        o.hook = session_teach_hook(s);
        identify(s, &o);
        char hex[65];
        hex_encode(hex, o.identity, sizeof(o.identity));
        snprintf(name, sizeof(name), "run/train-%.16s.checkpoint", hex);
        o.checkpoint = s->o->register_model ? project_path(&s->project, checkpoint, name) : NULL;
        o.checkpoint_ms = CHECKPOINT_MS;
        rc = rc                     ? rc
             : s->o->register_model ? io_mkdirs(project_path(&s->project, folder, "run"), 0755, e)
                                    : OK;
        struct watch w = {.s = s};
        progress_start(&w.bar, "train", s->o->quiet ? 0 : o.epochs);
        w.bar.on = w.bar.on && !s->o->quiet;
        rc = rc ? rc
                : fit_run(&s->net, &train.data, &check.data, &o, s->par, on_epoch, &w, &s->fit, e);
        progress_end(&w.bar);
    }
    sample_set_release(&train);
    sample_set_release(&check);
    s->train_ms = (clock_mono_us() - started) / 1000;
    return rc ? err_wrap(e, "train") : OK;
}

// Scores of one window from the network's outputs.
static void score_float(const struct session *s, uint32_t window, const float *y, size_t outputs,
                        float *score)
{
    if (s->recipe.task != TASK_ANOMALY) {
        memcpy(score, y, outputs * sizeof(float));
        return;
    }
    double sum = 0;
    for (size_t j = 0; j < outputs; j++) {
        double d = (double)(y[j] - s->features.x[window * outputs + j]);
        sum += d * d;
    }
    ship_anomaly_scores((float)(sum / (double)outputs), s->threshold, score);
}

static int judge_one(struct session *s, uint32_t window, const float *y, size_t outputs)
{
    const struct window *w = &s->windows.w[window];
    float score[WINDOWS_CLASSES_MAX + 1];
    size_t top = 0;
    score_float(s, window, y, outputs, score);
    for (size_t c = 1; c < s->windows.label.count; c++) {
        top = score[c] > score[top] ? c : top;
    }
    struct judged one = {.label = w->label,
                         .group = w->group,
                         .answer = (uint16_t)top,
                         .score = score[top],
                         .recording = w->recording,
                         .value = w->value};
    one.novelty =
        s->novelty.count ? novelty_of(&s->novelty, s->features.x + window * s->features.count) : 0;
    one.uncertain =
        s->recipe.task == TASK_CLASSIFY ? score[top] < s->threshold || one.novelty > 1 : top > 0;
    return judge_add(&s->test_float, one, score);
}

// Float answers of the test windows, through the network that was trained.
static int judge_float(struct session *s, struct err *e)
{
    struct sample_set test = {0};
    size_t outputs = shape_len(net_output(&s->net));
    int rc = sample_set_make(&test, s, session_judged(s), 0, e);
    float *y = calloc(test.data.n * outputs + 1, sizeof(float));
    rc = rc  ? rc
         : y ? fit_predict(&s->net, &test.data, s->lanes, s->par, y, e)
             : err_set(e, E_MEM, "out of memory");
    if (rc == OK && s->recipe.task == TASK_CLASSIFY) {
        loss_softmax(y, (int)test.data.n, (int)outputs);
    }
    for (size_t i = 0; i < test.data.n && rc == OK; i++) {
        rc = judge_one(s, test.window[i], y + i * outputs, outputs)
                 ? err_set(e, E_MEM, "out of memory")
                 : OK;
    }
    free(y);
    sample_set_release(&test);
    return rc;
}

int session_quantized(struct session *s, const struct net *n, const struct squeeze_tune *tune,
                      struct graph *g, struct err *e)
{
    const struct recipe *r = &s->recipe;
    // int16 has steps to spare: nothing is cut off
    enum quant_method method = s->wide ? QUANT_MIN_MAX : (enum quant_method)r->calibrate;
    struct quant_options q = {.method = method,
                              .percentile = r->percentile,
                              .per_channel_dense = r->per_channel_dense,
                              .lanes = s->lanes,
                              .par = s->par};
    struct sample_set some = {0};
    int rc = graph_from_net(g, n, session_has_softmax(s), e);
    rc = rc || !s->wide ? rc : graph_widen(g, e);
    rc = rc ? rc : sample_set_make(&some, s, SPLIT_TRAIN, (size_t)r->calibration_windows, e);
    some.changed = false;
    rc = rc ? rc : quant_ranges(g, n, &some.data, &q, e);
    if (rc == OK && tune) {
        // numbers were unscaled behind the tuning: their tensor alone keeps the range of now
        const struct gtensor output = g->t[g->output];
        squeeze_tune_ranges(tune, g);
        if (r->task == TASK_REGRESS) {
            g->t[g->output].lo = output.lo;
            g->t[g->output].hi = output.hi;
        }
    }
    sample_set_release(&some);
    if (rc) {
        return rc;
    }
    quant_scales(g);
    rc = session_frozen_scales(s, g, e);
    return rc ? rc : quant_weights(g, q.per_channel_dense, e);
}

// The files, by the thresholds of now.
int session_package(struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct graph plain = {0};
    bool table = session_is_table(s);
    buf_clear(&s->pipeline);
    buf_clear(&s->int8_file);
    buf_clear(&s->float_file);
    int rc = ship_pipeline(&s->features, &s->novelty, s->threshold, &s->pipeline, e);
    rc = rc ? rc
            : export_tflite(&s->graph, true, r->name, s->pipeline.data, s->pipeline.len,
                            &s->int8_file, e);
    rc = rc ? rc : table ? OK : graph_from_net(&plain, &s->net, session_has_softmax(s), e);
    rc = rc ? rc
            : export_tflite(table ? &s->graph : &plain, false, r->name, s->pipeline.data,
                            s->pipeline.len, &s->float_file, e);
    graph_release(&plain);
    return rc;
}

int session_quantize(struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    int rc = OK;
    if (r->task == TASK_REGRESS && !session_is_table(s)) {
        session_numbers_unscale(s);
    }
    if (r->centroids > 0 && r->task == TASK_CLASSIFY) {
        rc = novelty_make(&s->novelty, &s->features, (size_t)r->centroids, r->known_share,
                          (uint64_t)s->o->seed, e);
    }
    if (session_is_table(s)) {
        rc = rc ? rc : session_table_make(s, e);
    } else {
        rc = rc ? rc : session_choose_threshold(s, e);
        rc = rc ? rc : session_quantized(s, &s->net, s->tune, &s->graph, e);
    }
    if (rc == OK) {
        s->sim = quant_sim_new(&s->graph, e);
        rc = s->sim ? OK : e->code;
    }
    rc = rc || session_is_table(s) ? rc : session_choose_distance(s, e);
    rc = rc ? rc : session_package(s, e);
    rc = rc ? rc : session_decide(s, e);
    return rc ? err_wrap(e, "quantize") : OK;
}

// The float file through the device runtime: where there is no network to ask, and of detectors, whose finds it reads.
static int judge_float_file(struct session *s, struct err *e)
{
    struct parity none = {0};
    void *file = ship_aligned(s->float_file.data, s->float_file.len);
    struct ship_runtime *r = file ? ship_open(file, s->float_file.len, e) : NULL;
    int rc = r ? ship_judge(r, &s->windows, session_judged(s), NULL, NULL, &s->test_float, &none, e)
               : file ? e->code : err_set(e, E_MEM, "out of memory");
    ship_close(r);
    free(file);
    return rc;
}

int session_judge(struct session *s, struct err *e)
{
    uint8_t digest[HEX_DIGEST_LEN];
    hex_sha256(digest, s->int8_file.data, s->int8_file.len);
    hex_encode(s->digest, digest, sizeof(digest));
    s->file = ship_aligned(s->int8_file.data, s->int8_file.len);
    if (!s->file) {
        return err_set(e, E_MEM, "out of memory");
    }
    s->runtime = ship_open(s->file, s->int8_file.len, e);
    if (!s->runtime) {
        return e->code;
    }
    judge_init(&s->test_float, s->windows.label.count);
    judge_init(&s->test_int8, s->windows.label.count);
    int rc = session_is_table(s) || s->recipe.task == TASK_DETECT ? judge_float_file(s, e)
                                                                  : judge_float(s, e);
    rc = rc ? rc
            : ship_judge(s->runtime, &s->windows, session_judged(s), s->sim, &s->features,
                         &s->test_int8, &s->parity, e);
    if (rc == OK && s->parity.equal != s->parity.windows) {
        return err_set(e, E_STATE,
                       "trainer and device runtime agree on %zu of %zu test windows only: this is "
                       "a fault of the "
                       "program, not of the data",
                       s->parity.equal, s->parity.windows);
    }
    return rc ? err_wrap(e, "judge") : OK;
}
