// Curves. See judge_curves.h.
#include "trainer/judge_curves.h"
#include "common/err.h"
#include "trainer/windows.h"

#include <math.h>

#define BINS 15
#define THRESHOLDS 41

struct ranked {
    float score;
    bool own;
};

static int highest_first(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->score > y->score ? -1 : x->score < y->score;
}

static json_t *pair(double x, double y)
{
    return json_pack("[f,f]", x, y);
}

struct walk { // over windows from the highest score down
    json_t *roc, *pr;
    double own, other, hit, miss, area, precision_area;
    double x, y, precision; // of the last point
    double kept_x, kept_y;  // of the last one that was kept
};

static void keep(struct walk *w)
{
    json_array_append_new(w->roc, pair(w->x, w->y));
    json_array_append_new(w->pr, pair(w->y, w->precision));
    w->kept_x = w->x;
    w->kept_y = w->y;
}

static double far_from_kept(const struct walk *w, double x, double y)
{
    return fmax(fabs(x - w->kept_x), fabs(y - w->kept_y));
}

// Behind a run of equal scores: a point of both curves. Where it lies far from the last one that
// was kept, so is the one between them: a corner may not be cut off.
static void step(struct walk *w, bool last)
{
    double x = w->other > 0 ? w->miss / w->other : 0, y = w->own > 0 ? w->hit / w->own : 0;
    w->area += (x - w->x) * (y + w->y) / 2;
    if (far_from_kept(w, x, y) > CURVE_GRAIN && far_from_kept(w, w->x, w->y) > 0) {
        keep(w);
    }
    w->precision = w->hit / (w->hit + w->miss);
    w->precision_area +=
        (y - w->y) * w->precision; // average precision: no straight lines between points
    w->x = x;
    w->y = y;
    if (last || far_from_kept(w, x, y) > CURVE_GRAIN) {
        keep(w);
    }
}

static json_t *class_curves(const struct judge *j, size_t c, const char *name, struct ranked *r)
{
    struct walk w = {.roc = json_array(), .pr = json_array()};
    for (size_t i = 0; i < j->count; i++) {
        r[i] = (struct ranked){j->scores[i * j->classes + c], j->w[i].label == c};
        w.own += r[i].own;
    }
    w.other = (double)j->count - w.own;
    qsort(r, j->count, sizeof(*r), highest_first);
    json_array_append_new(w.roc, pair(0, 0));
    for (size_t i = 0; i < j->count; i++) {
        w.hit += r[i].own;
        w.miss += !r[i].own;
        if (i + 1 == j->count || r[i + 1].score < r[i].score) {
            step(&w, i + 1 == j->count);
        }
    }
    bool there = w.own > 0 && w.other > 0;
    return json_pack("{s:s, s:I, s:f, s:f, s:o, s:o}", "label", name, "windows", (json_int_t)w.own,
                     "roc_area", there ? w.area : -1.0, "average_precision",
                     there ? w.precision_area : -1.0, "roc", w.roc, "pr", w.pr);
}

static json_t *calibration(const struct judge *j)
{
    double score[BINS] = {0}, hit[BINS] = {0}, n[BINS] = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < j->count; i++) {
        int b = (int)(j->w[i].score * BINS);
        b = b < 0 ? 0 : b >= BINS ? BINS - 1 : b;
        score[b] += (double)j->w[i].score;
        hit[b] += j->w[i].answer == j->w[i].label;
        n[b]++;
    }
    for (int b = 0; b < BINS; b++) {
        if (n[b] > 0) {
            json_array_append_new(
                list, json_pack("[f,f,I]", score[b] / n[b], hit[b] / n[b], (json_int_t)n[b]));
        }
    }
    return list;
}

static json_t *thresholds(const struct judge *j)
{
    json_t *list = json_array();
    for (int t = 0; t < THRESHOLDS; t++) {
        double at = (double)t / (THRESHOLDS - 1), over = 0, right = 0;
        for (size_t i = 0; i < j->count; i++) {
            if ((double)j->w[i].score >= at) {
                over++;
                right += j->w[i].answer == j->w[i].label;
            }
        }
        if (over > 0) {
            json_array_append_new(list,
                                  json_pack("[f,f,f]", at, over / (double)j->count, right / over));
        }
    }
    return list;
}

struct group_score {
    double windows, right;
    size_t group;
};

static int worst_first(const void *a, const void *b)
{
    const struct group_score *x = a, *y = b;
    double p = x->right / fmax(x->windows, 1), q = y->right / fmax(y->windows, 1);
    return p < q ? -1 : p > q ? 1 : x->group < y->group ? -1 : x->group > y->group;
}

static json_t *all_groups(const struct judge *j, const struct name_list *group)
{
    json_t *list = json_array();
    struct group_score *g = calloc(group->count + 1, sizeof(*g));
    for (size_t i = 0; g && i < group->count; i++) {
        g[i].group = i;
    }
    for (size_t i = 0; g && i < j->count; i++) {
        g[j->w[i].group].windows++;
        g[j->w[i].group].right += j->w[i].answer == j->w[i].label;
    }
    if (g) {
        qsort(g, group->count, sizeof(*g), worst_first);
    }
    for (size_t i = 0; g && i < group->count; i++) {
        if (g[i].windows > 0) {
            json_array_append_new(
                list, json_pack("{s:s, s:I, s:f}", "group", group->name[g[i].group], "windows",
                                (json_int_t)g[i].windows, "accuracy", g[i].right / g[i].windows));
        }
    }
    free(g);
    return list;
}

json_t *judge_curves(const struct judge *j, const struct name_list *label,
                     const struct name_list *group)
{
    struct ranked *r = calloc(j->count + 1, sizeof(*r));
    if (!r) {
        return NULL;
    }
    json_t *classes = json_array();
    for (size_t c = 0; c < j->classes; c++) {
        json_array_append_new(classes, class_curves(j, c, label->name[c], r));
    }
    free(r);
    json_t *out =
        json_pack("{s:o, s:o, s:o, s:o}", "classes", classes, "calibration", calibration(j),
                  "thresholds", thresholds(j), "groups", all_groups(j, group));
    return out;
}

json_t *judge_compare(const struct judge *a, const struct judge *b)
{
    size_t n = a->count < b->count ? a->count : b->count, same = 0, only_a = 0, only_b = 0;
    double worst = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        bool ra = a->w[i].answer == a->w[i].label, rb = b->w[i].answer == b->w[i].label;
        same += a->w[i].answer == b->w[i].answer;
        only_a += ra && !rb;
        only_b += rb && !ra;
        for (size_t c = 0; c < a->classes; c++) {
            double d =
                fabs((double)a->scores[i * a->classes + c] - (double)b->scores[i * b->classes + c]);
            worst = fmax(worst, d);
            sum += d;
        }
    }
    double all = n ? (double)n : 1;
    return json_pack("{s:I, s:f, s:f, s:f, s:I, s:I}", "windows", (json_int_t)n, "same_class",
                     (double)same / all, "score_difference_max", worst, "score_difference_mean",
                     sum / (all * (double)(a->classes ? a->classes : 1)), "right_first_only",
                     (json_int_t)only_a, "right_second_only", (json_int_t)only_b);
}
