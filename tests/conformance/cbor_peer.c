// The wire's CBOR code beside libcbor, on generated documents: what libcbor wrote we read value by value; what we wrote from
// it libcbor reads; and of damaged documents we accept none that libcbor refuses, nor another number of bytes.
#include <cbor.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/wire/mote_cbor.h"

#define DOCUMENTS 20000
#define DEPTH 5
#define BYTES 65536

static uint64_t state = 88172645463325252u; // xorshift64 (Marsaglia, 2003)

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}
static uint64_t below(uint64_t n)
{
    return draw() % n;
}

static void fail(const char *what, int document)
{
    fprintf(stderr, "cbor_peer: document %d: %s\n", document, what);
    exit(1);
}

static cbor_item_t *number(void)
{
    uint64_t v = draw() >> below(64);
    cbor_item_t *i = v <= UINT8_MAX    ? cbor_build_uint8((uint8_t)v)
                     : v <= UINT16_MAX ? cbor_build_uint16((uint16_t)v)
                     : v <= UINT32_MAX ? cbor_build_uint32((uint32_t)v)
                                       : cbor_build_uint64(v);
    if (v <= INT64_MAX && below(3) == 0) {
        cbor_mark_negint(i);
    } else if (below(4) == 0) { // longer than it need be
        cbor_decref(&i);
        i = cbor_build_uint64(v);
    }
    return i;
}

static cbor_item_t *text(void)
{
    static const char *const words[] = {
        "", "a", "imu", "vibration of the fan", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac"};
    return cbor_build_string(words[below(6)]);
}

static cbor_item_t *leaf(void)
{
    unsigned char bytes[300];
    switch (below(8)) {
    case 0: return text();
    case 1:
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (unsigned char)draw();
        }
        return cbor_build_bytestring(bytes, below(sizeof bytes));
    case 2: return cbor_build_bool(below(2));
    case 3: return cbor_new_null();
    case 4: return cbor_build_float2((float)(int)below(2000) / 8 - 100);
    case 5: return cbor_build_float4((float)(int)below(200000) / 7 - 1e4f);
    case 6: return cbor_build_float8((double)below(1u << 30) / 3 - 1e8);
    default: return number();
    }
}

// libcbor 0.8 refuses what the standard left unassigned when it was written: tags 6 to 20, simple values.
static bool is_unassigned(uint64_t tag)
{
    return tag >= 6 && tag <= 20;
}

static cbor_item_t *tree(int depth)
{
    size_t n = below(6);
    cbor_item_t *item;
    switch (depth > 0 ? below(6) : 5) {
    case 0:
    case 1:
        item = cbor_new_definite_array(n);
        for (size_t i = 0; i < n; i++) {
            (void)!cbor_array_push(item, cbor_move(tree(depth - 1)));
        }
        return item;
    case 2:
    case 3:
        item = cbor_new_definite_map(n);
        for (size_t i = 0; i < n; i++) {
            (void)!cbor_map_add(item,
                                (struct cbor_pair){cbor_move(leaf()), cbor_move(tree(depth - 1))});
        }
        return item;
    case 4: {
        uint64_t tag = draw() >> below(64);
        return cbor_build_tag(is_unassigned(tag) ? 0 : tag, cbor_move(tree(depth - 1)));
    }
    default: return leaf();
    }
}

static bool same(const cbor_item_t *item, struct mote_cbor_reader *r);

static bool same_number(const cbor_item_t *item, struct mote_cbor_reader *r)
{
    uint64_t want = cbor_get_int(item), got = 0;
    int64_t negative = 0;
    if (cbor_isa_uint(item)) {
        return mote_cbor_get_uint(r, &got) == MOTE_OK && got == want;
    }
    return mote_cbor_get_int(r, &negative) == MOTE_OK && negative == -1 - (int64_t)want;
}

static bool same_simple(const cbor_item_t *item, struct mote_cbor_reader *r)
{
    double v = 0;
    bool b = false;
    const bool control = cbor_float_ctrl_is_ctrl(item);
    if (control && cbor_is_bool(item)) {
        return mote_cbor_get_bool(r, &b) == MOTE_OK && b == cbor_get_bool(item);
    }
    if (control) {
        return mote_cbor_get_null(r) == MOTE_OK;
    }
    double want = cbor_float_get_float(item);
    return mote_cbor_get_double(r, &v) == MOTE_OK && !(v < want) && !(v > want);
}

static bool same_many(const cbor_item_t *item, struct mote_cbor_reader *r)
{
    size_t n = 0, at = 0;
    if (cbor_isa_array(item)) {
        bool fits = mote_cbor_get_array(r, &n) == MOTE_OK && n == cbor_array_size(item);
        for (; fits && at < n; at++) {
            fits = same(cbor_array_handle(item)[at], r);
        }
        return fits;
    }
    bool fits = mote_cbor_get_map(r, &n) == MOTE_OK && n == cbor_map_size(item);
    for (; fits && at < n; at++) {
        fits = same(cbor_map_handle(item)[at].key, r) && same(cbor_map_handle(item)[at].value, r);
    }
    return fits;
}

static bool same(const cbor_item_t *item, struct mote_cbor_reader *r)
{
    const uint8_t *p = NULL;
    const char *t = NULL;
    size_t n = 0;
    uint64_t tag = 0;
    switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT:
    case CBOR_TYPE_NEGINT: return same_number(item, r);
    case CBOR_TYPE_BYTESTRING:
        return mote_cbor_get_bytes(r, &p, &n) == MOTE_OK && n == cbor_bytestring_length(item) &&
               (n == 0 || memcmp(p, cbor_bytestring_handle(item), n) == 0);
    case CBOR_TYPE_STRING:
        return mote_cbor_get_text(r, &t, &n) == MOTE_OK && n == cbor_string_length(item) &&
               (n == 0 || memcmp(t, cbor_string_handle(item), n) == 0);
    case CBOR_TYPE_TAG: {
        cbor_item_t *inner = cbor_tag_item(item);
        bool fits =
            mote_cbor_get_tag(r, &tag) == MOTE_OK && tag == cbor_tag_value(item) && same(inner, r);
        cbor_decref(&inner);
        return fits;
    }
    case CBOR_TYPE_ARRAY:
    case CBOR_TYPE_MAP: return same_many(item, r);
    case CBOR_TYPE_FLOAT_CTRL: return same_simple(item, r);
    }
    return false;
}

// The tree by our writer.
static void put(const cbor_item_t *item, struct mote_cbor_writer *w)
{
    switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT: mote_cbor_put_uint(w, cbor_get_int(item)); break;
    case CBOR_TYPE_NEGINT: mote_cbor_put_int(w, -1 - (int64_t)cbor_get_int(item)); break;
    case CBOR_TYPE_BYTESTRING:
        mote_cbor_put_bytes(w, cbor_bytestring_handle(item), cbor_bytestring_length(item));
        break;
    case CBOR_TYPE_STRING:
        mote_cbor_put_text(w, (const char *)cbor_string_handle(item), cbor_string_length(item));
        break;
    case CBOR_TYPE_ARRAY:
        mote_cbor_put_array(w, cbor_array_size(item));
        for (size_t i = 0; i < cbor_array_size(item); i++) {
            put(cbor_array_handle(item)[i], w);
        }
        break;
    case CBOR_TYPE_MAP:
        mote_cbor_put_map(w, cbor_map_size(item));
        for (size_t i = 0; i < cbor_map_size(item); i++) {
            put(cbor_map_handle(item)[i].key, w);
            put(cbor_map_handle(item)[i].value, w);
        }
        break;
    case CBOR_TYPE_TAG: {
        cbor_item_t *inner = cbor_tag_item(item);
        mote_cbor_put_tag(w, cbor_tag_value(item));
        put(inner, w);
        cbor_decref(&inner);
        break;
    }
    case CBOR_TYPE_FLOAT_CTRL:
        if (!cbor_float_ctrl_is_ctrl(item)) {
            mote_cbor_put_double(w, cbor_float_get_float(item));
        } else if (cbor_is_bool(item)) {
            mote_cbor_put_bool(w, cbor_get_bool(item));
        } else {
            mote_cbor_put_null(w);
        }
        break;
    }
}

// Reads one item by our getters, which check text for UTF-8 as libcbor does. *peer_reads is false where it holds what libcbor
// does not know.
static bool read_item(struct mote_cbor_reader *r, bool *peer_reads)
{
    *peer_reads = true;
    for (size_t pending = 1, n; pending > 0 && r->status == MOTE_OK; pending--) {
        const uint8_t *p;
        const char *t;
        uint64_t tag = 0;
        switch (mote_cbor_peek(r)) {
        case MOTE_CBOR_TEXT: mote_cbor_get_text(r, &t, &n); break;
        case MOTE_CBOR_BYTES: mote_cbor_get_bytes(r, &p, &n); break;
        case MOTE_CBOR_ARRAY:
            mote_cbor_get_array(r, &n);
            pending += n;
            break;
        case MOTE_CBOR_MAP:
            mote_cbor_get_map(r, &n);
            pending += 2 * n;
            break;
        case MOTE_CBOR_TAG:
            mote_cbor_get_tag(r, &tag);
            *peer_reads = *peer_reads && !is_unassigned(tag);
            pending++;
            break;
        case MOTE_CBOR_OTHER: *peer_reads = false; // fall through
        default: mote_cbor_skip(r); break;
        }
    }
    return r->status == MOTE_OK;
}

// A few bytes changed, cut off or put in: where we accept an item, libcbor accepts one of the same length.
static bool damaged_agrees(const unsigned char *from, size_t len, long *accepted)
{
    static unsigned char bytes[BYTES];
    memcpy(bytes, from, len);
    for (uint64_t i = 1 + below(3); i > 0 && len > 0; i--) {
        bytes[below(len)] = (unsigned char)draw();
    }
    len = below(3) ? len : below(len + 1);
    struct mote_cbor_reader r;
    mote_cbor_reader_init(&r, bytes, len);
    r.lenient = true;
    bool peer_reads;
    if (len == 0 || !read_item(&r, &peer_reads) || !peer_reads) {
        return true;
    }
    struct cbor_load_result result;
    cbor_item_t *item = cbor_load(bytes, len, &result);
    bool agrees = item && result.read == (size_t)(r.p - bytes);
    if (item) {
        cbor_decref(&item);
    }
    ++*accepted;
    return agrees;
}

int main(void)
{
    static unsigned char theirs[BYTES], ours[BYTES];
    long accepted = 0;
    for (int d = 0; d < DOCUMENTS; d++) {
        cbor_item_t *item = tree(DEPTH);
        size_t len = cbor_serialize(item, theirs, sizeof theirs);
        if (len == 0) { // larger than what the wire carries
            cbor_decref(&item);
            continue;
        }
        struct mote_cbor_reader r;
        mote_cbor_reader_init(&r, theirs, len);
        r.lenient = true;
        if (!same(item, &r) || mote_cbor_end(&r) != MOTE_OK) {
            fail("we do not read what libcbor wrote", d);
        }
        struct mote_cbor_writer w;
        mote_cbor_writer_init(&w, ours, sizeof ours);
        put(item, &w);
        int own = mote_cbor_finish(&w);
        struct cbor_load_result result;
        cbor_item_t *back = own > 0 ? cbor_load(ours, (size_t)own, &result) : NULL;
        if (!back || result.read != (size_t)own || (size_t)own > len) {
            fail("libcbor does not read what we wrote", d);
        }
        mote_cbor_reader_init(&r, ours, (size_t)own); // strict: it must be of shortest form
        if (!same(back, &r) || mote_cbor_end(&r) != MOTE_OK) {
            fail("what we wrote is not what we read", d);
        }
        cbor_decref(&back);
        for (int i = 0; i < 5; i++) {
            if (!damaged_agrees(theirs, len, &accepted)) {
                fail("we accept a damaged document that libcbor refuses", d);
            }
        }
        cbor_decref(&item);
    }
    if (accepted < DOCUMENTS / 10) {
        fail("hardly any damaged document was accepted: the comparison shows nothing", DOCUMENTS);
    }
    printf("%d documents both ways, %ld damaged ones that both accept (libcbor %s)\n", DOCUMENTS,
           accepted, CBOR_VERSION);
    return 0;
}
