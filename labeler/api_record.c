// Recordings asked of devices and groups, awake or not; their progress; recording rates and triggers. See common/ask.h.
#include "labeler/api.h"

#include "common/ask.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"
#include "firmware/core/mote_config.h"

#define TARGETS_MAX 10000
#define SHOWN_MAX 500

// The devices that the body's "devices" (ids, groups, "all") names.
static int targets_of(struct lab *lab, const json_t *body, struct ask_targets *t, struct err *e)
{
    const json_t *list = json_object_get(body, "devices");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0 || count > TARGETS_MAX) {
        return err_set(e, E_USAGE, "'devices' is a list of devices and groups");
    }
    const char **words = calloc(count, sizeof(*words));
    int rc = words ? OK : err_set(e, E_MEM, "out of memory");
    for (size_t i = 0; i < count && !rc; i++) {
        words[i] = json_string_value(json_array_get(list, i));
        rc = words[i] && words[i][0] ? OK
                                     : err_set(e, E_USAGE, "'devices' holds what is not a name");
    }
    rc = rc ? rc : ask_targets_find(lab->store, words, count, t, e);
    free(words);
    return rc;
}

int api_record(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct ask_recording want = {.stream = "", .label = "", .author = q->user};
    struct ask_targets t = {0};
    double seconds = 10, days = 30;
    json_t *list = json_array();
    int rc = api_opt_str(q->json, "stream", MOTE_NAME_MAX, &want.stream, e);
    rc = rc ? rc : api_opt_str(q->json, "label", MOTE_NAME_MAX, &want.label, e);
    rc = rc ? rc : api_opt_f64(q->json, "seconds", &seconds, e);
    rc = rc ? rc : api_opt_f64(q->json, "days", &days, e);
    if (rc == OK && !(seconds >= 0.1 && seconds <= 3600 && days > 0 && days <= 3650)) {
        rc = err_set(e, E_LIMIT, "'seconds' is 0.1 to 3600, 'days' up to 3650");
    }
    rc = rc == OK && *want.label ? api_check_label(want.label, e) : rc;
    want.duration_ms = rc ? 0 : (int64_t)(seconds * 1000);
    want.expires_ms = rc ? 0 : clock_wall_ms() + (int64_t)(days * 24 * 3600 * 1000);
    rc = rc ? rc : targets_of(lab, q->json, &t, e);
    for (size_t i = 0; i < t.count && !rc; i++) {
        int64_t id = 0;
        rc = ask_record(lab->store, t.id[i], &want, &id, e);
        json_array_append_new(list,
                              json_pack("{s:s,s:I}", "device", t.id[i], "command", (json_int_t)id));
    }
    ask_targets_release(&t);
    r->status = 202;
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "asked", list), e);
}

int api_record_stop(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct ask_targets t = {0};
    int64_t all = 0;
    int rc = targets_of(lab, q->json, &t, e);
    for (size_t i = 0; i < t.count && !rc; i++) {
        int64_t count = 0;
        rc = ask_stop(lab->store, t.id[i], q->user, &count, e);
        all += count;
    }
    size_t devices = t.count;
    ask_targets_release(&t);
    r->status = 202;
    return rc ? rc
              : api_answer(r,
                           json_pack("{s:I,s:I}", "devices", (json_int_t)devices, "withdrawn",
                                     (json_int_t)all),
                           e);
}

int api_record_settings(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct ask_targets t = {0};
    json_t *settings = json_object();
    static const char *const members[] = {"rates", "triggers"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *v = json_object_get(q->json, members[i]);
        if (v && !json_is_null(v)) {
            json_object_set(settings, members[i], v);
        }
    }
    int rc = json_object_size(settings)
                 ? OK
                 : err_set(e, E_USAGE, "neither 'rates' nor 'triggers' is there");
    rc = rc ? rc : targets_of(lab, q->json, &t, e);
    for (size_t i = 0; i < t.count && !rc; i++) {
        rc = ask_set(lab->store, t.id[i], settings, q->user, e);
    }
    size_t devices = t.count;
    ask_targets_release(&t);
    json_decref(settings);
    r->status = 202;
    return rc ? rc : api_answer(r, json_pack("{s:I}", "devices", (json_int_t)devices), e);
}

static int on_asked(void *ctx, const struct store_command *c)
{
    json_t *o = json_pack("{s:I,s:o,s:s,s:o,s:o,s:I,s:I,s:o,s:I}", "id", (json_int_t)c->command_id,
                          "device", api_text(c->device), "state", ask_state(c, clock_wall_ms()),
                          "stream", api_text(c->stream), "label", api_text(c->label), "duration_ms",
                          (json_int_t)c->duration_ms, "done_ms", (json_int_t)c->done_ms,
                          "recording", c->rec_id ? json_integer(c->rec_id) : json_null(), "status",
                          (json_int_t)c->status);
    json_t *more = json_pack("{s:o,s:o,s:I,s:o,s:o,s:o}", "reply", api_text(c->reply), "author",
                             api_text(c->author), "created_ms", (json_int_t)c->created_ms,
                             "began_ms", api_time(c->began_ms), "ended_ms", api_time(c->replied_ms),
                             "expires_ms", api_time(c->expires_ms));
    if (o && more) {
        (void)json_object_update(o, more);
    }
    json_decref(more);
    return json_array_append_new(ctx, o);
}

static int on_config(void *ctx, const struct store_config *c)
{
    json_t **out = ctx;
    bool heard = c->applied >= c->revision;
    *out =
        json_pack("{s:o,s:I,s:o,s:I,s:b,s:o,s:b,s:o}", "settings", api_embedded(c->settings),
                  "revision", (json_int_t)c->revision, "author", api_text(c->author), "changed_ms",
                  (json_int_t)c->changed_ms, "heard", heard, "heard_ms", api_time(c->applied_ms),
                  "refused", heard && c->status != 0, "reply", api_text(c->reply));
    return 0;
}

int api_record_list(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *device = lab_req_param(q, "device");
    int64_t limit = 50;
    json_t *list = json_array(), *config = NULL;
    int rc = lab_req_param_i64(q, "limit", 1, SHOWN_MAX, &limit, e);
    device = device ? device : "";
    rc = rc ? rc : store_asked_last(lab->store, device, limit, on_asked, list, e);
    rc = rc || !*device ? rc : store_config_get(lab->store, device, on_config, &config, e);
    if (rc) {
        json_decref(list);
        json_decref(config);
        return rc;
    }
    return api_answer(
        r, json_pack("{s:o,s:o}", "asked", list, "config", config ? config : json_null()), e);
}
