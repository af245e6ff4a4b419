// One request from its first byte to its last. See lab.h.
#include "labeler/lab.h"

#include "common/err.h"
#include "common/io.h"
#include "common/log.h"
#include "common/store/store.h"
#include "labeler/lab_auth.h"
#include "labeler/lab_route.h"
#include "labeler/lab_static.h"

#include <sodium.h>

int lab_open(struct lab *lab, const char *dir, struct err *e)
{
    memset(lab, 0, sizeof(*lab));
    if (sodium_init() < 0) {
        return err_set(e, E_IO, "cannot start libsodium");
    }
    int rc = project_open(&lab->project, dir, e);
    return rc ? rc : store_open(&lab->store, lab->project.dir, STORE_WRITE, e);
}

void lab_close(struct lab *lab)
{
    store_close(lab->store);
    lab->store = NULL;
}

static int check_role(const struct lab_route *route, const struct lab_req *q, struct err *e)
{
    if (q->level >= (int)route->role) {
        return OK;
    }
    return q->level == LAB_NOBODY ? err_set(e, E_AUTH, "sign in first")
                                  : err_set(e, E_REFUSED, "role %s may not do this; it needs %s",
                                            q->role, lab_role_text(route->role));
}

static int take_body(struct lab *lab, const struct lab_route *route, struct lab_req *q, int *http,
                     struct err *e)
{
    char dir[IO_PATH_MAX];
    int rc = route->body == LAB_BODY_RAW
                 ? lab_req_spool_body(q, LAB_RAW_MAX, project_path(&lab->project, dir, "run"), e)
                 : lab_req_read_body(q, route->body == LAB_BODY_JSON ? LAB_JSON_MAX : 0, e);
    if (rc == E_LIMIT) {
        *http = 413;
    }
    if (rc || route->body != LAB_BODY_JSON) {
        return rc;
    }
    // A form of another site can send text/plain or a form type, never this one without asking first.
    if (q->body.len && strncmp(q->content_type, "application/json", 16) != 0) {
        return err_set(e, E_FORMAT, "the body must be application/json");
    }
    return lab_req_parse_json(q, e);
}

static int run_api(struct lab *lab, struct lab_req *q, struct lab_res *r, int *http, struct err *e)
{
    bool other = false;
    const struct lab_route *route = lab_route_find(q, &other);
    if (!route) {
        *http = other ? 405 : 404;
        return err_set(e, E_NOT_FOUND,
                       other ? "this address does not take %s" : "there is no such address",
                       lab_method_text(q->method));
    }
    int rc = lab_auth_identify(lab, q, e);
    if (rc == OK) {
        rc = check_role(route, q, e);
    }
    if (rc == OK) {
        rc = take_body(lab, route, q, http, e);
    }
    return rc ? rc : route->run(lab, q, r, e);
}

bool lab_serve(struct lab *lab, const struct lab_io *io)
{
    struct lab_req q;
    struct lab_res r = {.status = 200};
    struct err e = {0};
    int http = 0;
    int rc = lab_req_init(&q, io, &e);
    if (rc == OK) {
        rc = lab_auth_check_host(lab, &q, &e);
    }
    if (rc == OK) {
        bool api = q.segments && strcmp(q.segment[0], "api") == 0;
        rc = api ? run_api(lab, &q, &r, &http, &e) : lab_static(&q, &r, &e);
    }
    bool taken = rc == OK && r.taken;
    if (rc) {
        lab_res_error(&r, http, &e);
        if (r.status >= 500 && rc != E_BUSY) {
            log_error("%s: %s", io->get(io->ctx, "REQUEST_URI"), e.msg);
        }
    }
    if (!taken && lab_res_send(&r, &q)) {
        log_debug("the browser left before its answer");
    }
    lab_res_release(&r);
    lab_req_release(&q);
    return taken;
}
