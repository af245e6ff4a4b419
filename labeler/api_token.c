// API tokens that are there and their end, and the audit log. The making of one is in api_session.c.
#include "labeler/api.h"

#include "common/err.h"
#include "common/store/store_user.h"

#define AUDIT_MAX 500

static int on_token(void *ctx, const struct store_token *t)
{
    return json_array_append_new(ctx, json_pack("{s:o,s:s,s:o,s:o,s:o}", "name", api_text(t->name),
                                                "scope", t->scope, "author", api_text(t->author),
                                                "created_ms", api_time(t->created_ms), "expires_ms",
                                                api_time(t->expires_ms)));
}

int api_tokens(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_token_walk(lab->store, on_token, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "tokens", list), e);
}

int api_token_delete(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char line[120];
    (void)snprintf(line, sizeof(line), "ended API token %.80s", q->arg[0]);
    int rc = store_token_revoke(lab->store, q->arg[0], e);
    rc = rc ? rc : store_audit(lab->store, q->user, line, e);
    return rc ? rc : api_answer(r, json_object(), e);
}

struct lines {
    json_t *list;
    int64_t last;
};

static int on_line(void *ctx, int64_t audit_id, int64_t time_ms, const char *who, const char *what)
{
    struct lines *l = ctx;
    l->last = audit_id;
    return json_array_append_new(l->list, json_pack("{s:I,s:o,s:o,s:o}", "id", (json_int_t)audit_id,
                                                    "time_ms", api_time(time_ms), "who",
                                                    api_text(who), "what", api_text(what)));
}

int api_audit(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t after = 0, limit = 100;
    struct lines l = {.list = json_array()};
    int rc = lab_req_param_i64(q, "after", 0, INT64_MAX, &after, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, AUDIT_MAX, &limit, e);
    rc = rc ? rc : store_audit_walk(lab->store, after, limit, on_line, &l, e);
    if (rc) {
        json_decref(l.list);
        return rc;
    }
    bool more = (int64_t)json_array_size(l.list) == limit;
    return api_answer(
        r,
        json_pack("{s:o,s:o}", "lines", l.list, "next", more ? json_integer(l.last) : json_null()),
        e);
}
