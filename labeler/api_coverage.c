// How much of every label there is by device, user or condition, against the target that the project states.
#include "labeler/api.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_survey.h"
#include "labeler/lab_save.h"

#define TARGET "coverage.target"

static int on_cell(void *ctx, const struct store_survey_cell *c)
{
    return json_array_append_new(ctx, json_pack("{s:o,s:o,s:I,s:I}", "label", api_text(c->label),
                                                "group", api_text(c->group), "recordings",
                                                (json_int_t)c->recordings, "us",
                                                (json_int_t)c->labelled_us));
}

static int on_name(void *ctx, const char *name)
{
    return json_array_append_new(ctx, api_text(name));
}

static int read_target(struct lab *lab, json_t **out, struct err *e)
{
    char *text = NULL;
    int rc = store_setting_get(lab->store, TARGET, &text, e);
    *out = rc || !text ? json_null() : api_embedded(text);
    free(text);
    return rc;
}

// Counts what changed since somebody last looked. Saves go first between any two steps.
static int count_changes(struct lab *lab, struct err *e)
{
    int64_t chunk = -1;
    int rc;
    do {
        lab_save_alone();
        rc = store_survey_count(lab->store, &chunk, e);
        lab_save_done();
        if (rc == OK && chunk >= 0) {
            lab_save_pause();
        }
    } while (rc == OK && chunk >= 0);
    return rc;
}

int api_coverage(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *by = lab_req_param(q, "by"), *stream = lab_req_param(q, "stream");
    json_t *cells = json_array(), *groups = json_array(), *names = json_array(), *target = NULL;
    by = by && *by ? by : "device";
    stream = stream && *stream ? stream : NULL;
    int rc = store_survey_check_key(by, e);
    rc = rc ? rc : read_target(lab, &target, e);
    rc = rc ? rc : count_changes(lab, e);
    rc = rc ? rc : store_survey_coverage(lab->store, by, stream, on_cell, cells, e);
    rc = rc ? rc : store_survey_groups(lab->store, by, on_name, groups, e);
    rc = rc ? rc : store_survey_meta_names(lab->store, on_name, names, e);
    json_t *v =
        json_pack("{s:s,s:o,s:o,s:o,s:o}", "by", by, "target", target ? target : json_null(),
                  "cells", cells, "groups", groups, "meta", names);
    if (rc) {
        json_decref(v);
        return rc;
    }
    return api_answer(r, v, e);
}

int api_coverage_target(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct buf text = {0};
    const char *unit = "seconds", *by = "device";
    double each = 0;
    const json_t *labels = json_object_get(q->json, "labels");
    int rc = api_opt_str(q->json, "unit", 16, &unit, e);
    rc = rc ? rc : api_opt_str(q->json, "by", STORE_KEY_MAX, &by, e);
    rc = rc ? rc : store_survey_check_key(by, e);
    rc = rc ? rc : jx_get_f64(q->json, "each", &each, e);
    if (rc == OK && ((strcmp(unit, "seconds") != 0 && strcmp(unit, "recordings") != 0) ||
                     !(each >= 0 && each <= 1e9))) {
        rc = err_set(e, E_FORMAT, "'unit' is seconds or recordings, 'each' a number from 0");
    }
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)labels, key, v) {
        if (rc == OK &&
            (!(json_number_value(v) >= 0 && json_number_value(v) <= 1e9) || !json_is_number(v))) {
            rc = err_set(e, E_FORMAT, "'labels' gives labels a number of their own");
        }
        rc = rc ? rc : api_check_label(key, e);
    }
    if (rc) {
        return rc;
    }
    json_t *target = json_pack("{s:s,s:s,s:f,s:o}", "by", by, "unit", unit, "each", each, "labels",
                               labels ? json_incref((json_t *)(uintptr_t)labels) : json_object());
    rc = target && jx_write(target, &text) == OK
             ? store_setting_put(lab->store, TARGET, text.data, q->user, e)
             : err_set(e, E_MEM, "out of memory");
    buf_release(&text);
    if (rc) {
        json_decref(target);
        return rc;
    }
    return api_answer(r, target, e);
}
