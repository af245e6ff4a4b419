// Models with their metrics, and the datasets they come from.
#include "labeler/api.h"

#include "common/err.h"
#include "common/io.h"
#include "common/store/store_dataset.h"
#include "common/store/store_model.h"
#include "common/store/store_page.h"

static json_t *accuracy(double v)
{
    return v < 0 ? json_null() : json_real(v);
}

static json_t *model_json(const struct store_model *m, bool whole)
{
    json_t *o = json_pack("{s:I,s:o,s:o,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "id",
                          (json_int_t)m->model_id, "digest", api_text(m->digest), "name",
                          api_text(m->name), "bytes", (json_int_t)m->bytes, "arena",
                          (json_int_t)m->arena, "seed", (json_int_t)m->seed, "created_ms",
                          (json_int_t)m->created_ms, "dataset", api_text(m->dataset), "program",
                          api_text(m->program), "parent", api_text(m->parent), "float_accuracy",
                          accuracy(m->float_accuracy), "int8_accuracy", accuracy(m->int8_accuracy));
    if (o && whole) {
        json_object_set_new(o, "recipe", api_text(m->recipe));
        json_object_set_new(o, "metrics", api_embedded(m->metrics));
    }
    return o;
}

static int on_model(void *ctx, const struct store_model *m)
{
    return json_array_append_new(ctx, model_json(m, false));
}

int api_models(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_model_walk(lab->store, on_model, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "models", list), e);
}

static int on_one(void *ctx, const struct store_model *m)
{
    *(json_t **)ctx = model_json(m, true);
    return OK;
}

int api_model(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    json_t *one = NULL;
    int rc = store_model_find(lab->store, q->arg[0], NULL, on_one, &one, e);
    return rc ? rc : api_answer(r, one, e);
}

static int copy_path(void *ctx, const struct store_model *m)
{
    (void)snprintf(ctx, IO_PATH_MAX / 2, "%s", m->path);
    return OK;
}

int api_model_file(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char name[IO_PATH_MAX / 2] = "", path[IO_PATH_MAX];
    int rc = store_model_find(lab->store, q->arg[0], NULL, copy_path, name, e);
    if (rc == OK && (name[0] == '/' || strstr(name, ".."))) {
        rc = err_set(e, E_REFUSED, "the model's file lies outside the project");
    }
    rc = rc ? rc : io_read_file(project_path(&lab->project, path, name), LAB_RAW_MAX, &r->body, e);
    if (rc) {
        return rc;
    }
    r->type = "application/octet-stream";
    return lab_res_header(r, "Content-Disposition", "attachment; filename=\"model.tflite\"");
}

static int on_dataset(void *ctx, const struct store_dataset *d)
{
    return json_array_append_new(
        ctx, json_pack("{s:I,s:o,s:o,s:o,s:I,s:I}", "id", (json_int_t)d->dataset_id, "digest",
                       api_text(d->digest), "name", api_text(d->name), "query", api_text(d->query),
                       "items", (json_int_t)d->items, "created_ms", (json_int_t)d->created_ms));
}

int api_datasets(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_dataset_walk(lab->store, on_dataset, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "datasets", list), e);
}

static int on_part(void *ctx, const char *label, const char *split, const char *grp, int64_t items)
{
    return json_array_append_new(ctx, json_pack("{s:o,s:o,s:o,s:I}", "label", api_text(label),
                                                "split", api_text(split), "group", api_text(grp),
                                                "items", (json_int_t)items));
}

int api_dataset(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    json_t *parts = json_array();
    int rc = store_page_dataset_parts(lab->store, q->arg[0], on_part, parts, e);
    if (rc) {
        json_decref(parts);
        return rc;
    }
    return api_answer(r, json_pack("{s:s,s:o}", "digest", q->arg[0], "parts", parts), e);
}
