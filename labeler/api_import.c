// Labels from the files of other programs (label_file.h) onto recordings that are here.
//
// A file names its recordings by our number, by the name of the imported file, or as "recording-NUMBER". What it says twice, or
// what is there already, changes nothing: a region's id comes from the file or from the label and its place. All
// or nothing is stored; with dry=1 nothing is, and the answer tells what would be.
#include "labeler/api.h"

#include "common/err.h"
#include "common/hex.h"
#include "common/parse.h"
#include "common/store/store_label.h"
#include "common/store/store_page.h"
#include "common/store/store_sample.h"
#include "labeler/lab_save.h"
#include "labeler/label_file.h"
#include "labeler/sig_view.h"

#include <math.h>

#define UNKNOWN_SHOWN 20
#define FILE_MAX ((size_t)64 << 20) // parsed in memory

struct import {
    struct lab *lab;
    const struct lab_req *q;
    int64_t only;             // recording that the request names, 0: the file's
    int64_t rec, start_us, end_us, width, height; // of the last item's recording
    double frame_us;          // of its first stream
    char file[200];           // that the recording was found by
    int64_t imported, unchanged, unknown;
    json_t *unknown_names;
    struct err *e;
};

static int on_place(void *ctx, const struct store_recording *c)
{
    struct import *m = ctx;
    m->rec = c->rec_id;
    m->start_us = c->start_us;
    m->end_us = c->end_us;
    m->width = c->width;
    m->height = c->height;
    return OK;
}

static int open_recording(struct import *m, int64_t rec)
{
    struct store_recording_filter f = {.rec_id = rec};
    struct sig_view v;
    struct err none = {0};
    if (m->rec == rec) {
        return OK;
    }
    m->rec = 0;
    int rc = store_recording_walk(m->lab->store, &f, on_place, m, m->e);
    m->frame_us = rc == OK && m->rec && sig_view_find(m->lab, rec, "", &v, &none) == OK
                      ? (double)v.interval_ns / 1000.0
                      : 0;
    return rc;
}

// The item's recording into m; m->rec 0 where there is none.
static int find_recording(struct import *m, const struct label_item *item)
{
    int64_t rec = m->only ? m->only : item->rec;
    if (!rec && strcmp(item->file, m->file) == 0 && m->rec) {
        return OK; // the same as before
    }
    if (!rec && item->file[0]) {
        int rc = store_page_recording_by_name(m->lab->store, item->file, &rec, m->e);
        if (rc) {
            return rc;
        }
        if (!rec && (strncmp(item->file, "recording-", 10) != 0 ||
                     parse_i64(item->file + 10, 1, INT64_MAX, &rec))) {
            rec = 0;
        }
    }
    (void)snprintf(m->file, sizeof(m->file), "%s", item->rec || m->only ? "" : item->file);
    if (!rec) {
        m->rec = 0;
        return OK;
    }
    return open_recording(m, rec);
}

static int64_t time_of(const struct import *m, const struct label_item *item, double t)
{
    double us = item->unit == LABEL_US        ? t
                : item->unit == LABEL_SECONDS ? (double)m->start_us + t * 1e6
                                              : (double)m->start_us + t * m->frame_us;
    return us > -9e18 && us < 9e18 ? llround(us) : INT64_MAX;
}

static bool id_ok(const char *id)
{
    size_t len = strlen(id);
    return len > 0 && len <= 40 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

// The item's own id where it is one of ours; otherwise one that the same label at the same place gives again.
static void make_id(const struct label_item *item, const struct store_region *g, char out[41])
{
    char text[300];
    uint8_t raw[HEX_DIGEST_LEN];
    char hex[HEX_DIGEST_TEXT];
    if (strcmp(item->region, "whole") == 0 || (g->whole && !g->has_box && !id_ok(item->region))) {
        out[0] = 0;
        return;
    }
    if (id_ok(item->region)) {
        (void)snprintf(out, 41, "%s", item->region);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s|%lld|%lld|%.4f|%.4f|%.4f|%.4f", g->label,
                   (long long)g->start_us, (long long)g->end_us, g->x, g->y, g->w, g->h);
    hex_sha256(raw, text, strlen(text));
    hex_encode(hex, raw, sizeof(raw));
    (void)snprintf(out, 41, "i%.23s", hex);
}

static int take_box(const struct import *m, const struct label_item *item, struct store_region *g)
{
    double w = item->percent ? (double)m->width / 100.0 : 1,
           h = item->percent ? (double)m->height / 100.0 : 1;
    g->has_box = true;
    g->x = item->x * w;
    g->y = item->y * h;
    g->w = item->w * w;
    g->h = item->h * h;
    bool good = m->width > 0 && g->w > 0 && g->h > 0 && g->x >= -0.5 && g->y >= -0.5 &&
                g->x + g->w <= (double)m->width + 0.5 && g->y + g->h <= (double)m->height + 0.5;
    return good ? OK : err_set(m->e, E_FORMAT, "its box lies outside the picture");
}

static int make_region(const struct import *m, const struct label_item *item,
                       struct store_region *g)
{
    *g = (struct store_region){.rec_id = m->rec,
                               .label = item->label,
                               .author = m->q->user,
                               .source = item->model ? "model" : "import",
                               .model = "",
                               .whole = item->whole};
    int rc = api_check_label(g->label, m->e);
    if (rc == OK && item->has_box) {
        rc = take_box(m, item, g);
    }
    if (rc == OK && !item->whole) {
        g->start_us = time_of(m, item, item->start);
        g->end_us = time_of(m, item, item->end);
        // A file's seconds are rounded: what ends a little behind the recording ends with it.
        int64_t slack = 1000 + (int64_t)m->frame_us;
        g->end_us = g->end_us > m->end_us && g->end_us <= m->end_us + slack ? m->end_us : g->end_us;
        g->start_us = g->start_us < m->start_us && g->start_us >= m->start_us - slack ? m->start_us
                                                                                      : g->start_us;
        if (g->start_us < m->start_us || g->end_us > m->end_us || g->end_us < g->start_us) {
            rc = err_set(m->e, E_FORMAT, "it lies outside recording %lld", (long long)m->rec);
        }
        // A track knows no "whole recording": what spans all of it is that.
        if (rc == OK && item->unit == LABEL_SECONDS && !id_ok(item->region) &&
            g->start_us <= m->start_us + 1 && g->end_us >= m->end_us - 1) {
            g->whole = true;
            g->start_us = g->end_us = 0;
        }
    }
    return rc;
}

struct twin {
    const struct store_region *g;
    bool there;
};

static bool near(double a, double b)
{
    return fabs(a - b) < 0.001;
}

static int on_twin(void *ctx, const struct store_region *g)
{
    struct twin *t = ctx;
    const struct store_region *n = t->g;
    bool same = strcmp(g->region, n->region) == 0 && strcmp(g->label, n->label) == 0 &&
                g->whole == n->whole && g->has_box == n->has_box;
    same = same && (g->whole || (llabs(g->start_us - n->start_us) <= 1 &&
                                 llabs(g->end_us - n->end_us) <= 1)); // seconds have six decimals
    same = same && (!g->has_box ||
                    (near(g->x, n->x) && near(g->y, n->y) && near(g->w, n->w) && near(g->h, n->h)));
    t->there = t->there || same;
    return OK;
}

static int import_item(struct import *m, const struct label_item *item)
{
    char id[41];
    struct store_region g;
    struct twin t = {&g, false};
    int rc = find_recording(m, item);
    if (rc == OK && !m->rec) {
        if (m->unknown++ < UNKNOWN_SHOWN) {
            json_array_append_new(m->unknown_names, api_text(item->file));
        }
        return OK;
    }
    rc = rc ? rc : make_region(m, item, &g);
    if (rc) {
        return rc;
    }
    make_id(item, &g, id);
    g.region = id;
    rc = store_label_walk(m->lab->store, m->rec, on_twin, &t, m->e);
    if (rc == OK && t.there) {
        m->unchanged++;
        return OK;
    }
    m->imported++;
    return rc ? rc : store_label_set(m->lab->store, &g, -1, m->e);
}

static int import_all(struct import *m, const struct label_items *items, bool dry)
{
    lab_save_alone();
    int rc = store_begin(m->lab->store, m->e);
    for (size_t i = 0; rc == OK && i < items->count; i++) {
        rc = import_item(m, &items->item[i]);
        if (rc) {
            err_wrap(m->e, "label %zu", i + 1);
        }
    }
    rc = rc || dry ? rc : store_commit(m->lab->store, m->e);
    if (rc || dry) {
        store_rollback(m->lab->store);
    }
    lab_save_done();
    return rc;
}

int api_labels_import(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *name = lab_req_param(q, "format");
    enum label_format f = label_format_of(name ? name : "");
    struct import m = {.lab = lab, .q = q, .e = e};
    struct label_items items = {0};
    int64_t dry = 0;
    int rc = lab_req_param_i64(q, "recording", 1, INT64_MAX, &m.only, e);
    rc = rc ? rc : lab_req_param_i64(q, "dry", 0, 1, &dry, e);
    if (rc == OK && f == LABEL_FORMATS) {
        rc = err_set(e, E_FORMAT,
                     "'format' is csv, label-studio, edge-impulse, edge-impulse-structured, "
                     "edge-impulse-boxes, coco, voc or audacity");
    }
    if (rc == OK && f == LABEL_AUDACITY && !m.only) {
        rc = err_set(e, E_FORMAT, "an audacity file is of one recording: name it as 'recording'");
    }
    if (rc == OK && q->raw_len > FILE_MAX) {
        rc = err_set(e, E_LIMIT, "the file is larger than %zu MB: import it in parts",
                     FILE_MAX >> 20);
    }
    rc = rc ? rc : label_read(f, q->raw, q->raw_len, &items, e);
    m.unknown_names = json_array();
    rc = rc ? rc : import_all(&m, &items, dry != 0);
    label_items_release(&items);
    if (rc) {
        json_decref(m.unknown_names);
        return rc;
    }
    return api_answer(r,
                      json_pack("{s:I,s:I,s:I,s:o,s:b}", "imported", (json_int_t)m.imported,
                                "unchanged", (json_int_t)m.unchanged, "unknown",
                                (json_int_t)m.unknown, "unknown_files", m.unknown_names, "dry",
                                dry != 0),
                      e);
}
