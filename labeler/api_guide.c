// Groups of labels, and recordings that show what a label is meant for.
#include "labeler/api.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_guide.h"
#include "common/store/store_sample.h"

#define GROUP_MAX 64

static int on_guide(void *ctx, const struct store_guide *g)
{
    json_t *labels = ctx;
    if (!json_object_get(labels, g->label)) {
        json_object_set_new(labels, g->label, json_pack("{s:s,s:[]}", "group", "", "examples"));
    }
    json_t *label = json_object_get(labels, g->label);
    if (!g->rec_id) {
        return json_object_set_new(label, "group", api_text(g->group));
    }
    return json_array_append_new(json_object_get(label, "examples"),
                                 json_pack("{s:I,s:o,s:o}", "rec", (json_int_t)g->rec_id, "note",
                                           api_text(g->note), "author", api_text(g->author)));
}

int api_guides(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *labels = json_object();
    int rc = store_guide_walk(lab->store, on_guide, labels, e);
    if (rc) {
        json_decref(labels);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "labels", labels), e);
}

int api_guide_group(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *group = NULL;
    int rc = jx_get_str(q->json, "group", GROUP_MAX, &group, e);
    if (rc == OK && !lab_text_ok(group, GROUP_MAX, false)) {
        rc = err_set(e, E_FORMAT, "a group's name has at most %d bytes and no control characters",
                     GROUP_MAX);
    }
    rc = rc ? rc : store_guide_set_group(lab->store, q->arg[0], group, e);
    return rc ? rc : api_answer(r, json_pack("{s:s,s:s}", "label", q->arg[0], "group", group), e);
}

int api_guide_example(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec, count = 0;
    bool remove = false;
    const char *note = "";
    int rc = lab_req_id(q, 1, &rec, e);
    rc = rc ? rc : api_check_label(q->arg[0], e);
    rc = rc ? rc : api_opt_str(q->json, "note", STORE_GUIDE_NOTE_MAX, &note, e);
    rc = rc ? rc : api_opt_bool(q->json, "remove", &remove, e);
    if (rc == OK && !lab_text_ok(note, STORE_GUIDE_NOTE_MAX, true)) {
        rc = err_set(e, E_FORMAT, "a note has no control characters");
    }
    struct store_recording_filter f = {.rec_id = rec};
    rc = rc ? rc : store_recording_count(lab->store, &f, &count, e);
    if (rc == OK && !count && !remove) {
        rc = err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)rec);
    }
    rc = rc ? rc
            : store_guide_put_example(lab->store, q->arg[0], rec, remove ? NULL : note, q->user, e);
    return rc ? rc
              : api_answer(r, json_pack("{s:s,s:I}", "label", q->arg[0], "rec", (json_int_t)rec),
                           e);
}
