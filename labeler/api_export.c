// Labels for other programs: CSV, Label Studio's JSON, Audacity's label track.
//
// Times are seconds from the start of the recording in Label Studio's and Audacity's formats (what those programs
// show), device microseconds in CSV (exact). A label of the whole recording spans it.
#include "labeler/api.h"

#include "common/err.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"

struct place { // of the recording that the walk is at
    int64_t rec_id, start_us, end_us;
    char device[64], name[256], streams[256];
};

static int on_place(void *ctx, const struct store_recording *c)
{
    struct place *p = ctx;
    p->rec_id = c->rec_id;
    p->start_us = c->start_us;
    p->end_us = c->end_us;
    (void)snprintf(p->device, sizeof(p->device), "%s", c->device);
    (void)snprintf(p->name, sizeof(p->name), "%s", c->name);
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
    return rc || p->rec_id ? rc : err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)rec);
}

struct export {
    struct lab *lab;
    struct buf *out;
    json_t *tasks, *results; // Label Studio: tasks; results of the present recording
    struct place place;
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

static int csv_row(void *ctx, const struct store_region *g)
{
    struct export *x = ctx;
    int rc = find_place(x->lab, g->rec_id, &x->place, x->e);
    if (rc) {
        return rc == E_NOT_FOUND ? OK : rc; // erased since
    }
    rc = buf_printf(x->out, "%lld,", (long long)g->rec_id);
    rc = rc ? rc : put_field(x->out, x->place.device);
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, x->place.name);
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, g->label);
    rc = rc ? rc : g->whole ? buf_puts(x->out, ",,,") : buf_printf(x->out, ",%lld,%lld,", (long long)g->start_us, (long long)g->end_us);
    if (rc == OK && g->has_box) {
        rc = buf_printf(x->out, "%g %g %g %g", g->x, g->y, g->w, g->h);
    }
    rc = rc ? rc : buf_puts(x->out, ",");
    rc = rc ? rc : put_field(x->out, g->author);
    return rc ? rc : buf_printf(x->out, ",%s,%lld,%lld\n", g->source, (long long)g->version, (long long)g->time_ms);
}

static double seconds(const struct place *p, int64_t t_us)
{
    return (double)(t_us - p->start_us) / 1e6;
}

static int studio_row(void *ctx, const struct store_region *g)
{
    struct export *x = ctx;
    if (x->place.rec_id != g->rec_id) {
        int rc = find_place(x->lab, g->rec_id, &x->place, x->e);
        if (rc) {
            return rc == E_NOT_FOUND ? OK : rc;
        }
        x->results = json_array();
        json_array_append_new(x->tasks, json_pack("{s:I,s:{s:o,s:o,s:o},s:[{s:o}]}", "id", (json_int_t)g->rec_id, "data", "device",
                                                  api_text(x->place.device), "file", api_text(x->place.name), "streams",
                                                  api_text(x->place.streams), "annotations", "result", x->results));
    }
    json_t *value = g->has_box ? json_pack("{s:f,s:f,s:f,s:f,s:[o]}", "x", g->x, "y", g->y, "width", g->w, "height", g->h,
                                           "rectanglelabels", api_text(g->label))
                    : g->whole ? json_pack("{s:[o]}", "choices", api_text(g->label))
                               : json_pack("{s:f,s:f,s:[o]}", "start", seconds(&x->place, g->start_us), "end",
                                           seconds(&x->place, g->end_us), "timeserieslabels", api_text(g->label));
    return json_array_append_new(x->results, json_pack("{s:o,s:s,s:s,s:s,s:o}", "id", api_text(*g->region ? g->region : "whole"), "type",
                                                       g->has_box ? "rectanglelabels" : g->whole ? "choices" : "timeserieslabels",
                                                       "from_name", "label", "to_name", "signal", "value", value));
}

int api_labels_export(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *format = lab_req_param(q, "format"), *label = lab_req_param(q, "label");
    bool studio = format && strcmp(format, "label-studio") == 0;
    if (format && !studio && strcmp(format, "csv") != 0) {
        return err_set(e, E_FORMAT, "'format' is csv or label-studio");
    }
    struct export x = {.lab = lab, .out = &r->body, .e = e, .tasks = studio ? json_array() : NULL};
    int rc = studio ? OK : buf_puts(&r->body, "recording,device,file,label,start_us,end_us,box,author,source,version,time_ms\n");
    rc = rc ? rc : store_label_all(lab->store, label && *label ? label : NULL, studio ? studio_row : csv_row, &x, e);
    if (rc == OK && studio) {
        rc = lab_res_header(r, "Content-Disposition", "attachment; filename=\"labels.json\"");
        return rc ? rc : api_answer(r, x.tasks, e);
    }
    json_decref(x.tasks);
    r->type = "text/csv; charset=utf-8";
    return rc ? rc : lab_res_header(r, "Content-Disposition", "attachment; filename=\"labels.csv\"");
}

static int track_row(void *ctx, const struct store_region *g)
{
    struct export *x = ctx;
    int64_t a = g->whole ? x->place.start_us : g->start_us, b = g->whole ? x->place.end_us : g->end_us;
    return g->has_box ? OK : buf_printf(x->out, "%.6f\t%.6f\t%s\n", seconds(&x->place, a), seconds(&x->place, b), g->label);
}

int api_audacity(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    struct export x = {.lab = lab, .out = &r->body, .e = e};
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : find_place(lab, id, &x.place, e);
    rc = rc ? rc : store_label_walk(lab->store, id, track_row, &x, e);
    r->type = "text/plain; charset=utf-8";
    return rc;
}
