// Devices: their descriptor and state, commands to them, and what they classified.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "common/store/store_page.h"
#include "common/store/store_sample.h"
#include "firmware/core/mote_config.h"

#define COMMAND_LIFE_MS 60000

static json_t *device_json(const struct store_device *d)
{
    json_t *release =
        json_pack("{s:o,s:I,s:o,s:o,s:I,s:o,s:I,s:I}", "state", api_text(d->rel_state), "seq",
                  (json_int_t)d->rel_seq, "manifest", api_text(d->rel_manifest), "reason",
                  api_text(d->rel_reason), "active_seq", (json_int_t)d->active_seq, "active_model",
                  api_text(d->active_model), "fetched", (json_int_t)d->fetched, "total",
                  (json_int_t)d->total);
    json_t *o = json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", api_text(d->id),
        "name", api_text(d->name), "group", api_text(d->grp), "created_ms", api_time(d->created_ms),
        "removed_ms", api_time(d->removed_ms), "online", d->online, "simulated", d->simulated,
        "board", api_text(d->board), "isa", api_text(d->isa), "runtime", api_text(d->runtime),
        "ops", api_text(d->ops), "dsp_variant", api_text(d->dsp_variant), "model",
        api_text(d->model), "model_digest", api_text(d->model_digest), "status_reason",
        api_text(d->status_reason), "release", release);
    json_t *more =
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "ram", (json_int_t)d->ram, "arena",
                  (json_int_t)d->arena, "slots", (json_int_t)d->slots, "slot_bytes",
                  (json_int_t)d->slot_bytes, "class", (json_int_t)d->device_class, "boot_count",
                  (json_int_t)d->boot_count, "hello_ms", api_time(d->hello_ms), "status_ms",
                  api_time(d->status_ms), "reported_ms", api_time(d->reported_ms), "last_data_ms",
                  api_time(d->last_data_ms));
    if (o && more) {
        (void)json_object_update(o, more);
    }
    json_decref(more);
    return o;
}

static int on_device(void *ctx, const struct store_device *d)
{
    return json_array_append_new(ctx, device_json(d));
}

// Puts the latest health report of each device into the list.
static int add_health(struct lab *lab, json_t *list, struct err *e)
{
    size_t i;
    json_t *d;
    json_array_foreach(list, i, d) {
        char text[4096] = "";
        int rc = store_health_last(lab->store, json_string_value(json_object_get(d, "id")), text,
                                   sizeof(text), e);
        if (rc && rc != E_NOT_FOUND) {
            return rc;
        }
        json_object_set_new(d, "health", *text ? api_embedded(text) : json_null());
    }
    return OK;
}

int api_devices(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_device_walk(lab->store, NULL, on_device, list, e);
    rc = rc ? rc : add_health(lab, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "devices", list), e);
}

static int on_command(void *ctx, const struct store_command *c)
{
    return json_array_append_new(
        ctx,
        json_pack("{s:I,s:s,s:o,s:o,s:I,s:o,s:I,s:o,s:I,s:o}", "id", (json_int_t)c->command_id,
                  "kind", c->kind, "stream", api_text(c->stream), "label", api_text(c->label),
                  "duration_ms", (json_int_t)c->duration_ms, "author", api_text(c->author),
                  "created_ms", (json_int_t)c->created_ms, "replied_ms", api_time(c->replied_ms),
                  "status", (json_int_t)c->status, "reply", api_text(c->reply)));
}

static int on_stream(void *ctx, const struct store_stream *s)
{
    return json_array_append_new(
        ctx, json_pack("{s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:f}", "stream_id", (json_int_t)s->stream_id,
                       "name", api_text(s->name), "units", api_text(s->units), "channel_names",
                       api_words(s->channel_names), "type", (json_int_t)s->type, "channels",
                       (json_int_t)s->channels, "interval_ns", (json_int_t)s->interval_ns, "scale",
                       s->scale));
}

static int check_device(struct lab *lab, const char *id, json_t **one, struct err *e)
{
    json_t *list = json_array();
    int rc = parse_is_device_id(id) ? store_device_walk(lab->store, id, on_device, list, e)
                                    : err_set(e, E_NOT_FOUND, "there is no device '%.40s'", id);
    if (rc == OK && json_array_size(list) == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no device '%s'", id);
    }
    if (rc == OK) {
        rc = add_health(lab, list, e);
    }
    if (rc == OK && one) {
        *one = json_incref(json_array_get(list, 0));
    }
    json_decref(list);
    return rc;
}

int api_device(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    json_t *one = NULL, *commands = json_array(), *streams = json_array();
    int rc = check_device(lab, q->arg[0], &one, e);
    rc = rc ? rc : store_page_commands(lab->store, q->arg[0], 20, on_command, commands, e);
    rc = rc ? rc : store_page_streams(lab->store, q->arg[0], on_stream, streams, e);
    if (rc) {
        json_decref(one);
        json_decref(commands);
        json_decref(streams);
        return rc;
    }
    json_object_set_new(one, "commands", commands);
    json_object_set_new(one, "streams", streams);
    return api_answer(r, one, e);
}

// Notes the command and queues its message; the collector publishes it.
static int send_command(struct lab *lab, const struct lab_req *q, struct lab_res *r,
                        struct store_command *c, struct err *e)
{
    c->device = q->arg[0];
    c->author = q->user;
    c->reply = "";
    c->stream = c->stream ? c->stream : "";
    c->label = c->label ? c->label : "";
    c->expires_ms = clock_wall_ms() + COMMAND_LIFE_MS;
    int rc = check_device(lab, c->device, NULL, e);
    rc = rc ? rc : command_send(lab->store, c, e);
    r->status = 202;
    return rc ? rc : api_answer(r, json_pack("{s:I}", "command", (json_int_t)c->command_id), e);
}

int api_device_record(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_command c = {.kind = "record", .stream = "", .label = ""};
    double seconds = 10;
    int rc = api_opt_str(q->json, "stream", MOTE_NAME_MAX, &c.stream, e);
    rc = rc ? rc : api_opt_str(q->json, "label", MOTE_NAME_MAX, &c.label, e);
    rc = rc ? rc : api_opt_f64(q->json, "seconds", &seconds, e);
    if (rc == OK && !(seconds >= 0.1 && seconds <= 86400)) {
        rc = err_set(e, E_LIMIT, "'seconds' is 0.1 to 86400");
    }
    if (rc == OK && *c.label) {
        rc = api_check_label(c.label, e);
    }
    c.duration_ms = rc ? 0 : (int64_t)(seconds * 1000);
    return rc ? rc : send_command(lab, q, r, &c, e);
}

int api_device_classify(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    double seconds = -1;
    int rc = api_opt_f64(q->json, "seconds", &seconds, e);
    if (rc == OK && !(seconds >= -1 && seconds <= 1e7)) {
        rc = err_set(e, E_LIMIT, "'seconds' is -1 (for ever) to 10000000");
    }
    struct store_command c = {.kind = "classify",
                              .duration_ms = rc || seconds < 0 ? -1 : (int64_t)(seconds * 1000)};
    return rc ? rc : send_command(lab, q, r, &c, e);
}

int api_device_stop(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_command c = {.kind = "stop"};
    return send_command(lab, q, r, &c, e);
}

int api_device_reboot(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_command c = {.kind = "reboot"};
    return send_command(lab, q, r, &c, e);
}

json_t *api_event_json(const void *event)
{
    const struct store_event *v = event;
    return json_pack(
        "{s:I,s:o,s:I,s:I,s:I,s:o,s:f,s:f,s:b,s:o,s:o,s:o,s:I}", "id", (json_int_t)v->event_id,
        "device", api_text(v->device), "session", (json_int_t)v->session_id, "t_us",
        (json_int_t)v->t_us, "dur_us", (json_int_t)v->dur_us, "label", api_text(v->label), "score",
        v->score, "novelty", v->novelty, "uncertain", v->uncertain, "recording",
        v->rec_id ? json_integer(v->rec_id) : json_null(), "model", api_text(v->model),
        "model_digest", api_text(v->model_digest), "received_ms", (json_int_t)v->received_ms);
}

static int on_event(void *ctx, const struct store_event *v)
{
    return json_array_append_new(ctx, api_event_json(v));
}

int api_events(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *device = lab_req_param(q, "device");
    int64_t after = 0, limit = 500, last = 0;
    int rc = lab_req_param_i64(q, "after", 0, INT64_MAX, &after, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, 5000, &limit, e);
    rc = rc ? rc : lab_req_param_i64(q, "last", 0, 5000, &last, e);
    json_t *list = json_array();
    device = device && *device ? device : NULL;
    if (rc == OK && last) {
        rc = store_page_last_events(lab->store, device, last, on_event, list, e);
    } else if (rc == OK) {
        rc = store_event_walk(lab->store, device, after, limit, on_event, list, e);
    }
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "events", list), e);
}
