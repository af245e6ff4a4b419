// One HTTP answer while it is made: JSON, or bytes of a type; always with the security headers.
#ifndef LABELER_LAB_RES_H
#define LABELER_LAB_RES_H

#include "common/buf.h"

#include <jansson.h>

struct err;
struct lab_req;

struct lab_res {
    int status;            // HTTP; 200 at first
    const char *type;      // of body; NULL: JSON from json
    const char
        *cache; // Cache-Control; NULL: no-cache (with an ETag, so that it is asked about again)
    json_t *json;          // owned
    struct buf body;       // used where type is set
    const void *borrowed;  // sent instead of body where set; lives longer than the answer
    size_t borrowed_len;
    bool gzipped;          // body is compressed already
    char etag[48];         // with its quotes; "": made from the body's bytes
    struct buf headers;    // more header lines, each ended by \r\n
    bool taken;            // the connection was handed over (event stream): send nothing
};

void lab_res_release(struct lab_res *r);
// An answer {error:{code,message}} for a failed request. http 0: chosen from e->code.
void lab_res_error(struct lab_res *r, int http, const struct err *e);
// The short word that error answers carry for a status, such as "not-found".
const char *lab_res_code_text(int status);
// "Name: value"; values are checked to hold no line end.
int lab_res_header(struct lab_res *r, const char *name, const char *value) MUST_CHECK;
// Writes status line, headers and body; answers If-None-Match by 304. Non-zero where the peer is gone.
int lab_res_send(struct lab_res *r, const struct lab_req *q) MUST_CHECK;

#endif
