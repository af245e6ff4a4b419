// CBOR reader: every length is checked against the bytes that are left before it is believed.
#include "firmware/core/wire/mote_cbor.h"

enum {
    MAJOR_UINT,
    MAJOR_NINT,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};

struct head {
    unsigned major;
    unsigned info; // additional information of the initial byte
    uint64_t v;
};

void mote_cbor_reader_init(struct mote_cbor_reader *r, const void *p, size_t len)
{
    r->p = p;
    r->end = r->p + len;
    r->status = MOTE_OK;
    r->lenient = false;
}

int mote_cbor_fail(struct mote_cbor_reader *r, int status)
{
    if (r->status == MOTE_OK) {
        r->status = status;
    }
    return r->status;
}

enum mote_cbor_type mote_cbor_peek(const struct mote_cbor_reader *r)
{
    static const uint8_t of_major[] = {MOTE_CBOR_UINT, MOTE_CBOR_NINT,  MOTE_CBOR_BYTES,
                                       MOTE_CBOR_TEXT, MOTE_CBOR_ARRAY, MOTE_CBOR_MAP,
                                       MOTE_CBOR_TAG};
    if (r->status != MOTE_OK || r->p == r->end) {
        return MOTE_CBOR_NONE;
    }
    unsigned major = *r->p >> 5, info = *r->p & 31;
    if (major != MAJOR_SIMPLE) {
        return info > 27 ? MOTE_CBOR_OTHER : (enum mote_cbor_type)of_major[major];
    }
    return info == 20 || info == 21   ? MOTE_CBOR_BOOL
           : info == 22               ? MOTE_CBOR_NULL
           : info >= 25 && info <= 27 ? MOTE_CBOR_FLOAT
                                      : MOTE_CBOR_OTHER;
}

static size_t left(const struct mote_cbor_reader *r)
{
    return (size_t)(r->end - r->p);
}

// The smallest value that needs an argument of that many bytes.
static uint64_t shortest(unsigned size)
{
    return size == 1   ? 24
           : size == 2 ? (uint64_t)1 << 8
           : size == 4 ? (uint64_t)1 << 16
                       : (uint64_t)1 << 32;
}

static int get_head(struct mote_cbor_reader *r, struct head *h)
{
    memset(h, 0, sizeof(*h));
    if (r->status != MOTE_OK) {
        return r->status;
    }
    if (r->p == r->end) {
        return mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    h->major = *r->p >> 5;
    h->info = *r->p & 31;
    if (h->info < 24) {
        h->v = h->info;
        r->p++;
        return MOTE_OK;
    }
    unsigned size = 1u << (h->info & 3);
    if (h->info > 27 || left(r) < 1 + size) {
        return mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    for (unsigned i = 1; i <= size; i++) {
        h->v = h->v << 8 | r->p[i];
    }
    // For simple values the argument is a bit pattern, not a number; below 32 it is malformed.
    bool bad =
        h->major == MAJOR_SIMPLE ? size == 1 && h->v < 32 : !r->lenient && h->v < shortest(size);
    if (bad) {
        return mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    r->p += 1 + size;
    return MOTE_OK;
}

static uint64_t get_major(struct mote_cbor_reader *r, unsigned major)
{
    struct head h;
    if (get_head(r, &h) == MOTE_OK && h.major != major) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    return r->status == MOTE_OK ? h.v : 0;
}

int mote_cbor_get_uint(struct mote_cbor_reader *r, uint64_t *v)
{
    *v = get_major(r, MAJOR_UINT);
    return r->status;
}

int mote_cbor_get_uint_max(struct mote_cbor_reader *r, uint64_t max, uint64_t *v)
{
    *v = get_major(r, MAJOR_UINT);
    if (*v > max) {
        *v = 0;
        mote_cbor_fail(r, MOTE_E_LIMIT);
    }
    return r->status;
}

int mote_cbor_get_u32(struct mote_cbor_reader *r, uint32_t *v)
{
    uint64_t wide;
    mote_cbor_get_uint_max(r, UINT32_MAX, &wide);
    *v = (uint32_t)wide;
    return r->status;
}

int mote_cbor_get_int(struct mote_cbor_reader *r, int64_t *v)
{
    struct head h;
    *v = 0;
    if (get_head(r, &h) != MOTE_OK) {
        return r->status;
    }
    if (h.major > MAJOR_NINT) {
        return mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    if (h.v > INT64_MAX) {
        return mote_cbor_fail(r, MOTE_E_LIMIT);
    }
    *v = h.major == MAJOR_NINT ? -1 - (int64_t)h.v : (int64_t)h.v;
    return MOTE_OK;
}

static int get_string(struct mote_cbor_reader *r, unsigned major, const uint8_t **p, size_t *len)
{
    uint64_t n = get_major(r, major);
    if (r->status == MOTE_OK && n > left(r)) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    *p = r->p;
    *len = r->status == MOTE_OK ? (size_t)n : 0;
    r->p += *len;
    return r->status;
}

int mote_cbor_get_bytes(struct mote_cbor_reader *r, const uint8_t **p, size_t *len)
{
    return get_string(r, MAJOR_BYTES, p, len);
}

// Length of the UTF-8 sequence at p (RFC 3629), 0 where it is none.
static size_t utf8_sequence(const uint8_t *p, size_t len)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > len) {
        return 0;
    }
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
    uint8_t lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < lo || p[1] > hi) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

int mote_cbor_get_text(struct mote_cbor_reader *r, const char **p, size_t *len)
{
    const uint8_t *bytes;
    get_string(r, MAJOR_TEXT, &bytes, len);
    *p = (const char *)bytes;
    for (size_t i = 0; i < *len;) {
        size_t n = utf8_sequence(bytes + i, *len - i);
        if (n == 0) {
            *len = 0;
            return mote_cbor_fail(r, MOTE_E_FORMAT);
        }
        i += n;
    }
    return r->status;
}

static int get_count(struct mote_cbor_reader *r, unsigned major, unsigned items_each, size_t *count)
{
    uint64_t n = get_major(r, major);
    if (n > left(r) / items_each) { // an item is at least a byte
        mote_cbor_fail(r, MOTE_E_FORMAT);
        n = 0;
    }
    *count = (size_t)n;
    return r->status;
}

int mote_cbor_get_array(struct mote_cbor_reader *r, size_t *count)
{
    return get_count(r, MAJOR_ARRAY, 1, count);
}

int mote_cbor_get_map(struct mote_cbor_reader *r, size_t *pairs)
{
    return get_count(r, MAJOR_MAP, 2, pairs);
}

int mote_cbor_get_tag(struct mote_cbor_reader *r, uint64_t *tag)
{
    *tag = get_major(r, MAJOR_TAG);
    return r->status;
}

static unsigned get_simple(struct mote_cbor_reader *r, uint64_t *v)
{
    struct head h;
    if (get_head(r, &h) == MOTE_OK && h.major != MAJOR_SIMPLE) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    *v = h.v;
    return r->status == MOTE_OK ? h.info : 0;
}

int mote_cbor_get_bool(struct mote_cbor_reader *r, bool *v)
{
    uint64_t bits;
    unsigned info = get_simple(r, &bits);
    *v = info == 21;
    return info == 20 || info == 21 ? r->status : mote_cbor_fail(r, MOTE_E_FORMAT);
}

int mote_cbor_get_null(struct mote_cbor_reader *r)
{
    uint64_t bits;
    return get_simple(r, &bits) == 22 ? r->status : mote_cbor_fail(r, MOTE_E_FORMAT);
}

static uint32_t bits_of_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 31) {
        return sign | 0x7f800000u | fraction << 13;
    }
    if (exponent != 0) {
        return sign | (exponent + 112) << 23 | fraction << 13;
    }
    if (fraction == 0) {
        return sign;
    }
    uint32_t shift = 0; // until the leading one is where float32 leaves it out
    while (!(fraction & 0x400)) {
        fraction <<= 1;
        shift++;
    }
    return sign | (113 - shift) << 23 | (fraction & 0x3ff) << 13;
}

int mote_cbor_get_float(struct mote_cbor_reader *r, float *v)
{
    uint64_t bits;
    unsigned info = get_simple(r, &bits);
    *v = 0;
    if (info != 25 && info != 26) {
        return mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    uint32_t u = info == 25 ? bits_of_half((uint32_t)bits) : (uint32_t)bits;
    memcpy(v, &u, 4);
    return r->status;
}

int mote_cbor_get_double(struct mote_cbor_reader *r, double *v)
{
    *v = 0;
    if (r->status == MOTE_OK && r->p < r->end && *r->p == (MAJOR_SIMPLE << 5 | 27)) {
        uint64_t bits;
        get_simple(r, &bits);
        if (r->status == MOTE_OK) {
            memcpy(v, &bits, 8);
        }
        return r->status;
    }
    float f;
    mote_cbor_get_float(r, &f);
    *v = (double)f;
    return r->status;
}

int mote_cbor_skip(struct mote_cbor_reader *r)
{
    // Items yet to come, of all levels together: containers only add to it. It cannot overflow,
    // since every count was checked against the bytes left.
    uint64_t pending = 1;
    while (pending > 0 && r->status == MOTE_OK) {
        struct head h;
        pending--;
        if (get_head(r, &h) != MOTE_OK) {
            break;
        }
        if (h.major == MAJOR_BYTES || h.major == MAJOR_TEXT) {
            if (h.v > left(r)) {
                return mote_cbor_fail(r, MOTE_E_FORMAT);
            }
            r->p += h.v;
        } else if (h.major == MAJOR_ARRAY || h.major == MAJOR_MAP) {
            if (h.v > left(r)) {
                return mote_cbor_fail(r, MOTE_E_FORMAT);
            }
            pending += h.major == MAJOR_MAP ? 2 * h.v : h.v;
        } else if (h.major == MAJOR_TAG) {
            pending++;
        }
    }
    return r->status;
}

int mote_cbor_end(struct mote_cbor_reader *r)
{
    return r->p == r->end ? r->status : mote_cbor_fail(r, MOTE_E_FORMAT);
}
