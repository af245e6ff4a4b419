// moteloop eval: a finished model, float or int8, on data that was never in the project, or on a split of the project's.
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_model.h"
#include "trainer/cmd.h"
#include "trainer/judge_curves.h"
#include "trainer/report.h"
#include "trainer/ship.h"
#include "trainer/stream_eval.h"

#define MODEL_MAX ((size_t)64 << 20)

struct eval_opts {
    const char *project, *data, *map, *split, *windows, *report;
    double false_alarms;
    bool json;
};
static const struct eval_opts eval_defaults = {.false_alarms = 1};

static const struct opt eval_options[] = {
    {"data", "FOLDER", "labelled files to judge on (WAV, CSV, PNG; docs/formats/dataset.md)",
     OPT_STR, offsetof(struct eval_opts, data)},
    {"map", "FILE", "mapping file of the folder", OPT_STR, offsetof(struct eval_opts, map)},
    OPT_PROJECT(struct eval_opts, project),
    {"split", "NAME", "train, validation or test windows of the model's dataset (default: test)",
     OPT_STR, offsetof(struct eval_opts, split)},
    {"windows", "FILE", "write every window's answer as CSV", OPT_STR,
     offsetof(struct eval_opts, windows)},
    {"report", "FILE", "write an HTML page with plots; the figures are those of --json", OPT_STR,
     offsetof(struct eval_opts, report)},
    {"false-alarms", "N", "an hour that settings of a stream may cost (default 1)", OPT_F64,
     offsetof(struct eval_opts, false_alarms)},
    OPT_JSON(struct eval_opts, json),
    OPT_END};

struct eval { // one run
    const struct eval_opts *o;
    struct project project;
    struct store *store;
    struct recipe recipe; // what the model's pipeline says, as a recipe
    struct windows windows;
    char path[IO_PATH_MAX], float_path[IO_PATH_MAX], dataset[STORE_DIGEST_TEXT],
        digest[STORE_DIGEST_TEXT];
    size_t bad;
    char bad_text[300];
    struct judge judge[2]; // of the model that was named, and of the float one beside it
};

static int on_model(void *ctx, const struct store_model *m)
{
    struct eval *v = ctx;
    char rel[IO_PATH_MAX];
    snprintf(rel, sizeof(rel), "%s", m->path);
    (void)project_path(&v->project, v->path, rel);
    snprintf(v->dataset, sizeof(v->dataset), "%s", m->dataset ? m->dataset : "");
    return 0;
}

static int find_model(struct eval *v, const char *name, struct err *e)
{
    if (io_exists(name)) {
        snprintf(v->path, sizeof(v->path), "%s", name);
        if (v->o->data) {
            return OK; // needs no project
        }
    }
    int rc = project_open(&v->project, v->o->project, e);
    rc = rc ? rc : store_open(&v->store, v->project.dir, STORE_READ, e);
    if (rc || v->path[0]) {
        return rc;
    }
    return store_model_find(v->store, strcmp(name, "last") == 0 ? NULL : name, NULL, on_model, v,
                            e);
}

static void *load(const char *path, size_t *len, struct err *e)
{
    struct buf b;
    void *file = NULL;
    buf_init(&b, MODEL_MAX);
    if (io_read_file(path, MODEL_MAX, &b, e) == OK) {
        file = ship_aligned(b.data ? b.data : "", b.len);
        *len = b.len;
        if (!file) {
            err_set(e, E_MEM, "out of memory");
        }
    }
    buf_release(&b);
    return file;
}

// The float file that training writes beside an int8 model.
static bool float_beside(struct eval *v)
{
    const char *dot = strrchr(v->path, '.');
    if (!dot || strcmp(dot, ".tflite") != 0 ||
        (dot - v->path > 6 && strncmp(dot - 6, ".float", 6) == 0)) {
        return false;
    }
    snprintf(v->float_path, sizeof(v->float_path), "%.*s.float.tflite", (int)(dot - v->path),
             v->path);
    return io_exists(v->float_path);
}

static int recipe_of(struct eval *v, const struct mote_pipe_config *c, struct err *e)
{
    char text[256], label[MOTE_MAX_CLASSES][MOTE_NAME_MAX + 1];
    const char *name[MOTE_MAX_CLASSES];
    snprintf(text, sizeof(text),
             "[data]\nstream = %.*s\nwindow = %u frames\nstride = %u frames\npad = zero\n",
             (int)c->stream.len, c->stream.p, c->window, c->stride);
    int rc = recipe_parse(&v->recipe, "pipeline", text, strlen(text), e);
    if (rc) {
        return rc;
    }
    v->recipe.dsp = c->dsp;
    static const int64_t tasks[] = {[MOTE_TASK_CLASSIFY] = TASK_CLASSIFY,
                                    [MOTE_TASK_REGRESS] = TASK_REGRESS,
                                    [MOTE_TASK_ANOMALY] = TASK_ANOMALY,
                                    [MOTE_TASK_DETECT] = TASK_DETECT};
    v->recipe.task = tasks[c->task];
    // names are fixed by the model, and labels beside them are left out
    snprintf(v->recipe.labels, sizeof(v->recipe.labels), "model");
    windows_init(&v->windows, &v->recipe);
    for (unsigned i = 0; i < c->classes; i++) {
        snprintf(label[i], sizeof(label[i]), "%.*s", (int)c->label[i].len, c->label[i].p);
        name[i] = label[i];
    }
    return windows_set_labels(&v->windows, name, c->classes, e);
}

static int read_windows(struct eval *v, const struct mote_pipe_config *c, struct err *e)
{
    const char *split = v->o->split ? v->o->split : "test";
    int rc = recipe_of(v, c, e);
    if (rc == OK && v->o->data) {
        rc = windows_from_folder(&v->windows, v->o->data, v->o->map, &v->bad, v->bad_text,
                                 sizeof(v->bad_text), e);
    } else if (rc == OK && c->task == MOTE_TASK_DETECT) {
        rc = err_set(e, E_USAGE, "a detector is judged on files with boxes: give --data");
    } else if (rc == OK) {
        rc = v->dataset[0] ? windows_from_dataset(&v->windows, v->store, v->dataset, split, e)
                           : err_set(e, E_NOT_FOUND,
                                     "the project does not know this model's dataset: name its "
                                     "digest, or give --data");
    }
    if (rc == OK && v->windows.count == 0) {
        rc = err_set(e, E_NOT_FOUND,
                     "no windows: %llu labelled pieces are shorter than %u frames, %llu have "
                     "labels that the model "
                     "does not know",
                     (unsigned long long)v->windows.skipped_short, v->windows.window,
                     (unsigned long long)v->windows.skipped_label);
    }
    if (rc == OK && (v->windows.channels != c->channels || v->windows.window != c->window)) {
        rc = err_set(e, E_CONFLICT,
                     "the data has %u channels and windows of %u values, the model wants %u and %u",
                     v->windows.channels, v->windows.window, c->channels, c->window);
    }
    double rate = c->interval_ns ? (double)v->windows.interval_ns / (double)c->interval_ns : 1;
    if (rc == OK && (rate < 0.97 || rate > 1.03)) {
        rc = err_set(e, E_CONFLICT,
                     "the data has %.4g frames a second, the model was trained with %.4g",
                     1e9 / (double)v->windows.interval_ns, 1e9 / (double)c->interval_ns);
    }
    return rc;
}

// One line for every window: where it lies and what the model said. Of an anomaly model novelty is the distance by
// the threshold.
static int write_windows(const struct eval *v, const struct judge *j, struct err *e)
{
    const struct windows *w = &v->windows;
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    int rc = buf_printf(&b, "recording,group,frame,label,answer,score,novelty,uncertain\n");
    for (size_t i = 0; i < j->count && rc == OK; i++) {
        const struct judged *x = &j->w[i];
        char number[24];
        const char *label = w->label.name[x->label];
        if (v->recipe.task == TASK_REGRESS) {
            snprintf(number, sizeof(number), "%.9g", (double)x->value);
            label = number;
        }
        rc = buf_printf(&b, "%u,%s,%u,%s,%s,%.6g,%.6g,%d\n", x->recording, w->group.name[x->group],
                        w->w[i].frame, label, w->label.name[x->answer], (double)x->score,
                        (double)x->novelty, x->uncertain);
    }
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(v->o->windows, b.data, b.len, 0644, e);
    buf_release(&b);
    return rc ? err_wrap(e, "--windows") : OK;
}

static int judge_file(struct eval *v, struct ship_runtime *r, const char *what, bool first,
                      json_t *report, struct err *e)
{
    struct judge *own = &v->judge[first ? 0 : 1], j;
    struct parity none = {0};
    judge_init(&j, v->windows.label.count);
    int rc = ship_judge(r, &v->windows, SPLIT_NONE, NULL, NULL, &j, &none, e);
    if (rc == OK && v->recipe.task == TASK_REGRESS) {
        json_object_set_new(report, what, judge_numbers_json(&j, &v->windows.group));
        if (!v->o->json) {
            printf("%s\nmean error %.4g of %zu windows\n", what, judge_mean_error(&j), j.count);
        }
    } else if (rc == OK && v->recipe.task == TASK_DETECT) {
        json_t *objects = judge_cells_json(&j, &v->windows.label);
        if (!v->o->json) {
            printf("%s\nf1 %.4f of objects in %zu pictures\n", what,
                   json_real_value(json_object_get(objects, "f1")), j.count);
        }
        json_object_set_new(report, what, objects);
    } else if (rc == OK) {
        char key[32];
        snprintf(key, sizeof(key), "%s_accuracy", what);
        json_object_set_new(report, key, json_real(judge_accuracy(&j)));
        json_t *measures = judge_json(&j, &v->windows.label, &v->windows.group);
        json_object_set_new(measures, "curves",
                            judge_curves(&j, &v->windows.label, &v->windows.group));
        json_object_set_new(report, what, measures);
        if (!v->o->json) {
            double lo, hi;
            judge_interval(&j, &lo, &hi);
            printf("%s\n", what);
            judge_print(&j, &v->windows.label);
            printf("accuracy %.4f (95 %%: %.4f to %.4f) of %zu windows\n", judge_accuracy(&j), lo,
                   hi, j.count);
        }
    }
    if (rc == OK && v->o->windows && first) {
        rc = write_windows(v, &j, e);
    }
    *own = j;
    return rc;
}

// Whole recordings as a device would hear them; pictures are no stream.
static int judge_stream(struct eval *v, struct ship_runtime *r, json_t *report, struct err *e)
{
    const struct mote_pipe_config *c = ship_config(r);
    struct stream_track t = {0};
    if (c->task != MOTE_TASK_CLASSIFY || v->windows.width > 0) {
        return OK;
    }
    struct stream_point *grid = calloc(STREAM_GRID, sizeof(*grid));
    struct stream_point own = {
        .smooth = c->smooth, .suppress = c->suppress, .threshold = c->threshold};
    size_t count = 0, chosen = 0;
    int rc = grid ? stream_collect(&t, r, &v->windows, SPLIT_NONE, e)
                  : err_set(e, E_MEM, "out of memory");
    rc = rc ? rc : stream_measure(&t, c, &own, e);
    rc = rc ? rc : stream_choose(&t, c, v->o->false_alarms, grid, &count, &chosen, e);
    if (rc == OK) {
        json_t *front = json_array();
        for (size_t i = 0; i < count; i++) {
            if (grid[i].on_front) {
                json_array_append_new(front, stream_point_json(&grid[i]));
            }
        }
        json_object_set_new(report, "stream",
                            json_pack("{s:f, s:I, s:I, s:f, s:o, s:o, s:o}", "hours", t.hours,
                                      "events", (json_int_t)t.events, "windows",
                                      (json_int_t)t.windows, "allowed", v->o->false_alarms,
                                      "shipped", stream_point_json(&own), "chosen",
                                      stream_point_json(&grid[chosen]), "front", front));
        if (!v->o->json) {
            printf("stream: %.2f hours, %zu events; as shipped %.2f false alarms an hour, %.1f %% "
                   "missed, delay %.1f s\n",
                   t.hours, t.events, own.false_per_hour, 100 * own.missed, own.delay_s);
        }
    }
    stream_track_release(&t);
    free(grid);
    return rc;
}

static int write_report(const struct eval *v, const json_t *report, struct err *e)
{
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    int rc = v->recipe.task == TASK_REGRESS
                 ? err_set(e, E_USAGE, "a model of numbers has no curves; use --json")
                 : report_html(report, &b, e);
    rc = rc ? rc : io_write_atomic(v->o->report, b.data, b.len, 0644, e);
    buf_release(&b);
    return rc ? err_wrap(e, "--report") : OK;
}

static bool is_float(const struct ship_runtime *r)
{
    return ship_input_type(r) == MOTE_NN_F32;
}

static int run_all(struct eval *v, const char *model, json_t *report, struct err *e)
{
    size_t len = 0, float_len = 0;
    void *float_file = NULL;
    int rc = find_model(v, model, e);
    void *file = rc ? NULL : load(v->path, &len, e);
    struct ship_runtime *r = file ? ship_open(file, len, e) : NULL, *fr = NULL;
    rc = rc ? rc : r ? OK : e->code;
    if (rc == OK) {
        uint8_t digest[HEX_DIGEST_LEN];
        hex_sha256(digest, file, len);
        hex_encode(v->digest, digest, sizeof(digest));
        if (!v->dataset[0] && v->store &&
            store_model_find(v->store, v->digest, NULL, on_model, v, e) != OK) {
            v->dataset[0] = 0; // the project does not know it: read_windows says so
        }
        rc = read_windows(v, ship_config(r), e);
    }
    if (rc == OK) {
        json_object_set_new(report, "model", json_string(v->digest));
        json_object_set_new(report, "windows", json_integer((json_int_t)v->windows.count));
        json_object_set_new(report, "recordings", json_integer((json_int_t)v->windows.recordings));
        json_object_set_new(report, "skipped_label",
                            json_integer((json_int_t)v->windows.skipped_label));
        json_object_set_new(report, "bad_files", json_integer((json_int_t)v->bad));
        json_t *labels = json_array();
        for (size_t i = 0; i < v->windows.label.count; i++) {
            json_array_append_new(labels, json_string(v->windows.label.name[i]));
        }
        json_object_set_new(report, "labels", labels);
        rc = judge_file(v, r, is_float(r) ? "float" : "int8", true, report, e);
    }
    if (rc == OK && !is_float(r) && float_beside(v)) {
        float_file = load(v->float_path, &float_len, e);
        fr = float_file ? ship_open(float_file, float_len, e) : NULL;
        rc = fr ? judge_file(v, fr, "float", false, report, e) : e->code;
        if (rc == OK && v->recipe.task != TASK_REGRESS) {
            json_object_set_new(report, "int8_against_float",
                                judge_compare(&v->judge[0], &v->judge[1]));
        }
    }
    rc = rc ? rc : judge_stream(v, r, report, e);
    rc = rc || !v->o->report ? rc : write_report(v, report, e);
    ship_close(r);
    ship_close(fr);
    free(file);
    free(float_file);
    return rc;
}

static int run(void *options, int npos, char **pos)
{
    const struct eval_opts *o = options;
    struct err e = {0};
    struct eval *v = calloc(1, sizeof(*v));
    json_t *report = json_object();
    int rc = !v || !report ? err_set(&e, E_MEM, "out of memory")
             : npos == 1
                 ? OK
                 : err_set(&e, E_USAGE, "name one model: moteloop eval MODEL --data FOLDER");
    if (rc == OK) {
        v->o = o;
        rc = run_all(v, pos[0], report, &e);
    }
    if (rc == OK && o->json) {
        jx_print(json_incref(report));
    }
    if (v && v->bad) {
        fprintf(stderr, "moteloop eval: %zu files could not be read, the last: %s\n", v->bad,
                v->bad_text);
    }
    if (rc) {
        fprintf(stderr, "moteloop eval: %s\n", e.msg);
    }
    json_decref(report);
    if (v) {
        judge_release(&v->judge[0]);
        judge_release(&v->judge[1]);
        windows_release(&v->windows);
        recipe_release(&v->recipe);
        store_close(v->store);
        free(v);
    }
    return err_exit_code(rc);
}

const struct opt_command cmd_eval = {
    "eval",
    "MODEL",
    "measure a finished model on data it has not seen",
    "MODEL is a path or, in a project, a digest or 'last'. With --data, labelled files that need "
    "never have been in a project;\n"
    "otherwise a split of the model's own dataset. The model's pipeline says how windows are cut "
    "and features made; they\n"
    "go through the device runtime. A float model that lies beside an int8 one "
    "(DIGEST.float.tflite) is judged as well, and whole\n"
    "recordings as a stream of decisions: false alarms an hour, missed events, delay.\n\n"
    "  moteloop eval models/4f1c.tflite --data recordings --map recordings.map --json\n"
    "  moteloop eval last --project plant --split test --report report.html\n",
    eval_options,
    sizeof(struct eval_opts),
    &eval_defaults,
    run};
