// Windows of a split as the training loop wants its samples: inputs, targets, weights.
#include "common/err.h"
#include "trainer/augment.h"
#include "trainer/session_priv.h"

static void fill(void *ctx, int lane, uint32_t sample, uint64_t key, float *x)
{
    const struct sample_set *set = ctx;
    const struct features *f = &set->s->features;
    uint32_t at = set->window[sample];
    if (key && set->changed) {
        features_augmented(f, lane, &f->w->w[at], key, x);
    } else {
        memcpy(x, f->x + at * f->count, f->count * sizeof(float));
    }
}

// Every cell is nothing, but those in which the middle of a box lies.
static void grid_target(const struct session *s, uint32_t window, float *target)
{
    struct shape grid = net_output(&s->net);
    for (int i = 0; i < grid.h * grid.w; i++) {
        target[i * grid.c] = 1;
    }
    for (size_t i = 0; i < s->windows.boxes; i++) {
        const struct box *b = &s->windows.box[i];
        if (b->window == window) {
            int row = (int)((b->y + b->h / 2) * (float)grid.h),
                column = (int)((b->x + b->w / 2) * (float)grid.w);
            float *cell = target + (row * grid.w + column) * grid.c;
            memset(cell, 0, (size_t)grid.c * sizeof(float));
            cell[1 + b->label] = 1;
        }
    }
}

// An anomaly model gives its input back; a classifier's target is one class.
static int make_targets(struct sample_set *set, size_t outputs, struct err *e)
{
    const struct features *f = &set->s->features;
    set->target = calloc(set->data.n * outputs + 1, sizeof(float));
    if (!set->target) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < set->data.n; i++) {
        uint32_t at = set->window[i];
        if (set->s->recipe.task == TASK_ANOMALY) {
            memcpy(set->target + i * outputs, f->x + at * f->count, outputs * sizeof(float));
        } else if (set->s->recipe.task == TASK_DETECT) {
            grid_target(set->s, at, set->target + i * outputs);
        } else if (set->s->recipe.task == TASK_REGRESS) {
            set->target[i * outputs] =
                (f->w->w[at].value - set->s->number_mean) * set->s->number_gain;
        } else {
            set->target[i * outputs + f->w->w[at].label] = 1;
        }
    }
    return OK;
}

// Classes of different size weigh the same in sum, by weights or by how often they are drawn.
static int balance(struct sample_set *set, struct err *e)
{
    const struct windows *w = &set->s->windows;
    size_t count[WINDOWS_CLASSES_MAX] = {0}, used = 0;
    if (set->s->recipe.balance == BALANCE_NONE || set->s->recipe.task != TASK_CLASSIFY) {
        return OK;
    }
    float *share = calloc(set->data.n + 1, sizeof(*share));
    if (!share) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < set->data.n; i++) {
        count[w->w[set->window[i]].label]++;
    }
    for (size_t c = 0; c < w->label.count; c++) {
        used += count[c] > 0;
    }
    for (size_t i = 0; i < set->data.n; i++) {
        share[i] = (float)set->data.n / (float)(used * count[w->w[set->window[i]].label]);
    }
    if (set->s->recipe.balance == BALANCE_WEIGHTS) {
        set->data.weight = set->weight = share;
    } else {
        set->data.chance = set->chance = share;
    }
    return OK;
}

int sample_set_make(struct sample_set *set, struct session *s, enum split split, size_t most,
                    struct err *e)
{
    const struct windows *w = &s->windows;
    *set = (struct sample_set){.s = s};
    set->window = calloc(w->count + 1, sizeof(*set->window));
    if (!set->window) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->w[i].split == split) {
            set->window[set->data.n++] = (uint32_t)i;
        }
    }
    if (most && set->data.n > most) { // a fair choice of them
        struct rng g;
        rng_seed(&g, (uint64_t)s->o->seed, 300 + (uint64_t)split);
        rng_shuffle(&g, set->window, set->data.n);
        set->data.n = most;
    }
    set->data.ctx = set;
    set->data.fill = fill;
    set->changed = split == SPLIT_TRAIN &&
                   (augment_changes_window(&s->recipe) || augment_changes_features(&s->recipe));
    size_t outputs = shape_len(net_output(&s->net));
    int rc = make_targets(set, outputs, e);
    set->data.target = set->target;
    return rc ? rc : split == SPLIT_TRAIN ? balance(set, e) : OK;
}

void sample_set_release(struct sample_set *set)
{
    free(set->window);
    free(set->target);
    free(set->weight);
    free(set->chance);
    *set = (struct sample_set){0};
}
