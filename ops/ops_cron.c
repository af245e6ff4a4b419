// moteloop retrain and moteloop cron: a new model only where there is reason, gated against the one in
// the field, and the line that makes cron ask every day.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store_label.h"
#include "common/store/store_model.h"
#include "ops/ops_cmd.h"
#include "ops/ops_proc.h"

struct retrain_opts {
    const char *project;
    int64_t min_labels;
    double max_loss;
    bool ship, json;
};
static const struct retrain_opts retrain_defaults = {.min_labels = 20, .max_loss = 0.02};
static const struct opt retrain_options[] = {
    OPT_PROJECT(struct retrain_opts, project),
    {"min-labels", "N", "new label events since the last model that are reason enough (default 20)",
     OPT_I64, offsetof(struct retrain_opts, min_labels)},
    {"max-loss", "SHARE",
     "int8 accuracy that the new model may lose against the last (default 0.02)", OPT_F64,
     offsetof(struct retrain_opts, max_loss)},
    {"ship", NULL, "release and roll out what passes the gate", OPT_FLAG,
     offsetof(struct retrain_opts, ship)},
    OPT_JSON(struct retrain_opts, json),
    OPT_END};

struct field_model {
    char digest[STORE_DIGEST_TEXT];
    double accuracy;
    int64_t created_ms;
};

static int keep_model(void *ctx, const struct store_model *m)
{
    struct field_model *f = ctx;
    snprintf(f->digest, sizeof(f->digest), "%s", m->digest);
    f->accuracy = m->int8_accuracy;
    f->created_ms = m->created_ms;
    return 0;
}

struct counter {
    int64_t since_ms, count;
};
static int count_event(void *ctx, const struct store_region *r)
{
    struct counter *c = ctx;
    if (r->time_ms <= c->since_ms) {
        return 1; // newest first: the rest is older
    }
    c->count++;
    return 0;
}

static int look(struct store *s, const struct retrain_opts *o, struct field_model *last,
                int64_t *fresh, struct err *e)
{
    int rc = store_model_find(s, NULL, NULL, keep_model, last, e);
    if (rc == E_NOT_FOUND) {
        rc = OK; // the first model: every label is new
    }
    struct counter c = {.since_ms = last->created_ms};
    if (rc == OK) {
        rc = store_label_history(s, 0, o->min_labels, count_event, &c, e);
    }
    *fresh = c.count;
    return rc < 0 ? rc : OK;
}

static int ship(const struct project *p, const char *digest, struct err *e)
{
    struct buf out = {0};
    int rc = proc_run_ok((const char *[]){"moteloop-converter", "release", digest, "--project",
                                          p->dir, "--json", NULL},
                         &out, 600000, e);
    json_t *release = rc == OK ? jx_parse(out.data ? out.data : "", out.len, e) : NULL;
    int64_t id = 0;
    if (rc == OK) {
        rc = release ? jx_get_i64(release, "release", 1, INT64_MAX, &id, e) : e->code;
    }
    if (rc == OK) {
        char text[24];
        snprintf(text, sizeof(text), "%lld", (long long)id);
        rc = proc_run_ok((const char *[]){"moteloop-converter", "rollout", "start", text,
                                          "--project", p->dir, NULL},
                         NULL, 60000, e);
    }
    json_decref(release);
    buf_release(&out);
    return rc;
}

static int run(const struct retrain_opts *o, const char *recipe, json_t *report, struct err *e)
{
    static struct project p;
    struct store *s = NULL;
    struct field_model last = {.accuracy = -1};
    int64_t fresh = 0;
    int rc = project_open(&p, o->project, e);
    if (rc == OK) {
        rc = store_open(&s, p.dir, STORE_READ, e);
    }
    if (rc == OK) {
        rc = look(s, o, &last, &fresh, e);
    }
    store_close(s);
    if (rc) {
        return rc;
    }
    json_object_set_new(report, "new_labels", json_integer(fresh));
    if (fresh < o->min_labels) {
        return err_set(
            e, E_REFUSED,
            "nothing to do: %lld new labels since the last model, %lld are reason enough",
            (long long)fresh, (long long)o->min_labels);
    }
    struct buf out = {0};
    const char *train[] = {"moteloop-trainer",
                           "train",
                           recipe,
                           "--project",
                           p.dir,
                           "--json",
                           *last.digest ? "--from" : NULL,
                           last.digest,
                           NULL};
    rc = proc_run_ok(train, &out, 24LL * 3600 * 1000, e);
    json_t *made = rc == OK ? jx_parse(out.data ? out.data : "", out.len, e) : NULL;
    buf_release(&out);
    if (rc == OK && !made) {
        rc = e->code;
    }
    const char *digest = NULL;
    double accuracy = 0;
    if (rc == OK) {
        rc = jx_get_str(made, "model", 64, &digest, e);
    }
    if (rc == OK) {
        rc = jx_get_f64(made, "int8_accuracy", &accuracy, e);
    }
    if (rc == OK) {
        json_object_set_new(report, "model", json_string(digest));
        json_object_set_new(report, "int8_accuracy", json_real(accuracy));
        json_object_set_new(report, "last_int8_accuracy", json_real(last.accuracy));
        if (last.accuracy >= 0 && accuracy < last.accuracy - o->max_loss) {
            rc = err_set(e, E_REFUSED,
                         "gate: the new model reaches %.3f, the last one %.3f; nothing is released",
                         accuracy, last.accuracy);
        } else if (o->ship) {
            rc = ship(&p, digest, e);
        }
    }
    json_decref(made);
    return rc;
}

static int cmd_retrain(void *options, int npos, char **pos)
{
    const struct retrain_opts *o = options;
    struct err e = {0};
    json_t *report = json_object();
    int rc = npos == 1 ? run(o, pos[0], report, &e)
                       : err_set(&e, E_USAGE, "name the recipe: moteloop retrain RECIPE");
    if (rc == OK && o->json) {
        jx_print(json_incref(report));
    } else if (rc == OK) {
        printf("model %.12s: int8 accuracy %.3f%s\n",
               json_string_value(json_object_get(report, "model")),
               json_real_value(json_object_get(report, "int8_accuracy")),
               o->ship ? "; rollout started" : "");
    }
    json_decref(report);
    return rc ? ops_fail("retrain", &e) : 0;
}

const struct opt_command ops_retrain_command = {
    "retrain",
    "RECIPE",
    "train again where there is reason, gated against the last model",
    "For cron: exit code 0 a new model, 3 nothing to do or the gate refused, 1 failed. The new "
    "model is\n"
    "fine-tuned from the last one.\n\n"
    "  moteloop retrain fan.recipe --project /srv/plant --min-labels 50 --ship\n",
    retrain_options,
    sizeof(struct retrain_opts),
    &retrain_defaults,
    cmd_retrain};

struct cron_opts {
    const char *project;
    int64_t hour;
};
static const struct cron_opts cron_defaults = {.hour = 3};
static const struct opt cron_options[] = {
    OPT_PROJECT(struct cron_opts, project),
    {"hour", "N", "hour of the day (default 3)", OPT_I64, offsetof(struct cron_opts, hour)},
    OPT_END};

static int cmd_cron(void *options, int npos, char **pos)
{
    const struct cron_opts *o = options;
    struct err e = {0};
    static struct project p;
    char dir[IO_PATH_MAX];
    char *recipe = npos == 1 ? realpath(pos[0], NULL) : NULL;
    int rc = recipe ? project_open(&p, o->project, &e)
                    : err_set(&e, E_USAGE, "name a recipe that is there: moteloop cron RECIPE");
    if (rc == OK && (o->hour < 0 || o->hour > 23)) {
        rc = err_set(&e, E_USAGE, "--hour is 0 to 23");
    }
    if (rc == OK) {
        rc = io_program_dir(dir, sizeof(dir), &e);
    }
    if (rc == OK) {
        printf("# add with: moteloop cron RECIPE --project DIR | crontab -   (or append to what "
               "'crontab -l' prints)\n"
               "17 %lld * * * '%s/moteloop' retrain '%s' --project '%s' --ship "
               ">>'%s/run/retrain.log' 2>&1\n",
               (long long)o->hour, dir, recipe, p.dir, p.dir);
    }
    free(recipe);
    return rc ? ops_fail("cron", &e) : 0;
}

const struct opt_command ops_cron_command = {
    "cron",         "RECIPE",     "print the crontab line that retrains every day",
    NULL,           cron_options, sizeof(struct cron_opts),
    &cron_defaults, cmd_cron};
