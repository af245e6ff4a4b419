// Squeezing a trained network, step by step: channels out, zeros in, few distinct weights, rounding
// learned. Each step trains on for [squeeze] epochs under its own rule and those before, and is
// measured as the int8 model that it would ship: s->steps holds the figures before and after.
// docs/recipes.md, [squeeze].
#include "common/board/board.h"
#include "common/err.h"
#include "common/progress.h"
#include "common/tflite/reader.h"
#include "firmware/core/pkg/mote_delta.h"
#include "trainer/export.h"
#include "trainer/session_priv.h"
#include "trainer/squeeze_net.h"
#include "trainer/squeeze_tune.h"

#include <math.h>

double session_estimate_ms(const struct session *s, const struct buf *file)
{
    const struct board *b = board_find(s->recipe.board);
    struct tflite_model m = {0};
    struct err e = {0};
    double sum = 0;
    bool fitted = true; // coefficients are for int8 kernels
    if (!b || tflite_read(&m, file->data, file->len, &e)) {
        return -1;
    }
    for (size_t i = 0; i < m.graph.ops; i++) {
        struct board_features f;
        board_op_features(&m.graph, &m.graph.op[i], &f);
        sum += board_instructions(b->isa, &f);
        fitted = fitted && (f.is_int8 || m.graph.op[i].code == TFLITE_RESHAPE);
    }
    tflite_model_release(&m);
    return fitted ? board_ms(b, sum) : -1;
}

// Bytes of the file as an over-the-air payload that needs nothing of what a device runs now;
// negative: not known.
static long coded(const struct buf *file)
{
    size_t cap = 2 * file->len + 65536;
    uint8_t *out = malloc(cap);
    const struct mote_delta_segment all = {MOTE_DELTA_LITERAL, 0, (uint32_t)file->len};
    int len = out ? mote_delta_build(out, cap, (const uint8_t *)file->data, 1,
                                     (const uint8_t *)file->data, file->len, &all, 1)
                  : -1;
    free(out);
    return len;
}

static double share_of_zeros(const struct graph *g)
{
    size_t zeros = 0, all = 0;
    for (int i = 0; i < g->ops; i++) {
        for (size_t j = 0; g->op[i].qw && j < g->op[i].w_len; j++) {
            zeros += g->op[i].qw[j] == 0;
            all++;
        }
    }
    return all ? (double)zeros / (double)all : 0;
}

// Distinct weights of the layer that has most.
static int most_codes(const struct graph *g)
{
    int most = 0;
    for (int i = 0; i < g->ops; i++) {
        bool seen[256] = {false};
        int codes = 0;
        for (size_t j = 0; g->op[i].qw && j < g->op[i].w_len; j++) {
            codes += !seen[g->op[i].qw[j] + 128];
            seen[g->op[i].qw[j] + 128] = true;
        }
        most = codes > most ? codes : most;
    }
    return most;
}

static int judge_file(struct session *s, const struct buf *file, double *accuracy, size_t *arena,
                      struct err *e)
{
    struct judge j;
    struct parity none = {0};
    void *aligned = ship_aligned(file->data, file->len);
    struct ship_runtime *r = aligned ? ship_open(aligned, file->len, e) : NULL;
    int rc = r ? OK : aligned ? e->code : err_set(e, E_MEM, "out of memory");
    judge_init(&j, s->windows.label.count);
    if (rc == OK) {
        *arena = ship_arena(r);
        rc = s->recipe.task == TASK_CLASSIFY
                 ? ship_judge(r, &s->windows, session_judged(s), NULL, NULL, &j, &none, e)
                 : OK;
        *accuracy = j.count ? judge_accuracy(&j) : -1;
    }
    judge_release(&j);
    ship_close(r);
    free(aligned);
    return rc;
}

// A row: what the network would be as a shipped model.
static int measure(struct session *s, const char *step, const struct net *n,
                   const struct squeeze_tune *tune, struct err *e)
{
    struct graph g = {0};
    struct novelty none = {0};
    struct buf pipeline = {0}, file = {0};
    double accuracy = -1;
    size_t arena = 0;
    int rc = session_quantized(s, n, tune, &g, e);
    rc = rc ? rc : ship_pipeline(&s->features, &none, 0, &pipeline, e);
    rc = rc ? rc : export_tflite(&g, true, s->recipe.name, pipeline.data, pipeline.len, &file, e);
    rc = rc ? rc : judge_file(s, &file, &accuracy, &arena, e);
    if (rc == OK) {
        json_array_append_new(
            s->steps,
            json_pack("{s:s, s:f, s:I, s:I, s:I, s:I, s:f, s:I, s:i, s:f, s:s}", "step", step,
                      "accuracy", accuracy, "bytes", (json_int_t)file.len, "payload",
                      (json_int_t)coded(&file), "arena", (json_int_t)arena, "macs",
                      (json_int_t)graph_macs(&g), "ms", session_estimate_ms(s, &file), "weights",
                      (json_int_t)graph_weight_bytes(&g), "codes", most_codes(&g), "zeros",
                      share_of_zeros(&g), "board", s->recipe.board));
    }
    graph_release(&g);
    buf_release(&pipeline);
    buf_release(&file);
    return rc;
}

struct watch {
    struct progress bar;
    const char *step;
};

static int on_epoch(void *ctx, const struct fit_epoch *ep)
{
    struct watch *w = ctx;
    char note[96];
    snprintf(note, sizeof(note), "%s  epoch %d  loss %.4f", w->step, ep->epoch, ep->loss);
    progress_set(&w->bar, ep->epoch, note);
    return 0;
}

// Trains s->net on, with a hook or without; the last weights are kept, because the first ones keep
// no rule yet.
static int train_on(struct session *s, const char *step, const struct fit_hook *hook, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct fit_hook both = hook ? *hook : (struct fit_hook){0};
    const struct fit_hook *teacher = session_teach_hook(s);
    struct sample_set train = {0};
    struct fit_data none = {0};
    struct fit_options o;
    struct fit_result result;
    struct watch w = {.step = step};
    recipe_fit_options(r, &o);
    if (teacher) {
        both.teach = teacher->teach;
        both.teach_ctx = teacher->teach_ctx;
    }
    o.hook = &both;
    o.epochs = (int)r->squeeze_epochs;
    o.rate = r->squeeze_rate > 0 ? (float)r->squeeze_rate : 0.5f * o.rate;
    o.schedule = FIT_COSINE;
    o.warmup = 0;
    o.ema = 0;
    o.patience = 0;
    o.seed = (uint64_t)s->o->seed + 17;
    o.lanes = session_lanes(s, o.batch);
    int rc = sample_set_make(&train, s, SPLIT_TRAIN, 0, e);
    progress_start(&w.bar, "squeeze", s->o->quiet ? 0 : o.epochs);
    w.bar.on = w.bar.on && !s->o->quiet;
    rc = rc ? rc : fit_run(&s->net, &train.data, &none, &o, s->par, on_epoch, &w, &result, e);
    progress_end(&w.bar);
    sample_set_release(&train);
    return rc;
}

static int take_channels(struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    int rounds = (int)r->squeeze_rounds, rc = OK;
    double each = 1 - pow(1 - r->squeeze_channels, 1.0 / rounds);
    for (int i = 0; i < rounds && rc == OK; i++) {
        struct net smaller;
        int removed = 0;
        rc = squeeze_channels(&s->net, each, i == rounds - 1, &smaller, &removed, e);
        if (rc) {
            net_release(&smaller);
            return rc;
        }
        net_release(&s->net);
        s->net = smaller;
        rc = train_on(s, "channels", NULL, e);
    }
    return rc ? rc : measure(s, "channels", &s->net, NULL, e);
}

// Ranges that a run under rules starts from.
static int find_ranges(struct session *s, struct graph *narrow, struct graph *wide, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct sample_set some = {0};
    struct quant_options q = {.method = (enum quant_method)r->calibrate,
                              .percentile = r->percentile,
                              .lanes = s->lanes,
                              .par = s->par};
    bool softmax = session_has_softmax(s);
    int rc = graph_from_net(narrow, &s->net, softmax, e);
    rc = rc ? rc : graph_from_net(wide, &s->net, softmax, e);
    rc = rc ? rc : sample_set_make(&some, s, SPLIT_TRAIN, (size_t)r->calibration_windows, e);
    some.changed = false;
    rc = rc ? rc : quant_ranges(narrow, &s->net, &some.data, &q, e);
    q.method = QUANT_MIN_MAX;
    rc = rc ? rc : quant_ranges(wide, &s->net, &some.data, &q, e);
    sample_set_release(&some);
    return rc;
}

static int tune_by(struct session *s, const char *step, const struct squeeze_rules *rules,
                   struct err *e)
{
    struct graph narrow = {0}, wide = {0};
    int rc = find_ranges(s, &narrow, &wide, e);
    struct squeeze_tune *t = rc ? NULL : squeeze_tune_new(&s->net, &narrow, &wide, rules, e);
    rc = rc ? rc : t ? OK : e->code;
    rc = rc ? rc : train_on(s, step, squeeze_tune_hook(t), e);
    if (rc == OK) {
        squeeze_tune_settle(t, &s->net);
        rc = measure(s, step, &s->net, rules->round ? t : NULL, e);
    }
    if (rc == OK && rules->round) {
        s->tune = t;
    } else {
        squeeze_tune_free(t);
    }
    graph_release(&narrow);
    graph_release(&wide);
    return rc;
}

static int fold(struct session *s, struct err *e)
{
    struct net folded;
    int rc = squeeze_fold(&s->net, &folded, e);
    if (rc) {
        net_release(&folded);
        return rc;
    }
    s->trained = s->net; // fine-tuning starts from it
    s->net = folded;
    return measure(s, "trained", &s->net, NULL, e);
}

int session_squeeze(struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct squeeze_rules rules = {.per_channel_dense = r->per_channel_dense,
                                  .epochs = (int)r->squeeze_epochs};
    if (!(r->squeeze_channels > 0) && !(r->squeeze_sparsity > 0) && r->squeeze_clusters == 0 &&
        !r->squeeze_round && !r->wide) {
        return OK;
    }
    if (r->squeeze_round && r->wide) {
        return err_set(e, E_FORMAT,
                       "[squeeze] rounding is for int8 activations; int16 ones need none");
    }
    if (r->squeeze_clusters > 0 && r->squeeze_clusters < 4) {
        return err_set(e, E_FORMAT, "[squeeze] clusters: 4 at least, or 0 for none");
    }
    if (!board_find(r->board)) {
        return err_set(e, E_NOT_FOUND,
                       "[squeeze] board: no board '%s'; `moteloop inspect --board list` lists them",
                       r->board);
    }
    int rc = fold(s, e);
    rc = rc ? rc : r->squeeze_channels > 0 ? take_channels(s, e) : OK;
    if (rc == OK && r->squeeze_sparsity > 0) {
        rules.sparsity = r->squeeze_sparsity;
        rules.ramp = true;
        rc = tune_by(s, "zeros", &rules, e);
        rules.ramp = false;
    }
    if (rc == OK && r->squeeze_clusters > 0) {
        rules.clusters = (int)r->squeeze_clusters;
        rc = tune_by(s, "clusters", &rules, e);
    }
    if (rc == OK && r->squeeze_round) {
        rules.round = true;
        rc = tune_by(s, "rounding", &rules, e);
    }
    if (rc == OK && r->wide) {
        s->wide = true;
        rc = measure(s, "16x8", &s->net, NULL, e);
    }
    return rc ? err_wrap(e, "squeeze") : OK;
}
