// The state of everything at a glance, and the counters that tell a page that it is out of date.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_page.h"
#include "common/store/store_sample.h"
#include "common/store/store_task.h"

static int on_count(void *ctx, const char *name, int64_t count, int64_t extra)
{
    return json_array_append_new(ctx, json_pack("{s:o,s:I,s:I}", "name", api_text(name), "count",
                                                (json_int_t)count, "extra", (json_int_t)extra));
}

static int on_collector(void *ctx, const struct store_collector *c)
{
    return json_array_append_new(
        ctx, json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "id", api_text(c->id), "started_ms",
                       (json_int_t)c->started_ms, "alive_ms", (json_int_t)c->alive_ms, "blocks",
                       (json_int_t)c->blocks, "repeats", (json_int_t)c->repeats, "conflicts",
                       (json_int_t)c->conflicts, "refused", (json_int_t)c->refused, "last_error",
                       api_text(c->last_error)));
}

static json_t *counts_json(const struct store_overview *o)
{
    const struct {
        const char *name;
        int64_t value;
    } all[] = {
        {"devices", o->devices},
        {"devices_online", o->devices_online},
        {"devices_simulated", o->devices_simulated},
        {"recordings", o->recordings},
        {"recordings_labelled", o->recordings_labelled},
        {"recordings_uncertain", o->recordings_uncertain},
        {"recordings_simulated", o->recordings_simulated},
        {"queue", o->queue},
        {"blocks", o->blocks},
        {"sample_bytes", o->sample_bytes},
        {"recorded_us", o->recorded_us},
        {"conflicts", o->conflicts},
        {"dropped", o->dropped},
        {"regions", o->regions},
        {"label_events", o->label_events},
        {"classes", o->classes},
        {"people", o->people},
        {"events", o->events},
        {"events_uncertain", o->events_uncertain},
        {"models", o->models},
        {"releases", o->releases},
        {"rollouts_running", o->rollouts_running},
        {"datasets", o->datasets},
        {"outbox_pending", o->outbox_pending},
    };
    json_t *v = json_object();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        json_object_set_new(v, all[i].name, json_integer(all[i].value));
    }
    return v;
}

static json_t *count_all(struct lab *lab, struct err *e)
{
    struct store_overview o;
    json_t *streams = json_array(), *minutes = json_array(), *collectors = json_array();
    int rc = store_page_overview(lab->store, &o, e);
    rc = rc ? rc : store_page_by_stream(lab->store, on_count, streams, e);
    rc =
        rc ? rc : store_page_by_minute(lab->store, clock_wall_ms() - 3600000, on_count, minutes, e);
    rc = rc ? rc : store_collector_walk(lab->store, on_collector, collectors, e);
    if (rc) {
        json_decref(streams);
        json_decref(minutes);
        json_decref(collectors);
        return NULL;
    }
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:I}", "project", api_text(lab->project.conf.name),
                     "counts", counts_json(&o), "streams", streams, "minutes", minutes,
                     "collectors", collectors, "now_ms", (json_int_t)clock_wall_ms());
}

int api_overview(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *v = count_all(lab, e);
    return v ? api_answer(r, v, e) : e->code ? e->code : err_set(e, E_MEM, "out of memory");
}

json_t *api_changes_json(struct lab *lab, struct err *e)
{
    struct store_changes c;
    int64_t task;
    if (store_page_changes(lab->store, &c, e) || store_task_moves(lab->store, &task, e)) {
        return NULL;
    }
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "recording", (json_int_t)c.recording,
        "blocks", (json_int_t)c.blocks, "event", (json_int_t)c.event, "label_event",
        (json_int_t)c.label_event, "model", (json_int_t)c.model, "release", (json_int_t)c.release,
        "rollout_ms", (json_int_t)c.rollout_ms, "device_ms", (json_int_t)c.device_ms, "classes",
        (json_int_t)c.class_count, "command", (json_int_t)c.command, "task", (json_int_t)task);
}

int api_changes(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *v = api_changes_json(lab, e);
    return v ? api_answer(r, v, e) : e->code;
}

int api_stream(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    if (!lab->hold) {
        return err_set(e, E_BUSY, "no event stream here; poll /api/changes");
    }
    if (lab->hold(lab->hold_ctx, q->io)) {
        return err_set(e, E_BUSY, "too many event streams; poll /api/changes");
    }
    r->taken = true;
    return OK;
}
