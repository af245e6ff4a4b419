// Capability descriptor: what a device is, offers and runs.
//
//   1 session   2 board   3 isa   4 extensions   5 runtime   6 ram   7 arena   8 slots
//   9 slot_bytes   10 ops   11 dsp_variant   12 capability_class   13 streams   14 model
//   15 model_digest   16 release_seq   17 simulated
// A stream: 1 name   2 units   3 type   4 channels   5 scale   6 interval_ns
#include "firmware/core/wire/mote_body.h"

enum {
    SESSION = 1,
    BOARD,
    ISA,
    EXTENSIONS,
    RUNTIME,
    RAM,
    ARENA,
    SLOTS,
    SLOT_BYTES,
    OPS,
    DSP,
    CLASS,
    STREAMS,
    MODEL,
    DIGEST,
    RELEASE,
    SIMULATED
};
enum { ST_NAME = 1, ST_UNITS, ST_TYPE, ST_CHANNELS, ST_SCALE, ST_INTERVAL };
#define ST_NEEDED (1u << ST_NAME | 1u << ST_TYPE | 1u << ST_CHANNELS | 1u << ST_SCALE)

static bool streams_are_sound(const struct mote_hello *h)
{
    if (h->stream_count > MOTE_MAX_STREAMS) {
        return false;
    }
    for (unsigned i = 0; i < h->stream_count; i++) {
        bool sound = mote_is_name(h->stream[i].name.p, h->stream[i].name.len) &&
                     mote_is_text(h->stream[i].units, MOTE_TEXT_SHORT) &&
                     mote_sample_size(h->stream[i].type) != 0 && h->stream[i].channels > 0 &&
                     h->stream[i].channels <= MOTE_MAX_CHANNELS &&
                     mote_is_number(h->stream[i].scale) && h->stream[i].scale != 0.0f;
        if (!sound) {
            return false;
        }
    }
    return true;
}

static bool is_sound(const struct mote_hello *h)
{
    return mote_is_text(h->board, MOTE_TEXT_SHORT) && mote_is_text(h->isa, MOTE_TEXT_SHORT) &&
           mote_is_text(h->extensions, MOTE_TEXT_SHORT) &&
           mote_is_text(h->runtime, MOTE_TEXT_SHORT) && mote_is_text(h->ops, MOTE_TEXT_OPS) &&
           mote_is_text(h->dsp_variant, MOTE_TEXT_SHORT) && mote_is_text(h->model, MOTE_NAME_MAX) &&
           streams_are_sound(h);
}

static void put_streams(struct mote_cbor_writer *w, const struct mote_hello *h)
{
    struct mote_map_writer m;
    mote_cbor_put_array(w, h->stream_count);
    for (unsigned i = 0; i < h->stream_count; i++) {
        mote_map_begin(&m, w);
        mote_map_text(&m, ST_NAME, h->stream[i].name);
        mote_map_text_opt(&m, ST_UNITS, h->stream[i].units);
        mote_map_uint(&m, ST_TYPE, h->stream[i].type);
        mote_map_uint(&m, ST_CHANNELS, h->stream[i].channels);
        mote_map_float(&m, ST_SCALE, h->stream[i].scale);
        mote_map_uint_opt(&m, ST_INTERVAL, h->stream[i].interval_ns);
        mote_map_end(&m);
    }
}

int mote_hello_encode(uint8_t *out, size_t cap, const struct mote_hello *h)
{
    struct mote_body_writer b;
    if (!is_sound(h)) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_bytes(&b.map, SESSION, h->session, MOTE_SESSION_LEN);
    mote_map_text(&b.map, BOARD, h->board);
    mote_map_text(&b.map, ISA, h->isa);
    mote_map_text_opt(&b.map, EXTENSIONS, h->extensions);
    mote_map_text(&b.map, RUNTIME, h->runtime);
    mote_map_uint(&b.map, RAM, h->ram);
    mote_map_uint(&b.map, ARENA, h->arena);
    mote_map_uint(&b.map, SLOTS, h->slots);
    mote_map_uint(&b.map, SLOT_BYTES, h->slot_bytes);
    mote_map_text_opt(&b.map, OPS, h->ops);
    mote_map_text_opt(&b.map, DSP, h->dsp_variant);
    mote_map_uint(&b.map, CLASS, h->capability_class);
    mote_map_key(&b.map, STREAMS);
    put_streams(&b.cbor, h);
    mote_map_text_opt(&b.map, MODEL, h->model);
    mote_map_bytes_opt(&b.map, DIGEST, h->model_digest, MOTE_DIGEST_LEN);
    mote_map_uint_opt(&b.map, RELEASE, h->release_seq);
    mote_map_bool_opt(&b.map, SIMULATED, h->simulated);
    return mote_body_end(&b);
}

static void read_stream(struct mote_cbor_reader *r, struct mote_hello *h, unsigned i)
{
    struct mote_map_reader m;
    mote_map_open(&m, r);
    while (mote_map_next(&m)) {
        switch (m.key) {
        case ST_NAME:
            mote_read_name(r, &h->stream[i].name);
            break;
        case ST_UNITS:
            mote_read_text(r, &h->stream[i].units, MOTE_TEXT_SHORT);
            break;
        case ST_TYPE:
            mote_read_u8(r, &h->stream[i].type, MOTE_F32);
            break;
        case ST_CHANNELS:
            mote_read_u8(r, &h->stream[i].channels, MOTE_MAX_CHANNELS);
            break;
        case ST_SCALE:
            mote_read_number(r, &h->stream[i].scale);
            break;
        case ST_INTERVAL:
            mote_read_u63(r, &h->stream[i].interval_ns);
            break;
        default:
            mote_cbor_skip(r);
        }
    }
    (void)mote_map_need(&m, ST_NEEDED); // kept by the reader
}

static void read_streams(struct mote_cbor_reader *r, struct mote_hello *h)
{
    size_t n;
    mote_cbor_get_array(r, &n);
    if (n > MOTE_MAX_STREAMS) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
        return;
    }
    for (unsigned i = 0; i < n && r->status == MOTE_OK; i++) {
        read_stream(r, h, i);
    }
    h->stream_count = (uint8_t)n;
}

static void read_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_hello *h = out;
    switch (key) {
    case SESSION:
        mote_read_fixed(r, h->session, MOTE_SESSION_LEN);
        break;
    case BOARD:
        mote_read_text(r, &h->board, MOTE_TEXT_SHORT);
        break;
    case ISA:
        mote_read_text(r, &h->isa, MOTE_TEXT_SHORT);
        break;
    case EXTENSIONS:
        mote_read_text(r, &h->extensions, MOTE_TEXT_SHORT);
        break;
    case RUNTIME:
        mote_read_text(r, &h->runtime, MOTE_TEXT_SHORT);
        break;
    case RAM:
        mote_cbor_get_u32(r, &h->ram);
        break;
    case ARENA:
        mote_cbor_get_u32(r, &h->arena);
        break;
    case SLOTS:
        mote_cbor_get_u32(r, &h->slots);
        break;
    case SLOT_BYTES:
        mote_cbor_get_u32(r, &h->slot_bytes);
        break;
    case OPS:
        mote_read_text(r, &h->ops, MOTE_TEXT_OPS);
        break;
    case DSP:
        mote_read_text(r, &h->dsp_variant, MOTE_TEXT_SHORT);
        break;
    case CLASS:
        mote_cbor_get_u32(r, &h->capability_class);
        break;
    case STREAMS:
        read_streams(r, h);
        break;
    case MODEL:
        mote_read_text(r, &h->model, MOTE_NAME_MAX);
        break;
    case DIGEST:
        mote_read_fixed(r, h->model_digest, MOTE_DIGEST_LEN);
        break;
    case RELEASE:
        mote_cbor_get_u32(r, &h->release_seq);
        break;
    case SIMULATED:
        mote_cbor_get_bool(r, &h->simulated);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_hello_decode(struct mote_hello *h, const uint8_t *p, size_t len)
{
    memset(h, 0, sizeof(*h));
    int status = mote_body_read(p, len, 1u << SESSION, read_field, h);
    return status != MOTE_OK ? status : is_sound(h) ? MOTE_OK : MOTE_E_FORMAT;
}
