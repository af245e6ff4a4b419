// moteloop train: recipe to model.
#include "common/err.h"
#include "common/jx.h"
#include "trainer/cmd.h"
#include "trainer/cmd_folds.h"
#include "trainer/session.h"

struct train_opts {
    const char *project, *from, *test, *validate;
    int64_t seed, threads, folds;
    bool json, dry_run, each_group;
};
static const struct train_opts train_defaults = {.seed = 1};

static const struct opt train_options[] = {
    OPT_PROJECT(struct train_opts, project),
    {"from", "MODEL", "fine-tune this model: digest, its beginning, 'last', or a path", OPT_STR,
     offsetof(struct train_opts, from)},
    {"seed", "N", "seed of every random choice (default 1)", OPT_I64,
     offsetof(struct train_opts, seed)},
    {"threads", "N",
     "threads; the result does not depend on it (default: processors, at most lanes)", OPT_I64,
     offsetof(struct train_opts, threads)},
    {"test", "GROUPS", "groups to judge on, in place of the recipe's", OPT_STR,
     offsetof(struct train_opts, test)},
    {"validate", "GROUPS", "groups to watch, in place of the recipe's", OPT_STR,
     offsetof(struct train_opts, validate)},
    {"folds", "N", "train N times, every group in one of N tests; keeps nothing", OPT_I64,
     offsetof(struct train_opts, folds)},
    {"leave-one-out", NULL, "the same, a test for every group", OPT_FLAG,
     offsetof(struct train_opts, each_group)},
    {"dry-run", NULL, "train and judge, keep nothing", OPT_FLAG,
     offsetof(struct train_opts, dry_run)},
    OPT_JSON(struct train_opts, json),
    OPT_END};

static void print_classes(const json_t *int8)
{
    size_t i, j;
    json_t *c, *row, *n;
    const json_t *confusion = json_object_get(int8, "confusion");
    printf("%-16s %7s %9s %7s %6s   int8 confusion (row: truth)\n", "class", "windows", "precision",
           "recall", "f1");
    json_array_foreach(json_object_get(int8, "classes"), i, c) {
        printf("%-16.16s %7lld %9.3f %7.3f %6.3f  ", json_string_value(json_object_get(c, "label")),
               (long long)json_integer_value(json_object_get(c, "windows")),
               json_real_value(json_object_get(c, "precision")),
               json_real_value(json_object_get(c, "recall")),
               json_real_value(json_object_get(c, "f1")));
        row = json_array_get(confusion, i);
        json_array_foreach(row, j, n) {
            printf(" %5lld", (long long)json_integer_value(n));
        }
        printf("\n");
    }
}

static void print_squeezing(const json_t *steps)
{
    size_t i;
    json_t *s;
    if (json_array_size(steps) == 0) {
        return;
    }
    printf(
        "%-10s %8s %8s %8s %8s %10s %9s %6s %6s   squeezing, as int8 (times on a %s, estimated)\n",
        "after", "accuracy", "bytes", "payload", "arena", "macs", "ms", "zeros", "codes",
        json_string_value(json_object_get(json_array_get(steps, 0), "board")));
    json_array_foreach(steps, i, s) {
        double ms = json_real_value(json_object_get(s, "ms"));
        char time[24] = "-"; // no fitted cost of its operators
        if (ms >= 0) {
            snprintf(time, sizeof(time), "%.2f", ms);
        }
        double right = json_real_value(json_object_get(s, "accuracy"));
        char accuracy[24] = "-"; // only classifiers have one
        if (right >= 0) {
            snprintf(accuracy, sizeof(accuracy), "%.4f", right);
        }
        printf("%-10s %8s %8lld %8lld %8lld %10lld %9s %5.1f%% %6lld\n",
               json_string_value(json_object_get(s, "step")), accuracy,
               (long long)json_integer_value(json_object_get(s, "bytes")),
               (long long)json_integer_value(json_object_get(s, "payload")),
               (long long)json_integer_value(json_object_get(s, "arena")),
               (long long)json_integer_value(json_object_get(s, "macs")), time,
               100 * json_real_value(json_object_get(s, "zeros")),
               (long long)json_integer_value(json_object_get(s, "codes")));
    }
}

static void print_objects(const json_t *as_float, const json_t *int8)
{
    size_t i;
    json_t *c;
    printf("%-16s %7s %7s %9s %7s %6s   of int8\n", "object", "there", "found", "precision",
           "recall", "f1");
    json_array_foreach(json_object_get(int8, "classes"), i, c) {
        printf("%-16.16s %7lld %7lld %9.3f %7.3f %6.3f\n",
               json_string_value(json_object_get(c, "label")),
               (long long)json_integer_value(json_object_get(c, "objects")),
               (long long)json_integer_value(json_object_get(c, "found")),
               json_real_value(json_object_get(c, "precision")),
               json_real_value(json_object_get(c, "recall")),
               json_real_value(json_object_get(c, "f1")));
    }
    printf("objects: f1 of float %.4f, of int8 %.4f\n",
           json_real_value(json_object_get(as_float, "f1")),
           json_real_value(json_object_get(int8, "f1")));
}

static void print_accuracy(const json_t *r, const json_t *int8, const json_t *ci)
{
    printf("accuracy: float %.4f, int8 %.4f (95 %%: %.4f to %.4f), uncertain %.1f %%\n",
           json_real_value(json_object_get(r, "float_accuracy")),
           json_real_value(json_object_get(r, "int8_accuracy")),
           json_real_value(json_array_get(ci, 0)), json_real_value(json_array_get(ci, 1)),
           100 * json_real_value(json_object_get(int8, "uncertain")));
}

static void print_report(const json_t *r)
{
    const json_t *int8 = json_object_get(json_object_get(r, "test"), "int8"),
                 *ci = json_object_get(int8, "interval");
    const json_t *data = json_object_get(r, "data");
    printf("model %.12s '%s': %lld bytes, arena %lld, %lld parameters, %lld features, epoch %lld "
           "of %lld\n",
           json_string_value(json_object_get(r, "model")),
           json_string_value(json_object_get(r, "name")),
           (long long)json_integer_value(json_object_get(r, "bytes")),
           (long long)json_integer_value(json_object_get(r, "arena")),
           (long long)json_integer_value(json_object_get(r, "parameters")),
           (long long)json_integer_value(json_object_get(r, "features")),
           (long long)json_integer_value(json_object_get(r, "best_epoch")),
           (long long)json_integer_value(json_object_get(r, "epochs")));
    printf("windows: %lld train, %lld validate, %lld test of groups not trained on\n",
           (long long)json_integer_value(json_object_get(data, "train")),
           (long long)json_integer_value(json_object_get(data, "validate")),
           (long long)json_integer_value(json_object_get(data, "test")));
    print_squeezing(json_object_get(r, "squeeze"));
    if (json_object_get(int8, "mean_error")) {
        const json_t *f = json_object_get(json_object_get(r, "test"), "float");
        printf("mean error: float %.4g, int8 %.4g; of int8: root of squares %.4g, bias %.4g, r2 "
               "%.4f\n",
               json_real_value(json_object_get(f, "mean_error")),
               json_real_value(json_object_get(int8, "mean_error")),
               json_real_value(json_object_get(int8, "rms_error")),
               json_real_value(json_object_get(int8, "bias")),
               json_real_value(json_object_get(int8, "r2")));
    } else if (json_object_get(int8, "objects")) {
        print_objects(json_object_get(json_object_get(r, "test"), "float"), int8);
    } else {
        print_classes(int8);
        print_accuracy(r, int8, ci);
    }
    if (json_integer_value(json_object_get(r, "patch")) >= 0) {
        printf("patch: %lld bytes over the air to devices that run %.12s\n",
               (long long)json_integer_value(json_object_get(r, "patch")),
               json_string_value(json_object_get(r, "parent")));
    }
    printf("parity: %lld of %lld windows equal between trainer and device runtime\n",
           (long long)json_integer_value(json_object_get(r, "parity_equal")),
           (long long)json_integer_value(json_object_get(r, "parity_windows")));
    printf("time: features %.1f s%s, training %.1f s, all %.1f s\n",
           (double)json_integer_value(json_object_get(r, "features_ms")) / 1000,
           json_is_true(json_object_get(r, "features_cached")) ? " (kept from before)" : "",
           (double)json_integer_value(json_object_get(r, "train_ms")) / 1000,
           (double)json_integer_value(json_object_get(r, "total_ms")) / 1000);
}

static int run(void *options, int npos, char **pos)
{
    const struct train_opts *o = options;
    struct err e = {0};
    json_t *report = NULL;
    if (npos == 1 && (o->folds || o->each_group)) {
        struct folds_options f = {.recipe = pos[0],
                                  .project = o->project,
                                  .seed = o->seed,
                                  .threads = o->threads,
                                  .folds = o->each_group ? 0 : o->folds,
                                  .json = o->json};
        return cmd_folds(&f);
    }
    struct session_options s = {.recipe = npos == 1 ? pos[0] : NULL,
                                .project = o->project,
                                .from = o->from,
                                .test = o->test,
                                .validate = o->validate,
                                .seed = o->seed,
                                .threads = o->threads,
                                .register_model = !o->dry_run};
    int rc = npos == 1 ? session_train(&s, &report, &e)
                       : err_set(&e, E_USAGE, "name one recipe: moteloop train RECIPE");
    if (report && o->json) {
        jx_print(report);
    } else if (report) {
        print_report(report);
        json_decref(report);
    }
    if (rc) {
        fprintf(stderr, "moteloop train: %s\n", e.msg);
    }
    return err_exit_code(rc);
}

const struct opt_command cmd_train = {
    "train",
    "RECIPE",
    "a recipe to a model",
    "Cuts labelled windows from the store, trains, quantizes to int8, judges on groups (devices, "
    "users) that were not\n"
    "trained on, and registers the model: models/DIGEST.tflite, .float.tflite, .json and .weights. "
    "Exit code 3 where a\n"
    "gate or limit of the recipe refuses the model. The same data, recipe, seed and program give "
    "the same file.\n\n"
    "  moteloop train trainer/recipes/fan.recipe --project plant\n"
    "  moteloop train fan.recipe --from last --json\n"
    "  moteloop train fan.recipe --folds 5             how it does on every group, once\n",
    train_options,
    sizeof(struct train_opts),
    &train_defaults,
    run};
