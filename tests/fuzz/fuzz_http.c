// Fuzz target of the request parser: the first line of the input is the path with its query, the second the
// cookie header, the rest the body: read as JSON, as a multipart form, and as a file of labels in each format. Built with -fsanitize=fuzzer (clang) it searches by itself; every
// property that a handler relies on is asserted.
#include "common/err.h"
#include "labeler/ingest_form.h"
#include "labeler/lab_req.h"
#include "labeler/label_file.h"

#include <assert.h>

struct input {
    char *path, *cookie, *query;
    const char *body;
    size_t body_len, at;
    char length[24];
};

static const char *get(void *ctx, const char *name)
{
    const struct input *in = ctx;
    return strcmp(name, "REQUEST_METHOD") == 0   ? "POST"
           : strcmp(name, "REQUEST_URI") == 0    ? in->path
           : strcmp(name, "QUERY_STRING") == 0   ? in->query
           : strcmp(name, "HTTP_COOKIE") == 0    ? in->cookie
           : strcmp(name, "CONTENT_LENGTH") == 0 ? in->length
           : strcmp(name, "HTTP_HOST") == 0      ? "localhost"
                                                 : NULL;
}

static size_t take(void *ctx, void *out, size_t n)
{
    struct input *in = ctx;
    n = n < in->body_len - in->at ? n : in->body_len - in->at;
    memcpy(out, in->body + in->at, n);
    in->at += n;
    return n;
}

static char *line(const uint8_t **p, size_t *len)
{
    const uint8_t *end = *len ? memchr(*p, '\n', *len) : NULL;
    size_t n = end ? (size_t)(end - *p) : *len;
    char *text = malloc(n + 1);
    assert(text);
    if (n) {
        memcpy(text, *p, n);
    }
    text[n] = 0;
    *p += n + (end != NULL);
    *len -= n + (end != NULL);
    return text;
}

// The form that ends where the body does; its parts lie inside, side-cars give regions that fit.
static void try_form(const char *body, size_t len)
{
    struct form form;
    struct err e = {0};
    if (form_parse(&form, "multipart/form-data; boundary=XX", body, len, 20, &e) == OK) {
        for (size_t i = 0; i < form.parts; i++) {
            const struct form_part *p = &form.part[i];
            struct ds_region *region = NULL;
            size_t count = 0;
            assert(p->data >= body && p->data + p->len <= body + len &&
                   strlen(p->filename) < sizeof(p->filename));
            if (form_regions(&form, p->filename, 100, &region, &count, &e) == OK) {
                for (size_t k = 0; k < count; k++) {
                    assert(region[k].has_box ||
                           (region[k].start < region[k].end && region[k].end <= 100));
                }
            }
            free(region);
        }
        form_release(&form);
    }
}

static void try_labels(const char *body, size_t len)
{
    for (int f = 0; f < LABEL_FORMATS; f++) {
        struct label_items items = {0};
        struct err e = {0};
        int rc = label_read((enum label_format)f, body, len, &items, &e);
        assert(rc == OK || e.msg[0]);
        for (size_t i = 0; i < items.count; i++) {
            assert(strlen(items.item[i].label) < sizeof(items.item[i].label) &&
                   strlen(items.item[i].file) < sizeof(items.item[i].file));
        }
        label_items_release(&items);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {.path = line(&data, &len), .cookie = line(&data, &len)};
    struct lab_io io = {&in, get, take, NULL, NULL};
    struct lab_req q;
    struct err e = {0};
    char value[72];
    in.query = strchr(in.path, '?') ? strchr(in.path, '?') + 1 : in.path + strlen(in.path);
    in.body = (const char *)data;
    in.body_len = len;
    try_form(in.body, len);
    try_labels(in.body, len);
    (void)snprintf(in.length, sizeof(in.length), "%zu", len);
    if (lab_req_init(&q, &io, &e) == OK) {
        for (int i = 0; i < q.segments; i++) {
            assert(lab_text_ok(q.segment[i], LAB_PATH_MAX, false) &&
                   strcmp(q.segment[i], "..") != 0);
        }
        for (int i = 0; i < q.params; i++) {
            assert(lab_text_ok(q.param[i].value, LAB_QUERY_MAX, false));
        }
        (void)lab_req_cookie(&q, "moteloop", value, sizeof(value));
        if (lab_req_read_body(&q, 1 << 16, &e) == OK && lab_req_parse_json(&q, &e) == OK) {
            assert(json_is_object(q.json));
        }
    }
    lab_req_release(&q);
    free(in.path);
    free(in.cookie);
    return 0;
}
