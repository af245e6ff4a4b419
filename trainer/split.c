// Splitting by group. See split.h.
#include "trainer/split.h"
#include "common/err.h"
#include "trainer/rng.h"

#include <math.h>

#define DRAWS 200

size_t split_count(const struct windows *w, enum split s)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        n += w->w[i].split == s;
    }
    return n;
}

static int named(const struct windows *w, const char *list, enum split s, uint8_t *of,
                 struct err *e)
{
    char buf[RECIPE_TEXT], *word[RECIPE_LIST];
    size_t n = recipe_words(list, buf, word, RECIPE_LIST);
    for (size_t i = 0; i < n; i++) {
        int at = name_find(&w->group, word[i]);
        if (at < 0) {
            return err_set(e, E_NOT_FOUND, "no labelled recording belongs to group '%s'", word[i]);
        }
        of[at] = (uint8_t)s;
    }
    return OK;
}

// How many windows of classes, and classes at all, the split leaves out of training.
static size_t missing(const struct windows *w, const uint8_t *of)
{
    size_t missing = 0;
    for (size_t c = 0; c < w->label.count; c++) {
        bool seen = false;
        for (size_t i = 0; i < w->count && !seen; i++) {
            seen = w->w[i].label == c && of[w->w[i].group] == SPLIT_TRAIN;
        }
        missing += !seen && windows_learns(w, c);
    }
    return missing;
}

// Hands `count` of the groups that are still SPLIT_TRAIN to s, in the order drawn.
static void hand_out(const uint32_t *order, size_t groups, size_t count, enum split s, uint8_t *of)
{
    for (size_t i = 0; i < groups && count > 0; i++) {
        if (of[order[i]] == SPLIT_TRAIN) {
            of[order[i]] = (uint8_t)s;
            count--;
        }
    }
}

static size_t share(double part, size_t of)
{
    size_t n = (size_t)llround(part * (double)of);
    return part > 0 && n == 0 ? 1 : n;
}

struct drawn {
    uint64_t lot;
    uint32_t group;
};

static int by_lot(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    return x->lot < y->lot ? -1 : x->lot > y->lot;
}

// Every group's lot comes from its name, so that groups which join later hardly move the others.
static int draw_order(const struct windows *w, uint64_t seed, uint32_t *order, struct err *e)
{
    struct drawn *d = calloc(w->group.count, sizeof(*d));
    if (!d) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < w->group.count; i++) {
        uint64_t hash = 1469598103934665603u; // FNV-1a
        for (const char *p = w->group.name[i]; *p; p++) {
            hash = (hash ^ (uint8_t)*p) * 1099511628211u;
        }
        struct rng g;
        rng_seed(&g, hash, seed);
        d[i] = (struct drawn){rng_u64(&g), (uint32_t)i};
    }
    qsort(d, w->group.count, sizeof(*d), by_lot);
    for (size_t i = 0; i < w->group.count; i++) {
        order[i] = d[i].group;
    }
    free(d);
    return OK;
}

int split_given(struct windows *w, struct err *e)
{
    for (size_t i = 0; i < w->count; i++) {
        uint8_t s = w->w[i].split;
        // what is not learned from serves to judge by, and that in groups that were not learned from
        w->w[i].split = s == SPLIT_TEST || windows_learns(w, w->w[i].label) ? s : SPLIT_NONE;
    }
    for (size_t c = 0; c < w->label.count; c++) {
        bool seen = false;
        for (size_t i = 0; i < w->count && !seen; i++) {
            seen = w->w[i].label == c && w->w[i].split == SPLIT_TRAIN;
        }
        if (!seen && windows_learns(w, c)) {
            return err_set(
                e, E_STATE,
                "class '%s' has no training windows: only groups that are held out have it",
                w->label.name[c]);
        }
    }
    return OK;
}

// Gives every window its group's split.
static int apply(struct windows *w, const uint8_t *of, struct err *e)
{
    for (size_t i = 0; i < w->count; i++) {
        w->w[i].split = of[w->w[i].group];
    }
    return split_given(w, e);
}

int split_fold(struct windows *w, uint64_t seed, size_t fold, size_t folds, struct err *e)
{
    size_t groups = w->group.count, parts = folds ? folds : groups;
    uint8_t of[UINT16_MAX + 1];
    uint32_t order[UINT16_MAX + 1];
    size_t checks = share(w->r->validate, groups - groups / (parts ? parts : 1));
    if (groups < 2 || parts < 2 || parts > groups ||
        groups - (groups + parts - 1) / parts <= checks) {
        return err_set(e, E_STATE,
                       "%zu groups are too few for %zu folds: label recordings of more, or set "
                       "[data] group = recording",
                       groups, parts);
    }
    int rc = draw_order(w, seed, order, e);
    memset(of, SPLIT_TRAIN, sizeof(of));
    for (size_t i = fold; rc == OK && i < groups; i += parts) {
        of[order[i]] = SPLIT_TEST;
    }
    hand_out(order, rc == OK ? groups : 0, checks, SPLIT_VALIDATE, of);
    return rc ? rc : apply(w, of, e);
}

int split_windows(struct windows *w, uint64_t seed, struct err *e)
{
    const struct recipe *r = w->r;
    size_t groups = w->group.count;
    uint8_t fixed[UINT16_MAX + 1], of[UINT16_MAX + 1], best[UINT16_MAX + 1];
    memset(fixed, SPLIT_TRAIN, sizeof(fixed));
    int rc = named(w, r->validate_groups, SPLIT_VALIDATE, fixed, e);
    rc = rc ? rc : named(w, r->test_groups, SPLIT_TEST, fixed, e);
    if (rc) {
        return rc;
    }
    size_t tests = r->test_groups[0] ? 0 : share(r->test, groups);
    size_t checks = r->validate_groups[0] ? 0 : share(r->validate, groups);
    size_t free_groups = 0;
    for (size_t i = 0; i < groups; i++) {
        free_groups += fixed[i] == SPLIT_TRAIN;
    }
    if (tests + checks >= free_groups) {
        return err_set(e, E_STATE,
                       "%zu groups are too few for a split that keeps a %s on one side: label "
                       "recordings of more, "
                       "or set [data] group = recording",
                       groups,
                       r->group == GROUP_DEVICE      ? "device"
                       : r->group == GROUP_RECORDING ? "recording"
                                                     : "device or user");
    }
    uint32_t order[UINT16_MAX + 1];
    size_t least = SIZE_MAX;
    for (int draw = 0; draw < DRAWS && least > 0; draw++) {
        rc = draw_order(w, seed + (uint64_t)draw, order, e);
        if (rc) {
            return rc;
        }
        memcpy(of, fixed, sizeof(of));
        hand_out(order, groups, tests, SPLIT_TEST, of);
        hand_out(order, groups, checks, SPLIT_VALIDATE, of);
        size_t now = missing(w, of);
        if (now < least) {
            least = now;
            memcpy(best, of, sizeof(best));
        }
    }
    return apply(w, best, e);
}
