// The manifest of a release.
//
//   1 seq   2 model   3 digest   4 size   5 form   6 base   7 payload   8 payload_size
//   9 block_size   10 ops   11 arena   12 dsp_variant   13 pipeline   14 stream   15 min_class
//   16 expires_s   17 health_us   18 provenance   19 golden: [{1 window, 2 features, 3 output, 4 type,
//   5 scale, 6 seed}, ...]
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/wire/mote_body.h"

enum {
    SEQ = 1,
    MODEL,
    DIGEST,
    SIZE,
    FORM,
    BASE,
    PAYLOAD,
    PAYLOAD_SIZE,
    BLOCK_SIZE,
    OPS,
    ARENA,
    DSP,
    PIPELINE,
    STREAM,
    MIN_CLASS,
    EXPIRES,
    HEALTH,
    PROVENANCE,
    GOLDEN
};
#define NEEDED                                                                                     \
    (1u << SEQ | 1u << MODEL | 1u << DIGEST | 1u << SIZE | 1u << PAYLOAD | 1u << PAYLOAD_SIZE |    \
     1u << BLOCK_SIZE | 1u << ARENA)
enum { GO_WINDOW = 1, GO_FEATURES, GO_OUTPUT, GO_TYPE, GO_SCALE, GO_SEED };
#define GO_NEEDED                                                                                  \
    (1u << GO_WINDOW | 1u << GO_FEATURES | 1u << GO_OUTPUT | 1u << GO_TYPE | 1u << GO_SCALE)

// A window is there or made from a seed, never both.
static bool golden_is_sound(const struct mote_golden *g)
{
    return mote_sample_size(g->type) > 0 && mote_is_number(g->scale) &&
           (g->seed == 0) == (g->window.len > 0);
}

static bool is_sound(const struct mote_manifest *m)
{
    bool texts = m->model.len > 0 && mote_is_text(m->model, MOTE_NAME_MAX) &&
                 mote_is_text(m->ops, MOTE_TEXT_OPS) &&
                 mote_is_text(m->dsp_variant, MOTE_TEXT_SHORT) &&
                 (m->stream.len == 0 || mote_is_name(m->stream.p, m->stream.len));
    bool sizes = m->size > 0 && m->payload_size > 0 && m->block_size >= MOTE_PAYLOAD_BLOCK_LEAST &&
                 m->block_size <= MOTE_PAYLOAD_BLOCK_MOST && m->golden_count <= MOTE_GOLDEN_MAX;
    bool whole =
        m->form != MOTE_FORM_WHOLE ||
        (m->payload_size == m->size && memcmp(m->payload, m->digest, MOTE_DIGEST_LEN) == 0);
    for (unsigned i = 0; sizes && i < m->golden_count; i++) {
        sizes = golden_is_sound(&m->golden[i]);
    }
    return texts && sizes && whole && m->seq > 0 && m->form <= MOTE_FORM_DELTA &&
           m->expires_s <= MOTE_U63_MAX && m->health_us <= MOTE_U63_MAX;
}

static void put_golden(struct mote_cbor_writer *w, const struct mote_manifest *m)
{
    mote_cbor_put_array(w, m->golden_count);
    for (unsigned i = 0; i < m->golden_count; i++) {
        const struct mote_golden *g = &m->golden[i];
        struct mote_map_writer map;
        mote_map_begin(&map, w);
        mote_map_bytes(&map, GO_WINDOW, g->window.p, g->window.len);
        mote_map_bytes(&map, GO_FEATURES, g->features, MOTE_DIGEST_LEN);
        mote_map_bytes(&map, GO_OUTPUT, g->output.p, g->output.len);
        mote_map_uint(&map, GO_TYPE, g->type);
        mote_map_float(&map, GO_SCALE, g->scale);
        mote_map_uint_opt(&map, GO_SEED, g->seed);
        mote_map_end(&map);
    }
}

int mote_manifest_encode(uint8_t *out, size_t cap, const struct mote_manifest *m)
{
    struct mote_cbor_writer w;
    struct mote_map_writer map;
    if (!is_sound(m)) {
        return MOTE_E_ARG;
    }
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&map, &w);
    mote_map_uint(&map, SEQ, m->seq);
    mote_map_text(&map, MODEL, m->model);
    mote_map_bytes(&map, DIGEST, m->digest, MOTE_DIGEST_LEN);
    mote_map_uint(&map, SIZE, m->size);
    if (m->form != MOTE_FORM_WHOLE) {
        mote_map_uint(&map, FORM, m->form);
        mote_map_bytes(&map, BASE, m->base, MOTE_DIGEST_LEN);
    }
    mote_map_bytes(&map, PAYLOAD, m->payload, MOTE_DIGEST_LEN);
    mote_map_uint(&map, PAYLOAD_SIZE, m->payload_size);
    mote_map_uint(&map, BLOCK_SIZE, m->block_size);
    mote_map_text_opt(&map, OPS, m->ops);
    mote_map_uint(&map, ARENA, m->arena);
    mote_map_text_opt(&map, DSP, m->dsp_variant);
    mote_map_bytes_opt(&map, PIPELINE, m->pipeline, MOTE_DIGEST_LEN);
    mote_map_text_opt(&map, STREAM, m->stream);
    mote_map_uint_opt(&map, MIN_CLASS, m->min_class);
    mote_map_uint_opt(&map, EXPIRES, m->expires_s);
    mote_map_uint_opt(&map, HEALTH, m->health_us);
    mote_map_bytes_opt(&map, PROVENANCE, m->provenance, MOTE_DIGEST_LEN);
    if (m->golden_count > 0) {
        mote_map_key(&map, GOLDEN);
        put_golden(&w, m);
    }
    mote_map_end(&map);
    return mote_cbor_finish(&w);
}

static void read_blob(struct mote_cbor_reader *r, struct mote_str *s)
{
    const uint8_t *p;
    mote_cbor_get_bytes(r, &p, &s->len);
    s->p = (const char *)p;
}

static void read_golden_field(struct mote_cbor_reader *r, uint64_t key, struct mote_golden *g)
{
    switch (key) {
    case GO_WINDOW:
        read_blob(r, &g->window);
        break;
    case GO_FEATURES:
        mote_read_fixed(r, g->features, MOTE_DIGEST_LEN);
        break;
    case GO_OUTPUT:
        read_blob(r, &g->output);
        break;
    case GO_TYPE:
        mote_read_u8(r, &g->type, UINT8_MAX);
        break;
    case GO_SCALE:
        mote_read_number(r, &g->scale);
        break;
    case GO_SEED:
        mote_cbor_get_u32(r, &g->seed);
        break;
    default:
        mote_cbor_skip(r);
    }
}

static void read_golden(struct mote_cbor_reader *r, struct mote_manifest *m)
{
    size_t n;
    mote_cbor_get_array(r, &n);
    if (n > MOTE_GOLDEN_MAX) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
        return;
    }
    m->golden_count = (uint8_t)n;
    for (size_t i = 0; i < n && r->status == MOTE_OK; i++) {
        struct mote_map_reader map;
        mote_map_open(&map, r);
        while (mote_map_next(&map)) {
            read_golden_field(r, map.key, &m->golden[i]);
        }
        // Kept by the reader.
        (void)mote_map_need(&map, GO_NEEDED);
    }
}

static void read_transfer_field(struct mote_cbor_reader *r, uint64_t key, struct mote_manifest *m)
{
    switch (key) {
    case SEQ:
        mote_cbor_get_u32(r, &m->seq);
        break;
    case MODEL:
        mote_read_text(r, &m->model, MOTE_NAME_MAX);
        break;
    case DIGEST:
        mote_read_fixed(r, m->digest, MOTE_DIGEST_LEN);
        break;
    case SIZE:
        mote_cbor_get_u32(r, &m->size);
        break;
    case FORM:
        mote_read_u8(r, &m->form, UINT8_MAX);
        break;
    case BASE:
        mote_read_fixed(r, m->base, MOTE_DIGEST_LEN);
        break;
    case PAYLOAD:
        mote_read_fixed(r, m->payload, MOTE_DIGEST_LEN);
        break;
    case PAYLOAD_SIZE:
        mote_cbor_get_u32(r, &m->payload_size);
        break;
    default: // BLOCK_SIZE
        mote_cbor_get_u32(r, &m->block_size);
    }
}

static void read_model_field(struct mote_cbor_reader *r, uint64_t key, struct mote_manifest *m)
{
    switch (key) {
    case OPS:
        mote_read_text(r, &m->ops, MOTE_TEXT_OPS);
        break;
    case ARENA:
        mote_cbor_get_u32(r, &m->arena);
        break;
    case DSP:
        mote_read_text(r, &m->dsp_variant, MOTE_TEXT_SHORT);
        break;
    case PIPELINE:
        mote_read_fixed(r, m->pipeline, MOTE_DIGEST_LEN);
        break;
    case STREAM:
        mote_read_name(r, &m->stream);
        break;
    case MIN_CLASS:
        mote_cbor_get_u32(r, &m->min_class);
        break;
    case EXPIRES:
        mote_read_u63(r, &m->expires_s);
        break;
    case HEALTH:
        mote_read_u63(r, &m->health_us);
        break;
    case PROVENANCE:
        mote_read_fixed(r, m->provenance, MOTE_DIGEST_LEN);
        break;
    case GOLDEN:
        read_golden(r, m);
        break;
    default:
        mote_cbor_skip(r);
    }
}

int mote_manifest_decode(struct mote_manifest *m, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader map;
    memset(m, 0, sizeof(*m));
    mote_cbor_reader_init(&r, p, len);
    mote_map_open(&map, &r);
    while (mote_map_next(&map)) {
        if (map.key <= BLOCK_SIZE) {
            read_transfer_field(&r, map.key, m);
        } else {
            read_model_field(&r, map.key, m);
        }
    }
    int status = mote_map_need(&map, NEEDED);
    if (status == MOTE_OK) {
        status = mote_cbor_end(&r);
    }
    if (status == MOTE_OK && m->form > MOTE_FORM_DELTA) {
        status = MOTE_E_UNSUPPORTED;
    }
    return status != MOTE_OK ? status : is_sound(m) ? MOTE_OK : MOTE_E_FORMAT;
}

int mote_golden_window(const struct mote_golden *g, uint8_t *out, size_t len)
{
    if (g->window.len > 0) {
        if (g->window.len != len) {
            return MOTE_E_MISMATCH;
        }
        memcpy(out, g->window.p, len);
        return MOTE_OK;
    }
    size_t size = g->type == MOTE_F32 ? 4 : 1; // bytes that one step makes
    uint32_t x = g->seed;
    if (len % size != 0) {
        return MOTE_E_ARG;
    }
    for (size_t i = 0; i < len; i += size) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        if (size == 4) {
            mote_putf(out + i, (float)(int8_t)(x & 0xff) / 128.0f);
        } else {
            out[i] = (uint8_t)x;
        }
    }
    return MOTE_OK;
}
