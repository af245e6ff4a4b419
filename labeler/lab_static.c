// Files of the bundle. See lab_static.h.
//
// Each is there compressed as well ("app.js.gz"). Names carry no digest: an ETag answers a second visit.
#include "labeler/lab_static.h"

#include "common/embed/embed.h"
#include "common/err.h"

extern const struct embed_file web_files[];

static const struct embed_file *find(const char *name)
{
    for (const struct embed_file *f = web_files; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},       {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},         {".svg", "image/svg+xml"},
        {".webmanifest", "application/manifest+json"}, {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(types); i++) {
        if (strcmp(dot, types[i].end) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

int lab_static(const struct lab_req *q, struct lab_res *r, struct err *e)
{
    if (q->method > LAB_HEAD) {
        return err_set(e, E_NOT_FOUND, "there is no such address");
    }
    const char *last = q->segments ? q->segment[q->segments - 1] : "";
    const char *name = q->segments == 1 && strchr(last, '.') ? last : "index.html";
    const struct embed_file *f = find(name);
    if (!f || (q->segments > 1 && strchr(last, '.'))) {
        return err_set(e, E_NOT_FOUND, "there is no file '%.60s'", last);
    }
    char packed[160];
    (void)snprintf(packed, sizeof(packed), "%.100s.gz", name);
    const struct embed_file *gz = q->accepts_gzip ? find(packed) : NULL;
    r->type = type_of(name);
    r->borrowed = (gz ? gz : f)->data;
    r->borrowed_len = (gz ? gz : f)->len;
    r->gzipped = gz != NULL;
    return OK;
}
