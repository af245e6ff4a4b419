// Bounded parsing of one HTTP request. See lab_req.h.
#include "labeler/lab_req.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const method_names[LAB_METHODS] = {"GET", "HEAD", "POST", "PUT", "DELETE"};

const char *lab_method_text(enum lab_method m)
{
    return method_names[m];
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Length of the UTF-8 sequence at p (RFC 3629: shortest forms, no surrogates), 0 where it is none.
static size_t utf8_len(const unsigned char *p)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : n;
}

bool lab_text_ok(const char *text, size_t max, bool lines)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = 0;
    while (*p) {
        if ((*p < 0x20 && !(lines && (*p == '\n' || *p == '\t'))) || *p == 0x7f) {
            return false;
        }
        size_t n = utf8_len(p);
        len += n;
        if (n == 0 || len > max) {
            return false;
        }
        p += n;
    }
    return true;
}

bool lab_decode(char *text, bool plus)
{
    char *out = text;
    for (const char *p = text; *p; p++) {
        char c = *p;
        if (c == '%') {
            int hi = hex_value(p[1]);
            int lo = hi < 0 ? -1 : hex_value(p[2]);
            if (lo < 0 || (hi == 0 && lo == 0)) {
                return false;
            }
            c = (char)(hi * 16 + lo);
            p += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        *out++ = c;
    }
    *out = 0;
    return lab_text_ok(text, LAB_QUERY_MAX, false);
}

static int parse_path(struct lab_req *q, struct err *e)
{
    char *p = q->path_text;
    while (*p) {
        if (*p == '/') {
            p++;
            continue;
        }
        char *end = strchr(p, '/');
        if (end) {
            *end = 0;
        }
        if (q->segments == LAB_SEGMENTS_MAX) {
            return err_set(e, E_LIMIT, "the path has more than %d parts", LAB_SEGMENTS_MAX);
        }
        if (!lab_decode(p, false) || strcmp(p, ".") == 0 || strcmp(p, "..") == 0 ||
            strchr(p, '\\')) {
            return err_set(e, E_FORMAT, "the path is malformed");
        }
        q->segment[q->segments++] = p;
        if (!end) {
            break;
        }
        p = end + 1;
    }
    return OK;
}

static int parse_query(struct lab_req *q, struct err *e)
{
    char *p = q->query_text;
    while (p && *p) {
        char *next = strchr(p, '&');
        if (next) {
            *next++ = 0;
        }
        char *value = strchr(p, '=');
        if (value) {
            *value++ = 0;
        } else {
            value = p + strlen(p);
        }
        if (*p) {
            if (q->params == LAB_PARAMS_MAX) {
                return err_set(e, E_LIMIT, "more than %d parameters", LAB_PARAMS_MAX);
            }
            if (!lab_decode(p, true) || !lab_decode(value, true)) {
                return err_set(e, E_FORMAT, "a parameter is malformed");
            }
            q->param[q->params++] = (struct lab_param){p, value};
        }
        p = next;
    }
    return OK;
}

// A header's value; "" where it is absent, E_LIMIT where it is too long.
static int header(const struct lab_io *io, const char *name, size_t max, const char **out,
                  struct err *e)
{
    const char *v = io->get(io->ctx, name);
    *out = v ? v : "";
    if (strlen(*out) > max) {
        return err_set(e, E_LIMIT, "header %s is longer than %zu bytes", name, max);
    }
    return OK;
}

static int parse_headers(struct lab_req *q, struct err *e)
{
    const char *encoding, *length;
    const struct {
        const char *name;
        const char **to;
        size_t max;
    } all[] = {
        {"HTTP_HOST", &q->host, LAB_HEADER_MAX},
        {"HTTP_ORIGIN", &q->origin, LAB_HEADER_MAX},
        {"HTTP_COOKIE", &q->cookie, LAB_COOKIE_MAX},
        {"HTTP_AUTHORIZATION", &q->authorization, LAB_HEADER_MAX},
        {"HTTP_X_CSRF_TOKEN", &q->csrf, LAB_HEADER_MAX},
        {"REMOTE_ADDR", &q->remote, 64},
        {"CONTENT_TYPE", &q->content_type, LAB_HEADER_MAX},
        {"HTTP_IF_NONE_MATCH", &q->if_none_match, LAB_HEADER_MAX},
        {"HTTP_IF_MATCH", &q->if_match, LAB_HEADER_MAX},
        {"HTTP_RANGE", &q->range, LAB_HEADER_MAX},
        {"HTTP_ACCEPT_ENCODING", &encoding, LAB_HEADER_MAX},
        {"CONTENT_LENGTH", &length, 32},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        int rc = header(q->io, all[i].name, all[i].max, all[i].to, e);
        if (rc) {
            return rc;
        }
    }
    q->accepts_gzip = strstr(encoding, "gzip") != NULL;
    q->content_length = -1;
    if (*length && parse_i64(length, 0, INT64_MAX, &q->content_length)) {
        return err_set(e, E_FORMAT, "Content-Length is not a number");
    }
    return OK;
}

// REQUEST_URI without its query; under CGI the program's own name in front of it is taken off.
static int find_path(struct lab_req *q, struct err *e)
{
    const struct lab_io *io = q->io;
    const char *uri = io->get(io->ctx, "REQUEST_URI");
    const char *script = io->get(io->ctx, "SCRIPT_NAME");
    if (!uri || *uri != '/') {
        return err_set(e, E_FORMAT, "no request path");
    }
    size_t script_len = script ? strlen(script) : 0;
    if (script_len > 4 && strcmp(script + script_len - 4, ".cgi") == 0 &&
        strncmp(uri, script, script_len) == 0) {
        uri += script_len;
        q->is_cgi = true;
    }
    size_t len = strcspn(uri, "?#");
    if (len > LAB_PATH_MAX) {
        return err_set(e, E_LIMIT, "the path is longer than %d bytes", LAB_PATH_MAX);
    }
    memcpy(q->path_text, uri, len);
    const char *query = io->get(io->ctx, "QUERY_STRING");
    size_t query_len = query ? strlen(query) : 0;
    if (query_len > LAB_QUERY_MAX) {
        return err_set(e, E_LIMIT, "the query is longer than %d bytes", LAB_QUERY_MAX);
    }
    if (query_len) {
        memcpy(q->query_text, query, query_len);
    }
    return OK;
}

int lab_req_init(struct lab_req *q, const struct lab_io *io, struct err *e)
{
    memset(q, 0, sizeof(*q));
    q->io = io;
    q->user = q->role = "";
    const char *method = io->get(io->ctx, "REQUEST_METHOD");
    int m = 0;
    while (m < LAB_METHODS && (!method || strcmp(method, method_names[m]) != 0)) {
        m++;
    }
    if (m == LAB_METHODS) {
        return err_set(e, E_FORMAT, "unknown request method");
    }
    q->method = (enum lab_method)m;
    int rc = find_path(q, e);
    if (rc == OK) {
        rc = parse_path(q, e);
    }
    if (rc == OK) {
        rc = parse_query(q, e);
    }
    return rc ? rc : parse_headers(q, e);
}

int lab_req_read_body(struct lab_req *q, size_t max, struct err *e)
{
    if (q->content_length > 0 && (uint64_t)q->content_length > max) {
        return err_set(e, E_LIMIT, "the body is larger than %zu bytes", max);
    }
    buf_release(&q->body);
    buf_init(&q->body, max);
    size_t want = q->content_length > 0 ? (size_t)q->content_length : 0;
    if (buf_reserve(&q->body, want)) {
        return err_set(e, E_MEM, "out of memory");
    }
    char piece[16384];
    while (q->body.len < want) {
        size_t n = want - q->body.len < sizeof(piece) ? want - q->body.len : sizeof(piece);
        size_t got = q->io->read(q->io->ctx, piece, n);
        if (got == 0) {
            return err_set(e, E_FORMAT, "the body ends after %zu of %zu bytes", q->body.len, want);
        }
        if (buf_put(&q->body, piece, got)) {
            return err_set(e, E_MEM, "out of memory");
        }
    }
    return OK;
}

// Copies the body into the file.
static int spool(struct lab_req *q, int fd, size_t want, struct err *e)
{
    char piece[65536];
    for (size_t at = 0; at < want;) {
        size_t n = want - at < sizeof(piece) ? want - at : sizeof(piece),
               got = q->io->read(q->io->ctx, piece, n);
        if (got == 0) {
            return err_set(e, E_FORMAT, "the body ends after %zu of %zu bytes", at, want);
        }
        if (write(fd, piece, got) != (ssize_t)got) {
            return err_errno(e, E_IO, "cannot keep the body");
        }
        at += got;
    }
    return OK;
}

int lab_req_spool_body(struct lab_req *q, size_t max, const char *dir, struct err *e)
{
    char path[LAB_PATH_MAX];
    size_t want = q->content_length > 0 ? (size_t)q->content_length : 0;
    q->raw = "";
    if (want <= LAB_SPOOL_FROM || want > max) {
        int rc = lab_req_read_body(q, max, e);
        q->raw = q->body.data ? q->body.data : "";
        q->raw_len = q->body.len;
        return rc;
    }
    (void)snprintf(path, sizeof(path), "%s/body-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot make a file in '%s'", dir);
    }
    (void)unlink(path);
    int rc = spool(q, fd, want, e);
    if (rc == OK) {
        q->map = mmap(NULL, want, PROT_READ, MAP_PRIVATE, fd, 0);
        rc = q->map == MAP_FAILED ? err_errno(e, E_MEM, "cannot map the body") : OK;
        q->map = rc ? NULL : q->map;
    }
    (void)close(fd);
    if (rc == OK) {
        q->raw = q->map;
        q->raw_len = want;
    }
    return rc;
}

int lab_req_parse_json(struct lab_req *q, struct err *e)
{
    json_decref(q->json);
    q->json = q->body.len ? jx_parse(q->body.data, q->body.len, e) : json_object();
    if (!q->json) {
        return e->code ? e->code : err_set(e, E_MEM, "out of memory");
    }
    if (!json_is_object(q->json)) {
        return err_set(e, E_FORMAT, "the body is not a JSON object");
    }
    return OK;
}

void lab_req_release(struct lab_req *q)
{
    if (q->map) {
        munmap(q->map, q->raw_len);
        q->map = NULL;
    }
    buf_release(&q->body);
    json_decref(q->json);
    q->json = NULL;
}

const char *lab_req_param(const struct lab_req *q, const char *name)
{
    for (int i = 0; i < q->params; i++) {
        if (strcmp(q->param[i].name, name) == 0) {
            return q->param[i].value;
        }
    }
    return NULL;
}

int lab_req_param_i64(const struct lab_req *q, const char *name, int64_t lo, int64_t hi,
                      int64_t *out, struct err *e)
{
    const char *text = lab_req_param(q, name);
    if (text && parse_i64(text, lo, hi, out)) {
        return err_set(e, E_FORMAT, "parameter '%s' is not a whole number of %lld to %lld", name,
                       (long long)lo, (long long)hi);
    }
    return OK;
}

int lab_req_id(const struct lab_req *q, int n, int64_t *out, struct err *e)
{
    if (parse_i64(q->arg[n], 1, INT64_MAX, out)) {
        return err_set(e, E_NOT_FOUND, "there is no number '%.40s' here", q->arg[n]);
    }
    return OK;
}

bool lab_req_cookie(const struct lab_req *q, const char *name, char *out, size_t cap)
{
    size_t name_len = strlen(name);
    for (const char *p = q->cookie; *p;) {
        p += strspn(p, " ;");
        size_t len = strcspn(p, ";");
        if (len > name_len && p[name_len] == '=' && strncmp(p, name, name_len) == 0) {
            size_t value_len = len - name_len - 1;
            if (value_len >= cap) {
                return false;
            }
            memcpy(out, p + name_len + 1, value_len);
            out[value_len] = 0;
            return true;
        }
        p += len;
    }
    return false;
}
