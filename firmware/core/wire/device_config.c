// The desired configuration of a device, P/d/DEV/config: recordings asked for, rates, triggers.
#include "firmware/core/wire/mote_body.h"

enum { CO_REVISION = 1, CO_RECORDINGS, CO_RATES, CO_TRIGGERS };
enum { RC_ID = 1, RC_EXPIRES, RC_STREAM, RC_LABEL, RC_DURATION };
enum { RA_STREAM = 1, RA_INTERVAL };
enum { TR_KIND = 1, TR_STREAM, TR_WHEN, TR_THRESHOLD, TR_LABEL, TR_DURATION, TR_GAP };
#define RC_NEEDED (1u << RC_ID | 1u << RC_DURATION)
#define RA_NEEDED (1u << RA_STREAM | 1u << RA_INTERVAL)
#define TR_NEEDED (1u << TR_KIND | 1u << TR_THRESHOLD | 1u << TR_DURATION)

// --- writing -----------------------------------------------------------------------------------
static bool name_or_none(struct mote_str s)
{
    return s.len == 0 || mote_is_name(s.p, s.len);
}

static bool is_sound(const struct mote_device_config *c)
{
    bool ok = c->revision <= MOTE_U63_MAX && c->recordings <= MOTE_CONFIG_RECORDINGS &&
              c->rates <= MOTE_CONFIG_RATES && c->triggers <= MOTE_CONFIG_TRIGGERS;
    for (size_t i = 0; ok && i < c->recordings; i++) {
        ok = c->recording[i].id <= MOTE_U63_MAX && c->recording[i].expires_s <= MOTE_U63_MAX &&
             c->recording[i].duration_ms <= MOTE_U63_MAX && name_or_none(c->recording[i].stream) &&
             mote_is_text(c->recording[i].label, MOTE_NAME_MAX);
    }
    for (size_t i = 0; ok && i < c->rates; i++) {
        ok = mote_is_name(c->rate[i].stream.p, c->rate[i].stream.len) &&
             c->rate[i].interval_ns <= MOTE_U63_MAX;
    }
    for (size_t i = 0; ok && i < c->triggers; i++) {
        ok = name_or_none(c->trigger[i].stream) &&
             mote_is_text(c->trigger[i].when, MOTE_NAME_MAX) &&
             mote_is_number(c->trigger[i].threshold) &&
             mote_is_text(c->trigger[i].label, MOTE_NAME_MAX) &&
             c->trigger[i].duration_ms <= MOTE_U63_MAX && c->trigger[i].gap_ms <= MOTE_U63_MAX;
    }
    return ok;
}

static void put_recordings(struct mote_map_writer *body, const struct mote_device_config *c)
{
    struct mote_map_writer m;
    if (!c->recordings) {
        return;
    }
    mote_map_key(body, CO_RECORDINGS);
    mote_cbor_put_array(body->w, c->recordings);
    for (size_t i = 0; i < c->recordings; i++) {
        mote_map_begin(&m, body->w);
        mote_map_uint(&m, RC_ID, c->recording[i].id);
        mote_map_uint_opt(&m, RC_EXPIRES, c->recording[i].expires_s);
        mote_map_text_opt(&m, RC_STREAM, c->recording[i].stream);
        mote_map_text_opt(&m, RC_LABEL, c->recording[i].label);
        mote_map_uint(&m, RC_DURATION, c->recording[i].duration_ms);
        mote_map_end(&m);
    }
}

static void put_rates(struct mote_map_writer *body, const struct mote_device_config *c)
{
    struct mote_map_writer m;
    if (!c->rates) {
        return;
    }
    mote_map_key(body, CO_RATES);
    mote_cbor_put_array(body->w, c->rates);
    for (size_t i = 0; i < c->rates; i++) {
        mote_map_begin(&m, body->w);
        mote_map_text(&m, RA_STREAM, c->rate[i].stream);
        mote_map_uint(&m, RA_INTERVAL, c->rate[i].interval_ns);
        mote_map_end(&m);
    }
}

static void put_triggers(struct mote_map_writer *body, const struct mote_device_config *c)
{
    struct mote_map_writer m;
    if (!c->triggers) {
        return;
    }
    mote_map_key(body, CO_TRIGGERS);
    mote_cbor_put_array(body->w, c->triggers);
    for (size_t i = 0; i < c->triggers; i++) {
        mote_map_begin(&m, body->w);
        mote_map_uint(&m, TR_KIND, c->trigger[i].kind);
        mote_map_text_opt(&m, TR_STREAM, c->trigger[i].stream);
        mote_map_text_opt(&m, TR_WHEN, c->trigger[i].when);
        mote_map_float(&m, TR_THRESHOLD, c->trigger[i].threshold);
        mote_map_text_opt(&m, TR_LABEL, c->trigger[i].label);
        mote_map_uint(&m, TR_DURATION, c->trigger[i].duration_ms);
        mote_map_uint_opt(&m, TR_GAP, c->trigger[i].gap_ms);
        mote_map_end(&m);
    }
}

int mote_device_config_encode(uint8_t *out, size_t cap, const struct mote_device_config *c)
{
    struct mote_body_writer b;
    if (!is_sound(c)) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, CO_REVISION, c->revision);
    put_recordings(&b.map, c);
    put_rates(&b.map, c);
    put_triggers(&b.map, c);
    return mote_body_end(&b);
}

// --- reading -----------------------------------------------------------------------------------
static void read_recording_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_asked *x = out;
    switch (key) {
    case RC_ID:
        mote_read_u63(r, &x->id);
        break;
    case RC_EXPIRES:
        mote_read_u63(r, &x->expires_s);
        break;
    case RC_STREAM:
        mote_read_name(r, &x->stream);
        break;
    case RC_LABEL:
        mote_read_text(r, &x->label, MOTE_NAME_MAX);
        break;
    case RC_DURATION:
        mote_read_u63(r, &x->duration_ms);
        break;
    default:
        mote_cbor_skip(r);
    }
}

static void read_rate_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_rate *x = out;
    switch (key) {
    case RA_STREAM:
        mote_read_name(r, &x->stream);
        if (r->status == MOTE_OK && !x->stream.len) {
            mote_cbor_fail(r, MOTE_E_FORMAT);
        }
        break;
    case RA_INTERVAL:
        mote_read_u63(r, &x->interval_ns);
        break;
    default:
        mote_cbor_skip(r);
    }
}

static void read_trigger_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_trigger *x = out;
    switch (key) {
    case TR_KIND: // a kind that this build does not know is the reader's to refuse, with a reply
        mote_read_u8(r, &x->kind, UINT8_MAX);
        break;
    case TR_STREAM:
        mote_read_name(r, &x->stream);
        break;
    case TR_WHEN:
        mote_read_text(r, &x->when, MOTE_NAME_MAX);
        break;
    case TR_THRESHOLD:
        mote_read_number(r, &x->threshold);
        break;
    case TR_LABEL:
        mote_read_text(r, &x->label, MOTE_NAME_MAX);
        break;
    case TR_DURATION:
        mote_read_u63(r, &x->duration_ms);
        break;
    case TR_GAP:
        mote_read_u63(r, &x->gap_ms);
        break;
    default:
        mote_cbor_skip(r);
    }
}

static void read_config_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_device_config *c = out;
    switch (key) {
    case CO_REVISION:
        mote_read_u63(r, &c->revision);
        break;
    case CO_RECORDINGS:
        mote_maps_read(r, RC_NEEDED, read_recording_field, c->recording, sizeof(c->recording[0]),
                       MOTE_CONFIG_RECORDINGS, &c->recordings);
        break;
    case CO_RATES:
        mote_maps_read(r, RA_NEEDED, read_rate_field, c->rate, sizeof(c->rate[0]),
                       MOTE_CONFIG_RATES, &c->rates);
        break;
    case CO_TRIGGERS:
        mote_maps_read(r, TR_NEEDED, read_trigger_field, c->trigger, sizeof(c->trigger[0]),
                       MOTE_CONFIG_TRIGGERS, &c->triggers);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_device_config_decode(struct mote_device_config *c, const uint8_t *p, size_t len)
{
    memset(c, 0, sizeof(*c));
    return mote_body_read(p, len, 1u << CO_REVISION, read_config_field, c);
}
