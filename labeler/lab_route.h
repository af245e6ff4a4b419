// The table of every request that the API answers: it dispatches, says who may, and makes docs/api.md.
//
// How to add one: write the handler in an api_*.c, declare it in api.h, add a line to lab_route.c,
// run `moteloop-labeler.cgi --routes-md` into docs/api.md (tests/lint/api_doc.sh compares), add a test.
#ifndef LABELER_LAB_ROUTE_H
#define LABELER_LAB_ROUTE_H

#include "labeler/lab.h"
#include "labeler/lab_auth.h"
#include "labeler/lab_req.h"
#include "labeler/lab_res.h"

// Fills r, or returns a negative status with e filled. q->json holds the body where the route takes JSON.
typedef int (*lab_handler_fn)(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e);

enum lab_body { LAB_BODY_NONE, LAB_BODY_JSON, LAB_BODY_RAW };
#define LAB_JSON_MAX ((size_t)8 << 20)
#define LAB_RAW_MAX ((size_t)256 << 20)

struct lab_route {
    enum lab_method method;
    const char *pattern; // "/api/recordings/:id"; the words after ':' become q->arg
    enum lab_role role;  // the least role that may; LAB_NOBODY: everybody
    enum lab_body body;
    lab_handler_fn run;
    const char *params;  // for the document: query or body members, "" none
    const char *summary;
};

extern const struct lab_route lab_routes[]; // ended by a NULL pattern

// The route of a request, with q->arg filled. NULL: none; *other is then set where another method would do.
const struct lab_route *lab_route_find(struct lab_req *q, bool *other);
// The table as Markdown.
int lab_route_markdown(struct buf *out) MUST_CHECK;

#endif
