// Maps with small integer keys, and the checks that every body's fields share.
#include "firmware/core/wire/mote_body.h"

bool mote_str_is(struct mote_str s, const char *text)
{
    for (size_t i = 0; i < s.len; i++) {
        if (text[i] == 0 || text[i] != s.p[i]) {
            return false;
        }
    }
    return text[s.len] == 0;
}

bool mote_is_number(float v)
{
    uint32_t u;
    memcpy(&u, &v, 4);
    return (u >> 23 & 0xff) != 0xff;
}

static bool is_word(const char *p, size_t len, size_t max, char extra)
{
    for (size_t i = 0; i < len; i++) {
        bool ok = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == extra;
        if (!ok) {
            return false;
        }
    }
    return len >= 1 && len <= max;
}

bool mote_is_name(const char *p, size_t len)
{
    return is_word(p, len, MOTE_NAME_MAX, '_');
}

bool mote_is_device(const char *p, size_t len)
{
    return is_word(p, len, MOTE_DEVICE_MAX, '-');
}

bool mote_is_text(struct mote_str s, size_t max)
{
    if (s.len > max) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

// --- writing -----------------------------------------------------------------------------------
void mote_map_begin(struct mote_map_writer *m, struct mote_cbor_writer *w)
{
    m->w = w;
    m->at = w->len;
    m->pairs = 0;
    mote_cbor_put_map(w, 0);
}

void mote_map_end(struct mote_map_writer *m)
{
    if (m->pairs > 23) {
        m->w->full = true;
    }
    if (!m->w->full) {
        m->w->out[m->at] = (uint8_t)(0xa0 | m->pairs);
    }
}

void mote_map_key(struct mote_map_writer *m, unsigned key)
{
    m->pairs++;
    mote_cbor_put_uint(m->w, key);
}

void mote_map_uint(struct mote_map_writer *m, unsigned key, uint64_t v)
{
    mote_map_key(m, key);
    mote_cbor_put_uint(m->w, v);
}

void mote_map_uint_opt(struct mote_map_writer *m, unsigned key, uint64_t v)
{
    if (v != 0) {
        mote_map_uint(m, key, v);
    }
}

void mote_map_int(struct mote_map_writer *m, unsigned key, int64_t v)
{
    mote_map_key(m, key);
    mote_cbor_put_int(m->w, v);
}

void mote_map_float(struct mote_map_writer *m, unsigned key, float v)
{
    mote_map_key(m, key);
    mote_cbor_put_float(m->w, v);
}

void mote_map_bool_opt(struct mote_map_writer *m, unsigned key, bool v)
{
    if (v) {
        mote_map_key(m, key);
        mote_cbor_put_bool(m->w, true);
    }
}

void mote_map_text(struct mote_map_writer *m, unsigned key, struct mote_str s)
{
    mote_map_key(m, key);
    mote_cbor_put_text(m->w, s.p, s.len);
}

void mote_map_text_opt(struct mote_map_writer *m, unsigned key, struct mote_str s)
{
    if (s.len > 0) {
        mote_map_text(m, key, s);
    }
}

void mote_map_bytes(struct mote_map_writer *m, unsigned key, const void *p, size_t len)
{
    mote_map_key(m, key);
    mote_cbor_put_bytes(m->w, p, len);
}

void mote_map_bytes_opt(struct mote_map_writer *m, unsigned key, const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= b[i];
    }
    if (any) {
        mote_map_bytes(m, key, p, len);
    }
}

void mote_body_begin(struct mote_body_writer *b, uint8_t *out, size_t cap)
{
    mote_cbor_writer_init(&b->cbor, out, cap);
    mote_map_begin(&b->map, &b->cbor);
}

int mote_body_end(struct mote_body_writer *b)
{
    mote_map_end(&b->map);
    return mote_cbor_finish(&b->cbor);
}

// --- reading -----------------------------------------------------------------------------------
void mote_map_open(struct mote_map_reader *m, struct mote_cbor_reader *r)
{
    m->r = r;
    m->key = 0;
    m->seen = 0;
    m->first = true;
    mote_cbor_get_map(r, &m->left);
}

bool mote_map_next(struct mote_map_reader *m)
{
    while (m->left > 0 && m->r->status == MOTE_OK) {
        uint64_t key;
        m->left--;
        if (mote_cbor_get_uint(m->r, &key) != MOTE_OK) {
            return false;
        }
        if (!m->first && key <= m->key) {
            mote_cbor_fail(m->r, MOTE_E_FORMAT);
            return false;
        }
        m->first = false;
        m->key = key;
        if (key != 0) {
            m->seen |= key < 32 ? (uint32_t)1 << key : 0;
            return true;
        }
        uint64_t version;
        if (mote_cbor_get_uint(m->r, &version) == MOTE_OK && version != 1) {
            mote_cbor_fail(m->r, MOTE_E_UNSUPPORTED);
        }
    }
    return false;
}

int mote_map_need(const struct mote_map_reader *m, uint32_t need)
{
    return (m->seen & need) == need ? m->r->status : mote_cbor_fail(m->r, MOTE_E_FORMAT);
}

void mote_map_read(struct mote_cbor_reader *r, uint32_t need, mote_field_fn field, void *out)
{
    struct mote_map_reader m;
    mote_map_open(&m, r);
    while (mote_map_next(&m)) {
        field(r, m.key, out);
    }
    (void)mote_map_need(&m, need); // kept by the reader
}

void mote_maps_read(struct mote_cbor_reader *r, uint32_t need, mote_field_fn field, void *out,
                    size_t size, size_t max, size_t *count)
{
    mote_cbor_get_array(r, count);
    if (*count > max) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
        *count = 0;
    }
    memset(out, 0, *count * size);
    for (size_t i = 0; i < *count && r->status == MOTE_OK; i++) {
        mote_map_read(r, need, field, (uint8_t *)out + i * size);
    }
}

int mote_body_read(const uint8_t *p, size_t len, uint32_t need, mote_field_fn field, void *out)
{
    struct mote_cbor_reader r;
    mote_cbor_reader_init(&r, p, len);
    mote_map_read(&r, need, field, out);
    return mote_cbor_end(&r);
}

void mote_read_u63(struct mote_cbor_reader *r, uint64_t *v)
{
    mote_cbor_get_uint_max(r, MOTE_U63_MAX, v);
}

void mote_read_i32(struct mote_cbor_reader *r, int32_t *v)
{
    int64_t wide;
    mote_cbor_get_int(r, &wide);
    if (wide < INT32_MIN || wide > INT32_MAX) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
        wide = 0;
    }
    *v = (int32_t)wide;
}

void mote_read_u8(struct mote_cbor_reader *r, uint8_t *v, unsigned max)
{
    uint64_t wide;
    mote_cbor_get_uint_max(r, max, &wide);
    *v = (uint8_t)wide;
}

void mote_read_text(struct mote_cbor_reader *r, struct mote_str *s, size_t max)
{
    mote_cbor_get_text(r, &s->p, &s->len);
    if (!mote_is_text(*s, max)) {
        mote_cbor_fail(r, s->len > max ? MOTE_E_LIMIT : MOTE_E_FORMAT);
        s->len = 0;
    }
}

void mote_read_name(struct mote_cbor_reader *r, struct mote_str *s)
{
    mote_cbor_get_text(r, &s->p, &s->len);
    if (s->len > 0 && !mote_is_name(s->p, s->len)) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
        s->len = 0;
    }
}

void mote_read_fixed(struct mote_cbor_reader *r, uint8_t *out, size_t len)
{
    const uint8_t *p;
    size_t n;
    mote_cbor_get_bytes(r, &p, &n);
    if (r->status == MOTE_OK && n == len) {
        memcpy(out, p, len);
    } else {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
}

void mote_read_number(struct mote_cbor_reader *r, float *v)
{
    mote_cbor_get_float(r, v);
    if (!mote_is_number(*v)) {
        *v = 0;
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
}
