// HTTP client on libcurl. See ops_http.h.
#include "ops/ops_http.h"
#include "common/buf.h"
#include "common/err.h"

#include <curl/curl.h>

struct http {
    CURL *curl;
    char base[200];
    char csrf[128];
};

enum { ANSWER_MAX = 64 << 20, TIMEOUT_MS = 20000 };

int http_new(struct http **out, const char *host, int64_t port, struct err *e)
{
    struct http *h = calloc(1, sizeof(*h));
    if (h) {
        h->curl = curl_easy_init();
    }
    if (!h || !h->curl) {
        http_free(h);
        return err_set(e, E_MEM, "out of memory");
    }
    snprintf(h->base, sizeof(h->base), "http://%s:%lld", host, (long long)port);
    *out = h;
    return OK;
}

void http_free(struct http *h)
{
    if (h) {
        curl_easy_cleanup(h->curl);
        free(h);
    }
}

void http_set_csrf(struct http *h, const char *token)
{
    snprintf(h->csrf, sizeof(h->csrf), "%s", token);
}

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
    return buf_put(ctx, data, size * n) ? 0 : size * n;
}

static int request(struct http *h, const char *method, const char *path, const struct buf *body,
                   struct buf *out, long *status, struct err *e)
{
    char url[1024], csrf[160], origin[240];
    struct curl_slist *headers = NULL;
    snprintf(url, sizeof(url), "%s%s", h->base, path);
    snprintf(csrf, sizeof(csrf), "X-CSRF-Token: %s", h->csrf);
    snprintf(origin, sizeof(origin), "Origin: %s", h->base);
    headers = curl_slist_append(headers, csrf);
    headers = curl_slist_append(headers, origin);
    if (body) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
    }
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_PROXY, ""); // loopback: whatever the environment says
    curl_easy_setopt(h->curl, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body ? body->data : NULL);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, body ? (long)body->len : 0L);
    if (!body) {
        curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, out);
    CURLcode code = curl_easy_perform(h->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        return err_set(e, E_IO, "%s %s: %s", method, path, curl_easy_strerror(code));
    }
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, status);
    return OK;
}

// The server's own words where it says them as JSON.
static int refused(const char *method, const char *path, long status, const struct buf *out,
                   struct err *e)
{
    struct err ignored = {0};
    json_t *v = out->len ? jx_parse(out->data, out->len, &ignored) : NULL;
    const char *said = json_string_value(json_object_get(json_object_get(v, "error"), "message"));
    int rc = err_set(e, E_STATE, "%s %s: HTTP %ld%s%s", method, path, status, said ? ": " : "",
                     said ? said : "");
    json_decref(v);
    return rc;
}

int http_json(struct http *h, const char *method, const char *path, const json_t *body,
              json_t **answer, long *http_status, struct err *e)
{
    struct buf in = {0}, out;
    long status = 0;
    buf_init(&out, ANSWER_MAX);
    if (answer) {
        *answer = NULL;
    }
    int rc = body ? jx_write(body, &in) : OK;
    rc = rc ? err_set(e, rc, "out of memory")
            : request(h, method, path, body ? &in : NULL, &out, &status, e);
    if (http_status) {
        *http_status = status;
    }
    if (rc == OK && (status < 200 || status > 299)) {
        rc = refused(method, path, status, &out, e);
    }
    if (rc == OK && answer) {
        *answer = jx_parse(out.data ? out.data : "", out.len, e);
        rc = *answer ? OK : err_wrap(e, "%s %s", method, path);
    }
    buf_release(&in);
    buf_release(&out);
    return rc;
}

int http_get(struct http *h, const char *path, struct buf *out, struct err *e)
{
    long status = 0;
    int rc = request(h, "GET", path, NULL, out, &status, e);
    return rc == OK && (status < 200 || status > 299) ? refused("GET", path, status, out, e) : rc;
}
