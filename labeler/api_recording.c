// Recordings: the filtered list with its cursor, and one of them.
#include "labeler/api.h"

#include "common/err.h"
#include "common/store/store_label.h"
#include "common/store/store_page.h"
#include "common/store/store_sample.h"

#define LIST_MAX 500

json_t *api_recording_json(const void *recording)
{
    const struct store_recording *c = recording;
    return json_pack(
        "{s:I,s:I,s:I,s:o,s:o,s:o,s:s,s:I,s:I,s:I,s:o,s:I,s:I,s:I,s:b,s:b,s:b,s:o,s:o,s:I,s:o,s:o}",
        "id", (json_int_t)c->rec_id, "session", (json_int_t)c->session_id, "number",
        (json_int_t)c->rec_no, "device", api_text(c->device), "name", api_text(c->name), "group",
        api_text(c->grp), "source", c->source, "start_us", (json_int_t)c->start_us, "end_us",
        (json_int_t)c->end_us, "duration_us", (json_int_t)(c->end_us - c->start_us), "created_ms",
        api_time(c->created_ms), "offset_ms", (json_int_t)c->offset_ms, "width",
        (json_int_t)c->width, "height", (json_int_t)c->height, "simulated", c->simulated,
        "uncertain", c->uncertain, "complete", c->complete, "hint", api_text(c->hint), "labels",
        api_words(c->labels), "label_count", (json_int_t)c->label_count, "streams",
        api_words(c->streams), "meta", api_embedded(c->meta));
}

// What goes beyond names: metadata as "NAME=VALUE" (cut apart in meta, which holds LAB_QUERY_MAX), quality, confidence, split.
static int read_more(const struct lab_req *q, struct store_recording_filter *f, char *meta,
                     struct err *e)
{
    const char *text = lab_req_param(q, "meta"), *split = lab_req_param(q, "split");
    int64_t complete = 0, simulated = 0;
    int rc = lab_req_param_i64(q, "complete", -1, 1, &complete, e);
    rc = rc ? rc : lab_req_param_i64(q, "simulated", -1, 1, &simulated, e);
    rc = rc ? rc : lab_req_param_i64(q, "score_below", 0, 100, &f->score_below, e);
    f->complete = (int)complete;
    f->simulated = (int)simulated;
    f->split = split && *split ? split : NULL;
    if (rc == OK && text && *text) {
        (void)snprintf(meta, LAB_QUERY_MAX, "%s", text);
        char *cut = strchr(meta, '=');
        if (!cut || cut == meta) {
            return err_set(e, E_FORMAT, "'meta' is NAME=VALUE");
        }
        *cut = 0;
        f->meta_name = meta;
        f->meta_value = cut + 1;
    }
    return rc;
}

static int read_filter(const struct lab_req *q, struct store_recording_filter *f, char *meta,
                       struct err *e)
{
    const char *order = lab_req_param(q, "order");
    *f = (struct store_recording_filter){
        .device = lab_req_param(q, "device"),
        .stream = lab_req_param(q, "stream"),
        .label = lab_req_param(q, "label"),
        .grp = lab_req_param(q, "group"),
        .source = lab_req_param(q, "source"),
        .search = lab_req_param(q, "search"),
        .newest_first = !order || strcmp(order, "old") != 0,
    };
    int64_t after = 0, limit = 100, unlabelled = 0, uncertain = 0;
    int rc = lab_req_param_i64(q, "after", 0, INT64_MAX, &after, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, LIST_MAX, &limit, e);
    rc = rc ? rc : lab_req_param_i64(q, "offset", 0, INT64_MAX, &f->offset, e);
    rc = rc ? rc : lab_req_param_i64(q, "unlabelled", 0, 1, &unlabelled, e);
    rc = rc ? rc : lab_req_param_i64(q, "uncertain", -1, 1, &uncertain, e);
    rc = rc ? rc : lab_req_param_i64(q, "since", 0, INT64_MAX, &f->since_ms, e);
    rc = rc ? rc : lab_req_param_i64(q, "until", 0, INT64_MAX, &f->until_ms, e);
    rc = rc ? rc : read_more(q, f, meta, e);
    if (f->label && !*f->label) {
        f->label = NULL;
    }
    if (unlabelled) {
        f->label = "";
    }
    f->uncertain = (int)uncertain;
    f->limit = limit;
    if (f->newest_first) {
        f->before_rec_id = after;
    } else {
        f->after_rec_id = after;
    }
    const char **empty[] = {&f->device, &f->stream, &f->grp, &f->source, &f->search};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        if (*empty[i] && !**empty[i]) {
            *empty[i] = NULL;
        }
    }
    return rc;
}

struct list {
    json_t *rows;
    int64_t last;
};

static int on_recording(void *ctx, const struct store_recording *c)
{
    struct list *l = ctx;
    l->last = c->rec_id;
    return json_array_append_new(l->rows, api_recording_json(c));
}

int api_recordings(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char meta[LAB_QUERY_MAX];
    struct store_recording_filter f;
    struct list l = {.rows = json_array()};
    int rc = read_filter(q, &f, meta, e);
    if (rc == OK) {
        rc = store_recording_walk(lab->store, &f, on_recording, &l, e);
    }
    if (rc) {
        json_decref(l.rows);
        return rc;
    }
    bool more = (int64_t)json_array_size(l.rows) == f.limit;
    return api_answer(r,
                      json_pack("{s:o,s:o}", "recordings", l.rows, "next",
                                more ? json_integer(l.last) : json_null()),
                      e);
}

int api_recordings_count(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    char meta[LAB_QUERY_MAX];
    struct store_recording_filter f;
    int64_t count = 0;
    int rc = read_filter(q, &f, meta, e);
    f.limit = f.after_rec_id = f.before_rec_id = f.offset = 0;
    if (rc == OK) {
        rc = store_recording_count(lab->store, &f, &count, e);
    }
    return rc ? rc : api_answer(r, json_pack("{s:I}", "count", (json_int_t)count), e);
}

static int on_one(void *ctx, const struct store_recording *c)
{
    json_t **out = ctx;
    json_decref(*out);
    *out = api_recording_json(c);
    return OK;
}

static int on_stream(void *ctx, const struct store_recording_stream *rs)
{
    const struct store_stream *s = &rs->stream;
    return json_array_append_new(
        ctx,
        json_pack("{s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:f,s:I,s:I,s:I,s:I,s:b}", "stream_id",
                  (json_int_t)s->stream_id, "name", api_text(s->name), "units", api_text(s->units),
                  "channel_names", api_words(s->channel_names), "type", (json_int_t)s->type,
                  "channels", (json_int_t)s->channels, "interval_ns", (json_int_t)s->interval_ns,
                  "scale", s->scale, "frames", (json_int_t)rs->frames, "blocks",
                  (json_int_t)rs->blocks, "start_us", (json_int_t)rs->start_us, "end_us",
                  (json_int_t)rs->end_us, "ended", rs->ended));
}

static int on_region(void *ctx, const struct store_region *g)
{
    return json_array_append_new(ctx, api_region_json(g));
}

static int on_event(void *ctx, const struct store_event *v)
{
    return json_array_append_new(ctx, api_event_json(v));
}

// The recordings on either side of this one, for "next" and "previous" keys.
static int neighbour(struct lab *lab, int64_t id, bool newer, int64_t *out, struct err *e)
{
    struct store_recording_filter f = {.limit = 1, .newest_first = !newer};
    if (newer) {
        f.after_rec_id = id;
    } else {
        f.before_rec_id = id;
    }
    struct list l = {.rows = json_array()};
    int rc = store_recording_walk(lab->store, &f, on_recording, &l, e);
    json_decref(l.rows);
    *out = l.last;
    return rc;
}

int api_recording(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, newer = 0, older = 0;
    json_t *one = NULL, *streams = json_array(), *regions = json_array(), *events = json_array();
    int rc = lab_req_id(q, 0, &id, e);
    if (rc == OK) {
        struct store_recording_filter f = {.rec_id = id};
        rc = store_recording_walk(lab->store, &f, on_one, &one, e);
    }
    if (rc == OK && !one) {
        rc = err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)id);
    }
    rc = rc ? rc : store_recording_streams(lab->store, id, on_stream, streams, e);
    rc = rc ? rc : store_label_walk(lab->store, id, on_region, regions, e);
    rc = rc ? rc : store_page_recording_events(lab->store, id, on_event, events, e);
    rc = rc ? rc : neighbour(lab, id, true, &newer, e);
    rc = rc ? rc : neighbour(lab, id, false, &older, e);
    if (rc) {
        json_decref(one);
        json_decref(streams);
        json_decref(regions);
        json_decref(events);
        return rc;
    }
    json_object_set_new(one, "signals", streams);
    json_object_set_new(one, "regions", regions);
    json_object_set_new(one, "events", events);
    json_object_set_new(one, "newer", newer ? json_integer(newer) : json_null());
    json_object_set_new(one, "older", older ? json_integer(older) : json_null());
    return api_answer(r, one, e);
}
