// Blocks of streams. Samples are RFC 8746 typed arrays, so that the data's tag says its type.
//
//   1 session   2 seq   3 t_us   4 kind   5 flags   6 interval_ns   7 channels   8 scale
//   9 width   10 height   11 recording   12 label   13 data
#include "firmware/core/wire/mote_body.h"

enum {
    SESSION = 1,
    SEQ,
    TIME,
    KIND,
    FLAGS,
    INTERVAL,
    CHANNELS,
    SCALE,
    WIDTH,
    HEIGHT,
    RECORDING,
    LABEL,
    DATA
};
#define NEEDED (1u << SESSION | 1u << SEQ | 1u << TIME | 1u << DATA)
#define PICTURE_SIDE_MAX 65535

// RFC 8746, table 1: little-endian typed arrays, by enum mote_sample_type.
static const uint8_t tag_of_type[] = {64, 72, 77, 78, 85};

static bool samples_are_sound(const struct mote_block *b)
{
    size_t size = mote_sample_size(b->type);
    if (size == 0 || b->channels == 0 || b->channels > MOTE_MAX_CHANNELS) {
        return false;
    }
    bool picture = (b->width == 0) == (b->height == 0) && b->width <= PICTURE_SIDE_MAX &&
                   b->height <= PICTURE_SIDE_MAX;
    return picture && b->data_len > 0 && b->data_len % (size * b->channels) == 0 &&
           mote_is_number(b->scale) && b->scale != 0.0f && b->interval_ns <= MOTE_U63_MAX;
}

static bool is_sound(const struct mote_block *b)
{
    return b->kind <= MOTE_BLOCK_DROPPED && b->seq <= MOTE_U63_MAX && b->t_us <= MOTE_U63_MAX &&
           mote_is_text(b->label, MOTE_NAME_MAX) &&
           (b->kind != MOTE_BLOCK_SAMPLES || samples_are_sound(b));
}

int mote_block_encode(uint8_t *out, size_t cap, const struct mote_block *b)
{
    if (!is_sound(b)) {
        return MOTE_E_ARG;
    }
    struct mote_cbor_writer w;
    struct mote_map_writer m;
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&m, &w);
    mote_map_bytes(&m, SESSION, b->session, MOTE_SESSION_LEN);
    mote_map_uint(&m, SEQ, b->seq);
    mote_map_uint(&m, TIME, b->t_us);
    mote_map_uint_opt(&m, KIND, b->kind);
    mote_map_uint_opt(&m, FLAGS, b->flags);
    if (b->kind == MOTE_BLOCK_SAMPLES) {
        mote_map_uint_opt(&m, INTERVAL, b->interval_ns);
        mote_map_uint(&m, CHANNELS, b->channels);
        mote_map_float(&m, SCALE, b->scale);
        mote_map_uint_opt(&m, WIDTH, b->width);
        mote_map_uint_opt(&m, HEIGHT, b->height);
    }
    mote_map_uint_opt(&m, RECORDING, b->recording);
    mote_map_text_opt(&m, LABEL, b->label);
    mote_map_key(&m, DATA);
    if (b->kind == MOTE_BLOCK_SAMPLES) {
        mote_cbor_put_tag(&w, tag_of_type[b->type]);
    }
    mote_cbor_put_bytes(&w, b->data, b->data_len);
    mote_map_end(&m);
    return mote_cbor_finish(&w);
}

static void read_data(struct mote_cbor_reader *r, struct mote_block *b)
{
    if (b->kind == MOTE_BLOCK_SAMPLES) {
        uint64_t tag;
        mote_cbor_get_tag(r, &tag);
        while (b->type < MOTE_COUNT(tag_of_type) && tag_of_type[b->type] != tag) {
            b->type++;
        }
        if (b->type == MOTE_COUNT(tag_of_type)) {
            mote_cbor_fail(r, MOTE_E_UNSUPPORTED);
        }
    }
    mote_cbor_get_bytes(r, &b->data, &b->data_len);
}

static void read_field(struct mote_cbor_reader *r, uint64_t key, struct mote_block *b)
{
    switch (key) {
    case SESSION:
        mote_read_fixed(r, b->session, MOTE_SESSION_LEN);
        break;
    case SEQ:
        mote_read_u63(r, &b->seq);
        break;
    case TIME:
        mote_read_u63(r, &b->t_us);
        break;
    case KIND:
        mote_read_u8(r, &b->kind, UINT8_MAX);
        if (b->kind > MOTE_BLOCK_DROPPED) {
            mote_cbor_fail(r, MOTE_E_UNSUPPORTED);
        }
        break;
    case FLAGS:
        mote_cbor_get_u32(r, &b->flags);
        break;
    case INTERVAL:
        mote_read_u63(r, &b->interval_ns);
        break;
    case CHANNELS:
        mote_read_u8(r, &b->channels, MOTE_MAX_CHANNELS);
        break;
    case SCALE:
        mote_read_number(r, &b->scale);
        break;
    case WIDTH:
        mote_cbor_get_u32(r, &b->width);
        break;
    case HEIGHT:
        mote_cbor_get_u32(r, &b->height);
        break;
    case RECORDING:
        mote_cbor_get_u32(r, &b->recording);
        break;
    case LABEL:
        mote_read_text(r, &b->label, MOTE_NAME_MAX);
        break;
    case DATA:
        read_data(r, b);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_block_decode(struct mote_block *b, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader m;
    memset(b, 0, sizeof(*b));
    b->scale = 1.0f;
    mote_cbor_reader_init(&r, p, len);
    mote_map_open(&m, &r);
    while (mote_map_next(&m)) {
        read_field(&r, m.key, b);
    }
    int status = mote_map_need(&m, NEEDED);
    if (status == MOTE_OK) {
        status = mote_cbor_end(&r);
    }
    return status != MOTE_OK ? status : is_sound(b) ? MOTE_OK : MOTE_E_FORMAT;
}
