// See coll_ingest.h. A block's topic says device and stream, its body session and sequence; the broker's
// access list ties the topic to the device's credentials, so a device can only write below its own name.
#include "collector/coll_ingest.h"

#include "collector/coll_fleet.h"
#include "collector/coll_muster.h"
#include "collector/coll_queue.h"
#include "collector/coll_watch.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "common/store/store_sample.h"

#define SEEN_EVERY_MS 1000

bool coll_is_refusal(int status)
{
    return status < 0 && status != E_FULL && status != E_BUSY && status != E_IO && status != E_MEM;
}

int coll_refuse(struct err *e, const char *what, int mote_status)
{
    return err_set(e, E_FORMAT, "%s: %s", what, mote_status_text(mote_status));
}

bool coll_is_reserved(const char *stream)
{
    return strcmp(stream, "event") == 0 || strcmp(stream, "health") == 0 ||
           strcmp(stream, "reply") == 0;
}

// The reserved streams carry their own kind, others carry samples; a record of drops fits any.
static int check_kind(const struct mote_topic *t, const struct mote_block *b, struct err *e)
{
    static const char *const names[] = {NULL, "event", "health", "reply"};
    bool fits = b->kind == MOTE_BLOCK_DROPPED ||
                (b->kind == MOTE_BLOCK_SAMPLES && !coll_is_reserved(t->stream)) ||
                (b->kind > MOTE_BLOCK_SAMPLES && b->kind < MOTE_BLOCK_DROPPED &&
                 strcmp(t->stream, names[b->kind]) == 0);
    return fits ? OK
                : err_set(e, E_FORMAT, "a block of kind %d does not belong to stream '%s'", b->kind,
                          t->stream);
}

static int check_numbers(const struct mote_block *b, int64_t *frames, int64_t *span_us,
                         struct err *e)
{
    *frames = 0;
    *span_us = 1; // of what has no rate: it is there at its time
    if (b->kind == MOTE_BLOCK_SAMPLES) {
        *frames = (int64_t)(b->data_len / (mote_sample_size(b->type) * b->channels));
        if (b->interval_ns > 0) {
            __extension__ unsigned __int128 ns =
                (unsigned __int128)b->interval_ns * (uint64_t)*frames;
            if (ns / 1000 >= COLL_NUMBER_MAX) {
                return err_set(e, E_FORMAT, "the block lasts too long");
            }
            *span_us = (int64_t)(ns / 1000);
        }
    }
    if (b->seq >= COLL_NUMBER_MAX || b->t_us >= COLL_NUMBER_MAX) {
        return err_set(e, E_FORMAT, "sequence number or time is out of range");
    }
    return OK;
}

struct place { // where a block belongs
    struct coll_device *device;
    int64_t session_id, stream_id, frames, span_us;
};

static int find_place(struct coll_ingest *in, const struct mote_topic *t,
                      const struct mote_block *b, struct coll_device *from, struct place *at,
                      struct err *e)
{
    int rc = check_kind(t, b, e);
    if (!rc) {
        rc = check_numbers(b, &at->frames, &at->span_us, e);
    }
    if (rc) {
        return rc;
    }
    at->device = from;
    rc = coll_fleet_session(in->fleet, at->device, in->store, b->session,
                            (int64_t)b->t_us + at->span_us, b->flags & MOTE_BLOCK_SIMULATED,
                            &at->session_id, e);
    return rc ? rc
              : coll_fleet_stream(at->device, in->store, t->stream, b, in->max_streams,
                                  &at->stream_id, e);
}

static int put_block(struct coll_ingest *in, const struct mote_block *b, const struct place *at,
                     const struct coll_item *item, struct err *e)
{
    char hint[MOTE_NAME_MAX + 1];
    int64_t rec_id;
    snprintf(hint, sizeof hint, "%.*s", (int)b->label.len, b->label.len ? b->label.p : "");
    struct store_block row = {.session_id = at->session_id,
                              .stream_id = at->stream_id,
                              .seq = (int64_t)b->seq,
                              .kind = b->kind,
                              .rec_no = b->kind == MOTE_BLOCK_SAMPLES ? b->recording : 0,
                              .t_us = (int64_t)b->t_us,
                              .frames = at->frames,
                              .end_us = (int64_t)b->t_us + at->span_us,
                              .bytes = item->payload,
                              .len = item->len,
                              .rec_end = b->flags & MOTE_BLOCK_REC_END,
                              .uncertain = b->flags & MOTE_BLOCK_UNCERTAIN,
                              .simulated = b->flags & MOTE_BLOCK_SIMULATED,
                              .hint = hint,
                              .width = b->width,
                              .height = b->height,
                              .interval_ns = (int64_t)(b->interval_ns & INT64_MAX),
                              .device = at->device->id};
    return store_block_put(in->store, &row, &rec_id, e);
}

static int note_seen(struct coll_ingest *in, struct coll_device *d, struct err *e)
{
    int64_t now = clock_wall_ms();
    if (now - d->seen_ms < SEEN_EVERY_MS && now >= d->seen_ms) {
        return OK;
    }
    d->seen_ms = now;
    return store_device_set_seen(in->store, d->id, now, e);
}

static int count_result(struct coll_ingest *in, int result, size_t len)
{
    in->counts.blocks += result == STORE_BLOCK_NEW;
    in->counts.repeats += result == STORE_BLOCK_REPEAT;
    in->counts.conflicts += result == STORE_BLOCK_CONFLICT;
    in->counts.bytes += result == STORE_BLOCK_NEW ? (int64_t)len : 0;
    return result;
}

// Rows that a block's body asks for. Its bytes are stored whatever they say.
static int put_body(struct coll_ingest *in, const struct mote_block *b, const struct place *at,
                    int result, struct err *e)
{
    if (b->kind == MOTE_BLOCK_SAMPLES || result == STORE_BLOCK_CONFLICT) {
        return OK;
    }
    return result == STORE_BLOCK_NEW ? coll_body_put(in, at->device->id, at->session_id, b, e)
                                     : coll_body_repeat(in, at->device->id, at->session_id, b, e);
}

static int ingest_block(struct coll_ingest *in, const struct mote_topic *t,
                        const struct coll_item *item, struct err *e)
{
    struct mote_block b;
    struct place at = {0};
    int status = mote_block_decode(&b, item->payload, item->len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a block", status);
    }
    coll_watch_data(in->watch, item->arrived_us);
    struct coll_device *from = coll_fleet_device(in->fleet, t->device, e);
    if (!from) {
        return e->code;
    }
    if (!coll_fleet_spend(from, in->max_rate, item->arrived_us)) {
        in->counts.over_rate++;
        coll_watch_over(in->watch, t->device, item->arrived_us);
        return OK; // not stored, so not acknowledged: it stays in the device's spool and comes
                   // again
    }
    int rc = find_place(in, t, &b, from, &at, e);
    if (rc) {
        return rc;
    }
    int result = STORE_BLOCK_REPEAT;
    if (b.kind == MOTE_BLOCK_DROPPED) {
        // No row in the table of blocks: a block that was on its way when the device dropped it is still welcome.
        rc = coll_body_dropped(in, at.session_id, at.stream_id, &b, e);
    } else {
        result = put_block(in, &b, &at, item, e);
        rc = result < 0 ? result : put_body(in, &b, &at, count_result(in, result, item->len), e);
    }
    if (rc && (result < 0 || !coll_is_refusal(rc))) {
        return rc;
    }
    // Even one whose body is refused is acknowledged, or it would come for ever.
    int owed = coll_fleet_owe(in->fleet, at.device, b.session, at.session_id, at.stream_id,
                              t->stream, item->arrived_us);
    if (owed == E_MEM) {
        return err_set(e, E_MEM, "out of memory");
    }
    return rc ? rc : result == STORE_BLOCK_NEW ? note_seen(in, at.device, e) : OK;
}

static int dispatch(struct coll_ingest *in, const struct coll_item *item, struct err *e)
{
    struct mote_topic t;
    if (item->len > in->max_message) {
        return err_set(e, E_LIMIT, "%zu bytes are over the limit of %zu ([limits] message_bytes)",
                       item->len, in->max_message);
    }
    int status = mote_topic_parse(&t, in->prefix, item->topic, item->topic_len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "unknown topic", status);
    }
    if (item->len == 0) {
        return OK; // a retained message that was withdrawn
    }
    if (t.leaf != MOTE_LEAF_DATA &&
        coll_muster_heard(in->muster, t.device, t.leaf, item->arrived_us)) {
        return err_set(e, E_MEM, "out of memory");
    }
    switch (t.leaf) {
    case MOTE_LEAF_DATA:
        return ingest_block(in, &t, item, e);
    case MOTE_LEAF_HELLO:
        return coll_state_hello(in, &t, item->payload, item->len, e);
    case MOTE_LEAF_STATUS:
        return coll_state_status(in, &t, item->payload, item->len, e);
    case MOTE_LEAF_REPORTED:
        return coll_state_reported(in, &t, item->payload, item->len, e);
    default:
        return err_set(e, E_FORMAT, "nothing is expected on this topic");
    }
}

int coll_ingest_message(struct coll_ingest *in, const struct coll_item *item, struct err *e)
{
    e->code = OK;
    int rc = dispatch(in, item, e);
    if (rc == OK || !coll_is_refusal(rc)) {
        return rc;
    }
    in->counts.refused++;
    snprintf(in->last_error, sizeof in->last_error, "%.80s: %.160s", item->topic, e->msg);
    return OK;
}
