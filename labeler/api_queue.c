// What to label next.
#include "labeler/api.h"

#include "common/err.h"
#include "common/store/store_queue.h"
#include "common/store/store_sample.h"
#include "common/store/store_verdict.h"

static const struct {
    const char *name, *why;
    enum store_queue_by by;
} orders[] = {
    {"uncertain", "unsure", STORE_QUEUE_UNCERTAIN},
    {"disagreement", "model disagrees", STORE_QUEUE_DISAGREEMENT},
    {"unlabelled", "no label", STORE_QUEUE_UNLABELLED},
    {"novel", "unlike the training data", STORE_QUEUE_NOVEL},
    {"random", "by chance", STORE_QUEUE_RANDOM},
    {"balance", "of a rare label", STORE_QUEUE_BALANCE},
    {"marked", "marked as wrong", STORE_QUEUE_MARKED},
};

struct queue {
    struct lab *lab;
    json_t *items;
    const char *why;
    struct err *e;
};

static int on_item(void *ctx, const struct store_queue_item *i)
{
    struct queue *u = ctx;
    bool refused = false;
    int rc =
        *i->label ? store_verdict_refused(u->lab->store, i->rec_id, i->label, &refused, u->e) : OK;
    if (rc) {
        return rc;
    }
    json_t *proposal =
        *i->label && !refused
            ? json_pack("{s:o,s:f,s:f,s:o}", "label", api_text(i->label), "score", i->score,
                        "novelty", i->novelty, "model", api_text(i->model_digest))
            : json_null();
    return json_array_append_new(u->items, json_pack("{s:I,s:o,s:s}", "rec", (json_int_t)i->rec_id,
                                                     "proposal", proposal, "why", u->why));
}

static int on_recording(void *ctx, const struct store_recording *c)
{
    return json_object_set_new(ctx, "recording", api_recording_json(c));
}

int api_queue(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *by = lab_req_param(q, "by");
    int64_t seed = 0, limit = 50;
    size_t o = 0;
    while (by && o < ARRAY_LEN(orders) && strcmp(by, orders[o].name) != 0) {
        o++;
    }
    if (o == ARRAY_LEN(orders)) {
        return err_set(
            e, E_FORMAT,
            "'by' is uncertain, disagreement, unlabelled, novel, random, balance or marked");
    }
    struct queue u = {lab, json_array(), orders[o].why, e};
    int rc = lab_req_param_i64(q, "seed", 0, INT64_MAX, &seed, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, 500, &limit, e);
    rc = rc ? rc : store_queue_walk(lab->store, orders[o].by, seed, limit, on_item, &u, e);
    size_t i;
    json_t *item;
    json_array_foreach(u.items, i, item) {
        struct store_recording_filter f = {.rec_id =
                                               json_integer_value(json_object_get(item, "rec"))};
        rc = rc ? rc : store_recording_walk(lab->store, &f, on_recording, item, e);
    }
    if (rc) {
        json_decref(u.items);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "items", u.items), e);
}
