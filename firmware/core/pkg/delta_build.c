// Builds delta payloads (on the server).
#include "firmware/core/pkg/delta_model.h"

struct encoder {
    uint8_t *out;
    size_t cap, len;
    uint32_t low, high;
    bool full;
};

static void put(struct encoder *e, const void *p, size_t len)
{
    if (e->full || len > e->cap - e->len) {
        e->full = true;
        return;
    }
    memcpy(e->out + e->len, p, len);
    e->len += len;
}

static unsigned encode_bit(void *coder, uint16_t *p, unsigned bit)
{
    struct encoder *e = coder;
    uint32_t split = delta_split(e->low, e->high, p);
    if (bit) {
        e->high = split;
    } else {
        e->low = split + 1;
    }
    delta_adapt(p, bit);
    while ((e->low ^ e->high) >> 24 == 0) {
        uint8_t byte = (uint8_t)(e->high >> 24);
        put(e, &byte, 1);
        e->low <<= 8;
        e->high = e->high << 8 | 255;
    }
    return bit;
}

static bool segments_are_sound(const uint8_t *base, size_t base_len, const uint8_t *model,
                               size_t len, const struct mote_delta_segment *s, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; at += s[i++].len) {
        bool from_base = s[i].kind != MOTE_DELTA_LITERAL;
        if (s[i].kind > MOTE_DELTA_RESIDUAL || s[i].len == 0 || s[i].len > len - at ||
            (from_base && (s[i].base > base_len || s[i].len > base_len - s[i].base)) ||
            (s[i].kind == MOTE_DELTA_COPY && memcmp(base + s[i].base, model + at, s[i].len) != 0)) {
            return false;
        }
    }
    return at == len;
}

static void put_table(struct encoder *e, size_t base_len, size_t len,
                      const struct mote_delta_segment *s, size_t count)
{
    uint8_t b[DELTA_HEADER] = {'M', 'D', 'L', '1'};
    mote_put32(b + 4, (uint32_t)base_len);
    mote_put32(b + 8, (uint32_t)len);
    mote_put32(b + 12, (uint32_t)count);
    put(e, b, DELTA_HEADER);
    for (size_t i = 0; i < count; i++) {
        mote_put32(b, s[i].kind);
        mote_put32(b + 4, s[i].kind == MOTE_DELTA_LITERAL ? 0 : s[i].base);
        mote_put32(b + 8, s[i].len);
        put(e, b, DELTA_SEGMENT);
    }
}

int mote_delta_build(uint8_t *out, size_t cap, const uint8_t *base, size_t base_len,
                     const uint8_t *model, size_t len, const struct mote_delta_segment *segment,
                     size_t count)
{
    struct encoder e = {out, cap, 0, 0, UINT32_MAX, false};
    struct mote_delta_model m;
    uint32_t common = (uint32_t)(base_len < len ? base_len : len);
    struct mote_delta_segment plain[2] = {{MOTE_DELTA_RESIDUAL, 0, common},
                                          {MOTE_DELTA_LITERAL, 0, (uint32_t)(len - common)}};
    if (base_len > INT32_MAX || len > INT32_MAX || common == 0) {
        return MOTE_E_ARG;
    }
    if (count == 0) {
        segment = plain;
        count = len > common ? 2 : 1;
    }
    if (count > MOTE_DELTA_SEGMENTS_MAX ||
        !segments_are_sound(base, base_len, model, len, segment, count)) {
        return MOTE_E_ARG;
    }
    put_table(&e, base_len, len, segment, count);
    delta_model_init(&m);
    for (size_t i = 0; i < count && !e.full; model += segment[i++].len) {
        for (uint32_t k = 0; k < segment[i].len; k++) {
            if (segment[i].kind == MOTE_DELTA_LITERAL) {
                (void)delta_code_literal(&m, encode_bit, &e, model[k]);
            } else if (segment[i].kind == MOTE_DELTA_RESIDUAL) {
                (void)delta_code_residual(&m, encode_bit, &e,
                                          (uint8_t)(model[k] - base[segment[i].base + k]));
            }
        }
    }
    // Enough of a number between low and high; a reader takes zeros for what lies behind.
    uint8_t tail[4] = {(uint8_t)(e.high >> 24), (uint8_t)(e.high >> 16), (uint8_t)(e.high >> 8),
                       (uint8_t)e.high};
    put(&e, tail, sizeof(tail));
    return e.full || e.len > INT_MAX ? MOTE_E_SPACE : (int)e.len;
}
