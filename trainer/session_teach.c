// Knowledge distillation: earlier models of the project, one or an ensemble, teach the network that
// is trained.
//
// The teachers see what the network sees, augmentation included. With z the outputs, T the
// temperature and a the share, the loss is (1 - a) of the recipe's own plus a T^2 KL(mean of
// softmax(z_teacher / T) || softmax(z / T)) (Hinton et al., 2015). A teacher has the recipe's
// features and window, labels of the same names, and any network.
#include "common/err.h"
#include "common/store/store_dataset.h"
#include "common/store/store_model.h"
#include "trainer/session_priv.h"

#include <math.h>

#define TEACHERS_MAX 8

struct teacher {
    struct recipe recipe;
    struct weights weights;
    struct net net;
    struct lane lane[FIT_LANES_MAX];
    float *gain,
        *shift; // from this training's standardised features to the teacher's; NULL: the same
    int label[WINDOWS_CLASSES_MAX]; // the teacher's output for each of ours
};

struct session_teach {
    struct teacher *t[TEACHERS_MAX];
    int teachers, lanes, outputs;
    size_t features;
    float share, temperature;
    struct fit_hook hook;
};

struct found {
    char path[IO_PATH_MAX], dataset[STORE_DIGEST_TEXT];
    char *recipe;
};

static int on_found(void *ctx, const struct store_model *m)
{
    struct found *f = ctx;
    snprintf(f->path, sizeof(f->path), "%s", m->path);
    snprintf(f->dataset, sizeof(f->dataset), "%s", m->dataset ? m->dataset : "");
    f->recipe = m->recipe ? strdup(m->recipe) : NULL;
    return 0;
}

// Log-probabilities at a temperature are not needed: probabilities alone.
static void soften(const float *y, const int *label, int outputs, float temperature, float share,
                   float *p)
{
    float top = -INFINITY, sum = 0, e[WINDOWS_CLASSES_MAX];
    for (int j = 0; j < outputs; j++) {
        float v = y[label ? label[j] : j];
        top = v > top ? v : top;
    }
    for (int j = 0; j < outputs; j++) {
        e[j] = expf((y[label ? label[j] : j] - top) / temperature);
        sum += e[j];
    }
    for (int j = 0; j < outputs; j++) {
        p[j] += share * e[j] / sum;
    }
}

static void ask(const struct session_teach *s, struct teacher *t, int lane, const float *x, int n)
{
    struct lane *l = &t->lane[lane];
    size_t len = s->features;
    l->n = n;
    memcpy(l->y[0], x, (size_t)n * len * sizeof(float));
    for (size_t i = 0; t->gain && i < (size_t)n * len; i++) {
        l->y[0][i] = l->y[0][i] * t->gain[i % len] + t->shift[i % len];
    }
    net_forward(&t->net, l, false);
}

static double teach(void *ctx, int lane, const float *x, int n, const float *y, float *dy)
{
    struct session_teach *s = ctx;
    double loss = 0;
    for (int k = 0; k < s->teachers; k++) {
        ask(s, s->t[k], lane, x, n);
    }
    for (int i = 0; i < n; i++) {
        float want[WINDOWS_CLASSES_MAX] = {0}, have[WINDOWS_CLASSES_MAX] = {0};
        for (int k = 0; k < s->teachers; k++) {
            const struct teacher *t = s->t[k];
            size_t outputs = shape_len(net_output(&t->net));
            soften(t->lane[lane].y[t->net.layers - 1] + (size_t)i * outputs, t->label, s->outputs,
                   s->temperature, 1 / (float)s->teachers, want);
        }
        soften(y + (size_t)i * (size_t)s->outputs, NULL, s->outputs, s->temperature, 1, have);
        for (int j = 0; j < s->outputs; j++) {
            float *d = &dy[(size_t)i * (size_t)s->outputs + (size_t)j];
            *d = (1 - s->share) * *d + s->share * s->temperature * (have[j] - want[j]);
            loss += want[j] > 0 ? (double)(s->share * s->temperature * s->temperature * want[j] *
                                           logf(want[j] / (have[j] + 1e-12f)))
                                : 0;
        }
    }
    return loss;
}

static int same_input(const struct session *s, const struct teacher *t, const char *word,
                      struct err *e)
{
    const struct recipe *a = &s->recipe, *b = &t->recipe;
    struct mote_dsp_config theirs = b->dsp;
    theirs.width = a->dsp.width;
    theirs.height = a->dsp.height;
    bool same_window = recipe_frames(&a->window, s->windows.interval_ns) ==
                       recipe_frames(&b->window, s->windows.interval_ns);
    if (a->task != TASK_CLASSIFY || b->task != TASK_CLASSIFY) {
        return err_set(e, E_CONFLICT, "[teach] teacher '%s': only classifiers teach classifiers",
                       word);
    }
    if (!same_window || memcmp(&a->dsp, &theirs, sizeof(theirs)) != 0) {
        return err_set(e, E_CONFLICT,
                       "[teach] teacher '%s' has other features or windows than this recipe", word);
    }
    if (t->weights.features != 0 && t->weights.features != s->features.count) {
        return err_set(e, E_CONFLICT, "[teach] teacher '%s' has %zu features, the recipe gives %zu",
                       word, t->weights.features, s->features.count);
    }
    return OK;
}

static int map_labels(const struct session *s, struct teacher *t, const char *word, struct err *e)
{
    for (size_t c = 0; c < s->windows.label.count; c++) {
        t->label[c] = name_find(&t->weights.label, s->windows.label.name[c]);
        if (t->label[c] < 0) {
            return err_set(e, E_CONFLICT, "[teach] teacher '%s' does not know the label '%s'", word,
                           s->windows.label.name[c]);
        }
    }
    return OK;
}

// x' = (raw - offset) * gain on either side.
static int map_features(const struct session *s, struct teacher *t, struct err *e)
{
    const struct features *f = &s->features;
    if (!f->offset && t->weights.features == 0) {
        return OK;
    }
    t->gain = calloc(2 * f->count + 1, sizeof(float));
    if (!t->gain) {
        return err_set(e, E_MEM, "out of memory");
    }
    t->shift = t->gain + f->count;
    for (size_t i = 0; i < f->count; i++) {
        float gain = f->offset ? f->gain[i] : 1, offset = f->offset ? f->offset[i] : 0;
        float their_gain = t->weights.features ? t->weights.gain[i] : 1,
              their_offset = t->weights.features ? t->weights.offset[i] : 0;
        t->gain[i] = gain != 0 ? their_gain / gain : 0;
        t->shift[i] = (offset - their_offset) * their_gain;
    }
    return OK;
}

static int build(const struct session *s, struct teacher *t, const char *word, int lanes, int batch,
                 struct err *e)
{
    struct rng g;
    rng_seed(&g, 1, 1);
    int rc = same_input(s, t, word, e);
    rc = rc ? rc : map_labels(s, t, word, e);
    rc = rc ? rc : map_features(s, t, e);
    rc = rc ? rc : net_init(&t->net, arch_input(&t->recipe, s->features.shape), kern_best(), e);
    rc = rc ? rc : arch_build(&t->net, &t->recipe, (int)t->weights.label.count, e);
    rc = rc ? rc : net_start(&t->net, &g, e);
    rc = rc ? rc : weights_apply(&t->weights, &t->net, e);
    for (int j = 0; j < lanes && rc == OK; j++) {
        rc = lane_init(&t->lane[j], &t->net, (batch + lanes - 1) / lanes, false, e);
    }
    return rc;
}

struct leak {
    const bool *judged; // groups: whether this run is judged on one
    const struct name_list *group;
    int found;
};

static int on_item(void *ctx, const struct store_dataset_item *i)
{
    struct leak *l = ctx;
    int at =
        i->grp && strcmp(i->split, split_name(SPLIT_TEST)) != 0 ? name_find(l->group, i->grp) : -1;
    l->found = at >= 0 && l->judged[at] ? at : l->found;
    return l->found >= 0;
}

// What a teacher learned by heart about the test groups would come out as accuracy.
static int no_leak(const struct session *s, const char *dataset, const char *word, struct err *e)
{
    const struct windows *w = &s->windows;
    bool *judged = calloc(w->group.count + 1, sizeof(*judged));
    struct leak l = {judged, &w->group, -1};
    if (!judged) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < w->count; i++) {
        judged[w->w[i].group] |= w->w[i].split == SPLIT_TEST;
    }
    int rc = dataset[0] ? store_dataset_items(s->store, dataset, NULL, on_item, &l, e) : OK;
    if (l.found >= 0) {
        rc = err_set(e, E_CONFLICT,
                     "[teach] teacher '%s' was trained on '%s', which this run is judged on: train "
                     "both with the "
                     "same --seed or --test",
                     word, w->group.name[l.found]);
    }
    free(judged);
    return rc;
}

static int add_teacher(struct session_teach *h, const struct session *s, const char *word,
                       int lanes, int batch, struct err *e)
{
    struct found f = {.recipe = NULL};
    char path[IO_PATH_MAX], weights[IO_PATH_MAX];
    struct teacher *t = calloc(1, sizeof(*t));
    if (!t) {
        return err_set(e, E_MEM, "out of memory");
    }
    h->t[h->teachers++] = t;
    bool digest = strspn(word, "0123456789abcdef") == strlen(word) && strlen(word) >= 4;
    int rc =
        store_model_find(s->store, digest ? word : NULL, digest ? NULL : word, on_found, &f, e);
    rc = rc ? rc : session_weights_path(weights, project_path(&s->project, path, f.path), e);
    rc = rc ? rc : weights_load(&t->weights, weights, e);
    if (rc == OK) {
        rc = f.recipe ? recipe_parse(&t->recipe, word, f.recipe, strlen(f.recipe), e)
                      : err_set(e, E_NOT_FOUND, "the store keeps no recipe of it");
    }
    rc = rc ? err_wrap(e, "[teach] teacher '%s'", word) : no_leak(s, f.dataset, word, e);
    rc = rc ? rc : build(s, t, word, lanes, batch, e);
    free(f.recipe);
    return rc;
}

int session_teach_start(struct session *s, int lanes, int batch, struct err *e)
{
    char words[RECIPE_TEXT], *word[TEACHERS_MAX + 1];
    size_t count = recipe_words(s->recipe.teacher, words, word, TEACHERS_MAX + 1);
    if (count == 0) {
        return OK;
    }
    if (count > TEACHERS_MAX) {
        return err_set(e, E_LIMIT, "[teach] teacher: at most %d models", TEACHERS_MAX);
    }
    if (s->recipe.mixup > 0) {
        return err_set(e, E_CONFLICT,
                       "[teach] and [train] mixup exclude each other: a teacher answers for one "
                       "window at a time");
    }
    struct session_teach *h = calloc(1, sizeof(*h));
    if (!h) {
        return err_set(e, E_MEM, "out of memory");
    }
    s->teach = h;
    h->lanes = lanes;
    h->outputs = (int)s->windows.label.count;
    h->features = s->features.count;
    h->share = (float)s->recipe.teach_share;
    h->temperature = (float)s->recipe.teach_temperature;
    h->hook = (struct fit_hook){.teach_ctx = h, .teach = teach};
    int rc = OK;
    for (size_t i = 0; i < count && rc == OK; i++) {
        rc = add_teacher(h, s, word[i], lanes, batch, e);
    }
    return rc;
}

const struct fit_hook *session_teach_hook(const struct session *s)
{
    return s->teach ? &s->teach->hook : NULL;
}

int session_teachers(const struct session *s)
{
    return s->teach ? s->teach->teachers : 0;
}

void session_teach_end(struct session *s)
{
    for (int k = 0; s->teach && k < s->teach->teachers; k++) {
        struct teacher *t = s->teach->t[k];
        for (int j = 0; j < s->teach->lanes; j++) {
            lane_release(&t->lane[j]);
        }
        net_release(&t->net);
        weights_release(&t->weights);
        recipe_release(&t->recipe);
        free(t->gain);
        free(t);
    }
    free(s->teach);
    s->teach = NULL;
}
