// Labels for other programs: CSV, Label Studio's JSON, Edge Impulse's side-cars, COCO, Pascal VOC, Audacity's label track.
//
// Each is what api_import.c reads back. Times are seconds from the start of the recording in Label Studio's and Audacity's
// formats (what those programs show), frame numbers of the first stream in Edge Impulse's, device microseconds in CSV (exact).
// A recording without a file name is "recording-NUMBER".
#include "labeler/api.h"

#include "common/err.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "labeler/label_file.h"
#include "labeler/sig_view.h"

struct place { // of the recording that the walk is at
    int64_t rec_id, start_us, end_us, width, height;
    char device[64], name[256], streams[256];
    bool named; // it has a file name of its own
};

static int on_place(void *ctx, const struct store_recording *c)
{
    struct place *p = ctx;
    p->rec_id = c->rec_id;
    p->start_us = c->start_us;
    p->end_us = c->end_us;
    p->width = c->width;
    p->height = c->height;
    (void)snprintf(p->device, sizeof(p->device), "%s", c->device);
    (void)snprintf(p->name, sizeof(p->name), "%s", c->name);
    p->named = *c->name != 0;
    if (!p->named) {
        (void)snprintf(p->name, sizeof(p->name), "recording-%lld", (long long)c->rec_id);
    }
    (void)snprintf(p->streams, sizeof(p->streams), "%s", c->streams);
    return OK;
}

static int find_place(struct lab *lab, int64_t rec, struct place *p, struct err *e)
{
    struct store_recording_filter f = {.rec_id = rec};
    if (p->rec_id == rec) {
        return OK;
    }
    *p = (struct place){0};
    int rc = store_recording_walk(lab->store, &f, on_place, p, e);
    return rc || p->rec_id ? rc
                           : err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)rec);
}

struct export {
    struct lab *lab;
    enum label_format format;
    struct buf *out;
    json_t *root;    // of formats in JSON
    json_t *now;     // what the present recording's labels go into
    struct place place;
    int64_t ids, next_frame,
        frames; // COCO: annotations so far; structured: first frame not covered, and frames
    double frame_us;
    struct err *e;
};

// A field in quotes. One that a spreadsheet would take for a formula gets a blank in front.
static int put_field(struct buf *b, const char *text)
{
    int rc = buf_puts(b, *text && strchr("=+-@", *text) ? "\" " : "\"");
    for (const char *p = text; rc == OK && *p; p++) {
        rc = *p == '"' ? buf_puts(b, "\"\"") : buf_put(b, p, 1);
    }
    return rc ? rc : buf_puts(b, "\"");
}

static int csv_row(struct export *x, const struct store_region *g)
{
    int rc = buf_printf(x->out, "%lld,", (long long)g->rec_id);
    rc = rc ? rc : put_field(x->out, x->place.device);
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, x->place.named ? x->place.name : "");
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, g->label);
    rc = rc ? rc
         : g->whole
             ? buf_puts(x->out, ",,,")
             : buf_printf(x->out, ",%lld,%lld,", (long long)g->start_us, (long long)g->end_us);
    if (rc == OK && g->has_box) {
        rc = buf_printf(x->out, "%.9g %.9g %.9g %.9g", g->x, g->y, g->w, g->h);
    }
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, g->author);
    return rc ? rc
              : buf_printf(x->out, ",%s,%lld,%lld,%s\n", g->source, (long long)g->version,
                           (long long)g->time_ms, *g->region ? g->region : "whole");
}

static double seconds(const struct place *p, int64_t t_us)
{
    return (double)(t_us - p->start_us) / 1e6;
}

static json_t *studio_box(const struct place *p, const struct store_region *g)
{
    double w = p->width > 0 ? (double)p->width : 100, h = p->height > 0 ? (double)p->height : 100;
    return json_pack("{s:f,s:f,s:f,s:f,s:i,s:[o]}", "x", g->x * 100 / w, "y", g->y * 100 / h,
                     "width", g->w * 100 / w, "height", g->h * 100 / h, "rotation", 0,
                     "rectanglelabels", api_text(g->label));
}

static int studio_row(struct export *x, const struct store_region *g)
{
    json_t *value =
        g->has_box ? studio_box(&x->place, g)
        : g->whole ? json_pack("{s:[o]}", "choices", api_text(g->label))
                   : json_pack("{s:f,s:f,s:b,s:[o]}", "start", seconds(&x->place, g->start_us),
                               "end", seconds(&x->place, g->end_us), "instant",
                               g->start_us == g->end_us, "timeserieslabels", api_text(g->label));
    json_t *result = json_pack(
        "{s:o,s:s,s:s,s:s,s:s,s:o}", "id", api_text(*g->region ? g->region : "whole"), "type",
        g->has_box ? "rectanglelabels"
        : g->whole ? "choices"
                   : "timeserieslabels",
        "from_name", "label", "to_name", g->has_box ? "image" : "signal", "origin",
        strcmp(g->source, "model") == 0 ? "prediction" : "manual", "value", value);
    if (result && g->has_box) {
        json_object_set_new(result, "original_width", json_integer(x->place.width));
        json_object_set_new(result, "original_height", json_integer(x->place.height));
    }
    return json_array_append_new(x->now, result);
}

static json_t *ei_box(const struct store_region *g)
{
    return json_pack("{s:o,s:f,s:f,s:f,s:f}", "label", api_text(g->label), "x", g->x, "y", g->y,
                     "width", g->w, "height", g->h);
}

static int info_row(struct export *x, const struct store_region *g)
{
    if (g->has_box) {
        return json_array_append_new(json_object_get(x->now, "boundingBoxes"), ei_box(g));
    }
    return g->whole ? json_object_set_new(
                          x->now, "label",
                          json_pack("{s:s,s:o}", "type", "label", "label", api_text(g->label)))
                    : OK;
}

static int add_piece(struct export *x, int64_t first, int64_t last, const char *label)
{
    x->next_frame = last + 1;
    return json_array_append_new(x->now,
                                 json_pack("{s:I,s:I,s:o}", "startIndex", (json_int_t)first,
                                           "endIndex", (json_int_t)last, "label", api_text(label)));
}

// Pieces may not overlap and must cover every frame: what lies under an earlier one is cut, what lies between is filled.
static int piece_row(struct export *x, const struct store_region *g)
{
    if (g->whole || g->has_box || x->frame_us <= 0) {
        return OK;
    }
    int64_t first = (int64_t)((double)(g->start_us - x->place.start_us) / x->frame_us + 0.5);
    int64_t end = (int64_t)((double)(g->end_us - x->place.start_us) / x->frame_us + 0.5);
    end = end > x->frames ? x->frames : end;
    first = first < x->next_frame ? x->next_frame : first;
    int rc = end > first && first > x->next_frame
                 ? add_piece(x, x->next_frame, first - 1, LABEL_GAP)
                 : OK;
    return rc || end <= first ? rc : add_piece(x, first, end - 1, g->label);
}

static int end_pieces(struct export *x)
{
    return x->format == LABEL_EI_STRUCTURED && x->now && x->next_frame < x->frames
               ? add_piece(x, x->next_frame, x->frames - 1, LABEL_GAP)
               : OK;
}

static json_int_t category_of(struct export *x, const char *label)
{
    json_t *list = json_object_get(x->root, "categories"), *o;
    size_t i;
    json_array_foreach(list, i, o) {
        if (strcmp(json_string_value(json_object_get(o, "name")), label) == 0) {
            return (json_int_t)i + 1;
        }
    }
    json_array_append_new(list, json_pack("{s:I,s:o}", "id", (json_int_t)json_array_size(list) + 1,
                                          "name", api_text(label)));
    return (json_int_t)json_array_size(list);
}

static int coco_row(struct export *x, const struct store_region *g)
{
    if (!g->has_box) {
        return OK;
    }
    json_int_t category = category_of(x, g->label);
    return json_array_append_new(
        json_object_get(x->root, "annotations"),
        json_pack("{s:I,s:O,s:I,s:[f,f,f,f],s:f,s:i,s:o}", "id", (json_int_t)++x->ids, "image_id",
                  json_object_get(x->now, "id"), "category_id", category, "bbox", g->x, g->y, g->w,
                  g->h, "area", g->w * g->h, "iscrowd", 0, "region", api_text(g->region)));
}

static int put_xml(struct buf *b, const char *text)
{
    int rc = OK;
    for (const char *p = text; rc == OK && *p; p++) {
        rc = *p == '<'   ? buf_puts(b, "&lt;")
             : *p == '>' ? buf_puts(b, "&gt;")
             : *p == '&' ? buf_puts(b, "&amp;")
                         : buf_put(b, p, 1);
    }
    return rc;
}

// Corners are pixels from 1, both inside.
static int voc_row(struct export *x, const struct store_region *g)
{
    if (!g->has_box) {
        return OK;
    }
    int rc = buf_puts(x->out, "  <object>\n    <name>");
    rc = rc ? rc : put_xml(x->out, g->label);
    return rc ? rc
              : buf_printf(x->out,
                           "</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n  "
                           "  <difficult>0</difficult>\n"
                           "    "
                           "<bndbox><xmin>%.9g</xmin><ymin>%.9g</ymin><xmax>%.9g</xmax><ymax>%.9g</"
                           "ymax></bndbox>\n  </object>\n",
                           g->x + 1, g->y + 1, g->x + g->w, g->y + g->h);
}

static int track_row(struct export *x, const struct store_region *g)
{
    int64_t a = g->whole ? x->place.start_us : g->start_us,
            b = g->whole ? x->place.end_us : g->end_us;
    return g->has_box ? OK
                      : buf_printf(x->out, "%.6f\t%.6f\t%s\n", seconds(&x->place, a),
                                   seconds(&x->place, b), g->label);
}

static int begin_pieces(struct export *x)
{
    struct sig_view v;
    int rc = sig_view_find(x->lab, x->place.rec_id, "", &v, x->e);
    x->frame_us = rc ? 0 : (double)v.interval_ns / 1000;
    x->frames = x->frame_us > 0
                    ? (int64_t)((double)(x->place.end_us - x->place.start_us) / x->frame_us + 0.5)
                    : 0;
    x->next_frame = 0;
    return rc == E_NOT_FOUND ? OK : rc;
}

// What a recording's labels go into, in the formats that group by recording.
static int begin_recording(struct export *x)
{
    const struct place *p = &x->place;
    switch (x->format) {
    case LABEL_STUDIO:
        x->now = json_array();
        return json_array_append_new(
            x->root, json_pack("{s:I,s:{s:I,s:o,s:o,s:o},s:[{s:o}]}", "id", (json_int_t)p->rec_id,
                               "data", "recording", (json_int_t)p->rec_id, "device",
                               api_text(p->device), "file", api_text(p->name), "streams",
                               api_text(p->streams), "annotations", "result", x->now));
    case LABEL_EI_INFO:
        x->now = json_pack("{s:o,s:o,s:s,s:{s:s},s:[]}", "path", api_text(p->name), "name",
                           api_text(p->name), "category", "training", "label", "type", "unlabeled",
                           "boundingBoxes");
        return json_array_append_new(json_object_get(x->root, "files"), x->now);
    case LABEL_EI_STRUCTURED:
    case LABEL_EI_BOXES:
        x->now = json_array();
        json_object_set_new(json_object_get(x->root, x->format == LABEL_EI_BOXES
                                                         ? "boundingBoxes"
                                                         : "structuredLabels"),
                            p->name, x->now);
        return x->format == LABEL_EI_STRUCTURED ? begin_pieces(x) : OK;
    case LABEL_COCO:
        if (!p->width) {
            return OK;
        }
        x->now = json_pack("{s:I,s:o,s:I,s:I,s:I}", "id", (json_int_t)p->rec_id, "file_name",
                           api_text(p->name), "width", (json_int_t)p->width, "height",
                           (json_int_t)p->height, "recording", (json_int_t)p->rec_id);
        return json_array_append_new(json_object_get(x->root, "images"), x->now);
    default:
        return OK;
    }
}

static int put_row(void *ctx, const struct store_region *g)
{
    static int (*const rows[LABEL_FORMATS])(struct export *, const struct store_region *) = {
        [LABEL_CSV] = csv_row,       [LABEL_STUDIO] = studio_row,
        [LABEL_EI_INFO] = info_row,  [LABEL_EI_STRUCTURED] = piece_row,
        [LABEL_COCO] = coco_row,     [LABEL_VOC] = voc_row,
        [LABEL_AUDACITY] = track_row};
    struct export *x = ctx;
    if (x->place.rec_id != g->rec_id) {
        int rc = end_pieces(x);
        x->now = NULL;
        rc = rc ? rc : find_place(x->lab, g->rec_id, &x->place, x->e);
        rc = rc ? rc : begin_recording(x);
        if (rc) {
            return rc == E_NOT_FOUND ? OK : rc; // erased since
        }
    }
    if (x->format == LABEL_EI_BOXES) {
        return g->has_box ? json_array_append_new(x->now, ei_box(g)) : OK;
    }
    return x->format == LABEL_COCO && !x->place.width ? OK : rows[x->format](x, g);
}

static json_t *new_root(enum label_format f)
{
    return f == LABEL_STUDIO          ? json_array()
           : f == LABEL_EI_INFO       ? json_pack("{s:i,s:[]}", "version", 1, "files")
           : f == LABEL_EI_STRUCTURED ? json_pack("{s:i,s:s,s:{}}", "version", 1, "type",
                                                  "structured-labels", "structuredLabels")
           : f == LABEL_EI_BOXES      ? json_pack("{s:i,s:s,s:{}}", "version", 1, "type",
                                                  "bounding-box-labels", "boundingBoxes")
           : f == LABEL_COCO
               ? json_pack("{s:{},s:[],s:[],s:[]}", "info", "images", "annotations", "categories")
               : NULL;
}

static int put_head(struct export *x)
{
    if (x->format == LABEL_CSV) {
        return buf_puts(x->out, "recording,device,file,label,start_us,end_us,box,author,source,"
                                "version,time_ms,region\n");
    }
    if (x->format != LABEL_VOC) {
        return OK;
    }
    int rc = buf_puts(x->out, "<annotation>\n  <filename>");
    rc = rc ? rc : put_xml(x->out, x->place.name);
    return rc ? rc
              : buf_printf(
                    x->out,
                    "</filename>\n  "
                    "<size><width>%lld</width><height>%lld</height><depth>3</depth></size>\n",
                    (long long)x->place.width, (long long)x->place.height);
}

static int run_export(struct export *x, int64_t rec, const char *label, struct lab_res *r)
{
    static const char *const names[LABEL_FORMATS] = {"labels.csv",
                                                     "labels.json",
                                                     "info.labels",
                                                     "structured_labels.labels",
                                                     "bounding_boxes.labels",
                                                     "coco.json",
                                                     "labels.xml",
                                                     "labels.txt"};
    char disposition[100];
    int rc = rec ? find_place(x->lab, rec, &x->place, x->e) : OK;
    rc = rc ? rc : rec ? begin_recording(x) : OK;
    rc = rc ? rc : put_head(x);
    rc = rc    ? rc
         : rec ? store_label_walk(x->lab->store, rec, put_row, x, x->e)
               : store_label_all(x->lab->store, label, put_row, x, x->e);
    rc = rc ? rc : end_pieces(x);
    rc = rc ? rc : x->format == LABEL_VOC ? buf_puts(x->out, "</annotation>\n") : OK;
    (void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"",
                   names[x->format]);
    return rc ? rc : lab_res_header(r, "Content-Disposition", disposition);
}

int api_labels_export(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *format = lab_req_param(q, "format"), *label = lab_req_param(q, "label");
    int64_t rec = 0;
    struct export x = {
        .lab = lab, .format = label_format_of(format ? format : "csv"), .out = &r->body, .e = e};
    int rc = lab_req_param_i64(q, "recording", 1, INT64_MAX, &rec, e);
    if (rc == OK && x.format == LABEL_FORMATS) {
        rc = err_set(e, E_FORMAT,
                     "'format' is csv, label-studio, edge-impulse, edge-impulse-structured, "
                     "edge-impulse-boxes, coco, voc or audacity");
    }
    if (rc == OK && !rec && (x.format == LABEL_VOC || x.format == LABEL_AUDACITY)) {
        rc = err_set(e, E_FORMAT, "a %s file is of one recording: name it as 'recording'", format);
    }
    if (rc) {
        return rc;
    }
    x.root = new_root(x.format);
    rc = run_export(&x, rec, label && *label ? label : NULL, r);
    if (rc || x.root) {
        if (rc == OK) {
            return api_answer(r, x.root, e);
        }
        json_decref(x.root);
        return e->code
                   ? rc
                   : err_set(e, rc, "the file grows too large; ask for one label or one recording");
    }
    r->type = x.format == LABEL_CSV   ? "text/csv; charset=utf-8"
              : x.format == LABEL_VOC ? "application/xml; charset=utf-8"
                                      : "text/plain; charset=utf-8";
    return OK;
}

int api_audacity(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    struct export x = {.lab = lab, .format = LABEL_AUDACITY, .out = &r->body, .e = e};
    int rc = lab_req_id(q, 0, &id, e);
    r->type = "text/plain; charset=utf-8";
    return rc ? rc : run_export(&x, id, NULL, r);
}
