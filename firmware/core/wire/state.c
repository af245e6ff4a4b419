// Retained states and commands: status, cmd, desired, reported.
#include "firmware/core/wire/mote_body.h"

// --- status ------------------------------------------------------------------------------------
enum { ST_ONLINE = 1, ST_BOOTS, ST_REASON };

int mote_device_status_encode(uint8_t *out, size_t cap, const struct mote_device_status *s)
{
    struct mote_body_writer b;
    if (!mote_is_text(s->reason, MOTE_TEXT_LONG)) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_key(&b.map, ST_ONLINE);
    mote_cbor_put_bool(&b.cbor, s->online);
    mote_map_uint(&b.map, ST_BOOTS, s->boot_count);
    mote_map_text_opt(&b.map, ST_REASON, s->reason);
    return mote_body_end(&b);
}

static void read_status_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_device_status *s = out;
    switch (key) {
    case ST_ONLINE:
        mote_cbor_get_bool(r, &s->online);
        break;
    case ST_BOOTS:
        mote_cbor_get_u32(r, &s->boot_count);
        break;
    case ST_REASON:
        mote_read_text(r, &s->reason, MOTE_TEXT_LONG);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_device_status_decode(struct mote_device_status *s, const uint8_t *p, size_t len)
{
    memset(s, 0, sizeof(*s));
    return mote_body_read(p, len, 1u << ST_ONLINE, read_status_field, s);
}

// --- command -----------------------------------------------------------------------------------
enum { CM_ID = 1, CM_EXPIRES, CM_KIND, CM_STREAM, CM_LABEL, CM_DURATION, CM_MIN_INTERVAL };

int mote_cmd_encode(uint8_t *out, size_t cap, const struct mote_cmd *c)
{
    struct mote_body_writer b;
    bool sound = c->id <= MOTE_U63_MAX && c->expires_s <= MOTE_U63_MAX &&
                 mote_is_text(c->label, MOTE_NAME_MAX) &&
                 (c->stream.len == 0 || mote_is_name(c->stream.p, c->stream.len));
    if (!sound) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, CM_ID, c->id);
    mote_map_uint_opt(&b.map, CM_EXPIRES, c->expires_s);
    mote_map_uint(&b.map, CM_KIND, c->kind);
    mote_map_text_opt(&b.map, CM_STREAM, c->stream);
    mote_map_text_opt(&b.map, CM_LABEL, c->label);
    mote_map_uint_opt(&b.map, CM_DURATION, c->duration_ms);
    mote_map_uint_opt(&b.map, CM_MIN_INTERVAL, c->min_interval_ms);
    return mote_body_end(&b);
}

static void read_cmd_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_cmd *c = out;
    switch (key) {
    case CM_ID:
        mote_read_u63(r, &c->id);
        break;
    case CM_EXPIRES:
        mote_read_u63(r, &c->expires_s);
        break;
    case CM_KIND: // a kind that this build does not know is the reader's to refuse, with a reply
        mote_read_u8(r, &c->kind, UINT8_MAX);
        break;
    case CM_STREAM:
        mote_read_name(r, &c->stream);
        break;
    case CM_LABEL:
        mote_read_text(r, &c->label, MOTE_NAME_MAX);
        break;
    case CM_DURATION: // all ones means for ever, so the full range is used
        mote_cbor_get_uint(r, &c->duration_ms);
        break;
    case CM_MIN_INTERVAL:
        mote_cbor_get_uint(r, &c->min_interval_ms);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_cmd_decode(struct mote_cmd *c, const uint8_t *p, size_t len)
{
    memset(c, 0, sizeof(*c));
    return mote_body_read(p, len, 1u << CM_ID | 1u << CM_KIND, read_cmd_field, c);
}

// --- desired -----------------------------------------------------------------------------------
enum { DE_SEQ = 1, DE_DIGEST };

int mote_desired_encode(uint8_t *out, size_t cap, const struct mote_desired *d)
{
    struct mote_body_writer b;
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, DE_SEQ, d->seq);
    mote_map_bytes(&b.map, DE_DIGEST, d->manifest_digest, MOTE_DIGEST_LEN);
    return mote_body_end(&b);
}

static void read_desired_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_desired *d = out;
    switch (key) {
    case DE_SEQ:
        mote_cbor_get_u32(r, &d->seq);
        break;
    case DE_DIGEST:
        mote_read_fixed(r, d->manifest_digest, MOTE_DIGEST_LEN);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_desired_decode(struct mote_desired *d, const uint8_t *p, size_t len)
{
    memset(d, 0, sizeof(*d));
    return mote_body_read(p, len, 1u << DE_SEQ | 1u << DE_DIGEST, read_desired_field, d);
}

// --- reported ----------------------------------------------------------------------------------
enum {
    RE_STATE = 1,
    RE_SEQ,
    RE_DIGEST,
    RE_STATUS,
    RE_REASON,
    RE_ACTIVE_SEQ,
    RE_ACTIVE_MODEL,
    RE_FETCHED,
    RE_TOTAL
};

const char *mote_release_state_text(unsigned state)
{
    static const char *const text[] = {"idle",   "fetching", "verifying",  "trial",
                                       "active", "refused",  "rolled-back"};
    return state < MOTE_COUNT(text) ? text[state] : "unknown";
}

int mote_reported_encode(uint8_t *out, size_t cap, const struct mote_reported *p)
{
    struct mote_body_writer b;
    if (p->state > MOTE_REL_ROLLED_BACK || !mote_is_text(p->reason, MOTE_TEXT_LONG)) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, RE_STATE, p->state);
    mote_map_uint(&b.map, RE_SEQ, p->seq);
    mote_map_bytes_opt(&b.map, RE_DIGEST, p->manifest_digest, MOTE_DIGEST_LEN);
    if (p->status != 0) {
        mote_map_int(&b.map, RE_STATUS, p->status);
    }
    mote_map_text_opt(&b.map, RE_REASON, p->reason);
    mote_map_uint(&b.map, RE_ACTIVE_SEQ, p->active_seq);
    mote_map_bytes_opt(&b.map, RE_ACTIVE_MODEL, p->active_model, MOTE_DIGEST_LEN);
    mote_map_uint_opt(&b.map, RE_FETCHED, p->fetched);
    mote_map_uint_opt(&b.map, RE_TOTAL, p->total);
    return mote_body_end(&b);
}

static void read_reported_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_reported *p = out;
    switch (key) {
    case RE_STATE:
        mote_read_u8(r, &p->state, MOTE_REL_ROLLED_BACK);
        break;
    case RE_SEQ:
        mote_cbor_get_u32(r, &p->seq);
        break;
    case RE_DIGEST:
        mote_read_fixed(r, p->manifest_digest, MOTE_DIGEST_LEN);
        break;
    case RE_STATUS:
        mote_read_i32(r, &p->status);
        break;
    case RE_REASON:
        mote_read_text(r, &p->reason, MOTE_TEXT_LONG);
        break;
    case RE_ACTIVE_SEQ:
        mote_cbor_get_u32(r, &p->active_seq);
        break;
    case RE_ACTIVE_MODEL:
        mote_read_fixed(r, p->active_model, MOTE_DIGEST_LEN);
        break;
    case RE_FETCHED:
        mote_cbor_get_u32(r, &p->fetched);
        break;
    case RE_TOTAL:
        mote_cbor_get_u32(r, &p->total);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_reported_decode(struct mote_reported *p, const uint8_t *bytes, size_t len)
{
    memset(p, 0, sizeof(*p));
    return mote_body_read(bytes, len, 1u << RE_STATE | 1u << RE_SEQ | 1u << RE_ACTIVE_SEQ,
                          read_reported_field, p);
}
