// CBOR writer: heads of the shortest form, content copied behind them.
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

void mote_cbor_writer_init(struct mote_cbor_writer *w, uint8_t *out, size_t cap)
{
    w->out = out;
    w->cap = cap;
    w->len = 0;
    w->full = false;
}

void mote_cbor_put_raw(struct mote_cbor_writer *w, const void *p, size_t len)
{
    if (w->full || len > w->cap - w->len) {
        w->full = true;
        return;
    }
    if (len > 0) {
        memmove(w->out + w->len, p, len); // p may lie further on in the same buffer
    }
    w->len += len;
}

// Initial byte with additional information `info`, then `size` bytes of v in network order.
static void put_sized(struct mote_cbor_writer *w, unsigned major, unsigned info, uint64_t v,
                      unsigned size)
{
    uint8_t b[9];
    b[0] = (uint8_t)(major << 5 | info);
    for (unsigned i = 0; i < size; i++) {
        b[1 + i] = (uint8_t)(v >> (8 * (size - 1 - i)));
    }
    mote_cbor_put_raw(w, b, 1 + size);
}

static void put_head(struct mote_cbor_writer *w, unsigned major, uint64_t v)
{
    if (v < 24) {
        put_sized(w, major, (unsigned)v, 0, 0);
    } else if (v <= UINT8_MAX) {
        put_sized(w, major, 24, v, 1);
    } else if (v <= UINT16_MAX) {
        put_sized(w, major, 25, v, 2);
    } else if (v <= UINT32_MAX) {
        put_sized(w, major, 26, v, 4);
    } else {
        put_sized(w, major, 27, v, 8);
    }
}

void mote_cbor_put_uint(struct mote_cbor_writer *w, uint64_t v)
{
    put_head(w, MAJOR_UINT, v);
}

void mote_cbor_put_int(struct mote_cbor_writer *w, int64_t v)
{
    if (v < 0) {
        put_head(w, MAJOR_NINT, ~(uint64_t)v); // -1 - v
    } else {
        put_head(w, MAJOR_UINT, (uint64_t)v);
    }
}

void mote_cbor_put_bytes_head(struct mote_cbor_writer *w, size_t len)
{
    put_head(w, MAJOR_BYTES, len);
}

void mote_cbor_put_bytes(struct mote_cbor_writer *w, const void *p, size_t len)
{
    put_head(w, MAJOR_BYTES, len);
    mote_cbor_put_raw(w, p, len);
}

void mote_cbor_put_text(struct mote_cbor_writer *w, const char *p, size_t len)
{
    put_head(w, MAJOR_TEXT, len);
    mote_cbor_put_raw(w, p, len);
}

void mote_cbor_put_array(struct mote_cbor_writer *w, size_t count)
{
    put_head(w, MAJOR_ARRAY, count);
}

void mote_cbor_put_map(struct mote_cbor_writer *w, size_t pairs)
{
    put_head(w, MAJOR_MAP, pairs);
}

void mote_cbor_put_tag(struct mote_cbor_writer *w, uint64_t tag)
{
    put_head(w, MAJOR_TAG, tag);
}

void mote_cbor_put_bool(struct mote_cbor_writer *w, bool v)
{
    put_sized(w, MAJOR_SIMPLE, v ? 21 : 20, 0, 0);
}

void mote_cbor_put_null(struct mote_cbor_writer *w)
{
    put_sized(w, MAJOR_SIMPLE, 22, 0, 0);
}

// The float16 of the same value as float32 bits u, where there is one. NaN becomes the quiet NaN.
static bool half_of(uint32_t u, uint16_t *half)
{
    uint32_t sign = u >> 16 & 0x8000, exponent = u >> 23 & 0xff, fraction = u & 0x7fffff;
    if (exponent == 0xff) {
        *half = (uint16_t)(fraction ? 0x7e00 : (sign | 0x7c00));
        return true;
    }
    if ((u & 0x7fffffff) == 0) {
        *half = (uint16_t)sign;
        return true;
    }
    if (exponent >= 113 && exponent <= 142 && (fraction & 0x1fff) == 0) { // 2^-14 to 2^15
        *half = (uint16_t)(sign | (exponent - 112) << 10 | fraction >> 13);
        return true;
    }
    if (exponent >= 103 && exponent < 113) { // a subnormal of float16: fraction counts 2^-24
        uint32_t whole = fraction | 0x800000, shift = 126 - exponent;
        if ((whole & ((1u << shift) - 1)) == 0) {
            *half = (uint16_t)(sign | whole >> shift);
            return true;
        }
    }
    return false;
}

void mote_cbor_put_float(struct mote_cbor_writer *w, float v)
{
    uint32_t u;
    uint16_t half;
    memcpy(&u, &v, 4);
    if (half_of(u, &half)) {
        put_sized(w, MAJOR_SIMPLE, 25, half, 2);
    } else {
        put_sized(w, MAJOR_SIMPLE, 26, u, 4);
    }
}

// The bits of the float32 of the same value as float64 bits u, where there is one; by integers
// alone, so that no rounding mode or emulation library has a say.
static bool single_of(uint64_t u, uint32_t *single)
{
    uint32_t sign = (uint32_t)(u >> 32) & 0x80000000u, exponent = (uint32_t)(u >> 52) & 0x7ff;
    uint64_t fraction = u & 0xfffffffffffffu;
    if (exponent == 0x7ff) {
        *single = fraction ? 0x7fc00000u : (sign | 0x7f800000u);
        return true;
    }
    if (exponent == 0 && fraction == 0) {
        *single = sign;
        return true;
    }
    if (exponent >= 897 && exponent <= 1150 && (fraction & 0x1fffffff) == 0) {
        *single = sign | (exponent - 896) << 23 | (uint32_t)(fraction >> 29);
        return true;
    }
    if (exponent >= 874 && exponent < 897) { // a subnormal of float32: fraction counts 2^-149
        uint64_t whole = fraction | (uint64_t)1 << 52;
        uint32_t shift = 926 - exponent;
        if ((whole & (((uint64_t)1 << shift) - 1)) == 0) {
            *single = sign | (uint32_t)(whole >> shift);
            return true;
        }
    }
    return false;
}

void mote_cbor_put_double(struct mote_cbor_writer *w, double v)
{
    uint64_t u;
    uint32_t single;
    memcpy(&u, &v, 8);
    if (single_of(u, &single)) {
        float f;
        memcpy(&f, &single, 4);
        mote_cbor_put_float(w, f);
    } else {
        put_sized(w, MAJOR_SIMPLE, 27, u, 8);
    }
}

int mote_cbor_finish(const struct mote_cbor_writer *w)
{
    return w->full || w->len > INT_MAX ? MOTE_E_SPACE : (int)w->len;
}
