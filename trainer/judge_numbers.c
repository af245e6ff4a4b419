// Measures of a model whose answers are numbers. See judge.h.
#include "trainer/judge.h"
#include "trainer/windows.h"

#include <math.h>

#define WORST 5 // groups reported

static double difference(const struct judged *w)
{
    return (double)w->score - (double)w->value;
}

double judge_mean_error(const struct judge *j)
{
    double sum = 0;
    for (size_t i = 0; i < j->count; i++) {
        sum += fabs(difference(&j->w[i]));
    }
    return j->count ? sum / (double)j->count : 0;
}

struct group_error {
    size_t windows;
    double sum;
    uint16_t group;
};

static int by_error(const void *a, const void *b)
{
    const struct group_error *x = a, *y = b;
    double p = x->windows ? x->sum / (double)x->windows : -1,
           q = y->windows ? y->sum / (double)y->windows : -1;
    return p > q ? -1 : p < q ? 1 : x->group < y->group ? -1 : 1;
}

static json_t *worst_groups(const struct judge *j, const struct name_list *group)
{
    json_t *list = json_array();
    struct group_error *g = calloc(group->count + 1, sizeof(*g));
    for (size_t i = 0; g && i < group->count; i++) {
        g[i].group = (uint16_t)i;
    }
    for (size_t i = 0; g && i < j->count; i++) {
        g[j->w[i].group].windows++;
        g[j->w[i].group].sum += fabs(difference(&j->w[i]));
    }
    if (g) {
        qsort(g, group->count, sizeof(*g), by_error);
    }
    for (size_t i = 0; g && i < group->count && i < WORST && g[i].windows; i++) {
        json_array_append_new(list, json_pack("{s:s, s:I, s:f}", "group", group->name[g[i].group],
                                              "windows", (json_int_t)g[i].windows, "mean_error",
                                              g[i].sum / (double)g[i].windows));
    }
    free(g);
    return list;
}

json_t *judge_numbers_json(const struct judge *j, const struct name_list *group)
{
    double n = j->count ? (double)j->count : 1, bias = 0, squares = 0, mean = 0, spread = 0, lo = 0,
           hi = 0;
    for (size_t i = 0; i < j->count; i++) {
        double v = (double)j->w[i].value;
        bias += difference(&j->w[i]) / n;
        squares += difference(&j->w[i]) * difference(&j->w[i]) / n;
        mean += v / n;
        lo = i == 0 || v < lo ? v : lo;
        hi = i == 0 || v > hi ? v : hi;
    }
    for (size_t i = 0; i < j->count; i++) {
        spread += ((double)j->w[i].value - mean) * ((double)j->w[i].value - mean) / n;
    }
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:[f,f], s:o}", "windows", (json_int_t)j->count,
                     "mean_error", judge_mean_error(j), "rms_error", sqrt(squares), "bias", bias,
                     "r2", spread > 0 ? 1 - squares / spread : 0.0, "range", lo, hi, "worst_groups",
                     worst_groups(j, group));
}
