// Frames over a byte stream. See mote_frame.h.
#include "firmware/core/wire/mote_frame.h"

// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xffff.
static uint16_t crc16(uint16_t crc, const uint8_t *p, size_t len)
{
    while (len--) {
        crc = (uint16_t)(crc ^ *p++ << 8);
        for (int i = 0; i < 8; i++) {
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
        }
    }
    return crc;
}

struct stuffer { // COBS: each code byte says how far the next zero is
    uint8_t *out;
    size_t cap, len, code_at;
    uint8_t code;
    bool full;
};

static void put_raw(struct stuffer *s, uint8_t byte)
{
    if (s->len < s->cap) {
        s->out[s->len] = byte;
    } else {
        s->full = true;
    }
    s->len++;
}

static void close_code(struct stuffer *s)
{
    if (s->code_at < s->cap) {
        s->out[s->code_at] = s->code;
    }
    s->code_at = s->len;
    s->code = 1;
    put_raw(s, 0);
}

static void put_byte(struct stuffer *s, uint8_t byte)
{
    if (byte != 0) {
        put_raw(s, byte);
        s->code++;
    }
    if (byte == 0 || s->code == 0xff) {
        close_code(s);
    }
}

int mote_frame_encode(uint8_t *out, size_t cap, const char *leaf, const void *payload, size_t len)
{
    struct stuffer s = {.out = out, .cap = cap};
    const uint8_t *p = payload;
    size_t leaf_len = 0;
    while (leaf[leaf_len] != 0 && leaf_len <= MOTE_FRAME_LEAF_MAX) {
        leaf_len++;
    }
    if (leaf_len == 0 || leaf_len > MOTE_FRAME_LEAF_MAX) {
        return MOTE_E_ARG;
    }
    uint16_t crc = crc16(crc16(0xffff, (const uint8_t *)leaf, leaf_len + 1), p, len);
    put_raw(&s, 0);
    s.code = 1;
    s.code_at = s.len;
    put_raw(&s, 0);
    for (size_t i = 0; i <= leaf_len; i++) {
        put_byte(&s, (uint8_t)leaf[i]);
    }
    for (size_t i = 0; i < len; i++) {
        put_byte(&s, p[i]);
    }
    put_byte(&s, (uint8_t)crc);
    put_byte(&s, (uint8_t)(crc >> 8));
    if (s.code_at < cap) {
        out[s.code_at] = s.code;
    }
    put_raw(&s, 0);
    return s.full ? MOTE_E_SPACE : (int)s.len;
}

void mote_frame_reader_init(struct mote_frame_reader *r, uint8_t *buf, size_t cap)
{
    memset(r, 0, sizeof(*r));
    r->buf = buf;
    r->cap = cap;
}

// Undoes the stuffing in place. The length, or 0 where the codes do not fit.
static size_t unstuff(uint8_t *p, size_t len)
{
    size_t in = 0, out = 0;
    while (in < len) {
        uint8_t code = p[in++];
        if (in + code - 1 > len) {
            return 0;
        }
        for (uint8_t i = 1; i < code; i++) {
            p[out++] = p[in++];
        }
        if (code != 0xff && in < len) {
            p[out++] = 0;
        }
    }
    return out;
}

static int finish(struct mote_frame_reader *r, const char **leaf, const uint8_t **payload,
                  size_t *len)
{
    size_t n = r->overflow ? 0 : unstuff(r->buf, r->len);
    bool noise = r->len > 0;
    r->len = 0;
    r->overflow = false;
    const uint8_t *end = r->buf;
    while (n > 3 && end < r->buf + n - 2 && *end != 0) {
        end++;
    }
    if (n <= 3 || end == r->buf + n - 2 || end == r->buf || end - r->buf > MOTE_FRAME_LEAF_MAX ||
        crc16(0xffff, r->buf, n - 2) != mote_get16(r->buf + n - 2)) {
        r->errors += noise;
        return 0;
    }
    *leaf = (const char *)r->buf;
    *payload = end + 1;
    *len = n - 2 - (size_t)(end + 1 - r->buf);
    r->frames++;
    return 1;
}

int mote_frame_push(struct mote_frame_reader *r, uint8_t byte, const char **leaf,
                    const uint8_t **payload, size_t *len)
{
    if (byte == 0) {
        return finish(r, leaf, payload, len);
    }
    if (r->len < r->cap) {
        r->buf[r->len++] = byte;
    } else {
        r->overflow = true;
    }
    return 0;
}
