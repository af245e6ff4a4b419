// What stays of a training: the report, files below models/, rows in the store.
#include "common/err.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/store/store_dataset.h"
#include "common/store/store_model.h"
#include "trainer/session_priv.h"

#include <limits.h>

struct parent {
    struct session *s;
    char path[IO_PATH_MAX];
};

static int on_parent(void *ctx, const struct store_model *m)
{
    struct parent *p = ctx;
    snprintf(p->s->parent, sizeof(p->s->parent), "%s", m->digest);
    snprintf(p->path, sizeof(p->path), "%s", m->path);
    return 0;
}

// The weights lie beside the model: models/DIGEST.weights for models/DIGEST.tflite.
int session_weights_path(char out[IO_PATH_MAX], const char *model, struct err *e)
{
    const char *dot = strrchr(model, '.');
    size_t stem = dot && strcmp(dot, ".tflite") == 0 ? (size_t)(dot - model) : strlen(model);
    if (stem + sizeof(".weights") > IO_PATH_MAX) {
        return err_set(e, E_LIMIT, "path is too long");
    }
    snprintf(out, IO_PATH_MAX, "%.*s.weights", (int)stem, model);
    return OK;
}

int session_find_parent(struct session *s, struct err *e)
{
    const char *from = s->o->from;
    char path[IO_PATH_MAX], weights[IO_PATH_MAX];
    struct parent p = {.s = s};
    if (strchr(from, '/') || strchr(from, '.')) {
        snprintf(path, sizeof(path), "%s", from);
        const char *slash = strrchr(from, '/');
        snprintf(s->parent, sizeof(s->parent), "%.64s", slash ? slash + 1 : from);
        char *dot = strchr(s->parent, '.');
        if (dot) {
            *dot = 0;
        }
    } else {
        const char *which = strcmp(from, "last") == 0 ? NULL : from;
        int rc = store_model_find(s->store, which, which ? NULL : s->recipe.name, on_parent, &p, e);
        if (rc) {
            return err_wrap(e, "--from %s", from);
        }
        (void)project_path(&s->project, path, p.path);
    }
    int rc = session_weights_path(weights, path, e);
    if (rc == OK) {
        int stem = (int)(strlen(weights) - strlen(".weights"));
        snprintf(s->parent_path, sizeof(s->parent_path), "%.*s.tflite", stem, weights);
    }
    rc = rc ? rc : weights_load(&s->from, weights, e);
    return rc ? err_wrap(e, "--from %s: its float weights", from) : OK;
}

static json_t *names(const struct name_list *l)
{
    json_t *a = json_array();
    for (size_t i = 0; i < l->count; i++) {
        json_array_append_new(a, json_string(l->name[i]));
    }
    return a;
}

static json_t *groups_of(const struct windows *w, enum split split)
{
    json_t *a = json_array();
    for (size_t g = 0; g < w->group.count; g++) {
        bool seen = false;
        for (size_t i = 0; i < w->count && !seen; i++) {
            seen = w->w[i].group == g && w->w[i].split == split;
        }
        if (seen) {
            json_array_append_new(a, json_string(w->group.name[g]));
        }
    }
    return a;
}

static json_t *data_part(const struct session *s)
{
    const struct windows *w = &s->windows;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I}", "groups",
                     (json_int_t)w->group.count, "windows", (json_int_t)w->count, "train",
                     (json_int_t)split_count(w, SPLIT_TRAIN), "validate",
                     (json_int_t)split_count(w, SPLIT_VALIDATE), "test",
                     (json_int_t)split_count(w, SPLIT_TEST), "train_groups",
                     groups_of(w, SPLIT_TRAIN), "validate_groups", groups_of(w, SPLIT_VALIDATE),
                     "test_groups", groups_of(w, SPLIT_TEST), "skipped_short",
                     (json_int_t)w->skipped_short, "skipped_label", (json_int_t)w->skipped_label);
}

static json_t *measures(const struct session *s, const struct judge *j)
{
    return s->recipe.task == TASK_DETECT    ? judge_cells_json(j, &s->windows.label)
           : s->recipe.task == TASK_REGRESS ? judge_numbers_json(j, &s->windows.group)
                                          : judge_json(j, &s->windows.label, &s->windows.group);
}

json_t *session_report(const struct session *s)
{
    const struct features *f = &s->features;
    bool judged =
        s->test_int8.count > 0 && s->recipe.task != TASK_REGRESS && s->recipe.task != TASK_DETECT;
    json_t *test = json_pack("{s:o, s:o}", "float", measures(s, &s->test_float), "int8",
                             measures(s, &s->test_int8));
    json_t *r =
        json_pack("{s:s, s:s, s:f, s:f, s:I, s:I, s:I, s:I, s:o, s:o}", "model", s->digest, "name",
                  s->recipe.name, "float_accuracy", judged ? judge_accuracy(&s->test_float) : -1.0,
                  "int8_accuracy", judged ? judge_accuracy(&s->test_int8) : -1.0, "bytes",
                  (json_int_t)s->int8_file.len, "arena", (json_int_t)ship_arena(s->runtime),
                  "parity_windows", (json_int_t)s->parity.windows, "parity_equal",
                  (json_int_t)s->parity.equal, "labels", names(&s->windows.label), "test", test);
    if (!r) {
        return NULL;
    }
    json_object_set_new(r, "dataset", json_string(s->dataset));
    json_object_set_new(r, "parent", json_string(s->parent));
    json_object_set_new(r, "patch", json_integer(s->patch));
    json_object_set_new(r, "seed", json_integer(s->o->seed));
    json_object_set_new(r, "data", data_part(s));
    json_object_set_new(r, "features", json_integer((json_int_t)f->count));
    json_object_set_new(r, "parameters", json_integer((json_int_t)s->net.params));
    json_object_set_new(r, "macs", json_integer((json_int_t)graph_macs(&s->graph)));
    json_object_set_new(r, "board", json_string(s->recipe.board));
    json_object_set_new(r, "ms", json_real(session_estimate_ms(s, &s->int8_file)));
    json_object_set_new(r, "check_loss", json_real(s->fit.check_loss));
    json_object_set_new(r, "threshold", json_real((double)s->threshold));
    json_object_set_new(r, "centroids", json_integer((json_int_t)s->novelty.count));
    json_object_set_new(r, "known_share", json_real(s->novelty.known));
    json_object_set_new(r, "epochs", json_integer(s->fit.epochs));
    json_object_set_new(r, "best_epoch", json_integer(s->fit.best_epoch));
    json_object_set_new(r, "curve", json_incref(s->curve));
    json_object_set_new(r, "teachers", json_integer(session_teachers(s)));
    json_object_set(r, "squeeze", s->steps);
    if (s->decision) {
        json_object_set(r, "decision", s->decision);
    }
    json_object_set_new(r, "kernels", json_string(s->net.kern->name));
    json_object_set_new(r, "features_cached", json_boolean(f->cached));
    json_object_set_new(r, "features_ms", json_integer(s->features_ms));
    json_object_set_new(r, "train_ms", json_integer(s->train_ms));
    json_object_set_new(r, "total_ms", json_integer(s->total_ms));
    return r;
}

static int write_file(const struct session *s, const char *ending, const void *data, size_t len,
                      struct err *e)
{
    char name[128], path[IO_PATH_MAX];
    snprintf(name, sizeof(name), "models/%s.%s", s->digest, ending);
    return io_write_atomic(project_path(&s->project, path, name), data, len, 0644, e);
}

static int write_files(struct session *s, const struct buf *metrics, struct err *e)
{
    char dir[IO_PATH_MAX];
    struct buf w;
    buf_init(&w, (size_t)1 << 30);
    int rc = io_mkdirs(project_path(&s->project, dir, "models"), 0755, e);
    bool table = session_is_table(s); // has none
    rc = rc || table ? rc
         : weights_put(&w, s->trained.layers ? &s->trained : &s->net, &s->features)
             ? err_set(e, E_MEM, "out of memory")
             : OK;
    rc = rc || table ? rc : write_file(s, "weights", w.data, w.len, e);
    rc = rc ? rc : write_file(s, "float.tflite", s->float_file.data, s->float_file.len, e);
    rc = rc ? rc : write_file(s, "json", metrics->data, metrics->len, e);
    rc = rc ? rc
            : write_file(s, "tflite", s->int8_file.data, s->int8_file.len,
                         e); // last: it makes the model exist
    buf_release(&w);
    return rc;
}

int session_keep(struct session *s, struct err *e)
{
    struct buf metrics = {0};
    char path[128];
    json_t *r = session_report(s);
    int rc = r && jx_write(r, &metrics) == OK ? OK : err_set(e, E_MEM, "out of memory");
    json_decref(r);
    rc = rc ? rc : write_files(s, &metrics, e);
    snprintf(path, sizeof(path), "models/%s.tflite", s->digest);
    struct store_model m = {.digest = s->digest,
                            .name = s->recipe.name,
                            .path = path,
                            .bytes = (int64_t)s->int8_file.len,
                            .arena = (int64_t)ship_arena(s->runtime),
                            .dataset = s->dataset,
                            .recipe = s->recipe.text,
                            .seed = s->o->seed,
                            .program = "moteloop-trainer " MOTELOOP_VERSION,
                            .parent = s->parent,
                            .metrics = metrics.data,
                            .float_accuracy = -1,
                            .int8_accuracy = -1};
    if (s->test_int8.count && s->recipe.task == TASK_CLASSIFY) {
        m.float_accuracy = judge_accuracy(&s->test_float);
        m.int8_accuracy = judge_accuracy(&s->test_int8);
    }
    rc = rc ? rc : store_model_put(s->store, &m, e);
    buf_release(&metrics);
    return rc ? err_wrap(e, "keep model") : OK;
}
