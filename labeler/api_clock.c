// How a device's time maps to the server's: every version that was believed, newest first. See common/clock_map.h.
#include "labeler/api.h"

#include "common/err.h"
#include "common/parse.h"
#include "common/store/store_clock.h"

static int on_clock(void *ctx, const struct store_clock *c)
{
    const struct clock_map *m = &c->map;
    return json_array_append_new(
        ctx,
        json_pack("{s:I,s:I,s:s,s:I,s:I,s:I,s:f,s:o,s:I}", "session", (json_int_t)c->session_id,
                  "version", (json_int_t)c->version, "reason", clock_reason_text(m->reason),
                  "device_us", (json_int_t)m->device_us, "server_us", (json_int_t)m->server_us,
                  "bound_us", (json_int_t)m->bound_us, "drift_ppm", (double)m->drift_ppb / 1000,
                  "drift_bound_ppm",
                  m->drift_bound_ppb ? json_real((double)m->drift_bound_ppb / 1000) : json_null(),
                  "made_ms", (json_int_t)c->made_ms));
}

int api_device_clock(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t limit = 100;
    int rc = lab_req_param_i64(q, "limit", 1, 1000, &limit, e);
    if (!parse_is_device_id(q->arg[0])) {
        return err_set(e, E_NOT_FOUND, "there is no device '%.40s'", q->arg[0]);
    }
    json_t *list = json_array();
    rc = rc ? rc : store_clock_walk(lab->store, q->arg[0], limit, on_clock, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "versions", list), e);
}
