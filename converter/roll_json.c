// The policy as a rollout's row keeps it:
//   {"stages":["1","50%","100%"],"canary":"","group":"","wait_ms":2000,"timeout_ms":600000,"abort_over":20,"accepted":0}
#include "common/err.h"
#include "common/jx.h"
#include "converter/roll_run.h"

int roll_policy_write(const struct roll_policy *p, char *out, size_t cap)
{
    json_t *stages = json_array();
    for (size_t i = 0; i < p->stages; i++) {
        char text[24];
        (void)snprintf(text, sizeof text, "%lld%s", (long long)p->stage[i].value,
                       p->stage[i].percent ? "%" : "");
        json_array_append_new(stages, json_string(text));
    }
    json_t *o = json_pack("{so ss ss sI sI sI sI}", "stages", stages, "canary", p->canary, "group",
                          p->group, "wait_ms", (json_int_t)p->wait_ms, "timeout_ms",
                          (json_int_t)p->timeout_ms, "abort_over", (json_int_t)p->abort_over,
                          "accepted", (json_int_t)p->accepted);
    size_t n = o ? json_dumpb(o, out, cap, JSON_COMPACT) : 0;
    json_decref(o);
    if (n == 0 || n >= cap) {
        return E_LIMIT;
    }
    out[n] = '\0';
    return OK;
}

static int read_stages(struct roll_policy *p, const json_t *stages, struct err *e)
{
    size_t i;
    const json_t *v;
    if (!json_is_array(stages) || json_array_size(stages) < 1 ||
        json_array_size(stages) > ROLL_STAGES_MAX) {
        return err_set(e, E_FORMAT, "a policy has 1 to %d stages", ROLL_STAGES_MAX);
    }
    json_array_foreach(stages, i, v)
    {
        struct roll_policy one = {0};
        if (roll_parse_stages(&one, json_is_string(v) ? json_string_value(v) : "", e) != OK) {
            return e->code;
        }
        p->stage[p->stages++] = one.stage[0];
    }
    return OK;
}

int roll_policy_read(struct roll_policy *p, const char *text, struct err *e)
{
    const char *canary, *group;
    *p = (struct roll_policy){0};
    json_t *o = jx_parse(text, strlen(text), e);
    if (!o) {
        return err_wrap(e, "policy");
    }
    int rc = read_stages(p, json_object_get(o, "stages"), e);
    rc = rc == OK ? jx_get_str(o, "canary", sizeof p->canary - 1, &canary, e) : rc;
    rc = rc == OK ? jx_get_str(o, "group", sizeof p->group - 1, &group, e) : rc;
    rc = rc == OK ? jx_get_i64(o, "wait_ms", 0, INT64_MAX / 2, &p->wait_ms, e) : rc;
    rc = rc == OK ? jx_get_i64(o, "timeout_ms", 1, INT64_MAX / 2, &p->timeout_ms, e) : rc;
    rc = rc == OK ? jx_get_i64(o, "abort_over", 0, 100, &p->abort_over, e) : rc;
    rc = rc == OK ? jx_get_i64(o, "accepted", 0, INT32_MAX, &p->accepted, e) : rc;
    if (rc == OK) {
        (void)snprintf(p->canary, sizeof p->canary, "%s", canary);
        (void)snprintf(p->group, sizeof p->group, "%s", group);
    }
    json_decref(o);
    return rc == OK ? OK : err_wrap(e, "policy");
}
