// Any bytes as each wire body and as a topic; the first byte chooses. What a decoder accepts, its
// encoder must write, and that must read and write as itself.
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/wire/mote_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*redo_fn)(const uint8_t *p, size_t len, uint8_t *out, size_t cap);

#define REDO(name, type)                                                                           \
    static int redo_##name(const uint8_t *p, size_t len, uint8_t *out, size_t cap)                 \
    {                                                                                              \
        struct type v;                                                                             \
        int status = type##_decode(&v, p, len);                                                    \
        return status != MOTE_OK ? 0 : type##_encode(out, cap, &v);                                \
    }
REDO(block, mote_block)
REDO(health, mote_health)
REDO(reply, mote_reply)
REDO(dropped, mote_dropped)
REDO(hello, mote_hello)
REDO(status, mote_device_status)
REDO(cmd, mote_cmd)
REDO(config, mote_device_config)
REDO(desired, mote_desired)
REDO(reported, mote_reported)
REDO(manifest, mote_manifest)
REDO(keyset, mote_keyset)

static int redo_events(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_event e[MOTE_EVENTS_PER_BLOCK];
    int n = mote_events_decode(e, MOTE_EVENTS_PER_BLOCK, p, len);
    return n <= 0 ? 0 : mote_events_encode(out, cap, e, (size_t)n);
}

static int redo_acks(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_ack a[8];
    int n = mote_acks_decode(a, 8, p, len);
    return n < 0 ? 0 : mote_acks_encode(out, cap, a, (size_t)n);
}

static int redo_beacon(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    uint64_t ms;
    return mote_beacon_decode(&ms, p, len) != MOTE_OK ? 0 : mote_beacon_encode(out, cap, ms);
}

static int redo_topic(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_topic t;
    if (mote_topic_parse(&t, "ml/1", (const char *)p, len) != MOTE_OK) {
        return 0;
    }
    int n = mote_topic_format((char *)out, cap, "ml/1", &t);
    if (n != (int)len || memcmp(out, p, len) != 0) {
        __builtin_trap();
    }
    return n;
}

// In the order of tests/fuzz/seeds.sh.
static const redo_fn redo[] = {redo_block,    redo_events,   redo_health, redo_reply,  redo_dropped,
                               redo_acks,     redo_hello,    redo_status, redo_cmd,    redo_desired,
                               redo_reported, redo_manifest, redo_keyset, redo_beacon, redo_topic,
                               redo_config};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[1 << 16], second[1 << 16];
    if (size == 0 || size > sizeof(first) / 4) {
        return 0;
    }
    redo_fn f = redo[data[0] % MOTE_COUNT(redo)];
    int n = f(data + 1, size - 1, first, sizeof(first));
    if (n < 0) {
        __builtin_trap(); // accepted, but cannot be written
    }
    if (n > 0 && (f(first, (size_t)n, second, sizeof(second)) != n ||
                  memcmp(first, second, (size_t)n) != 0)) {
        __builtin_trap();
    }
    return 0;
}
