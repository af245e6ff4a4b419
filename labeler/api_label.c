// Labels of recordings: regions, whole recordings, boxes; with optimistic locking.
//
// A region has an id that the author's program made (so that a repeated request after a lost answer
// makes nothing twice) and a version that every change raises. A change names the version that its
// author saw; where another is stored the answer is 409 with both, and nothing changes.
#include "labeler/api.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_label.h"
#include "common/store/store_page.h"
#include "common/store/store_sample.h"
#include "labeler/lab_save.h"

#include <sodium.h>

#define BULK_MAX 20000
#define STEP_MAX 64   // changes in one transaction,
#define STEP_US 20000 // and none begins in it after that: transactions stay under 50 ms
#define WHOLE "whole"

json_t *api_region_json(const void *region)
{
    const struct store_region *g = region;
    json_t *o =
        json_pack("{s:I,s:o,s:o,s:o,s:s,s:o,s:I,s:I,s:I,s:b}", "rec", (json_int_t)g->rec_id,
                  "region", api_text(*g->region ? g->region : WHOLE), "label", api_text(g->label),
                  "author", api_text(g->author), "source", g->source, "model", api_text(g->model),
                  "version", (json_int_t)g->version, "event_id", (json_int_t)g->event_id, "time_ms",
                  (json_int_t)g->time_ms, "whole", g->whole);
    if (o && !g->whole) {
        json_object_set_new(o, "start_us", json_integer(g->start_us));
        json_object_set_new(o, "end_us", json_integer(g->end_us));
    }
    if (o && g->has_box) {
        json_object_set_new(
            o, "box", json_pack("{s:f,s:f,s:f,s:f}", "x", g->x, "y", g->y, "w", g->w, "h", g->h));
    }
    if (o && *g->model) {
        json_object_set_new(o, "score", json_real(g->score));
    }
    if (o && g->deleted) {
        json_object_set_new(o, "deleted", json_true());
    }
    return o;
}

static int on_region(void *ctx, const struct store_region *g)
{
    return json_array_append_new(ctx, api_region_json(g));
}

struct extent {
    int64_t start_us, end_us;
    bool there;
};

static int on_extent(void *ctx, const struct store_recording *c)
{
    *(struct extent *)ctx = (struct extent){c->start_us, c->end_us, true};
    return OK;
}

static int find_extent(struct lab *lab, int64_t id, struct extent *x, struct err *e)
{
    struct store_recording_filter f = {.rec_id = id};
    *x = (struct extent){0};
    int rc = store_recording_walk(lab->store, &f, on_extent, x, e);
    return rc || x->there ? rc
                          : err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)id);
}

int api_labels(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    struct extent x;
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : find_extent(lab, id, &x, e);
    json_t *list = json_array();
    rc = rc ? rc : store_label_walk(lab->store, id, on_region, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "regions", list), e);
}

static int check_region_id(const char *id, struct err *e)
{
    size_t len = strlen(id);
    if (len > 40 ||
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != len) {
        return err_set(e, E_FORMAT, "a region's id has up to 40 letters, digits, '-' and '_'");
    }
    return OK;
}

static int read_box(const json_t *o, struct store_region *g, struct err *e)
{
    const json_t *box = json_object_get(o, "box");
    if (!box || json_is_null(box)) {
        return OK;
    }
    int rc = jx_get_f64(box, "x", &g->x, e);
    rc = rc ? rc : jx_get_f64(box, "y", &g->y, e);
    rc = rc ? rc : jx_get_f64(box, "w", &g->w, e);
    rc = rc ? rc : jx_get_f64(box, "h", &g->h, e);
    if (rc == OK && !(g->w > 0 && g->h > 0 && g->x >= 0 && g->y >= 0 && g->x + g->w <= 1e6 &&
                      g->y + g->h <= 1e6)) {
        rc = err_set(e, E_FORMAT, "a box lies within its picture and is not empty");
    }
    g->has_box = true;
    return rc;
}

int api_region_read(const json_t *o, const struct lab_req *q, void *region, struct err *e)
{
    struct store_region *g = region;
    g->author = q->user;
    g->source = "human";
    g->model = "";
    g->whole = true;
    int rc = jx_get_str(o, "label", 64, &g->label, e);
    rc = rc ? rc : api_check_label(g->label, e);
    rc = rc ? rc : api_opt_str(o, "source", 8, &g->source, e);
    rc = rc ? rc : api_opt_str(o, "model", 64, &g->model, e);
    rc = rc ? rc : api_opt_f64(o, "score", &g->score, e);
    rc = rc ? rc : read_box(o, g, e);
    if (rc == OK && strcmp(g->source, "human") && strcmp(g->source, "model") &&
        strcmp(g->source, "import")) {
        rc = err_set(e, E_FORMAT, "'source' is human, model or import");
    }
    const json_t *start = json_object_get(o, "start_us");
    if (rc || !start || json_is_null(start)) {
        return rc;
    }
    g->whole = false;
    rc = jx_get_i64(o, "start_us", INT64_MIN / 2, INT64_MAX / 2, &g->start_us, e);
    g->end_us = g->start_us;
    rc = rc ? rc : api_opt_i64(o, "end_us", INT64_MIN / 2, INT64_MAX / 2, &g->end_us, e);
    return rc == OK && g->end_us < g->start_us
               ? err_set(e, E_FORMAT, "'end_us' lies before 'start_us'")
               : rc;
}

static int check_inside(const struct store_region *g, const struct extent *x, struct err *e)
{
    if (!g->whole && (g->start_us < x->start_us || g->end_us > x->end_us)) {
        return err_set(e, E_FORMAT, "the region lies outside the recording (%lld to %lld us)",
                       (long long)x->start_us, (long long)x->end_us);
    }
    return OK;
}

struct stored {
    const char *region;
    json_t *json;
};

static int on_stored(void *ctx, const struct store_region *g)
{
    struct stored *s = ctx;
    if (strcmp(g->region, s->region) == 0) {
        json_decref(s->json);
        s->json = api_region_json(g);
    }
    return OK;
}

// The stored region as JSON (null where there is none).
static json_t *stored_region(struct lab *lab, int64_t rec, const char *region)
{
    struct stored s = {.region = region};
    struct err unused = {0};
    (void)!store_label_walk(lab->store, rec, on_stored, &s, &unused);
    return s.json ? s.json : json_null();
}

// A conflict's answer carries what is stored, so that the author can choose.
static int answer_conflict(struct lab *lab, struct lab_res *r, const struct store_region *g,
                           int64_t expected, struct err *e)
{
    err_set(e, E_CONFLICT, "somebody else changed this label meanwhile");
    r->status = 409;
    json_decref(r->json);
    r->json = json_pack("{s:I,s:o}", "expected_version", (json_int_t)expected, "stored",
                        stored_region(lab, g->rec_id, g->region));
    return E_CONFLICT;
}

// The version that the author saw: body member, or If-Match: "N". -1: not said.
static int expected_version(const struct lab_req *q, const json_t *o, int64_t *out, struct err *e)
{
    *out = -1;
    if (*q->if_match == '"') {
        *out = strtoll(q->if_match + 1, NULL, 10);
    }
    return api_opt_i64(o, "version", -1, INT64_MAX, out, e);
}

static int save(struct lab *lab, struct lab_res *r, struct store_region *g, int64_t expected,
                struct err *e)
{
    int rc = lab_save(lab, g, expected, e);
    if (rc == E_CONFLICT) {
        return answer_conflict(lab, r, g, expected, e);
    }
    return rc ? rc : api_answer(r, api_region_json(g), e);
}

int api_label_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_region g = {0};
    struct extent x;
    char made[25];
    uint8_t raw[12];
    int rc = lab_req_id(q, 0, &g.rec_id, e);
    rc = rc ? rc : api_region_read(q->json, q, &g, e);
    rc = rc ? rc : find_extent(lab, g.rec_id, &x, e);
    rc = rc ? rc : check_inside(&g, &x, e);
    randombytes_buf(raw, sizeof(raw));
    (void)sodium_bin2hex(made, sizeof(made), raw, sizeof(raw));
    const char *fallback = g.whole && !g.has_box ? WHOLE : made;
    g.region = fallback;
    rc = rc ? rc : api_opt_str(q->json, "region", 40, &g.region, e);
    rc = rc ? rc : check_region_id(g.region, e);
    int64_t expected = -1;
    rc = rc ? rc : expected_version(q, q->json, &expected, e);
    if (rc) {
        return rc;
    }
    if (strcmp(g.region, WHOLE) == 0 || !*g.region) {
        g.region = "";
    }
    r->status = 201;
    return save(lab, r, &g, expected, e);
}

static int region_arg(const struct lab_req *q, struct store_region *g, struct err *e)
{
    int rc = lab_req_id(q, 0, &g->rec_id, e);
    g->region = strcmp(q->arg[1], WHOLE) == 0 ? "" : q->arg[1];
    return rc ? rc : check_region_id(g->region, e);
}

int api_label_put(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_region g = {0};
    struct extent x;
    int64_t expected;
    int rc = region_arg(q, &g, e);
    rc = rc ? rc : api_region_read(q->json, q, &g, e);
    rc = rc ? rc : find_extent(lab, g.rec_id, &x, e);
    rc = rc ? rc : check_inside(&g, &x, e);
    rc = rc ? rc : expected_version(q, q->json, &expected, e);
    return rc ? rc : save(lab, r, &g, expected, e);
}

int api_label_delete(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct store_region g = {.author = q->user, .source = "human", .model = "", .label = ""};
    int64_t expected;
    int rc = region_arg(q, &g, e);
    rc = rc ? rc : expected_version(q, q->json, &expected, e);
    rc = rc ? rc : lab_req_param_i64(q, "version", -1, INT64_MAX, &expected, e);
    if (rc) {
        return rc;
    }
    g.deleted = true;
    rc = lab_save(lab, &g, expected, e);
    if (rc == E_CONFLICT) {
        return answer_conflict(lab, r, &g, expected, e);
    }
    return rc ? rc
              : api_answer(
                    r,
                    json_pack("{s:s,s:I}", "region", q->arg[1], "version", (json_int_t)g.version),
                    e);
}

// What brings a region back to what it is now: a member of another bulk request.
static json_t *undo_of(struct lab *lab, const struct store_region *g)
{
    json_t *was = stored_region(lab, g->rec_id, g->region);
    if (json_is_object(was)) {
        return was;
    }
    json_decref(was);
    return json_pack("{s:I,s:s,s:b}", "rec", (json_int_t)g->rec_id, "region",
                     *g->region ? g->region : WHOLE, "delete", true);
}

// A change of a bulk request, read and checked as far as it can be without writing.
static int bulk_read(struct lab *lab, const struct lab_req *q, const json_t *change,
                     struct store_region *g, int64_t *expected, struct err *e)
{
    struct extent x;
    *g = (struct store_region){.region = ""};
    *expected = -1;
    int rc = jx_get_i64(change, "rec", 1, INT64_MAX, &g->rec_id, e);
    rc = rc ? rc : api_opt_str(change, "region", 40, &g->region, e);
    rc = rc ? rc : check_region_id(g->region, e);
    rc = rc ? rc : api_opt_bool(change, "delete", &g->deleted, e);
    rc = rc ? rc : api_opt_i64(change, "version", -1, INT64_MAX, expected, e);
    rc = rc ? rc : find_extent(lab, g->rec_id, &x, e);
    if (rc) {
        return rc;
    }
    if (strcmp(g->region, WHOLE) == 0) {
        g->region = "";
    }
    if (g->deleted) {
        g->author = q->user;
        g->source = "human";
        g->model = g->label = "";
        return OK;
    }
    rc = api_region_read(change, q, g, e);
    return rc ? rc : check_inside(g, &x, e);
}

// Whether a change can be made to what is stored now. seen names regions of earlier changes, which may alter that.
static int bulk_check(struct lab *lab, struct lab_req *q, struct lab_res *r, const json_t *change,
                      json_t *seen, struct err *e)
{
    struct store_region g;
    int64_t expected;
    char name[72];
    int rc = bulk_read(lab, q, change, &g, &expected, e);
    if (rc) {
        return rc;
    }
    (void)snprintf(name, sizeof(name), "%lld %s", (long long)g.rec_id, g.region);
    if ((expected >= 0 || g.deleted) && !json_object_get(seen, name)) {
        json_t *stored = stored_region(lab, g.rec_id, g.region);
        int64_t version = json_integer_value(json_object_get(stored, "version"));
        json_decref(stored);
        if (g.deleted && version == 0) {
            rc = err_set(e, E_NOT_FOUND, "recording %lld has no region '%s'", (long long)g.rec_id,
                         g.region);
        } else if (expected >= 0 && expected != version) {
            rc = answer_conflict(lab, r, &g, expected, e);
        }
    }
    return json_object_set_new(seen, name, json_true()) && rc == OK
               ? err_set(e, E_MEM, "out of memory")
               : rc;
}

static int bulk_one(struct lab *lab, struct lab_req *q, struct lab_res *r, const json_t *change,
                    json_t *done, json_t *undo, struct err *e)
{
    struct store_region g;
    int64_t expected;
    int rc = bulk_read(lab, q, change, &g, &expected, e);
    if (rc) {
        return rc;
    }
    json_t *back = undo_of(lab, &g);
    rc = g.deleted ? store_label_delete(lab->store, &g, expected, e)
                   : store_label_set(lab->store, &g, expected, e);
    if (rc) {
        json_decref(back);
        return rc == E_CONFLICT ? answer_conflict(lab, r, &g, expected, e) : rc;
    }
    json_object_set_new(back, "version", json_integer(g.version));
    json_array_append_new(undo, back);
    return json_array_append_new(done, json_pack("{s:I,s:s,s:I}", "rec", (json_int_t)g.rec_id,
                                                 "region", *g.region ? g.region : WHOLE, "version",
                                                 (json_int_t)g.version));
}

static void cut_to(json_t *list, size_t size)
{
    while (json_array_size(list) > size) {
        (void)json_array_remove(list, json_array_size(list) - 1); // it is there
    }
}

// The changes from *next on, in one short transaction. On failure done and undo tell of the steps before alone.
static int bulk_step(struct lab *lab, struct lab_req *q, struct lab_res *r, const json_t *changes,
                     size_t *next, json_t *done, json_t *undo, struct err *e)
{
    size_t first = *next, kept = json_array_size(done);
    lab_save_alone();
    int rc = store_begin(lab->store, e);
    int64_t began = clock_mono_us();
    for (; rc == OK && *next < json_array_size(changes) && *next < first + STEP_MAX &&
           clock_mono_us() - began < STEP_US;
         ++*next) {
        rc = bulk_one(lab, q, r, json_array_get(changes, *next), done, undo, e);
        if (rc) {
            err_wrap(e, "change %zu", *next + 1);
        }
    }
    rc = rc ? rc : store_commit(lab->store, e);
    if (rc) {
        store_rollback(lab->store);
        cut_to(done, kept);
        cut_to(undo, kept);
    }
    lab_save_done();
    return rc;
}

// Somebody changed a label between two steps, or the store failed: the answer tells what is changed and how to go back.
static int bulk_stopped(struct lab_res *r, int rc, size_t asked, json_t *done, json_t *undo,
                        struct err *e)
{
    err_wrap(e, "%zu of %zu changes are made and the rest is not", json_array_size(done), asked);
    if (rc != E_CONFLICT && rc != E_NOT_FOUND) {
        return rc;
    }
    e->code = E_CONFLICT;
    r->status = 409;
    r->json = r->json ? r->json : json_object();
    json_object_set(r->json, "changed", done);
    json_object_set(r->json, "undo", undo);
    return E_CONFLICT;
}

int api_label_bulk(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const json_t *changes = json_object_get(q->json, "changes");
    size_t count = json_array_size(changes), next = 0;
    if (!json_is_array(changes) || count > BULK_MAX) {
        return err_set(e, E_FORMAT, "'changes' is an array of at most %d changes", BULK_MAX);
    }
    json_t *done = json_array(), *undo = json_array(), *seen = json_object();
    int rc = OK;
    for (size_t i = 0; rc == OK && count > 1 && i < count; i++) {
        rc = bulk_check(lab, q, r, json_array_get(changes, i), seen, e);
        if (rc) {
            err_wrap(e, "change %zu", i + 1);
        }
    }
    while (rc == OK && next < count) {
        if (next) {
            lab_save_pause();
        }
        rc = bulk_step(lab, q, r, changes, &next, done, undo, e);
    }
    if (rc && json_array_size(done)) {
        rc = bulk_stopped(r, rc, count, done, undo, e);
    }
    json_decref(seen);
    if (rc) {
        json_decref(done);
        json_decref(undo);
        return rc;
    }
    return api_answer(r, json_pack("{s:o,s:o}", "changed", done, "undo", undo), e);
}
