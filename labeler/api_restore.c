// Brings labels back to what they were: of one recording, or of all recordings of a dataset version. What is there
// now is overwritten by new events, so that a restore can be undone like everything else.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_dataset.h"
#include "common/store/store_restore.h"

#define RESTORE_MAX 20000
#define SHOWN_MAX 200

struct plan { // changes as members of a bulk request
    json_t *changes;
    struct err *e;
};

static int on_change(void *ctx, const struct store_region *g)
{
    struct plan *p = ctx;
    if (json_array_size(p->changes) == RESTORE_MAX) {
        return err_set(p->e, E_LIMIT, "more than %d labels would change: restore smaller parts",
                       RESTORE_MAX);
    }
    json_t *o = api_region_json(g);
    if (g->deleted) {
        json_object_set_new(o, "delete", json_true());
    }
    return json_array_append_new(p->changes, o);
}

static int undo_stored(void *ctx, const struct store_region *g)
{
    json_t *o = ctx;
    const char *region = *g->region ? g->region : "whole";
    if (strcmp(json_string_value(json_object_get(o, "region")), region) == 0) {
        json_t *was = api_region_json(g);
        json_object_clear(o);
        json_object_update(o, was);
        json_decref(was);
    }
    return OK;
}

static int apply_one(struct lab *lab, const struct lab_req *q, const json_t *c, json_t *undo,
                     struct err *e)
{
    struct store_region g = {0};
    const char *region = json_string_value(json_object_get(c, "region"));
    int64_t rec = json_integer_value(json_object_get(c, "rec")),
            version = json_integer_value(json_object_get(c, "version"));
    json_t *back =
        json_pack("{s:I,s:s,s:b}", "rec", (json_int_t)rec, "region", region, "delete", true);
    int rc = store_label_walk(lab->store, rec, undo_stored, back, e);
    bool drop = json_is_true(json_object_get(c, "delete"));
    if (rc == OK && !drop) {
        rc = api_region_read(c, q, &g, e);
        g.source = "human";
        g.model = "";
    }
    g.rec_id = rec;
    g.region = strcmp(region, "whole") == 0 ? "" : region;
    g.author = q->user;
    if (drop) {
        g.source = "human";
        g.model = g.label = "";
    }
    rc = rc     ? rc
         : drop ? store_label_delete(lab->store, &g, version, e)
                : store_label_set(lab->store, &g, version, e);
    json_object_set_new(back, "version", json_integer(g.version));
    json_array_append_new(undo, back);
    return rc;
}

static int apply(struct lab *lab, const struct lab_req *q, const json_t *changes, json_t *undo,
                 struct err *e)
{
    int rc = store_begin(lab->store, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < json_array_size(changes) && rc == OK; i++) {
        rc = apply_one(lab, q, json_array_get(changes, i), undo, e);
    }
    rc = rc ? rc : store_commit(lab->store, e);
    if (rc) {
        store_rollback(lab->store);
    }
    return rc;
}

static int restore(struct lab *lab, struct lab_req *q, struct lab_res *r, const char *digest,
                   int64_t rec, int64_t time_ms, struct err *e)
{
    bool dry = false;
    struct plan p = {json_array(), e};
    json_t *undo = json_array(), *shown = json_array();
    int rc = api_opt_bool(q->json, "dry", &dry, e);
    rc = rc ? rc : store_restore_walk(lab->store, digest, rec, time_ms, on_change, &p, e);
    rc = rc || dry ? rc : apply(lab, q, p.changes, undo, e);
    for (size_t i = 0; i < json_array_size(p.changes) && i < SHOWN_MAX; i++) {
        json_array_append(shown, json_array_get(p.changes, i));
    }
    json_t *v =
        json_pack("{s:I,s:b,s:I,s:o,s:o}", "time_ms", (json_int_t)time_ms, "dry", dry, "count",
                  (json_int_t)json_array_size(p.changes), "changes", shown, "undo", undo);
    json_decref(p.changes);
    if (rc) {
        json_decref(v);
        return rc;
    }
    return api_answer(r, v, e);
}

int api_recording_restore(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec, time_ms = 0;
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : jx_get_i64(q->json, "time_ms", 0, INT64_MAX, &time_ms, e);
    return rc ? rc : restore(lab, q, r, NULL, rec, time_ms, e);
}

struct found {
    const char *digest;
    int64_t created_ms;
};

static int on_dataset(void *ctx, const struct store_dataset *d)
{
    struct found *f = ctx;
    f->created_ms = strcmp(d->digest, f->digest) == 0 ? d->created_ms : f->created_ms;
    return OK;
}

int api_dataset_restore(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct found f = {.digest = q->arg[0]};
    int rc = store_dataset_walk(lab->store, on_dataset, &f, e);
    if (rc == OK && !f.created_ms) {
        rc = err_set(e, E_NOT_FOUND, "there is no dataset '%s'", q->arg[0]);
    }
    return rc ? rc : restore(lab, q, r, f.digest, 0, f.created_ms, e);
}
