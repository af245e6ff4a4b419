// A small HTTP client for the labeler's API: keeps the session's cookie and CSRF token, speaks JSON.
#ifndef OPS_HTTP_H
#define OPS_HTTP_H

#include "common/jx.h"

struct http;

int http_new(struct http **h, const char *host, int64_t port, struct err *e) MUST_CHECK;
void http_free(struct http *h);
// The token that writing requests carry from now on (copied).
void http_set_csrf(struct http *h, const char *token);
// path begins with '/'. body: JSON to send, NULL for a GET (method NULL) or an empty body. *answer: the
// parsed JSON (caller owns), may be NULL where the caller does not want it. An answer that is not 2xx is
// E_STATE with the server's words; *http_status is set where it is not NULL.
int http_json(struct http *h, const char *method, const char *path, const json_t *body,
              json_t **answer, long *http_status, struct err *e) MUST_CHECK;
// Bytes of a page or picture.
int http_get(struct http *h, const char *path, struct buf *out, struct err *e) MUST_CHECK;

#endif
