// Reads delta payloads, a few bytes at a time.
#include "firmware/core/pkg/delta_model.h"

// The next coded byte. Beyond the payload there are zeros: the digest tells whether that was right.
static int take_byte(struct mote_delta *d, uint8_t *byte)
{
    *byte = 0;
    if (d->taken == d->fill) {
        uint32_t left = d->payload_len - d->at;
        uint32_t n = left < sizeof(d->held) ? left : (uint32_t)sizeof(d->held);
        if (n == 0) {
            return MOTE_OK;
        }
        int status = d->payload(d->payload_ctx, d->at, d->held, n);
        if (status != MOTE_OK) {
            return status;
        }
        d->at += n;
        d->fill = (uint8_t)n;
        d->taken = 0;
    }
    *byte = d->held[d->taken++];
    return MOTE_OK;
}

struct decoder {
    struct mote_delta *d;
    int status;
};

static unsigned decode_bit(void *coder, uint16_t *p, unsigned ignored)
{
    struct decoder *c = coder;
    struct mote_delta *d = c->d;
    uint32_t split = delta_split(d->low, d->high, p);
    unsigned bit = d->code <= split;
    (void)ignored;
    if (bit) {
        d->high = split;
    } else {
        d->low = split + 1;
    }
    delta_adapt(p, bit);
    while ((d->low ^ d->high) >> 24 == 0) {
        uint8_t byte;
        int status = take_byte(d, &byte);
        c->status = c->status == MOTE_OK ? status : c->status;
        d->low <<= 8;
        d->high = d->high << 8 | 255;
        d->code = d->code << 8 | byte;
    }
    return bit;
}

static int read_segment(const struct mote_delta *d, uint32_t index, struct mote_delta_segment *s)
{
    uint8_t b[DELTA_SEGMENT];
    int status = d->payload(d->payload_ctx, DELTA_HEADER + index * DELTA_SEGMENT, b, sizeof(b));
    uint32_t kind = mote_get32(b);
    s->kind = (uint8_t)kind;
    s->base = mote_get32(b + 4);
    s->len = mote_get32(b + 8);
    if (status != MOTE_OK) {
        return status;
    }
    bool inside =
        kind == MOTE_DELTA_LITERAL || (s->base <= d->base_len && s->len <= d->base_len - s->base);
    return kind <= MOTE_DELTA_RESIDUAL && inside && s->len > 0 ? MOTE_OK : MOTE_E_FORMAT;
}

static int check_segments(const struct mote_delta *d)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < d->segments; i++) {
        struct mote_delta_segment s;
        int status = read_segment(d, i, &s);
        if (status != MOTE_OK) {
            return status;
        }
        if (s.len > d->size - at) {
            return MOTE_E_FORMAT;
        }
        at += s.len;
    }
    return at == d->size ? MOTE_OK : MOTE_E_FORMAT;
}

int mote_delta_open(struct mote_delta *d, mote_delta_read_fn payload, void *payload_ctx,
                    uint32_t payload_len, mote_delta_read_fn base, void *base_ctx,
                    uint32_t base_len, uint32_t size)
{
    uint8_t h[DELTA_HEADER];
    memset(d, 0, sizeof(*d));
    if (payload_len < DELTA_HEADER) {
        return MOTE_E_FORMAT;
    }
    int status = payload(payload_ctx, 0, h, sizeof(h));
    if (status != MOTE_OK) {
        return status;
    }
    if (memcmp(h, "MDL1", 4) != 0) {
        return MOTE_E_FORMAT;
    }
    if (mote_get32(h + 4) != base_len || mote_get32(h + 8) != size) {
        return MOTE_E_MISMATCH;
    }
    d->payload = payload;
    d->payload_ctx = payload_ctx;
    d->payload_len = payload_len;
    d->base = base;
    d->base_ctx = base_ctx;
    d->base_len = base_len;
    d->size = size;
    d->segments = mote_get32(h + 12);
    if (d->segments > MOTE_DELTA_SEGMENTS_MAX) {
        return MOTE_E_LIMIT;
    }
    d->at = DELTA_HEADER + d->segments * DELTA_SEGMENT;
    status = d->at <= payload_len ? check_segments(d) : MOTE_E_FORMAT;
    d->high = UINT32_MAX;
    for (unsigned i = 0; i < 4 && status == MOTE_OK; i++) {
        uint8_t byte;
        status = take_byte(d, &byte);
        d->code = d->code << 8 | byte;
    }
    delta_model_init(&d->model);
    return status;
}

// Bytes of the current segment, of which the base's are in out already.
static int decode(struct mote_delta *d, uint8_t *out, uint32_t len)
{
    struct decoder c = {d, MOTE_OK};
    for (uint32_t i = 0; i < len && c.status == MOTE_OK; i++) {
        if (d->now.kind == MOTE_DELTA_LITERAL) {
            out[i] = delta_code_literal(&d->model, decode_bit, &c, 0);
        } else {
            out[i] = (uint8_t)(out[i] + delta_code_residual(&d->model, decode_bit, &c, 0));
        }
    }
    return c.status;
}

int mote_delta_next(struct mote_delta *d, uint8_t *out, uint32_t len)
{
    if (len > d->size - d->done) {
        return MOTE_E_ARG;
    }
    while (len > 0) {
        int status = d->now.len > 0 ? MOTE_OK : read_segment(d, d->index++, &d->now);
        uint32_t n = d->now.len < len ? d->now.len : len;
        if (status == MOTE_OK && d->now.kind != MOTE_DELTA_LITERAL) {
            status = d->base(d->base_ctx, d->now.base, out, n);
        }
        if (status == MOTE_OK && d->now.kind != MOTE_DELTA_COPY) {
            status = decode(d, out, n);
        }
        if (status != MOTE_OK) {
            return status;
        }
        d->now.base += n;
        d->now.len -= n;
        d->done += n;
        out += n;
        len -= n;
    }
    return MOTE_OK;
}
