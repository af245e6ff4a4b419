// Key sets {1: version, 2: [{1: role, 2: point}, ...]} and time beacons {1: Unix milliseconds}.
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/wire/mote_body.h"

enum { VERSION = 1, KEYS };
enum { KEY_ROLE = 1, KEY_POINT };
#define POINT_UNCOMPRESSED 0x04

int mote_keyset_encode(uint8_t *out, size_t cap, const struct mote_keyset *k)
{
    struct mote_cbor_writer w;
    struct mote_map_writer body, m;
    if (k->count > MOTE_KEYS_MAX) {
        return MOTE_E_ARG;
    }
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&body, &w);
    mote_map_uint(&body, VERSION, k->version);
    mote_map_key(&body, KEYS);
    mote_cbor_put_array(&w, k->count);
    for (unsigned i = 0; i < k->count; i++) {
        if (k->key[i].role > MOTE_KEY_BEACON || k->key[i].point[0] != POINT_UNCOMPRESSED) {
            return MOTE_E_ARG;
        }
        mote_map_begin(&m, &w);
        mote_map_uint(&m, KEY_ROLE, k->key[i].role);
        mote_map_bytes(&m, KEY_POINT, k->key[i].point, MOTE_PUBKEY_LEN);
        mote_map_end(&m);
    }
    mote_map_end(&body);
    return mote_cbor_finish(&w);
}

// A key of a role that this build does not know takes no place.
static bool read_key(struct mote_cbor_reader *r, struct mote_key *key)
{
    struct mote_map_reader m;
    uint8_t role = UINT8_MAX;
    memset(key, 0, sizeof(*key));
    mote_map_open(&m, r);
    while (mote_map_next(&m)) {
        switch (m.key) {
        case KEY_ROLE:
            mote_read_u8(r, &role, UINT8_MAX);
            break;
        case KEY_POINT:
            mote_read_fixed(r, key->point, MOTE_PUBKEY_LEN);
            break;
        default:
            mote_cbor_skip(r);
        }
    }
    if (mote_map_need(&m, 1u << KEY_ROLE | 1u << KEY_POINT) == MOTE_OK &&
        key->point[0] != POINT_UNCOMPRESSED) {
        mote_cbor_fail(r, MOTE_E_FORMAT);
    }
    key->role = role;
    return role <= MOTE_KEY_BEACON;
}

static void read_keys(struct mote_cbor_reader *r, struct mote_keyset *k)
{
    size_t n;
    mote_cbor_get_array(r, &n);
    if (n > MOTE_KEYS_MAX) {
        mote_cbor_fail(r, MOTE_E_LIMIT);
    }
    for (size_t i = 0; i < n && r->status == MOTE_OK; i++) {
        if (read_key(r, &k->key[k->count])) {
            k->count++;
        }
    }
}

int mote_keyset_decode(struct mote_keyset *k, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader m;
    memset(k, 0, sizeof(*k));
    mote_cbor_reader_init(&r, p, len);
    mote_map_open(&m, &r);
    while (mote_map_next(&m)) {
        if (m.key == VERSION) {
            mote_cbor_get_u32(&r, &k->version);
        } else if (m.key == KEYS) {
            read_keys(&r, k);
        } else {
            mote_cbor_skip(&r);
        }
    }
    int status = mote_map_need(&m, 1u << VERSION | 1u << KEYS);
    return status != MOTE_OK ? status : mote_cbor_end(&r);
}

int mote_beacon_encode(uint8_t *out, size_t cap, uint64_t unix_ms)
{
    struct mote_cbor_writer w;
    struct mote_map_writer m;
    mote_cbor_writer_init(&w, out, cap);
    mote_map_begin(&m, &w);
    mote_map_uint(&m, 1, unix_ms);
    mote_map_end(&m);
    return mote_cbor_finish(&w);
}

int mote_beacon_decode(uint64_t *unix_ms, const uint8_t *p, size_t len)
{
    struct mote_cbor_reader r;
    struct mote_map_reader m;
    *unix_ms = 0;
    mote_cbor_reader_init(&r, p, len);
    mote_map_open(&m, &r);
    while (mote_map_next(&m)) {
        if (m.key == 1) {
            mote_read_u63(&r, unix_ms);
        } else {
            mote_cbor_skip(&r);
        }
    }
    int status = mote_map_need(&m, 1u << 1);
    return status != MOTE_OK ? status : mote_cbor_end(&r);
}
