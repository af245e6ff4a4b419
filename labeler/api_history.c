// Who labelled what and when.
#include "labeler/api.h"

#include "common/store/store_label.h"

static int on_event(void *ctx, const struct store_region *g)
{
    return json_array_append_new(ctx, api_region_json(g));
}

static int answer(struct lab *lab, int64_t rec, int64_t limit, struct lab_res *r, struct err *e)
{
    json_t *list = json_array();
    int rc = store_label_history(lab->store, rec, limit, on_event, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "events", list), e);
}

int api_label_history(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    int rc = lab_req_id(q, 0, &id, e);
    return rc ? rc : answer(lab, id, 10000, r, e);
}

int api_history(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t limit = 200;
    int rc = lab_req_param_i64(q, "limit", 1, 2000, &limit, e);
    return rc ? rc : answer(lab, 0, limit, r, e);
}
