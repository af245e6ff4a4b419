// Bodies of the blocks that are not samples: events, health, replies, records of what was dropped.
#include "firmware/core/wire/mote_body.h"

// --- events: {1: [event, ...]} -----------------------------------------------------------------
enum {
    EV_TIME = 1,
    EV_DURATION,
    EV_LABEL,
    EV_CLASS,
    EV_SCORE,
    EV_NOVELTY,
    EV_UNCERTAIN,
    EV_RECORDING,
    EV_MODEL,
    EV_DIGEST
};
#define EV_NEEDED (1u << EV_TIME | 1u << EV_DURATION)

int mote_events_encode(uint8_t *out, size_t cap, const struct mote_event *e, size_t count)
{
    struct mote_cbor_writer w;
    struct mote_map_writer body, m;
    if (count == 0 || count > MOTE_EVENTS_PER_BLOCK) {
        return MOTE_E_ARG;
    }
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&body, &w);
    mote_map_key(&body, 1);
    mote_cbor_put_array(&w, count);
    for (size_t i = 0; i < count; i++, e++) {
        bool sound = mote_is_text(e->label, MOTE_NAME_MAX) && mote_is_number(e->score) &&
                     mote_is_number(e->novelty) && mote_is_text(e->model, MOTE_NAME_MAX);
        if (!sound) {
            return MOTE_E_ARG;
        }
        mote_map_begin(&m, &w);
        mote_map_uint(&m, EV_TIME, e->t_us);
        mote_map_uint(&m, EV_DURATION, e->dur_us);
        mote_map_text_opt(&m, EV_LABEL, e->label);
        mote_map_uint_opt(&m, EV_CLASS, e->class_index);
        mote_map_float(&m, EV_SCORE, e->score);
        mote_map_float(&m, EV_NOVELTY, e->novelty);
        mote_map_bool_opt(&m, EV_UNCERTAIN, e->uncertain);
        mote_map_uint_opt(&m, EV_RECORDING, e->recording);
        mote_map_text_opt(&m, EV_MODEL, e->model);
        mote_map_bytes_opt(&m, EV_DIGEST, e->model_digest, sizeof(e->model_digest));
        mote_map_end(&m);
    }
    mote_map_end(&body);
    return mote_cbor_finish(&w);
}

static void read_event_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_event *e = out;
    switch (key) {
    case EV_TIME:
        mote_read_u63(r, &e->t_us);
        break;
    case EV_DURATION:
        mote_read_u63(r, &e->dur_us);
        break;
    case EV_LABEL:
        mote_read_text(r, &e->label, MOTE_NAME_MAX);
        break;
    case EV_CLASS:
        mote_cbor_get_u32(r, &e->class_index);
        break;
    case EV_SCORE:
        mote_read_number(r, &e->score);
        break;
    case EV_NOVELTY:
        mote_read_number(r, &e->novelty);
        break;
    case EV_UNCERTAIN:
        mote_cbor_get_bool(r, &e->uncertain);
        break;
    case EV_RECORDING:
        mote_cbor_get_u32(r, &e->recording);
        break;
    case EV_MODEL:
        mote_read_text(r, &e->model, MOTE_NAME_MAX);
        break;
    case EV_DIGEST:
        mote_read_fixed(r, e->model_digest, sizeof(e->model_digest));
        break;
    default:
        mote_cbor_skip(r);
    }
}

struct event_list {
    struct mote_event *e;
    size_t max, count;
};

static void read_events_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct event_list *l = out;
    if (key == 1) {
        mote_maps_read(r, EV_NEEDED, read_event_field, l->e, sizeof(l->e[0]), l->max, &l->count);
    } else {
        mote_cbor_skip(r);
    }
}

int mote_events_decode(struct mote_event *e, size_t max, const uint8_t *p, size_t len)
{
    struct event_list l = {.e = e, .max = max};
    int status = mote_body_read(p, len, 1u << 1, read_events_field, &l);
    return status != MOTE_OK ? status : (int)l.count;
}

// --- health ------------------------------------------------------------------------------------
enum {
    HE_UPTIME = 1,
    HE_INFERENCES,
    HE_UNCERTAIN,
    HE_DROPPED,
    HE_INFERENCE_US,
    HE_USED,
    HE_SIZE,
    HE_CLASSES,
    HE_RELEASE
};

int mote_health_encode(uint8_t *out, size_t cap, const struct mote_health *h)
{
    struct mote_body_writer b;
    if (h->classes > MOTE_MAX_CLASSES) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, HE_UPTIME, h->uptime_us);
    mote_map_uint(&b.map, HE_INFERENCES, h->inferences);
    mote_map_uint(&b.map, HE_UNCERTAIN, h->uncertain);
    mote_map_uint(&b.map, HE_DROPPED, h->dropped_blocks);
    mote_map_uint(&b.map, HE_INFERENCE_US, h->inference_us);
    mote_map_uint(&b.map, HE_USED, h->spool_used);
    mote_map_uint(&b.map, HE_SIZE, h->spool_size);
    mote_map_key(&b.map, HE_CLASSES);
    mote_cbor_put_array(&b.cbor, h->classes);
    for (uint32_t i = 0; i < h->classes; i++) {
        mote_cbor_put_uint(&b.cbor, h->class_count[i]);
    }
    mote_map_uint(&b.map, HE_RELEASE, h->release_seq);
    return mote_body_end(&b);
}

static void read_class_counts(struct mote_cbor_reader *r, struct mote_health *h)
{
    size_t n;
    mote_cbor_get_array(r, &n);
    if (n > MOTE_MAX_CLASSES) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
        n = 0;
    }
    h->classes = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        mote_cbor_get_u32(r, &h->class_count[i]);
    }
}

static void read_health_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_health *h = out;
    switch (key) {
    case HE_UPTIME:
        mote_read_u63(r, &h->uptime_us);
        break;
    case HE_INFERENCES:
        mote_read_u63(r, &h->inferences);
        break;
    case HE_UNCERTAIN:
        mote_read_u63(r, &h->uncertain);
        break;
    case HE_DROPPED:
        mote_read_u63(r, &h->dropped_blocks);
        break;
    case HE_INFERENCE_US:
        mote_cbor_get_u32(r, &h->inference_us);
        break;
    case HE_USED:
        mote_cbor_get_u32(r, &h->spool_used);
        break;
    case HE_SIZE:
        mote_cbor_get_u32(r, &h->spool_size);
        break;
    case HE_CLASSES:
        read_class_counts(r, h);
        break;
    case HE_RELEASE:
        mote_cbor_get_u32(r, &h->release_seq);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_health_decode(struct mote_health *h, const uint8_t *p, size_t len)
{
    memset(h, 0, sizeof(*h));
    return mote_body_read(p, len, 1u << HE_UPTIME, read_health_field, h);
}

// --- reply -------------------------------------------------------------------------------------
enum { RE_COMMAND = 1, RE_STATUS, RE_TEXT, RE_GOING, RE_DONE, RE_RECORDING, RE_REVISION };

int mote_reply_encode(uint8_t *out, size_t cap, const struct mote_reply *reply)
{
    struct mote_body_writer b;
    bool sound = mote_is_text(reply->text, MOTE_TEXT_LONG) && reply->command <= MOTE_U63_MAX &&
                 reply->done_ms <= MOTE_U63_MAX && reply->revision <= MOTE_U63_MAX;
    if (!sound) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, RE_COMMAND, reply->command);
    mote_map_int(&b.map, RE_STATUS, reply->status);
    mote_map_text_opt(&b.map, RE_TEXT, reply->text);
    mote_map_bool_opt(&b.map, RE_GOING, reply->going);
    mote_map_uint_opt(&b.map, RE_DONE, reply->done_ms);
    mote_map_uint_opt(&b.map, RE_RECORDING, reply->recording);
    mote_map_uint_opt(&b.map, RE_REVISION, reply->revision);
    return mote_body_end(&b);
}

static void read_reply_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_reply *reply = out;
    switch (key) {
    case RE_COMMAND:
        mote_read_u63(r, &reply->command);
        break;
    case RE_STATUS:
        mote_read_i32(r, &reply->status);
        break;
    case RE_TEXT:
        mote_read_text(r, &reply->text, MOTE_TEXT_LONG);
        break;
    case RE_GOING:
        mote_cbor_get_bool(r, &reply->going);
        break;
    case RE_DONE:
        mote_read_u63(r, &reply->done_ms);
        break;
    case RE_RECORDING:
        mote_cbor_get_u32(r, &reply->recording);
        break;
    case RE_REVISION:
        mote_read_u63(r, &reply->revision);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_reply_decode(struct mote_reply *reply, const uint8_t *p, size_t len)
{
    memset(reply, 0, sizeof(*reply));
    return mote_body_read(p, len, 1u << RE_COMMAND | 1u << RE_STATUS, read_reply_field, reply);
}

// --- dropped -----------------------------------------------------------------------------------
enum { DR_FIRST = 1, DR_LAST, DR_TIME, DR_REASON };

int mote_dropped_encode(uint8_t *out, size_t cap, const struct mote_dropped *d)
{
    struct mote_body_writer b;
    if (d->last < d->first || d->last > MOTE_U63_MAX || !mote_is_text(d->reason, MOTE_TEXT_LONG)) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, DR_FIRST, d->first);
    mote_map_uint(&b.map, DR_LAST, d->last);
    mote_map_uint(&b.map, DR_TIME, d->t_us);
    mote_map_text_opt(&b.map, DR_REASON, d->reason);
    return mote_body_end(&b);
}

static void read_dropped_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_dropped *d = out;
    switch (key) {
    case DR_FIRST:
        mote_read_u63(r, &d->first);
        break;
    case DR_LAST:
        mote_read_u63(r, &d->last);
        break;
    case DR_TIME:
        mote_read_u63(r, &d->t_us);
        break;
    case DR_REASON:
        mote_read_text(r, &d->reason, MOTE_TEXT_LONG);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_dropped_decode(struct mote_dropped *d, const uint8_t *p, size_t len)
{
    memset(d, 0, sizeof(*d));
    int status = mote_body_read(p, len, 1u << DR_FIRST | 1u << DR_LAST, read_dropped_field, d);
    return status != MOTE_OK ? status : d->last < d->first ? MOTE_E_FORMAT : MOTE_OK;
}
