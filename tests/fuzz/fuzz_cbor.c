// Any bytes as CBOR: what skip accepts, reading item by item accepts as well and ends at the same
// place; what was read and written again reads the same.
#include "firmware/core/wire/mote_cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_item(struct mote_cbor_reader *r, struct mote_cbor_writer *w, size_t *pending)
{
    uint64_t u;
    int64_t i;
    const uint8_t *p;
    const char *text;
    size_t n;
    double d;
    bool b;
    switch (mote_cbor_peek(r)) {
    case MOTE_CBOR_UINT:
        mote_cbor_get_uint(r, &u);
        mote_cbor_put_uint(w, u);
        break;
    case MOTE_CBOR_NINT:
        mote_cbor_get_int(r, &i);
        mote_cbor_put_int(w, i);
        break;
    case MOTE_CBOR_BYTES:
        mote_cbor_get_bytes(r, &p, &n);
        mote_cbor_put_bytes(w, p, n);
        break;
    case MOTE_CBOR_TEXT:
        mote_cbor_get_text(r, &text, &n);
        mote_cbor_put_text(w, text, n);
        break;
    case MOTE_CBOR_ARRAY:
        mote_cbor_get_array(r, &n);
        mote_cbor_put_array(w, n);
        *pending += n;
        break;
    case MOTE_CBOR_MAP:
        mote_cbor_get_map(r, &n);
        mote_cbor_put_map(w, n);
        *pending += 2 * n;
        break;
    case MOTE_CBOR_TAG:
        mote_cbor_get_tag(r, &u);
        mote_cbor_put_tag(w, u);
        *pending += 1;
        break;
    case MOTE_CBOR_BOOL:
        mote_cbor_get_bool(r, &b);
        mote_cbor_put_bool(w, b);
        break;
    case MOTE_CBOR_NULL:
        mote_cbor_get_null(r);
        mote_cbor_put_null(w);
        break;
    case MOTE_CBOR_FLOAT:
        mote_cbor_get_double(r, &d);
        mote_cbor_put_double(w, d);
        break;
    default:
        mote_cbor_fail(r, MOTE_E_UNSUPPORTED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1 << 16];
    struct mote_cbor_reader skip, read;
    struct mote_cbor_writer w;
    size_t pending = 1;
    if (size > sizeof(out) / 2) {
        return 0;
    }
    mote_cbor_reader_init(&skip, data, size);
    mote_cbor_reader_init(&read, data, size);
    mote_cbor_writer_init(&w, out, sizeof(out));
    int skipped = mote_cbor_skip(&skip);
    while (pending > 0 && read.status == MOTE_OK) {
        pending--;
        copy_item(&read, &w, &pending);
    }
    if (read.status == MOTE_OK) {
        int n = mote_cbor_finish(&w);
        // Floats may have had a longer form; nothing else may change.
        if (skipped != MOTE_OK || skip.p != read.p || n < 0 ||
            (size_t)n > (size_t)(read.p - data)) {
            __builtin_trap();
        }
        mote_cbor_reader_init(&read, out, (size_t)n);
        if (mote_cbor_skip(&read) != MOTE_OK || mote_cbor_end(&read) != MOTE_OK) {
            __builtin_trap();
        }
    }
    return 0;
}
