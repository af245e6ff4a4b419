// Ingestion over HTTP with the paths and headers of Edge Impulse, so that firmware and uploaders made for
// it work by changing host and key: POST /api/CATEGORY/files (multipart, every part named "data", with
// side-cars *.labels) and POST /api/CATEGORY/data (one raw body with x-file-name).
//
// x-api-key is an API token with the scope "ingest". Acquisition JSON and CBOR and SenML are decoded by
// common/acq, other files by common/dataset through a temporary file, and all become recordings of a device
// "ingest-NAME". Signatures are checked where the project has a key in keys/ingest.hmac. Headers: x-label, x-no-label,
// x-disallow-duplicates, x-metadata (kept with the recording, as is the category), x-add-date-id. Large bodies are mapped
// from a file without a name; files of up to 100 MB, JSON and CBOR up to 32 MB.
#include "labeler/api.h"

#include <stdatomic.h>
#include <unistd.h>

#include "common/acq/acq.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/intake.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/store/store_label.h"
#include "labeler/ingest_form.h"

#define FILES_MAX 1000
#define NAME_MAX_LEN 128
#define KEY_MAX 256
#define FILE_MAX ((size_t)100 << 20)       // of one file
#define ACQUISITION_MAX ((size_t)32 << 20) // JSON and CBOR are parsed in memory
#define META_MAX 8192
#define META_KEYS 64

struct ingest {
    struct lab *lab;
    struct lab_req *q;
    char label[STORE_LABEL_MAX + 1]; // of x-label, decoded
    bool labelled, unlabelled;       // x-label was there; x-no-label was
    bool no_duplicates;
    bool add_id;                     // x-add-date-id: names get a part of their own
    char *meta;                      // of x-metadata and the category, as JSON; owned
    char hmac[KEY_MAX];
    const struct form *form;         // NULL: a raw body
    // the file that is under way
    const char *name;
    struct intake *intake;
    struct intake_counts counts;
    struct err *e;
};

static const char *header(const struct lab_req *q, const char *name)
{
    const char *text = q->io->get(q->io->ctx, name);
    return text && strlen(text) <= LAB_HEADER_MAX ? text : NULL;
}

static bool is_set(const char *text)
{
    return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

// x-metadata, an object of strings, with the category of the address beside it.
static int read_meta(struct ingest *g, struct err *e)
{
    const char *text = g->q->io->get(g->q->io->ctx, "HTTP_X_METADATA"), *key;
    json_t *o = text && *text ? strlen(text) <= META_MAX ? jx_parse(text, strlen(text), e) : NULL
                              : json_object(),
           *value;
    bool good = json_is_object(o) && json_object_size(o) <= META_KEYS;
    json_object_foreach(o, key, value) {
        good = good && json_is_string(value) && lab_text_ok(key, 64, false) &&
               lab_text_ok(json_string_value(value), 1024, false);
    }
    if (!good) {
        json_decref(o);
        return err_set(e, E_FORMAT, "x-metadata must be a JSON object of at most %d texts",
                       META_KEYS);
    }
    json_object_set_new(o, "category", json_string(g->q->arg[0]));
    g->meta = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(o);
    return g->meta ? OK : err_set(e, E_MEM, "out of memory");
}

static int read_headers(struct ingest *g, struct err *e)
{
    static const char *const categories[] = {"training",        "testing", "validation",
                                             "post-processing", "split",   "anomaly"};
    size_t i = 0;
    if (g->q->level == LAB_VIEWER) { // above ingestion in the order of roles, but it must not write
        return err_set(e, E_REFUSED, "role %s may not add data", g->q->role);
    }
    while (i < ARRAY_LEN(categories) && strcmp(categories[i], g->q->arg[0]) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(categories)) {
        return err_set(e, E_NOT_FOUND, "there is no category '%.40s'", g->q->arg[0]);
    }
    const char *label = header(g->q, "HTTP_X_LABEL");
    g->unlabelled = is_set(header(g->q, "HTTP_X_NO_LABEL"));
    g->no_duplicates = is_set(header(g->q, "HTTP_X_DISALLOW_DUPLICATES"));
    g->add_id = is_set(header(g->q, "HTTP_X_ADD_DATE_ID"));
    if (label && label[0]) {
        char text[LAB_HEADER_MAX + 1];
        snprintf(text, sizeof(text), "%s", label);
        if (!lab_decode(text, false) || !lab_text_ok(text, STORE_LABEL_MAX, false)) {
            return err_set(e, E_FORMAT, "x-label must be 1 to %d characters of text",
                           STORE_LABEL_MAX);
        }
        snprintf(g->label, sizeof(g->label), "%.*s", STORE_LABEL_MAX, text);
        g->labelled = true;
    }
    struct buf key = {0};
    char path[IO_PATH_MAX];
    int rc = read_meta(g, e);
    if (rc == OK && io_exists(project_path(&g->lab->project, path, "keys/ingest.hmac"))) {
        rc = io_read_file(path, KEY_MAX - 1, &key, e);
        snprintf(g->hmac, sizeof(g->hmac), "%s", rc ? "" : key.data ? key.data : "");
        g->hmac[strcspn(g->hmac, "\r\n")] = 0;
    }
    buf_release(&key);
    return rc;
}

// The label of a file that came without one: its name up to the first character that is none of letters,
// digits, blanks, '-' and '_', as Edge Impulse's ingestion infers it.
static void infer_label(struct ingest *g, char out[STORE_LABEL_MAX + 1])
{
    size_t n = 0;
    if (g->labelled || g->unlabelled) {
        snprintf(out, STORE_LABEL_MAX + 1, "%s", g->labelled ? g->label : "");
        return;
    }
    for (const char *p = g->name; *p && n < STORE_LABEL_MAX; p++) {
        bool letter =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!letter && *p != ' ' && *p != '-' && *p != '_') {
            break;
        }
        out[n++] = *p;
    }
    out[n] = 0;
}

static int put_item(void *ctx, const struct ds_item *from)
{
    struct ingest *g = ctx;
    struct ds_item item = *from;
    struct ds_region *region = NULL;
    size_t regions = 0;
    char name[NAME_MAX_LEN + 24];
    static atomic_uint number; // two files of one millisecond
    snprintf(name, sizeof(name), "%s", g->name);
    if (g->add_id) {
        snprintf(name, sizeof(name), "%s.%llx%03x", g->name, (unsigned long long)clock_wall_ms(),
                 atomic_fetch_add(&number, 1) & 0xfff);
    }
    item.meta = g->meta;
    item.name = name;
    item.path = name;
    item.region = NULL;
    item.regions = 0;
    int rc = g->form ? form_regions(g->form, g->name, item.frames, &region, &regions, g->e) : OK;
    if (!rc) {
        item.region = region;
        item.regions = regions;
        rc = intake_item(g->intake, &item, g->e);
    }
    free(region);
    return rc;
}

static bool is_acquisition(const struct ingest *g, const char *type)
{
    const char *dot = strrchr(g->name, '.');
    return (dot && (strcasecmp(dot, ".json") == 0 || strcasecmp(dot, ".cbor") == 0 ||
                    strcasecmp(dot, ".senml") == 0)) ||
           strstr(type, "json") || strstr(type, "cbor") ||
           strcmp(type, "application/octet-stream") == 0;
}

static bool is_file_kind(const char *name)
{
    static const char *const kinds[] = {".wav", ".flac", ".csv", ".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(kinds); i++) {
        if (strcasecmp(dot, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Other kinds of files: their readers take a path, so the bytes lie in a folder of their own meanwhile.
static int walk_file(struct ingest *g, const void *data, size_t len)
{
    char dir[IO_PATH_MAX], path[IO_PATH_MAX + NAME_MAX_LEN + 2];
    struct ds_map *map = NULL;
    project_path(&g->lab->project, dir, "run/ingest-XXXXXX");
    if (!mkdtemp(dir)) {
        return err_errno(g->e, E_IO, "cannot make a folder below run/");
    }
    snprintf(path, sizeof(path), "%s/%s", dir, g->name);
    int rc = io_write_atomic(path, data, len, 0600, g->e);
    if (rc == OK) {
        rc = ds_map_load(&map, NULL, g->e);
    }
    if (rc == OK) {
        struct ds_callbacks cb = {.ctx = g, .item = put_item};
        rc = ds_walk(path, map, &cb, g->e);
    }
    ds_map_free(map);
    (void)unlink(path); // a folder that stays behind is swept by hand; it hurts nobody
    (void)rmdir(dir);
    return rc;
}

static int store_file(struct ingest *g, const void *data, size_t len, const char *type)
{
    char label[STORE_LABEL_MAX + 1], device[INTAKE_DEVICE_MAX];
    struct acq a = {0};
    bool acquisition = !is_file_kind(g->name) && is_acquisition(g, type);
    int rc = OK;
    if (len > (acquisition ? ACQUISITION_MAX : FILE_MAX)) {
        rc = err_set(g->e, E_LIMIT, "'%s' is larger than %zu MB", g->name,
                     (acquisition ? ACQUISITION_MAX : FILE_MAX) >> 20);
    } else if (acquisition) {
        rc = acq_read(&a, data, len, g->hmac[0] ? g->hmac : NULL, g->e);
    } else if (!is_file_kind(g->name)) {
        rc = err_set(g->e, E_FORMAT, "'%s' is none of JSON, CBOR, WAV, FLAC, CSV, PNG and JPEG",
                     g->name);
    }
    if (rc) {
        return rc;
    }
    infer_label(g, label);
    intake_name_device(device, "ingest-", a.device[0] ? a.device : g->q->user);
    rc = intake_open(&g->intake, g->lab->store, device, label[0] ? label : NULL, &g->counts, g->e);
    if (rc == OK) {
        rc = acquisition ? put_item(g, &a.item) : walk_file(g, data, len);
    }
    if (rc == OK) {
        rc = intake_finish(g->intake, g->e);
    }
    if (rc == OK && g->counts.recordings == 0 && g->no_duplicates) {
        rc = err_set(g->e, E_EXISTS, "an item with this hash already exists");
    }
    intake_close(g->intake);
    g->intake = NULL;
    acq_release(&a);
    return rc;
}

// A name without folders and without what a file system or a log could trip over.
static bool clean_name(char out[NAME_MAX_LEN], const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    size_t len = strlen(name);
    if (len == 0 || len >= NAME_MAX_LEN || name[0] == '.' || strchr(name, '\\') ||
        !lab_text_ok(name, NAME_MAX_LEN, false)) {
        return false;
    }
    snprintf(out, NAME_MAX_LEN, "%s", name);
    return true;
}

static int answer_text(struct lab_res *r, int status, const char *text)
{
    r->status = status;
    r->type = "text/plain; charset=utf-8";
    return buf_puts(&r->body, text);
}

static int http_of(int rc)
{
    return rc == E_AUTH                                 ? 401
           : rc == E_EXISTS                             ? 409
           : rc == E_LIMIT                              ? 413
           : rc == E_FULL || rc == E_BUSY || rc == E_IO ? 503
                                                        : 400;
}

int api_ingest_data(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct ingest g = {.lab = lab, .q = q, .e = e};
    char name[NAME_MAX_LEN], decoded[LAB_HEADER_MAX + 1];
    const char *given = header(q, "HTTP_X_FILE_NAME");
    int rc = read_headers(&g, e);
    if (rc) {
        free(g.meta);
        return rc;
    }
    snprintf(decoded, sizeof(decoded), "%s", given ? given : "");
    if (!given || !lab_decode(decoded, false) || !clean_name(name, decoded)) {
        free(g.meta);
        return given ? answer_text(r, 400, "x-file-name is no usable file name")
                     : answer_text(r, 421, "Missing header x-file-name");
    }
    g.name = name;
    rc = store_file(&g, q->raw, q->raw_len, q->content_type);
    free(g.meta);
    return rc ? answer_text(r, http_of(rc), e->msg) : answer_text(r, 200, name);
}

static json_t *store_part(struct ingest *g, const struct form_part *part)
{
    char name[NAME_MAX_LEN];
    struct err e = {0};
    g->e = &e;
    g->counts = (struct intake_counts){0};
    if (!clean_name(name, part->filename)) {
        return json_pack("{sb ss ss}", "success", 0, "fileName", "", "error",
                         "no usable file name");
    }
    g->name = name;
    int rc = store_file(g, part->data, part->len, part->type);
    return rc ? json_pack("{sb ss ss}", "success", 0, "fileName", name, "error", e.msg)
              : json_pack("{sb ss}", "success", 1, "fileName", name);
}

int api_ingest_files(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct ingest g = {.lab = lab, .q = q, .e = e};
    struct form form = {0};
    int rc = read_headers(&g, e);
    if (rc == OK) {
        rc = form_parse(&form, q->content_type, q->raw, q->raw_len, FILES_MAX, e);
    }
    json_t *files = json_array();
    bool good = true;
    g.form = &form;
    for (size_t i = 0; rc == OK && i < form.parts; i++) {
        if (form_is_sidecar(&form.part[i])) {
            continue;
        }
        json_t *file = store_part(&g, &form.part[i]);
        good = good && json_is_true(json_object_get(file, "success"));
        json_array_append_new(files, file);
    }
    form_release(&form);
    free(g.meta);
    if (rc) {
        json_decref(files);
        return rc;
    }
    r->status = good ? 200 : 400;
    r->json = json_pack("{sb so}", "success", good, "files", files);
    if (!good) {
        json_object_set_new(r->json, "error", json_string("some files were not stored"));
    }
    return OK;
}
