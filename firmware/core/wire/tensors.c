// P/d/DEV/split/in: a part of a model's input tensors, to be run on the device.
#include "firmware/core/wire/mote_body.h"

enum { TE_ID = 1, TE_MODEL, TE_TOTAL, TE_AT, TE_DATA, TE_CHECKS };
#define TE_NEEDED (1u << TE_ID | 1u << TE_MODEL | 1u << TE_TOTAL | 1u << TE_AT)

int mote_tensors_encode(uint8_t *out, size_t cap, const struct mote_tensors *t)
{
    struct mote_body_writer b;
    if (t->id > MOTE_U63_MAX || t->len > MOTE_TENSORS_MAX ||
        t->checks_len > 4 * MOTE_TENSORS_CHECKS || t->checks_len % 4 != 0) {
        return MOTE_E_ARG;
    }
    mote_body_begin(&b, out, cap);
    mote_map_uint(&b.map, TE_ID, t->id);
    mote_map_bytes(&b.map, TE_MODEL, t->model, sizeof(t->model));
    mote_map_uint(&b.map, TE_TOTAL, t->total);
    mote_map_uint(&b.map, TE_AT, t->at);
    if (t->len) {
        mote_map_bytes(&b.map, TE_DATA, t->data, t->len);
    }
    if (t->checks) {
        mote_map_bytes(&b.map, TE_CHECKS, t->checks, t->checks_len);
    }
    return mote_body_end(&b);
}

static void read_u32(struct mote_cbor_reader *r, uint32_t *v)
{
    uint64_t wide = 0;
    mote_read_u63(r, &wide);
    *v = wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide; // too large for any arena
}

static void read_field(struct mote_cbor_reader *r, uint64_t key, void *out)
{
    struct mote_tensors *t = out;
    switch (key) {
    case TE_ID:
        mote_read_u63(r, &t->id);
        break;
    case TE_MODEL:
        mote_read_fixed(r, t->model, sizeof(t->model));
        break;
    case TE_TOTAL:
        read_u32(r, &t->total);
        break;
    case TE_AT:
        read_u32(r, &t->at);
        break;
    case TE_DATA:
        (void)mote_cbor_get_bytes(r, &t->data, &t->len); // the reader keeps the error
        break;
    case TE_CHECKS:
        (void)mote_cbor_get_bytes(r, &t->checks, &t->checks_len);
        break;
    default:
        mote_cbor_skip(r);
        break;
    }
}

int mote_tensors_decode(struct mote_tensors *t, const uint8_t *p, size_t len)
{
    memset(t, 0, sizeof(*t));
    int status = mote_body_read(p, len, TE_NEEDED, read_field, t);
    if (status) {
        return status;
    }
    bool sound = t->len <= MOTE_TENSORS_MAX && t->at <= t->total && t->len <= t->total - t->at &&
                 t->checks_len <= 4 * MOTE_TENSORS_CHECKS && t->checks_len % 4 == 0;
    return sound ? MOTE_OK : MOTE_E_FORMAT;
}
