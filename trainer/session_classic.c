// Classical learners in a training: logistic regression and support vector machines become the
// weights of a network and go the way of all networks from there; forests and mixtures ("tables")
// become graphs that have no network behind them.
#include "common/err.h"
#include "common/clock.h"
#include "trainer/classic_graph.h"
#include "trainer/session_priv.h"

#include <math.h>

#define VOTE_WEIGHT 3.0f // of a pair's vote in the outputs before softmax

bool session_is_table(const struct session *s)
{
    return s->recipe.network == NET_FOREST || s->recipe.network == NET_KMEANS ||
           s->recipe.network == NET_GMM;
}

bool session_is_classic(const struct session *s)
{
    return session_is_table(s) || s->recipe.network == NET_LOGISTIC || s->recipe.network == NET_SVM;
}

struct rows {
    struct classic_data d;
    uint32_t *row;
    uint16_t *label;
    float *weight;
};

static void rows_release(struct rows *r)
{
    free(r->row);
    free(r->label);
    free(r->weight);
}

// The windows of a split; of a mixture those of the first label alone, which is the normal state.
static int rows_make(struct rows *r, const struct session *s, enum split split, struct err *e)
{
    const struct windows *w = &s->windows;
    size_t count[WINDOWS_CLASSES_MAX] = {0}, used = 0;
    bool normal = s->recipe.task == TASK_ANOMALY;
    *r = (struct rows){0};
    r->row = calloc(w->count + 1, sizeof(*r->row));
    r->label = calloc(w->count + 1, sizeof(*r->label));
    r->weight = calloc(w->count + 1, sizeof(*r->weight));
    if (!r->row || !r->label || !r->weight) {
        return err_set(e, E_MEM, "out of memory");
    }
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (w->w[i].split == split && (!normal || w->w[i].label == 0)) {
            r->row[n] = (uint32_t)i;
            r->label[n++] = w->w[i].label;
            count[w->w[i].label]++;
        }
    }
    for (size_t c = 0; c < w->label.count; c++) {
        used += count[c] > 0;
    }
    bool weigh = s->recipe.balance != BALANCE_NONE && !normal;
    for (size_t i = 0; i < n; i++) {
        r->weight[i] = weigh ? (float)n / (float)(used * count[r->label[i]]) : 1;
    }
    r->d = (struct classic_data){.x = s->features.x,
                                 .row = r->row,
                                 .label = r->label,
                                 .weight = r->weight,
                                 .n = n,
                                 .features = s->features.count,
                                 .classes = w->label.count};
    return n ? OK
             : err_set(e, E_STATE, "no windows of the split '%s' to learn from", split_name(split));
}

static int learn_logistic(struct session *s, const struct classic_data *d, struct err *e)
{
    const struct layer *l = &s->net.layer[1];
    int rounds = 0;
    int rc = classic_logistic(d, s->recipe.penalty, s->net.param + l->w, s->net.param + l->b,
                              &rounds, e);
    s->fit.epochs = s->fit.best_epoch = rounds;
    return rc;
}

// Each machine's answer becomes a vote that is full beyond the margin and in proportion within:
// relu6(3 + 3 d) / 6.
static int learn_svm(struct session *s, const struct classic_data *d, struct err *e)
{
    const struct layer *a = &s->net.layer[1], *b = &s->net.layer[2];
    float *w = s->net.param + a->w, *bias = s->net.param + a->b, *vote = s->net.param + b->w,
          *base = s->net.param + b->b;
    size_t pairs = classic_pairs(d->classes), pair = 0;
    int rc = classic_svm(d, s->recipe.penalty, (uint64_t)s->o->seed, w, bias, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < a->w_len; i++) {
        w[i] *= 3;
    }
    for (size_t i = 0; i < pairs; i++) {
        bias[i] = 3 * bias[i] + 3;
    }
    memset(vote, 0, b->w_len * sizeof(*vote));
    memset(base, 0, b->b_len * sizeof(*base));
    for (size_t p = 0; p < d->classes; p++) {
        for (size_t q = p + 1; q < d->classes; q++, pair++) {
            vote[pair * d->classes + p] = VOTE_WEIGHT / 6;
            vote[pair * d->classes + q] = -VOTE_WEIGHT / 6;
            base[q] += VOTE_WEIGHT;
        }
    }
    return OK;
}

static int check_task(const struct session *s, struct err *e)
{
    const struct recipe *r = &s->recipe;
    bool mixture = r->network == NET_KMEANS || r->network == NET_GMM;
    if (mixture != (r->task == TASK_ANOMALY)) {
        return err_set(
            e, E_CONFLICT,
            mixture ? "[network] type kmeans and gmm are for [model] task = anomaly"
                    : "[network] type logistic, svm and forest are for [model] task = classify");
    }
    if (r->teacher[0] ||
        (session_is_table(s) &&
         (s->o->from || r->wide || r->squeeze_channels > 0 || r->squeeze_sparsity > 0 ||
          r->squeeze_clusters > 0 || r->squeeze_round))) {
        return err_set(e, E_CONFLICT,
                       "[squeeze], [teach], int16 activations and --from are for networks");
    }
    return OK;
}

int session_classic_learn(struct session *s, struct err *e)
{
    struct rows r;
    int64_t started = clock_mono_us();
    int rc = check_task(s, e);
    if (rc || session_is_table(s)) {
        s->net.kern = kern_best(); // named in the report
        return rc;
    }
    rc = rows_make(&r, s, SPLIT_TRAIN, e);
    if (rc == OK) {
        rc = s->recipe.network == NET_SVM ? learn_svm(s, &r.d, e) : learn_logistic(s, &r.d, e);
    }
    rows_release(&r);
    s->train_ms = (clock_mono_us() - started) / 1000;
    return rc;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// As for networks (session_learn.c): below it a right answer hardly falls.
static int forest_threshold(struct session *s, const struct classic_forest *f, const int8_t *code,
                            struct err *e)
{
    struct rows r;
    size_t right = 0;
    s->threshold = (float)s->recipe.threshold;
    if (s->threshold > 0 || !split_count(&s->windows, SPLIT_VALIDATE)) {
        s->threshold = s->threshold > 0 ? s->threshold : 0.5f;
        return OK;
    }
    int rc = rows_make(&r, s, SPLIT_VALIDATE, e);
    float *top = calloc(r.d.n + 1, sizeof(*top));
    rc = rc ? rc : top ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < r.d.n && rc == OK; i++) {
        float chance[CLASSIC_CLASSES_MAX];
        size_t best = 0;
        classic_forest_ask(f, code + (size_t)r.row[i] * f->features, chance);
        for (size_t c = 1; c < f->classes; c++) {
            best = chance[c] > chance[best] ? c : best;
        }
        if (best == r.label[i]) {
            top[right++] = chance[best];
        }
    }
    if (rc == OK) {
        qsort(top, right, sizeof(*top), by_value);
        float low = right ? top[(size_t)((1 - s->recipe.known_share) / 2 * (double)right)] : 0.5f;
        s->threshold = fminf(low * 0.95f, 0.6f);
    }
    free(top);
    rows_release(&r);
    return rc;
}

static int make_forest(struct session *s, const struct classic_data *d, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct classic_forest f = {0};
    struct classic_forest_options o = {.trees = (size_t)r->trees,
                                       .depth = (size_t)r->depth,
                                       .leaf = (size_t)r->leaf,
                                       .inputs = (size_t)r->inputs,
                                       .seed = (uint64_t)s->o->seed};
    float scale;
    int32_t zero;
    size_t values = s->windows.count * d->features;
    int8_t *code = malloc(values + 1);
    classic_input_scale(d, 0.999, 1, &scale, &zero);
    for (size_t i = 0; code && i < values; i++) {
        code[i] = classic_code(s->features.x[i], scale, zero);
    }
    int rc = code ? classic_forest_grow(d, code, &o, &f, e) : err_set(e, E_MEM, "out of memory");
    rc = rc ? rc : forest_threshold(s, &f, code, e);
    rc = rc ? rc : classic_forest_graph(&f, scale, zero, &s->graph, e);
    classic_forest_release(&f);
    free(code);
    return rc;
}

// The device's own scores of windows that are known to be normal; their quantile is the threshold.
static int mixture_threshold(struct session *s, float scale, int32_t zero, struct err *e)
{
    struct rows r;
    s->threshold = (float)s->recipe.threshold;
    if (s->threshold > 0) {
        return OK;
    }
    int rc = rows_make(&r, s,
                       split_count(&s->windows, SPLIT_VALIDATE) ? SPLIT_VALIDATE : SPLIT_TRAIN, e);
    struct quant_sim *sim = rc ? NULL : quant_sim_new(&s->graph, e);
    float *score = calloc(r.d.n + 1, sizeof(*score));
    int8_t *code = malloc(s->features.count + 1);
    const struct gtensor *out = &s->graph.t[s->graph.output];
    rc = rc ? rc : !sim ? e->code : score && code ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < r.d.n && rc == OK; i++) {
        for (size_t j = 0; j < s->features.count; j++) {
            code[j] = classic_code(classic_row(&r.d, i)[j], scale, zero);
        }
        const int8_t *y = quant_sim_run(sim, code);
        score[i] = (float)(*y - out->zero_point) * out->scale;
    }
    if (rc == OK) {
        qsort(score, r.d.n, sizeof(*score), by_value);
        s->threshold = score[(size_t)(s->recipe.known_share * (double)(r.d.n - 1))];
    }
    quant_sim_free(sim);
    free(score);
    free(code);
    rows_release(&r);
    return rc;
}

// Where scores lie: the best log-density, and how far below it normal windows go.
static int spread_of(const struct classic_data *d, const struct classic_mixture *m,
                     double *reference, double *span, struct err *e)
{
    float *v = calloc(d->n + 1, sizeof(*v));
    if (!v) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < d->n; i++) {
        v[i] = (float)classic_mixture_log(m, classic_row(d, i), NULL);
    }
    qsort(v, d->n, sizeof(*v), by_value);
    *reference = (double)v[d->n - 1];
    *span = fmax(3 * (*reference - (double)v[d->n / 200]), 1e-3);
    free(v);
    return OK;
}

static int make_mixture(struct session *s, const struct classic_data *d, struct err *e)
{
    const struct recipe *r = &s->recipe;
    struct classic_mixture m = {0};
    double reference = 0, span = 1;
    float scale;
    int32_t zero;
    uint64_t seed = (uint64_t)s->o->seed;
    bool kmeans = r->network == NET_KMEANS;
    classic_input_scale(d, 0.999, 1.5f, &scale, &zero);
    int rc = kmeans ? classic_kmeans(d, (size_t)r->components, seed, &m, e)
                    : classic_gaussians(d, (size_t)r->components, 0.05, seed, &m, e);
    for (size_t k = 0; kmeans && rc == OK && k < m.parts; k++) {
        m.share[k] = 1 / (float)m.parts; // distance alone counts
    }
    rc = rc ? rc : spread_of(d, &m, &reference, &span, e);
    rc = rc ? rc : classic_mixture_graph(&m, reference, span, scale, zero, &s->graph, e);
    classic_mixture_release(&m);
    return rc ? rc : mixture_threshold(s, scale, zero, e);
}

int session_table_make(struct session *s, struct err *e)
{
    struct rows r;
    int64_t started = clock_mono_us();
    int rc = rows_make(&r, s, SPLIT_TRAIN, e);
    if (rc == OK) {
        rc = s->recipe.network == NET_FOREST ? make_forest(s, &r.d, e) : make_mixture(s, &r.d, e);
    }
    rows_release(&r);
    s->train_ms = (clock_mono_us() - started) / 1000;
    return rc ? err_wrap(e, "train") : OK;
}
