// What a device measures now: samples and classified windows while somebody watches, as server-sent events or by asking
// again. Nothing of it is stored.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/live.h"
#include "common/parse.h"
#include "common/store/store_device.h"
#include "firmware/core/mote_config.h"
#include "labeler/lab_live.h"

#define MESSAGES_MAX 200

static int in_use(void *ctx, const struct store_device *d)
{
    *(bool *)ctx = d->removed_ms == 0;
    return 0;
}

// What came since `after`, for a page that asks again and again.
static int poll_live(struct lab *lab, const char *device, const char *stream, int64_t after,
                     struct lab_res *r, struct err *e)
{
    struct live *ring;
    struct live_message m;
    json_t *list = json_array();
    int rc = live_open(&ring, lab->project.dir, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    if (live_renew(ring, device, stream, clock_wall_ms())) {
        rc = command_live(lab->store, device, stream, LIVE_ASK_MS, e);
    }
    after = after ? after : live_last(ring);
    while (!rc && json_array_size(list) < MESSAGES_MAX && live_next(ring, &after, &m)) {
        const char *kind = "";
        json_t *v = lab_live_wants(device, stream, &m) ? lab_live_json(&m, &kind) : NULL;
        if (v) {
            json_object_set_new(v, "kind", json_string(kind));
            json_array_append_new(list, v);
        }
    }
    live_close(ring);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:I,s:o}", "after", (json_int_t)after, "messages", list), e);
}

int api_device_live(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *stream = lab_req_param(q, "stream"), *device = q->arg[0];
    int64_t after = -1;
    bool used = false;
    stream = stream ? stream : "";
    int rc = parse_is_device_id(device) ? store_device_walk(lab->store, device, in_use, &used, e)
                                        : E_NOT_FOUND;
    if (rc == E_NOT_FOUND || (rc == OK && !used)) {
        return err_set(e, E_NOT_FOUND, "there is no device '%.40s'", device);
    }
    rc = rc ? rc : lab_req_param_i64(q, "after", 0, INT64_MAX, &after, e);
    if (rc == OK && (strlen(stream) > MOTE_NAME_MAX ||
                     strspn(stream, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(stream))) {
        rc = err_set(e, E_USAGE, "'stream' is not a stream's name");
    }
    if (rc || after >= 0) {
        return rc ? rc : poll_live(lab, device, stream, after, r, e);
    }
    if (!lab->hold_live) {
        return err_set(
            e, E_BUSY,
            "no event stream here: ask with after=0, then with the 'after' of each answer");
    }
    if (lab->hold_live(lab->hold_live_ctx, q->io, device, stream)) {
        return err_set(e, E_BUSY, "too many live views");
    }
    r->taken = true;
    return OK;
}
