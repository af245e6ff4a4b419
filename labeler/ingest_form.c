// See ingest_form.h. A delimiter is CRLF "--" boundary; a part is header lines, an empty line, its bytes.
#include "labeler/ingest_form.h"

#include "common/err.h"
#include "common/jx.h"

#define BOUNDARY_MAX 80 // 70 by RFC 2046, and some are generous

static bool read_boundary(const char *type, char out[BOUNDARY_MAX + 8])
{
    const char *at = strcasestr(type, "boundary=");
    if (strncasecmp(type, "multipart/form-data", 19) != 0 || !at) {
        return false;
    }
    at += strlen("boundary=");
    bool quoted = *at == '"';
    at += quoted;
    size_t len = strcspn(at, quoted ? "\"" : "; \t\r\n");
    if (len == 0 || len > BOUNDARY_MAX) {
        return false;
    }
    snprintf(out, BOUNDARY_MAX + 8, "\r\n--%.*s", (int)len, at);
    return true;
}

// The value of name="..." in a header line.
static void quoted_value(const char *line, size_t len, const char *name, char *out, size_t cap)
{
    char key[32];
    int key_len = snprintf(key, sizeof(key), "; %s=\"", name);
    const char *at = memmem(line, len, key, (size_t)key_len);
    out[0] = 0;
    if (at) {
        at += key_len;
        const char *end = memchr(at, '"', (size_t)(line + len - at));
        if (end && (size_t)(end - at) < cap) {
            memcpy(out, at, (size_t)(end - at));
            out[end - at] = 0;
        }
    }
}

static void read_line(struct form_part *p, const char *line, size_t len)
{
    if (len > 20 && strncasecmp(line, "content-disposition:", 20) == 0) {
        quoted_value(line, len, "filename", p->filename, sizeof(p->filename));
    } else if (len > 13 && strncasecmp(line, "content-type:", 13) == 0) {
        size_t skip = 13 + strspn(line + 13, " ");
        snprintf(p->type, sizeof(p->type), "%.*s", (int)(len - skip), line + skip);
    }
}

// A part from behind its delimiter line to the next delimiter.
static int read_part(struct form_part *p, const char *at, const char *end)
{
    *p = (struct form_part){.type = ""};
    for (;;) {
        const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (!stop) {
            return E_FORMAT;
        }
        if (stop == at) {
            p->data = at + 2;
            p->len = (size_t)(end - p->data);
            return OK;
        }
        read_line(p, at, (size_t)(stop - at));
        at = stop + 2;
    }
}

static int read_parts(struct form *f, const char *body, size_t len, const char *mark,
                      size_t max_parts, struct err *e)
{
    size_t mark_len = strlen(mark);
    const char *end = body + len, *at = body;
    // The first delimiter may stand at the very start, without its CRLF.
    at = len >= mark_len - 2 && memcmp(at, mark + 2, mark_len - 2) == 0
             ? at + mark_len - 2
             : memmem(body, len, mark, mark_len);
    if (at && at != body + mark_len - 2) {
        at += mark_len;
    }
    while (at && end - at >= 2 && memcmp(at, "--", 2) != 0) {
        const char *next = memmem(at, (size_t)(end - at), mark, mark_len);
        struct form_part *more =
            f->parts < max_parts ? reallocarray(f->part, f->parts + 1, sizeof(*more)) : NULL;
        if (!more) {
            return err_set(e, E_LIMIT, "more than %zu files", max_parts);
        }
        f->part = more;
        // A delimiter right behind another shares its line end: there is no part between the two.
        if (!next || next - at < 2 || memcmp(at, "\r\n", 2) != 0 ||
            read_part(&more[f->parts], at + 2, next)) {
            return err_set(e, E_FORMAT, "part %zu of the form is malformed", f->parts);
        }
        f->parts += more[f->parts].filename[0] != 0;
        at = next + mark_len;
    }
    return at && end - at >= 2 && memcmp(at, "--", 2) == 0
               ? OK
               : err_set(e, E_FORMAT, "the form has no end");
}

bool form_is_sidecar(const struct form_part *p)
{
    size_t len = strlen(p->filename);
    return len > 7 && strcmp(p->filename + len - 7, ".labels") == 0;
}

static int read_sidecar(const struct form_part *p, const char *name, const char *member,
                        json_t **out, struct err *e)
{
    if (strcmp(p->filename, name) != 0) {
        return OK;
    }
    json_t *root = jx_parse(p->data, p->len, e);
    if (!root) {
        return err_wrap(e, "%s", name);
    }
    json_decref(*out);
    *out = json_incref(json_object_get(root, member));
    json_decref(root);
    return json_is_object(*out) ? OK : err_set(e, E_FORMAT, "%s has no '%s'", name, member);
}

int form_parse(struct form *f, const char *content_type, const char *body, size_t len,
               size_t max_parts, struct err *e)
{
    char mark[BOUNDARY_MAX + 8];
    *f = (struct form){0};
    if (!read_boundary(content_type, mark)) {
        return err_set(e, E_FORMAT, "the body must be multipart/form-data with a boundary");
    }
    int rc = len ? read_parts(f, body, len, mark, max_parts, e)
                 : err_set(e, E_FORMAT, "the form is empty");
    for (size_t i = 0; rc == OK && i < f->parts; i++) {
        rc = read_sidecar(&f->part[i], "bounding_boxes.labels", "boundingBoxes", &f->boxes, e);
        if (rc == OK) {
            rc = read_sidecar(&f->part[i], "structured_labels.labels", "structuredLabels",
                              &f->structured, e);
        }
    }
    if (rc) {
        form_release(f);
    }
    return rc;
}

void form_release(struct form *f)
{
    free(f->part);
    json_decref(f->boxes);
    json_decref(f->structured);
    *f = (struct form){0};
}

static int take_box(const json_t *o, struct ds_region *r)
{
    const char *label = json_string_value(json_object_get(o, "label"));
    *r = (struct ds_region){.whole = true,
                            .has_box = true,
                            .x = json_number_value(json_object_get(o, "x")),
                            .y = json_number_value(json_object_get(o, "y")),
                            .w = json_number_value(json_object_get(o, "width")),
                            .h = json_number_value(json_object_get(o, "height"))};
    snprintf(r->label, sizeof(r->label), "%s", label ? label : "");
    return label && label[0] && r->w > 0 && r->h > 0 ? OK : E_FORMAT;
}

static int take_piece(const json_t *o, size_t frames, struct ds_region *r)
{
    const char *label = json_string_value(json_object_get(o, "label"));
    const json_t *first = json_object_get(o, "startIndex"), *last = json_object_get(o, "endIndex");
    if (!label || !label[0] || !json_is_integer(first) || !json_is_integer(last) ||
        json_integer_value(first) < 0 || json_integer_value(last) < json_integer_value(first) ||
        (size_t)json_integer_value(last) >= frames) {
        return E_FORMAT;
    }
    *r = (struct ds_region){.start = (size_t)json_integer_value(first),
                            .end = (size_t)json_integer_value(last) + 1};
    snprintf(r->label, sizeof(r->label), "%s", label);
    return OK;
}

int form_regions(const struct form *f, const char *name, size_t frames, struct ds_region **out,
                 size_t *count, struct err *e)
{
    const json_t *boxes = json_object_get(f->boxes, name),
                 *pieces = json_object_get(f->structured, name);
    size_t box_count = json_array_size(boxes), piece_count = json_array_size(pieces);
    *out = NULL;
    *count = 0;
    if (box_count + piece_count == 0) {
        return OK;
    }
    if (box_count + piece_count > DS_MAX_REGIONS) {
        return err_set(e, E_LIMIT, "'%s' has more than %d labels", name, DS_MAX_REGIONS);
    }
    struct ds_region *r = calloc(box_count + piece_count, sizeof(*r));
    if (!r) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < box_count + piece_count; i++) {
        int bad = i < box_count ? take_box(json_array_get(boxes, i), &r[i])
                                : take_piece(json_array_get(pieces, i - box_count), frames, &r[i]);
        if (bad) {
            free(r);
            return err_set(e, E_FORMAT, "label %zu of '%s' does not fit", i, name);
        }
    }
    *out = r;
    *count = box_count + piece_count;
    return OK;
}
