// One HTTP request as CGI and FastCGI give it: read through bounded parsers, so that handlers see only
// decoded, checked words. Handlers cannot tell which of the two runs them.
//
// Limits: path LAB_PATH_MAX, query LAB_QUERY_MAX and LAB_PARAMS_MAX pairs, cookie header
// LAB_COOKIE_MAX, body the route's ceiling. Text is refused where it holds control characters or is
// not UTF-8; path segments are decoded after they were cut, and "." and ".." are refused.
#ifndef LABELER_LAB_REQ_H
#define LABELER_LAB_REQ_H

#include "common/buf.h"

#include <jansson.h>

struct err;

#define LAB_PATH_MAX 1024
#define LAB_SEGMENTS_MAX 12
#define LAB_QUERY_MAX 4096
#define LAB_PARAMS_MAX 32
#define LAB_COOKIE_MAX 4096
#define LAB_HEADER_MAX 1024

// Where a request comes from and its answer goes to. get: a CGI variable or NULL. read: up to n body
// bytes, 0 at the end. write: all n bytes of the answer or non-zero. The strings live as long as the
// request.
struct lab_io {
    void *ctx;
    const char *(*get)(void *ctx, const char *name);
    size_t (*read)(void *ctx, void *out, size_t n);
    int (*write)(void *ctx, const void *data, size_t n);
    int (*flush)(void *ctx);
};

enum lab_method { LAB_GET, LAB_HEAD, LAB_POST, LAB_PUT, LAB_DELETE, LAB_METHODS };
const char *lab_method_text(enum lab_method m);

struct lab_param {
    const char *name, *value;
};

struct lab_req {
    const struct lab_io *io;
    enum lab_method method;
    const char *segment[LAB_SEGMENTS_MAX]; // of the path, decoded
    int segments;
    struct lab_param param[LAB_PARAMS_MAX]; // of the query, decoded
    int params;
    const char *arg[4];    // segments that stand at the route's ":names", in order
    const char *host, *origin, *cookie, *authorization, *csrf, *remote, *content_type,
        *if_none_match, *if_match, *range;
    bool accepts_gzip, is_cgi;
    int64_t content_length; // -1: not said
    struct buf body;
    const char *raw;        // body of routes that take bytes, "" where it is empty
    size_t raw_len;
    void *map;              // private: where a large body is mapped
    json_t *json;           // body of routes that take JSON
    const char *user, *role; // set by lab_auth; "" before
    int level;              // enum lab_role
    char path_text[LAB_PATH_MAX + 1], query_text[LAB_QUERY_MAX + 1]; // private
    char user_text[72], role_text[16], login_token[72]; // private
};

// Method, path, query and headers; not the body. The zeroed struct may be released.
int lab_req_init(struct lab_req *q, const struct lab_io *io, struct err *e) MUST_CHECK;
// At most max bytes; E_LIMIT beyond, E_FORMAT where fewer arrive than were said.
int lab_req_read_body(struct lab_req *q, size_t max, struct err *e) MUST_CHECK;
// The same for bodies of files, into q->raw: beyond LAB_SPOOL_FROM bytes they go to a file in dir that has no name, and are
// mapped, so that a large upload takes no memory.
#define LAB_SPOOL_FROM ((size_t)1 << 20)
int lab_req_spool_body(struct lab_req *q, size_t max, const char *dir, struct err *e) MUST_CHECK;
// Parses the body as a JSON object into q->json. An empty body is an empty object.
int lab_req_parse_json(struct lab_req *q, struct err *e) MUST_CHECK;
void lab_req_release(struct lab_req *q);

// Query parameters. NULL where absent.
const char *lab_req_param(const struct lab_req *q, const char *name);
// *out keeps its value where the parameter is absent.
int lab_req_param_i64(const struct lab_req *q, const char *name, int64_t lo, int64_t hi,
                      int64_t *out, struct err *e) MUST_CHECK;
// arg[n] as a whole number over 0.
int lab_req_id(const struct lab_req *q, int n, int64_t *out, struct err *e) MUST_CHECK;
// The value of a cookie, into out. False where there is none or it does not fit.
bool lab_req_cookie(const struct lab_req *q, const char *name, char *out, size_t cap);

// Decodes %XX (and '+' to a blank where plus) in place. False: malformed, control character, or not UTF-8.
bool lab_decode(char *text, bool plus);
// True where text is UTF-8 without control characters (tab and newline allowed where lines) and at most max bytes.
bool lab_text_ok(const char *text, size_t max, bool lines);

#endif
