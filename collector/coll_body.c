// Blocks that carry no samples: their bodies become rows of their own beside the stored block.
#include "collector/coll_ingest.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/jx.h"
#include "common/store/store_config.h"
#include "common/store/store_sample.h"

static int put_event(struct coll_ingest *in, const char *device, int64_t session_id,
                     const struct mote_event *ev, struct err *e)
{
    char label[MOTE_NAME_MAX + 1], model[MOTE_NAME_MAX + 1],
        digest[2 * sizeof ev->model_digest + 1];
    snprintf(label, sizeof label, "%.*s", (int)ev->label.len, ev->label.len ? ev->label.p : "");
    snprintf(model, sizeof model, "%.*s", (int)ev->model.len, ev->model.len ? ev->model.p : "");
    hex_encode(digest, ev->model_digest, sizeof ev->model_digest);
    struct store_event row = {.session_id = session_id,
                              .device = device,
                              .t_us = (int64_t)(ev->t_us & INT64_MAX),
                              .dur_us = (int64_t)(ev->dur_us & INT64_MAX),
                              .label = label,
                              .score = (double)ev->score,
                              .novelty = (double)ev->novelty,
                              .uncertain = ev->uncertain,
                              .rec_no = ev->recording,
                              .model = model,
                              .model_digest = digest};
    return store_event_put(in->store, &row, e);
}

static int put_events(struct coll_ingest *in, const char *device, int64_t session_id,
                      const struct mote_block *b, struct err *e)
{
    struct mote_event ev[MOTE_EVENTS_PER_BLOCK];
    int count = mote_events_decode(ev, MOTE_EVENTS_PER_BLOCK, b->data, b->data_len);
    if (count < 0) {
        return coll_refuse(e, "not a block of events", count);
    }
    for (int i = 0; i < count; i++) {
        int rc = put_event(in, device, session_id, &ev[i], e);
        if (rc) {
            return rc;
        }
    }
    return OK;
}

static json_t *class_counts(const struct mote_health *h)
{
    json_t *list = json_array();
    for (uint32_t i = 0; list && i < h->classes && i < MOTE_MAX_CLASSES; i++) {
        json_array_append_new(list, json_integer(h->class_count[i]));
    }
    return list;
}

static int put_health(struct coll_ingest *in, const char *device, const struct mote_block *b,
                      struct err *e)
{
    struct mote_health h;
    int status = mote_health_decode(&h, b->data, b->data_len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a health report", status);
    }
    json_t *o = json_pack(
        "{sI sI sI sI sI sI sI sI so}", "uptime_us", (json_int_t)h.uptime_us, "inferences",
        (json_int_t)h.inferences, "uncertain", (json_int_t)h.uncertain, "dropped_blocks",
        (json_int_t)h.dropped_blocks, "inference_us", (json_int_t)h.inference_us, "spool_used",
        (json_int_t)h.spool_used, "spool_size", (json_int_t)h.spool_size, "release_seq",
        (json_int_t)h.release_seq, "class_count", class_counts(&h));
    struct buf text = {0};
    int rc = o ? jx_write(o, &text) : E_MEM;
    rc =
        rc ? err_set(e, E_MEM, "out of memory") : store_health_put(in->store, device, text.data, e);
    json_decref(o);
    buf_release(&text);
    return rc;
}

static int put_reply(struct coll_ingest *in, const char *device, int64_t session_id,
                     const struct mote_block *b, struct err *e)
{
    struct mote_reply r;
    char text[256];
    int status = mote_reply_decode(&r, b->data, b->data_len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a reply", status);
    }
    snprintf(text, sizeof text, "%.*s", (int)r.text.len, r.text.len ? r.text.p : "");
    if (r.command == 0 && r.revision) {
        return store_config_applied(in->store, device, (int64_t)r.revision, r.status, text, e);
    }
    struct store_progress p = {.device = device,
                               .text = text,
                               .command_id = (int64_t)(r.command & INT64_MAX),
                               .status = r.status,
                               .done_ms = (int64_t)(r.done_ms & INT64_MAX),
                               .session_id = session_id,
                               .rec_no = r.recording,
                               .going = r.going};
    in->config_stale |= !r.going;
    return store_command_progress(in->store, &p, e);
}

int coll_body_dropped(struct coll_ingest *in, int64_t session_id, int64_t stream_id,
                      const struct mote_block *b, struct err *e)
{
    struct mote_dropped d;
    char reason[128];
    int status = mote_dropped_decode(&d, b->data, b->data_len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a record of drops", status);
    }
    if (d.first > d.last || d.last >= COLL_NUMBER_MAX) {
        return err_set(e, E_FORMAT, "a record of drops names numbers %llu to %llu",
                       (unsigned long long)d.first, (unsigned long long)d.last);
    }
    snprintf(reason, sizeof reason, "%.*s", (int)d.reason.len, d.reason.len ? d.reason.p : "");
    return store_dropped_put(in->store, session_id, stream_id, (int64_t)d.first, (int64_t)d.last,
                             (int64_t)(d.t_us & INT64_MAX), reason, e);
}

int coll_body_put(struct coll_ingest *in, const char *device, int64_t session_id,
                  const struct mote_block *b, struct err *e)
{
    switch (b->kind) {
    case MOTE_BLOCK_EVENT:
        return put_events(in, device, session_id, b, e);
    case MOTE_BLOCK_HEALTH:
        return put_health(in, device, b, e);
    default:
        return put_reply(in, device, session_id, b, e);
    }
}

int coll_body_repeat(struct coll_ingest *in, const char *device, int64_t session_id,
                     const struct mote_block *b, struct err *e)
{
    // Replies are rows of main.db, the block is in blocks.db: a crash between the two commits leaves the
    // block without its reply, and the device, unacknowledged, sends it again.
    return b->kind == MOTE_BLOCK_REPLY ? put_reply(in, device, session_id, b, e) : OK;
}
