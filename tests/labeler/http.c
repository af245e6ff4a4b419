// Requests in this process, or through the CGI program where MOTELOOP_TEST_CGI names it. See http.h.
#include "tests/labeler/http.h"

#include "labeler/lab_req.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct call {
    const struct http *h;
    const char *method, *path, *body, *query;
    char length[24], cookie[160], bearer[200];
    size_t sent;
    struct buf out;
};

static const char *get(void *ctx, const char *name)
{
    struct call *c = ctx;
    const struct http *h = c->h;
    const struct {
        const char *name, *value;
    } all[] = {
        {"REQUEST_METHOD", c->method},
        {"REQUEST_URI", c->path},
        {"QUERY_STRING", c->query},
        {"REMOTE_ADDR", "127.0.0.1"},
        {"HTTP_HOST", h->host ? h->host : "127.0.0.1:8080"},
        {"HTTP_ORIGIN", h->origin},
        {"HTTP_COOKIE", c->cookie},
        {"HTTP_X_CSRF_TOKEN", h->csrf},
        {"CONTENT_TYPE", c->body ? (h->type ? h->type : "application/json") : NULL},
        {"CONTENT_LENGTH", c->body ? c->length : NULL},
        {"HTTP_AUTHORIZATION", *c->bearer ? c->bearer : NULL},
        {h->extra_name ? h->extra_name : "", h->extra_value},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (strcmp(all[i].name, name) == 0) {
            return all[i].value;
        }
    }
    return NULL;
}

static size_t take(void *ctx, void *out, size_t n)
{
    struct call *c = ctx;
    size_t len = c->body ? strlen(c->body) : 0;
    len = len > c->h->cut_body ? len - c->h->cut_body : 0;
    n = n > len - c->sent ? len - c->sent : n;
    if (n) {
        memcpy(out, c->body + c->sent, n);
    }
    c->sent += n;
    return n;
}

static int put(void *ctx, const void *data, size_t n)
{
    struct call *c = ctx;
    return buf_put(&c->out, data, n);
}

static int flush(void *ctx)
{
    (void)ctx;
    return 0;
}

static _Noreturn void become_cgi(const struct call *c, const char *program, int in, int out)
{
    static const char *const names[] = {"REQUEST_METHOD", "REQUEST_URI",       "QUERY_STRING",
                                        "REMOTE_ADDR",    "HTTP_HOST",         "HTTP_ORIGIN",
                                        "HTTP_COOKIE",    "HTTP_X_CSRF_TOKEN", "CONTENT_TYPE",
                                        "CONTENT_LENGTH", "HTTP_AUTHORIZATION"};
    clearenv();
    setenv("MOTELOOP_PROJECT", c->h->lab->project.dir, 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = get((void *)(uintptr_t)c, names[i]);
        if (value) {
            setenv(names[i], value, 1);
        }
    }
    if (c->h->extra_name && c->h->extra_value) {
        setenv(c->h->extra_name, c->h->extra_value, 1);
    }
    dup2(in, 0);
    dup2(out, 1);
    execl(program, program, (char *)NULL);
    _exit(127);
}

// The request as a web server's child process; a body that the program does not read is lost with its pipe.
static void serve_cgi(struct call *c, const char *program)
{
    int in[2], out[2];
    char piece[16384];
    if (pipe(in) || pipe(out)) {
        abort();
    }
    signal(SIGPIPE, SIG_IGN);
    pid_t pid = fork(), writer = 0;
    if (pid == 0) {
        close(in[1]);
        close(out[0]);
        become_cgi(c, program, in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    size_t len = c->body ? strlen(c->body) - c->h->cut_body : 0;
    writer = fork(); // so that neither side waits for a full pipe
    if (writer == 0) {
        for (size_t at = 0; at < len;) {
            ssize_t n = write(in[1], c->body + at, len - at);
            if (n <= 0) {
                break;
            }
            at += (size_t)n;
        }
        _exit(0);
    }
    close(in[1]);
    for (ssize_t n; (n = read(out[0], piece, sizeof(piece))) > 0;) {
        if (put(c, piece, (size_t)n)) {
            abort();
        }
    }
    close(out[0]);
    waitpid(pid, NULL, 0);
    waitpid(writer, NULL, 0);
}

static void keep_cookie(struct http *h, const char *head)
{
    const char *p = strstr(head, "Set-Cookie: ");
    if (p) {
        (void)snprintf(h->cookie, sizeof(h->cookie), "%.*s", (int)strcspn(p + 12, ";\r"), p + 12);
    }
}

void http_send(struct http *h, const char *method, const char *path, const char *body,
               struct http_answer *a)
{
    const char *query = strchr(path, '?');
    struct call c = {
        .h = h, .method = method, .path = path, .body = body, .query = query ? query + 1 : ""};
    memset(a, 0, sizeof(*a));
    (void)snprintf(c.length, sizeof(c.length), "%zu", body ? strlen(body) : 0);
    (void)snprintf(c.cookie, sizeof(c.cookie), "%s", h->cookie);
    if (h->bearer) {
        (void)snprintf(c.bearer, sizeof(c.bearer), "Bearer %s", h->bearer);
    }
    struct lab_io io = {&c, get, take, put, flush};
    const char *cgi = getenv("MOTELOOP_TEST_CGI");
    if (cgi && *cgi) {
        serve_cgi(&c, cgi);
    } else {
        lab_serve(h->lab, &io);
    }
    const char *end = c.out.data ? strstr(c.out.data, "\r\n\r\n") : NULL;
    if (!end) {
        buf_release(&c.out);
        return;
    }
    size_t head = (size_t)(end - c.out.data) + 2;
    if (buf_put(&a->head, c.out.data, head) == 0 &&
        buf_put(&a->body, c.out.data + head + 2, c.out.len - head - 2) == 0) {
        a->status = (int)strtol(a->head.data + strlen("Status: "), NULL, 10);
        a->json = a->body.len ? json_loadb(a->body.data, a->body.len, 0, NULL) : NULL;
        keep_cookie(h, a->head.data);
    }
    const char *csrf = http_text(a, "csrf");
    if (*csrf) {
        (void)snprintf(h->csrf, sizeof(h->csrf), "%s", csrf);
    }
    buf_release(&c.out);
}

void http_release(struct http_answer *a)
{
    json_decref(a->json);
    buf_release(&a->head);
    buf_release(&a->body);
    a->json = NULL;
}

int http_status(struct http *h, const char *method, const char *path, const char *body)
{
    struct http_answer a;
    http_send(h, method, path, body, &a);
    int status = a.status;
    http_release(&a);
    return status;
}

static const json_t *at(const struct http_answer *a, const char *path)
{
    const json_t *v = a->json;
    while (v && *path) {
        size_t len = strcspn(path, ".");
        char key[40];
        (void)snprintf(key, sizeof(key), "%.*s", (int)len, path);
        v = json_is_array(v) ? json_array_get(v, (size_t)strtol(key, NULL, 10))
                             : json_object_get(v, key);
        path += len + (path[len] == '.');
    }
    return v;
}

const char *http_text(const struct http_answer *a, const char *path)
{
    const char *s = json_string_value(at(a, path));
    return s ? s : "";
}

int64_t http_number(const struct http_answer *a, const char *path)
{
    return json_integer_value(at(a, path));
}
