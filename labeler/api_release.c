// Releases and rollouts: what was shipped, to whom, how far it got, and why not further.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_release.h"
#include "common/store/store_user.h"

static json_t *release_json(const struct store_release *x)
{
    return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:o,s:o,s:o,s:I,s:o}", "id",
                     (json_int_t)x->release_id, "seq", (json_int_t)x->seq, "name",
                     api_text(x->name), "manifest_digest", api_text(x->manifest_digest), "model",
                     api_text(x->model), "payload_digest", api_text(x->payload_digest),
                     "payload_bytes", (json_int_t)x->payload_bytes, "min_class",
                     (json_int_t)x->min_class, "arena", (json_int_t)x->arena, "ops",
                     api_text(x->ops), "stream", api_text(x->stream), "dsp_variant",
                     api_text(x->dsp_variant), "created_ms", (json_int_t)x->created_ms, "swept_ms",
                     api_time(x->swept_ms));
}

static int on_release(void *ctx, const struct store_release *x)
{
    return json_array_append_new(ctx, release_json(x));
}

int api_releases(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_release_walk(lab->store, on_release, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "releases", list), e);
}

static json_t *rollout_json(const struct store_rollout *o)
{
    return json_pack("{s:I,s:I,s:s,s:I,s:o,s:o,s:I,s:I}", "id", (json_int_t)o->rollout_id,
                     "release_id", (json_int_t)o->release_id, "state", o->state, "stage",
                     (json_int_t)o->stage, "policy", api_embedded(o->policy), "reason",
                     api_text(o->reason), "created_ms", (json_int_t)o->created_ms, "changed_ms",
                     (json_int_t)o->changed_ms);
}

static int on_rollout(void *ctx, const struct store_rollout *o)
{
    return json_array_append_new(ctx, rollout_json(o));
}

static int on_device(void *ctx, const struct store_rollout_device *d)
{
    return json_array_append_new(ctx, json_pack("{s:o,s:I,s:s,s:o,s:o,s:I}", "device",
                                                api_text(d->device), "stage", (json_int_t)d->stage,
                                                "state", d->state, "reason", api_text(d->reason),
                                                "offered_ms", api_time(d->offered_ms), "changed_ms",
                                                (json_int_t)d->changed_ms));
}

static int on_its_release(void *ctx, const struct store_release *x)
{
    *(json_t **)ctx = release_json(x);
    return OK;
}

// Adds the rollout's devices and its release.
static int fill(struct lab *lab, json_t *o, struct err *e)
{
    json_t *devices = json_array(), *release = NULL;
    char which[24];
    (void)snprintf(which, sizeof(which), "%lld",
                   (long long)json_integer_value(json_object_get(o, "release_id")));
    int rc = store_rollout_device_walk(lab->store, json_integer_value(json_object_get(o, "id")),
                                       on_device, devices, e);
    json_object_set_new(o, "devices", devices);
    rc = rc ? rc : store_release_find(lab->store, which, on_its_release, &release, e);
    json_object_set_new(o, "release", release ? release : json_null());
    return rc == E_NOT_FOUND ? OK : rc;
}

int api_rollouts(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array(), *o;
    int rc = store_rollout_walk(lab->store, NULL, on_rollout, list, e);
    size_t i;
    json_array_foreach(list, i, o) {
        rc = rc ? rc : fill(lab, o, e);
    }
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "rollouts", list), e);
}

static int on_one(void *ctx, const struct store_rollout *o)
{
    *(json_t **)ctx = rollout_json(o);
    return OK;
}

int api_rollout(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    json_t *one = NULL;
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : store_rollout_find(lab->store, id, on_one, &one, e);
    rc = rc ? rc : fill(lab, one, e);
    if (rc) {
        json_decref(one);
        return rc;
    }
    return api_answer(r, one, e);
}

struct change {
    const char *state, *reason;
    struct store_rollout row;
    char *policy;
};

static int on_change(void *ctx, const struct store_rollout *o)
{
    struct change *c = ctx;
    if (strcmp(o->state, "done") == 0 || strcmp(o->state, "aborted") == 0) {
        return E_STATE;
    }
    c->row = *o;
    c->row.policy = c->policy = strdup(o->policy);
    c->row.state = c->state;
    c->row.reason = c->reason;
    c->row.changed_ms = clock_wall_ms();
    return c->policy ? OK : E_MEM;
}

int api_rollout_state(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    struct change c = {.reason = ""};
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : jx_get_str(q->json, "state", 16, &c.state, e);
    rc = rc ? rc : api_opt_str(q->json, "reason", 200, &c.reason, e);
    if (rc == OK && strcmp(c.state, "running") && strcmp(c.state, "paused") &&
        strcmp(c.state, "aborted")) {
        rc = err_set(e, E_FORMAT, "'state' is running, paused or aborted");
    }
    rc = rc ? rc : store_begin(lab->store, e);
    if (rc) {
        return rc;
    }
    rc = store_rollout_find(lab->store, id, on_change, &c, e);
    if (rc == E_STATE) {
        err_set(e, E_STATE, "the rollout is over");
    }
    rc = rc ? rc : store_rollout_put(lab->store, &c.row, e);
    char line[120];
    (void)snprintf(line, sizeof(line), "rollout %lld set to %s", (long long)id, rc ? "" : c.state);
    rc = rc ? rc : store_audit(lab->store, q->user, line, e);
    rc = rc ? rc : store_commit(lab->store, e);
    free(c.policy);
    if (rc) {
        store_rollback(lab->store);
        return rc;
    }
    return api_rollout(lab, q, r, e);
}
