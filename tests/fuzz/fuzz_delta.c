// Any bytes as a delta payload over a base: in bounds, and the same in pieces as at once. The first
// two bytes say how long the model shall be.
#include "firmware/core/pkg/mote_delta.h"

#define MODEL_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    uint32_t len;
};

static int read_bytes(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    const struct bytes *b = ctx;
    if (at > b->len || len > b->len - at) {
        __builtin_trap();
    }
    memcpy(buf, b->p + at, len);
    return MOTE_OK;
}

static int apply(const uint8_t *data, size_t size, uint8_t *out, uint32_t len, uint32_t piece)
{
    static struct mote_delta d;
    struct bytes p = {data, (uint32_t)size},
                 base = {data, (uint32_t)size}; // the payload is a base as good as any
    int status = mote_delta_open(&d, read_bytes, &p, p.len, read_bytes, &base, base.len, len);
    for (uint32_t at = 0; at < len && status == MOTE_OK; at += piece) {
        status = mote_delta_next(&d, out + at, len - at < piece ? len - at : piece);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t whole[MODEL_MAX], pieces[MODEL_MAX];
    if (size < 2 + 16) {
        return 0;
    }
    // Header fields that a fuzzer would only guess: base and model sizes.
    static uint8_t fixed[1 << 15];
    uint32_t len = mote_get16(data),
             n = (uint32_t)(size - 2 < sizeof(fixed) ? size - 2 : sizeof(fixed));
    memcpy(fixed, data + 2, n);
    memcpy(fixed, "MDL1", 4);
    mote_put32(fixed + 4, n);
    mote_put32(fixed + 8, len);
    int status = apply(fixed, n, whole, len, len ? len : 1);
    if (apply(fixed, n, pieces, len, 37) != status ||
        (status == MOTE_OK && memcmp(whole, pieces, len) != 0)) {
        __builtin_trap();
    }
    return 0;
}
