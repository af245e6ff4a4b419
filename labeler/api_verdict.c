// A person's word on a model's answer: refused in the queue, or wrong in the live view.
#include "labeler/api.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_verdict.h"

int api_verdict_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_verdict v = {.device = "", .model = "", .author = q->user};
    int rc = jx_get_str(q->json, "verdict", 8, &v.verdict, e);
    rc = rc ? rc : jx_get_str(q->json, "label", 64, &v.label, e);
    rc = rc ? rc : api_check_label(v.label, e);
    rc = rc ? rc : api_opt_str(q->json, "model", 64, &v.model, e);
    rc = rc ? rc : api_opt_str(q->json, "device", 32, &v.device, e);
    rc = rc ? rc : api_opt_f64(q->json, "score", &v.score, e);
    rc = rc ? rc : api_opt_i64(q->json, "rec", 0, INT64_MAX, &v.rec_id, e);
    rc = rc ? rc : api_opt_i64(q->json, "t_us", 0, INT64_MAX / 2, &v.t_us, e);
    rc = rc ? rc : api_opt_i64(q->json, "dur_us", 0, INT64_MAX / 2, &v.dur_us, e);
    if (rc == OK && strcmp(v.verdict, "refused") != 0 && strcmp(v.verdict, "wrong") != 0) {
        rc = err_set(e, E_FORMAT, "'verdict' is refused or wrong");
    }
    if (rc == OK && !v.rec_id == !*v.device) {
        rc = err_set(
            e, E_FORMAT,
            "name a recording ('rec'), or a device and the time of the window ('device', 't_us')");
    }
    rc = rc ? rc : store_verdict_put(lab->store, &v, e);
    r->status = 201;
    return rc ? rc : api_answer(r, json_pack("{s:s}", "verdict", v.verdict), e);
}
