// Requests to lab_serve() in this process, as CGI variables and a body, and what it answers.
#ifndef TESTS_LABELER_HTTP_H
#define TESTS_LABELER_HTTP_H

#include "common/buf.h"
#include "labeler/lab.h"

#include <jansson.h>

struct http { // one person's browser
    struct lab *lab;
    char cookie[120], csrf[80];
    const char *host, *origin, *type, *extra_name, *extra_value, *bearer; // NULL: the usual
    size_t cut_body; // bytes that never arrive though they were announced
};
struct http_answer {
    int status;
    json_t *json; // NULL where the body is none
    struct buf head, body;
};

// path with its query; body NULL: none. Cookies that come back are kept.
void http_send(struct http *h, const char *method, const char *path, const char *body,
               struct http_answer *a);
void http_release(struct http_answer *a);
// Sends and returns the status alone.
int http_status(struct http *h, const char *method, const char *path, const char *body);
// Value of a member path such as "error.code" as text; "" where there is none.
const char *http_text(const struct http_answer *a, const char *path);
int64_t http_number(const struct http_answer *a, const char *path);

#endif
