// Acknowledgements: {1: [{1: session, 2: stream, 3: next, 4: [first, last, ...]}, ...]}
#include "firmware/core/wire/mote_body.h"

enum { SESSION = 1, STREAM, NEXT, RANGES };
#define NEEDED (1u << SESSION | 1u << STREAM | 1u << NEXT)

// Ranges lie beyond next with at least one missing block before each, in ascending order.
static bool ranges_are_sound(const struct mote_ack *a)
{
    uint64_t below = a->next;
    if (a->range_count > MOTE_ACK_RANGES) {
        return false;
    }
    for (unsigned i = 0; i < a->range_count; i++) {
        const struct mote_ack_range *g = &a->range[i];
        if (g->first <= below || g->last < g->first || g->last >= MOTE_U63_MAX) {
            return false;
        }
        below = g->last + 1;
    }
    return true;
}

int mote_acks_encode(uint8_t *out, size_t cap, const struct mote_ack *a, size_t count)
{
    struct mote_cbor_writer w;
    struct mote_map_writer body, m;
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&body, &w);
    mote_map_key(&body, 1);
    mote_cbor_put_array(&w, count);
    for (size_t i = 0; i < count; i++, a++) {
        if (!mote_is_name(a->stream.p, a->stream.len) || !ranges_are_sound(a)) {
            return MOTE_E_ARG;
        }
        mote_map_begin(&m, &w);
        mote_map_bytes(&m, SESSION, a->session, MOTE_SESSION_LEN);
        mote_map_text(&m, STREAM, a->stream);
        mote_map_uint(&m, NEXT, a->next);
        if (a->range_count > 0) {
            mote_map_key(&m, RANGES);
            mote_cbor_put_array(&w, (size_t)2 * a->range_count);
            for (unsigned k = 0; k < a->range_count; k++) {
                mote_cbor_put_uint(&w, a->range[k].first);
                mote_cbor_put_uint(&w, a->range[k].last);
            }
        }
        mote_map_end(&m);
    }
    mote_map_end(&body);
    return mote_cbor_finish(&w);
}

static void read_ranges(struct mote_cbor_reader *r, struct mote_ack *a)
{
    size_t n;
    mote_cbor_get_array(r, &n);
    if (n % 2 != 0 || n / 2 > MOTE_ACK_RANGES) {
        mote_cbor_fail(r, n % 2 != 0 ? MOTE_E_FORMAT : MOTE_E_LIMIT);
        return;
    }
    a->range_count = (uint8_t)(n / 2);
    for (unsigned i = 0; i < a->range_count; i++) {
        mote_read_u63(r, &a->range[i].first);
        mote_read_u63(r, &a->range[i].last);
    }
}

static void read_ack(struct mote_cbor_reader *r, struct mote_ack *a)
{
    struct mote_map_reader m;
    memset(a, 0, sizeof(*a));
    mote_map_open(&m, r);
    while (mote_map_next(&m)) {
        switch (m.key) {
        case SESSION:
            mote_read_fixed(r, a->session, MOTE_SESSION_LEN);
            break;
        case STREAM:
            mote_read_name(r, &a->stream);
            break;
        case NEXT:
            mote_read_u63(r, &a->next);
            break;
        case RANGES:
            read_ranges(r, a);
            break;
        default:
            mote_cbor_skip(r);
        }
    }
    if (mote_map_need(&m, NEEDED) == MOTE_OK && (a->stream.len == 0 || !ranges_are_sound(a))) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
}

int mote_acks_decode(struct mote_ack *a, size_t max, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader body;
    size_t count = 0;
    mote_cbor_reader_init(&r, p, len);
    mote_map_open(&body, &r);
    while (mote_map_next(&body)) {
        if (body.key != 1) {
            mote_cbor_skip(&r);
            continue;
        }
        mote_cbor_get_array(&r, &count);
        if (count > max) {
            mote_cbor_fail(&r, MOTE_E_LIMIT);
        }
        for (size_t i = 0; i < count && r.status == MOTE_OK; i++) {
            read_ack(&r, &a[i]);
        }
    }
    int status = mote_map_need(&body, 1u << 1);
    if (status == MOTE_OK) {
        status = mote_cbor_end(&r);
    }
    return status != MOTE_OK ? status : (int)count;
}
