// moteloop train --folds and --leave-one-out. See cmd_folds.h.
#include "trainer/cmd_folds.h"
#include "common/err.h"
#include "common/jx.h"
#include "trainer/session.h"

#include <math.h>

struct figures { // of one measure over the folds
    double sum, squares, lo, hi;
    int n;
};

static void add(struct figures *f, double v)
{
    f->lo = f->n == 0 || v < f->lo ? v : f->lo;
    f->hi = f->n == 0 || v > f->hi ? v : f->hi;
    f->sum += v;
    f->squares += v * v;
    f->n++;
}

static double mean(const struct figures *f)
{
    return f->n ? f->sum / f->n : 0;
}

static double deviation(const struct figures *f)
{
    double var = f->n > 1 ? (f->squares - f->sum * f->sum / f->n) / (f->n - 1) : 0;
    return var > 0 ? sqrt(var) : 0;
}

static json_t *figures_json(const struct figures *f)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "mean", mean(f), "deviation", deviation(f), "least",
                     f->lo, "most", f->hi);
}

// What a fold is judged by: accuracy, or of a regression the mean error.
static double measure(const json_t *report, const char *kind)
{
    const json_t *test = json_object_get(json_object_get(report, "test"), kind),
                 *error = json_object_get(test, "mean_error");
    return json_real_value(error ? error : json_object_get(test, "accuracy"));
}

static void print_groups(const json_t *groups)
{
    size_t i;
    json_t *g;
    json_array_foreach(groups, i, g) {
        printf("%s%s", i ? ", " : "", i < 8 ? json_string_value(g) : "...");
        if (i == 8) {
            break;
        }
    }
    printf("\n");
}

struct tally {
    struct figures as_float, as_int8;
    json_t *folds;
};

static void take(struct tally *t, const struct folds_options *o, const json_t *report)
{
    double f = measure(report, "float"), q = measure(report, "int8");
    const json_t *data = json_object_get(report, "data"),
                 *groups = json_object_get(data, "test_groups");
    add(&t->as_float, f);
    add(&t->as_int8, q);
    json_array_append_new(t->folds,
                          json_pack("{s:f, s:f, s:O, s:O}", "float", f, "int8", q, "windows",
                                    json_object_get(data, "test"), "groups", groups));
    if (!o->json) {
        printf("fold %2d  float %.4f  int8 %.4f  windows %6lld  ", t->as_int8.n, f, q,
               (long long)json_integer_value(json_object_get(data, "test")));
        print_groups(groups);
        fflush(stdout);
    }
}

static int all_folds(const struct folds_options *o, struct tally *t, struct err *e)
{
    int64_t folds =
        o->folds ? o->folds : 1; // of every group: the first report says how many there are
    if (o->folds < 0 || o->folds == 1 || o->folds > 1000) {
        return err_set(e, E_USAGE, "--folds is a number of 2 to 1000");
    }
    for (int64_t i = 0; i < folds; i++) {
        json_t *report = NULL;
        struct session_options s = {.recipe = o->recipe,
                                    .project = o->project,
                                    .seed = o->seed,
                                    .threads = o->threads,
                                    .in_folds = true,
                                    .fold = (size_t)i,
                                    .folds = (size_t)o->folds};
        int rc = session_train(&s, &report, e);
        if (rc && !report) {
            return err_wrap(e, "fold %lld", (long long)i + 1);
        }
        if (o->folds == 0) {
            folds = json_integer_value(json_object_get(json_object_get(report, "data"), "groups"));
        }
        take(t, o, report); // a gate that refuses one fold does not end the others
        json_decref(report);
    }
    return OK;
}

int cmd_folds(const struct folds_options *o)
{
    struct err e = {0};
    struct tally t = {.folds = json_array()};
    int rc = all_folds(o, &t, &e);
    if (rc == OK && o->json) {
        jx_print(json_pack("{s:o, s:o, s:O}", "float", figures_json(&t.as_float), "int8",
                           figures_json(&t.as_int8), "folds", t.folds));
    } else if (rc == OK) {
        printf("%d folds: float %.4f, int8 %.4f (deviation %.4f, %.4f to %.4f)\n", t.as_int8.n,
               mean(&t.as_float), mean(&t.as_int8), deviation(&t.as_int8), t.as_int8.lo,
               t.as_int8.hi);
    }
    json_decref(t.folds);
    if (rc) {
        fprintf(stderr, "moteloop train: %s\n", e.msg);
    }
    return err_exit_code(rc);
}
