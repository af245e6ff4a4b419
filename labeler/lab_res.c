// HTTP answers. See lab_res.h.
//
// The content security policy allows scripts and styles from this server alone and nothing inline:
// text that somebody smuggled into a page cannot run.
#include "labeler/lab_res.h"

#include "common/err.h"
#include "common/hex.h"
#include "common/jx.h"
#include "labeler/lab_req.h"

static const char security_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri "
    "'none'; "
    "form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";

static const struct {
    int status, http;
    const char *text;
} codes[] = {
    {E_USAGE, 400, "bad-request"},   {E_NOT_FOUND, 404, "not-found"}, {E_EXISTS, 409, "exists"},
    {E_FORMAT, 400, "bad-request"},  {E_LIMIT, 400, "limit"},         {E_IO, 500, "failed"},
    {E_BUSY, 503, "busy"},           {E_AUTH, 401, "not-signed-in"},  {E_STATE, 409, "state"},
    {E_MEM, 500, "out-of-memory"},   {E_CONFLICT, 409, "conflict"},   {E_FULL, 507, "disk-full"},
    {E_REFUSED, 403, "not-allowed"},
};

const char *lab_res_code_text(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].status == status) {
            return codes[i].text;
        }
    }
    return "failed";
}

void lab_res_release(struct lab_res *r)
{
    json_decref(r->json);
    buf_release(&r->body);
    buf_release(&r->headers);
    *r = (struct lab_res){.status = 200};
}

void lab_res_error(struct lab_res *r, int http, const struct err *e)
{
    bool retry = e->code == E_BUSY;
    json_t *kept =
        r->status == 409 ? json_incref(r->json) : NULL; // what a conflict's handler left to show
    struct buf headers = r->headers;
    r->headers = (struct buf){0};
    lab_res_release(r);
    r->headers = headers;
    r->status = http ? http : 500;
    for (size_t i = 0; !http && i < ARRAY_LEN(codes); i++) {
        if (codes[i].status == e->code) {
            r->status = codes[i].http;
        }
    }
    r->json = json_pack("{s:{s:s,s:s}}", "error", "code",
                        http == 429 ? "slow-down" : lab_res_code_text(e->code), "message", e->msg);
    if (!r->json) { // a message that is not UTF-8
        r->json = json_pack("{s:{s:s,s:s}}", "error", "code", lab_res_code_text(e->code), "message",
                            "failed");
    }
    if (kept && r->json) {
        (void)json_object_update_missing(r->json, kept);
    }
    json_decref(kept);
    if (retry) {
        (void)!lab_res_header(r, "Retry-After", "1");
    }
}

int lab_res_header(struct lab_res *r, const char *name, const char *value)
{
    return strpbrk(value, "\r\n") ? E_FORMAT : buf_printf(&r->headers, "%s: %s\r\n", name, value);
}

static const char *reason_text(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Payload Too Large";
    case 416: return "Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
    }
}

static bool etag_matches(const char *list, const char *etag)
{
    return *list && (strcmp(list, "*") == 0 || strstr(list, etag) != NULL);
}

static int write_head(struct lab_res *r, const struct lab_req *q, const char *type, size_t len,
                      struct buf *out)
{
    int rc = buf_printf(out, "Status: %d %s\r\n", r->status, reason_text(r->status));
    if (rc == OK && r->status != 304 && r->status != 204) {
        rc = buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, len);
    }
    if (rc == OK) {
        rc = buf_printf(out, "Cache-Control: %s\r\n",
                        r->cache                ? r->cache
                        : q->method <= LAB_HEAD ? "private, no-cache"
                                                : "no-store");
    }
    if (rc == OK && r->etag[0]) {
        rc = buf_printf(out, "ETag: %s\r\n", r->etag);
    }
    if (rc == OK && r->gzipped) {
        rc = buf_puts(out, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
    }
    if (rc == OK) {
        rc = buf_puts(out, security_headers);
    }
    if (rc == OK && r->headers.len) {
        rc = buf_put(out, r->headers.data, r->headers.len);
    }
    return rc ? rc : buf_puts(out, "\r\n");
}

int lab_res_send(struct lab_res *r, const struct lab_req *q)
{
    struct buf out = {0};
    const char *type = r->type;
    if (!type) {
        type = "application/json";
        buf_clear(&r->body);
        if (r->json && jx_write(r->json, &r->body)) {
            r->status = 500;
            buf_clear(&r->body);
        }
    }
    const void *data = r->borrowed ? r->borrowed : r->body.data;
    size_t len = r->borrowed ? r->borrowed_len : r->body.len;
    if (r->status == 200 && q->method <= LAB_HEAD) {
        if (!r->etag[0]) {
            uint8_t digest[HEX_DIGEST_LEN];
            char text[33];
            hex_sha256(digest, data ? data : "", len);
            hex_encode(text, digest, 16);
            (void)snprintf(r->etag, sizeof(r->etag), "\"%s\"", text);
        }
        if (etag_matches(q->if_none_match, r->etag)) {
            r->status = 304;
        }
    }
    int rc = write_head(r, q, type, len, &out);
    if (rc == OK && q->io) {
        rc = q->io->write(q->io->ctx, out.data, out.len);
        if (rc == 0 && len && q->method != LAB_HEAD && r->status != 304 && r->status != 204) {
            rc = q->io->write(q->io->ctx, data, len);
        }
    }
    buf_release(&out);
    return rc;
}
