// Wire bodies and topics against golden bytes that were not made by these encoders, and malformed
// input.
#include <check.h>

#include "firmware/core/wire/mote_cbor.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/support/golden.h"

#define STR(text) ((struct mote_str){text, sizeof(text) - 1})
static const uint8_t session[MOTE_SESSION_LEN] = {0,    0,    0,    7,    0xa0, 0xa1,
                                                  0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7};

static void sequence(uint8_t *out, unsigned from)
{
    for (unsigned i = 0; i < 32; i++) {
        out[i] = (uint8_t)(from + i);
    }
}

// --- what each golden line says, as structs ----------------------------------------------------
static int samples(uint8_t *out, size_t cap)
{
    static const int16_t v[] = {1, -2, 300, -400, 32767, -32768};
    struct mote_block b = {.flags = MOTE_BLOCK_SIMULATED | MOTE_BLOCK_REC_END,
                           .seq = 70000,
                           .t_us = 123456789012,
                           .interval_ns = 10000000,
                           .type = MOTE_I16,
                           .channels = 3,
                           .scale = 0.0098f,
                           .recording = 4,
                           .label = STR("knock"),
                           .data = (const uint8_t *)v,
                           .data_len = sizeof(v)};
    memcpy(b.session, session, sizeof(session));
    return mote_block_encode(out, cap, &b);
}

static int picture(uint8_t *out, size_t cap)
{
    static const uint8_t v[] = {1, 2, 3, 4, 5, 6};
    struct mote_block b = {.t_us = 5,
                           .type = MOTE_U8,
                           .channels = 3,
                           .scale = 1,
                           .width = 2,
                           .height = 1,
                           .data = v,
                           .data_len = sizeof(v)};
    memcpy(b.session, session, sizeof(session));
    return mote_block_encode(out, cap, &b);
}

static int plain(uint8_t *out, size_t cap, unsigned type, float scale, uint64_t seq,
                 const void *data, size_t len)
{
    struct mote_block b = {.seq = seq,
                           .t_us = 5 + seq,
                           .interval_ns = 62500,
                           .type = (uint8_t)type,
                           .channels = 1,
                           .scale = scale,
                           .data = data,
                           .data_len = len};
    memcpy(b.session, session, sizeof(session));
    return mote_block_encode(out, cap, &b);
}

static int floats(uint8_t *out, size_t cap)
{
    static const float v[] = {1.5f, -0.1f};
    return plain(out, cap, MOTE_F32, 1, 1, v, sizeof(v));
}

static int bytes8(uint8_t *out, size_t cap)
{
    return plain(out, cap, MOTE_I8, 0.5f, 2, "\xff\x01", 2);
}

static int ints32(uint8_t *out, size_t cap)
{
    static const int32_t v = -70000;
    return plain(out, cap, MOTE_I32, 0.5f, 3, &v, sizeof(v));
}

static int events(uint8_t *out, size_t cap)
{
    struct mote_event e[2] = {
        {.t_us = 1000000,
         .dur_us = 500000,
         .label = STR("knock"),
         .class_index = 2,
         .score = 0.75f,
         .novelty = 1.3f,
         .uncertain = true,
         .recording = 4,
         .model = STR("fan")},
        {.t_us = 1500000, .dur_us = 500000, .label = STR("idle"), .score = 1}};
    for (uint8_t i = 0; i < 8; i++) {
        e[0].model_digest[i] = i;
    }
    return mote_events_encode(out, cap, e, 2);
}

static int wrapped(uint8_t *out, size_t cap, unsigned kind, uint64_t seq, uint64_t t_us,
                   int (*body)(uint8_t *, size_t))
{
    uint8_t inner[512];
    int n = body(inner, sizeof(inner));
    ck_assert_int_gt(n, 0);
    struct mote_block b = {
        .kind = (uint8_t)kind, .seq = seq, .t_us = t_us, .data = inner, .data_len = (size_t)n};
    memcpy(b.session, session, sizeof(session));
    return mote_block_encode(out, cap, &b);
}

static int event_block(uint8_t *out, size_t cap)
{
    return wrapped(out, cap, MOTE_BLOCK_EVENT, 9, 1000000, events);
}

static int health(uint8_t *out, size_t cap)
{
    struct mote_health h = {86400000000, 100000, 12, 3, 1834, 65536, 1048576, {5, 0, 70000}, 3, 42};
    return mote_health_encode(out, cap, &h);
}

static int reply(uint8_t *out, size_t cap)
{
    struct mote_reply r = {
        .command = 17, .status = MOTE_E_UNSUPPORTED, .text = STR("no stream 'mic'")};
    return mote_reply_encode(out, cap, &r);
}

static int reply_going(uint8_t *out, size_t cap)
{
    struct mote_reply r = {
        .command = 18, .text = STR("recording 4"), .going = true, .done_ms = 5000, .recording = 4};
    return mote_reply_encode(out, cap, &r);
}

static int reply_config(uint8_t *out, size_t cap)
{
    struct mote_reply r = {.text = STR("configured"), .revision = 1790000000123};
    return mote_reply_encode(out, cap, &r);
}

static int cmd_live(uint8_t *out, size_t cap)
{
    struct mote_cmd c = {
        .id = 19, .kind = MOTE_CMD_LIVE, .stream = STR("acc"), .duration_ms = 30000};
    return mote_cmd_encode(out, cap, &c);
}

static int config(uint8_t *out, size_t cap)
{
    struct mote_device_config c = {.revision = 1790000000123,
                                   .recordings = 2,
                                   .rates = 1,
                                   .triggers = 2,
                                   .recording = {{.id = 18,
                                                  .expires_s = 1790600000,
                                                  .stream = STR("acc"),
                                                  .label = STR("knock"),
                                                  .duration_ms = 5000},
                                                 {.id = 20, .duration_ms = 60000}},
                                   .rate = {{.stream = STR("acc"), .interval_ns = 20000000}},
                                   .trigger = {{.kind = MOTE_TRIGGER_LEVEL,
                                                .stream = STR("acc"),
                                                .threshold = 12.5f,
                                                .label = STR("shock"),
                                                .duration_ms = 3000,
                                                .gap_ms = 60000},
                                               {.kind = MOTE_TRIGGER_CLASS,
                                                .when = STR("knock"),
                                                .threshold = 0.75f,
                                                .duration_ms = 2000}}};
    return mote_device_config_encode(out, cap, &c);
}

static int config_empty(uint8_t *out, size_t cap)
{
    struct mote_device_config c = {.revision = 7};
    return mote_device_config_encode(out, cap, &c);
}

static int dropped(uint8_t *out, size_t cap)
{
    struct mote_dropped d = {10, 4000000000, 2000000, STR("overflow")};
    return mote_dropped_encode(out, cap, &d);
}

static int dropped_block(uint8_t *out, size_t cap)
{
    return wrapped(out, cap, MOTE_BLOCK_DROPPED, 10, 2000000, dropped);
}

static int acks(uint8_t *out, size_t cap)
{
    struct mote_ack a[2] = {{.stream = STR("acc"),
                             .next = 70001,
                             .range_count = 2,
                             .range = {{70003, 70003}, {70010, 70064}}},
                            {.stream = STR("event")}};
    memcpy(a[0].session, session, sizeof(session));
    memcpy(a[1].session, session, sizeof(session));
    return mote_acks_encode(out, cap, a, 2);
}

static int hello(uint8_t *out, size_t cap)
{
    struct mote_hello h = {.board = STR("nucleo-h743"),
                           .isa = STR("armv7e-m"),
                           .extensions = STR("dsp fpv5"),
                           .runtime = STR("0.1.0"),
                           .ram = 524288,
                           .arena = 131072,
                           .slots = 2,
                           .slot_bytes = 262144,
                           .ops = STR("CONV_2D FULLY_CONNECTED"),
                           .dsp_variant = STR("f32-1"),
                           .capability_class = 1,
                           .stream_count = 2,
                           .stream = {{STR("acc"), STR("m/s2"), MOTE_I16, 3, 0.0098f, 10000000},
                                      {STR("temp"), {0}, MOTE_F32, 1, 1, 0}},
                           .model = STR("fan"),
                           .release_seq = 42,
                           .simulated = true};
    memcpy(h.session, session, sizeof(session));
    sequence(h.model_digest, 0);
    return mote_hello_encode(out, cap, &h);
}

static int online(uint8_t *out, size_t cap)
{
    struct mote_device_status s = {true, 7, STR("connected")};
    return mote_device_status_encode(out, cap, &s);
}

static int will(uint8_t *out, size_t cap)
{
    struct mote_device_status s = {false, 7, STR("lost")};
    return mote_device_status_encode(out, cap, &s);
}

static int cmd(uint8_t *out, size_t cap)
{
    struct mote_cmd c = {17, 1790000000, MOTE_CMD_RECORD, STR("acc"), STR("knock"), 5000, 60000};
    return mote_cmd_encode(out, cap, &c);
}

static int classify(uint8_t *out, size_t cap)
{
    struct mote_cmd c = {.id = 18, .kind = MOTE_CMD_CLASSIFY, .duration_ms = UINT64_MAX};
    return mote_cmd_encode(out, cap, &c);
}

static int desired(uint8_t *out, size_t cap)
{
    struct mote_desired d = {.seq = 43};
    sequence(d.manifest_digest, 0);
    return mote_desired_encode(out, cap, &d);
}

static int reported(uint8_t *out, size_t cap)
{
    struct mote_reported r = {.state = MOTE_REL_REFUSED,
                              .seq = 43,
                              .status = MOTE_E_MISMATCH,
                              .active_seq = 42,
                              .reason = STR("golden window 1 differs"),
                              .fetched = 8192,
                              .total = 20000};
    sequence(r.manifest_digest, 0);
    sequence(r.active_model, 0x40);
    return mote_reported_encode(out, cap, &r);
}

static int reported_idle(uint8_t *out, size_t cap)
{
    struct mote_reported r = {0};
    return mote_reported_encode(out, cap, &r);
}

// --- decode, then encode what was understood ---------------------------------------------------
static int redo_block(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_block b;
    int status = mote_block_decode(&b, p, len);
    return status != MOTE_OK ? status : mote_block_encode(out, cap, &b);
}
static int redo_events(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_event e[MOTE_EVENTS_PER_BLOCK];
    int n = mote_events_decode(e, MOTE_EVENTS_PER_BLOCK, p, len);
    return n < 0 ? n : mote_events_encode(out, cap, e, (size_t)n);
}
static int redo_acks(const uint8_t *p, size_t len, uint8_t *out, size_t cap)
{
    struct mote_ack a[4];
    int n = mote_acks_decode(a, 4, p, len);
    return n < 0 ? n : mote_acks_encode(out, cap, a, (size_t)n);
}
#define REDO(name, type)                                                                           \
    static int redo_##name(const uint8_t *p, size_t len, uint8_t *out, size_t cap)                 \
    {                                                                                              \
        struct type v;                                                                             \
        int status = type##_decode(&v, p, len);                                                    \
        return status != MOTE_OK ? status : type##_encode(out, cap, &v);                           \
    }
REDO(health, mote_health)
REDO(reply, mote_reply)
REDO(dropped, mote_dropped)
REDO(hello, mote_hello)
REDO(status, mote_device_status)
REDO(cmd, mote_cmd)
REDO(config, mote_device_config)
REDO(desired, mote_desired)
REDO(reported, mote_reported)

static const struct {
    const char *name;
    int (*encode)(uint8_t *, size_t);
    int (*redo)(const uint8_t *, size_t, uint8_t *, size_t);
} cases[] = {{"block_samples", samples, redo_block},
             {"block_picture", picture, redo_block},
             {"block_f32", floats, redo_block},
             {"block_i8", bytes8, redo_block},
             {"block_i32", ints32, redo_block},
             {"block_event", event_block, redo_block},
             {"block_dropped", dropped_block, redo_block},
             {"events", events, redo_events},
             {"health", health, redo_health},
             {"reply", reply, redo_reply},
             {"reply_going", reply_going, redo_reply},
             {"reply_config", reply_config, redo_reply},
             {"dropped", dropped, redo_dropped},
             {"acks", acks, redo_acks},
             {"hello", hello, redo_hello},
             {"status", online, redo_status},
             {"status_will", will, redo_status},
             {"cmd", cmd, redo_cmd},
             {"cmd_classify", classify, redo_cmd},
             {"cmd_live", cmd_live, redo_cmd},
             {"config", config, redo_config},
             {"config_empty", config_empty, redo_config},
             {"desired", desired, redo_desired},
             {"reported", reported, redo_reported},
             {"reported_idle", reported_idle, redo_reported}};

START_TEST(encoders_give_the_golden_bytes)
{
    uint8_t got[1024];
    size_t len;
    const uint8_t *want = golden_bytes("wire-1.txt", cases[_i].name, &len);
    ck_assert_int_eq(cases[_i].encode(got, sizeof(got)), (int)len);
    ck_assert_mem_eq(got, want, len);
    for (size_t cap = 0; cap < len; cap++) { // at the ceiling and below
        ck_assert_int_eq(cases[_i].encode(got, cap), MOTE_E_SPACE);
    }
    ck_assert_int_eq(cases[_i].encode(got, len), (int)len);
}
END_TEST

START_TEST(decoders_understand_all_of_it)
{
    uint8_t got[1024];
    size_t len;
    const uint8_t *golden = golden_bytes("wire-1.txt", cases[_i].name, &len);
    ck_assert_int_eq(cases[_i].redo(golden, len, got, sizeof(got)), (int)len);
    ck_assert_mem_eq(got, golden, len);
}
END_TEST

START_TEST(truncated_and_extended_messages_are_refused)
{
    uint8_t got[1024];
    size_t len;
    const uint8_t *golden = golden_bytes("wire-1.txt", cases[_i].name, &len);
    uint8_t *copy = malloc(len + 1);
    for (size_t n = 0; n < len; n++) {
        memcpy(copy, golden, n);
        uint8_t *exact = malloc(n ? n : 1); // so that a sanitizer sees the end
        memcpy(exact, copy, n);
        ck_assert_msg(cases[_i].redo(exact, n, got, sizeof(got)) < 0, "%s cut to %zu bytes",
                      cases[_i].name, n);
        free(exact);
    }
    memcpy(copy, golden, len);
    copy[len] = 0;
    ck_assert_int_lt(cases[_i].redo(copy, len + 1, got, sizeof(got)), 0);
    free(copy);
}
END_TEST

START_TEST(mutations_are_refused_or_can_be_written_again)
{
    uint8_t got[2048], copy[1024];
    size_t len;
    const uint8_t *golden = golden_bytes("wire-1.txt", cases[_i].name, &len);
    memcpy(copy, golden, len);
    for (size_t i = 0; i < len; i++) {
        for (unsigned v = 0; v < 256; v++) {
            copy[i] = (uint8_t)v;
            int n = cases[_i].redo(copy, len, got, sizeof(got));
            // What a decoder lets through, its encoder must not call misuse.
            ck_assert_msg(n > 0 || (n < 0 && n != MOTE_E_ARG), "%s byte %zu = %u: %d",
                          cases[_i].name, i, v, n);
        }
        copy[i] = golden[i];
    }
}
END_TEST

START_TEST(unknown_keys_are_skipped_and_versions_checked)
{
    // desired with unknown keys 3 (map with array) and 900 (tagged text); then versions 1 and 2.
    struct mote_desired d;
    struct mote_cbor_writer w;
    uint8_t b[128], digest[32] = {9};
    for (unsigned version = 0; version < 3; version++) {
        mote_cbor_writer_init(&w, b, sizeof(b));
        mote_cbor_put_map(&w, version ? 5 : 4);
        if (version) {
            mote_cbor_put_uint(&w, 0);
            mote_cbor_put_uint(&w, version);
        }
        mote_cbor_put_uint(&w, 1);
        mote_cbor_put_uint(&w, 7);
        mote_cbor_put_uint(&w, 2);
        mote_cbor_put_bytes(&w, digest, sizeof(digest));
        mote_cbor_put_uint(&w, 3);
        mote_cbor_put_map(&w, 1);
        mote_cbor_put_text(&w, "x", 1);
        mote_cbor_put_array(&w, 1);
        mote_cbor_put_null(&w);
        mote_cbor_put_uint(&w, 900);
        mote_cbor_put_tag(&w, 32);
        mote_cbor_put_text(&w, "y", 1);
        ck_assert_int_eq(mote_desired_decode(&d, b, w.len),
                         version == 2 ? MOTE_E_UNSUPPORTED : MOTE_OK);
        ck_assert(version == 2 || (d.seq == 7 && d.manifest_digest[0] == 9));
    }
    static const uint8_t twice[] = {0xa3, 1, 7, 1, 8, 2, 0x40}, unordered[] = {0xa2, 2, 0x40, 1, 7};
    ck_assert_int_eq(mote_desired_decode(&d, twice, sizeof(twice)), MOTE_E_FORMAT);
    ck_assert_int_eq(mote_desired_decode(&d, unordered, sizeof(unordered)), MOTE_E_FORMAT);
}
END_TEST

START_TEST(misuse_of_encoders_is_refused)
{
    uint8_t out[8192], data[64] = {0};
    struct mote_block b = {
        .type = MOTE_I16, .channels = 3, .scale = 1, .data = data, .data_len = 12};
    ck_assert_int_gt(mote_block_encode(out, sizeof(out), &b), 0);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct mote_block keep = b;                                                                \
        change;                                                                                    \
        ck_assert_int_eq(mote_block_encode(out, sizeof(out), &b), MOTE_E_ARG);                     \
        b = keep;                                                                                  \
    } while (0)
    REFUSED(b.data_len = 13);
    REFUSED(b.data_len = 0);
    REFUSED(b.channels = 0);
    REFUSED(b.channels = MOTE_MAX_CHANNELS + 1);
    REFUSED(b.type = 9);
    REFUSED(b.kind = 9);
    REFUSED(b.scale = 0);
    REFUSED(b.scale = 1.0f / 0.0f);
    REFUSED(b.seq = UINT64_MAX);
    REFUSED(b.width = 2);
    REFUSED(b.label = STR("a label that is one character too long"));
    REFUSED(b.label = STR("tab\there"));
    struct mote_ack a = {.stream = STR("acc"), .next = 5, .range_count = 1, .range = {{5, 6}}};
    ck_assert_int_eq(mote_acks_encode(out, sizeof(out), &a, 1), MOTE_E_ARG);
    a.range[0].first = 6;
    ck_assert_int_gt(mote_acks_encode(out, sizeof(out), &a, 1), 0);
    a.range[0].last = 5;
    ck_assert_int_eq(mote_acks_encode(out, sizeof(out), &a, 1), MOTE_E_ARG);
    a.range_count = MOTE_ACK_RANGES + 1;
    ck_assert_int_eq(mote_acks_encode(out, sizeof(out), &a, 1), MOTE_E_ARG);
    struct mote_ack none = {.stream = STR("Acc")};
    ck_assert_int_eq(mote_acks_encode(out, sizeof(out), &none, 1), MOTE_E_ARG);
    struct mote_event e[MOTE_EVENTS_PER_BLOCK + 1];
    memset(e, 0, sizeof(e));
    ck_assert_int_eq(mote_events_encode(out, sizeof(out), e, MOTE_EVENTS_PER_BLOCK + 1),
                     MOTE_E_ARG);
    ck_assert_int_eq(mote_events_encode(out, sizeof(out), e, 0), MOTE_E_ARG);
    ck_assert_int_gt(mote_events_encode(out, sizeof(out), e, MOTE_EVENTS_PER_BLOCK), 0);
}
END_TEST

START_TEST(counts_at_and_past_their_ceilings)
{
    uint8_t out[4096];
    struct mote_event e[MOTE_EVENTS_PER_BLOCK];
    memset(e, 0, sizeof(e));
    int n = mote_events_encode(out, sizeof(out), e, MOTE_EVENTS_PER_BLOCK);
    ck_assert_int_eq(mote_events_decode(e, MOTE_EVENTS_PER_BLOCK, out, (size_t)n),
                     MOTE_EVENTS_PER_BLOCK);
    ck_assert_int_eq(mote_events_decode(e, MOTE_EVENTS_PER_BLOCK - 1, out, (size_t)n),
                     MOTE_E_LIMIT);
    struct mote_health h = {.classes = MOTE_MAX_CLASSES};
    n = mote_health_encode(out, sizeof(out), &h);
    ck_assert_int_eq(mote_health_decode(&h, out, (size_t)n), MOTE_OK);
    ck_assert_uint_eq(h.classes, MOTE_MAX_CLASSES);
    h.classes++;
    ck_assert_int_eq(mote_health_encode(out, sizeof(out), &h), MOTE_E_ARG);
    // The stated overhead of a block holds for the largest of everything.
    struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                           .flags = UINT32_MAX,
                           .seq = INT64_MAX,
                           .t_us = INT64_MAX,
                           .interval_ns = INT64_MAX,
                           .type = MOTE_F32,
                           .channels = 32,
                           .scale = 0.1f,
                           .width = 65535,
                           .height = 65535,
                           .recording = UINT32_MAX,
                           .label = STR("a label as long as it can be ok"),
                           .data = out,
                           .data_len = 128 * 24};
    static uint8_t big[4096];
    n = mote_block_encode(big, sizeof(big), &b);
    ck_assert_int_gt(n, 0);
    ck_assert_int_le(n, 128 * 24 + MOTE_BLOCK_OVERHEAD);
}
END_TEST

// --- topics ------------------------------------------------------------------------------------
static const char digest_hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

START_TEST(topics_survive_both_ways)
{
    static const char *const topics[] = {
        "ml/1/d/dev-7/hello",
        "ml/1/d/dev-7/status",
        "ml/1/d/dev-7/data/acc",
        "ml/1/d/dev-7/ack",
        "ml/1/d/dev-7/live/acc_2",
        "ml/1/d/dev-7/cmd",
        "ml/1/d/dev-7/config",
        "ml/1/d/dev-7/desired",
        "ml/1/d/dev-7/reported",
        "ml/1/d/dev-7/split/in",
        "ml/1/d/dev-7/split/out",
        "ml/1/time",
        "ml/1/r/keys",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/m",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/0/63",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/4294967295/0"};
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        struct mote_topic t;
        char out[MOTE_TOPIC_MAX + 1];
        size_t len = strlen(topics[i]);
        ck_assert_msg(mote_topic_parse(&t, "ml/1", topics[i], len) == MOTE_OK, "%s", topics[i]);
        ck_assert_int_eq((int)t.leaf, (int)(i < 13    ? i
                                            : i == 13 ? MOTE_LEAF_MANIFEST
                                                      : MOTE_LEAF_PAYLOAD));
        ck_assert_int_eq(mote_topic_format(out, sizeof(out), "ml/1", &t), (int)len);
        ck_assert_str_eq(out, topics[i]);
        ck_assert_int_eq(mote_topic_format(out, len + 1, "ml/1", &t), (int)len);
        ck_assert_int_eq(mote_topic_format(out, len, "ml/1", &t), MOTE_E_SPACE);
        for (size_t n = 0; n < len; n++) { // no prefix of a topic is taken for the topic
            struct mote_topic part;
            ck_assert(mote_topic_parse(&part, "ml/1", topics[i], n) != MOTE_OK ||
                      part.leaf != t.leaf || memcmp(&part, &t, sizeof(t)) != 0);
        }
        ck_assert_int_eq(mote_topic_parse(&t, "ml/2", topics[i], len), MOTE_E_FORMAT);
    }
}
END_TEST

START_TEST(other_topics_are_refused)
{
    static const char *const bad[] = {
        "",
        "ml/1",
        "ml/1/",
        "ml/1/d/",
        "ml/1/d//hello",
        "ml/1/d/dev",
        "ml/1/d/dev/",
        "ml/1/d/Dev/hello",
        "ml/1/d/dev_1/hello",
        "ml/1/d/dev/hello/",
        "ml/1/d/dev/hellox",
        "ml/1/d/dev/data",
        "ml/1/d/dev/data/",
        "ml/1/d/dev/data/a/b",
        "ml/1/d/dev/data/A",
        "ml/1/d/dev/data/+",
        "ml/1/d/0123456789012345678901234567890123/hello",
        "ml/1/d/dev/data/01234567890123456789012345678901",
        "ml/1/d/dev/split",
        "ml/1/time/x",
        "ml/1/r/keys/x",
        "ml/1/r/",
        "ml/1/r/00/m",
        "ml/1x/time",
        "ml/1/r/000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f/m",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/0/64",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/4294967296/0",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/01/0",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b/1",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/b//1",
        "ml/1/r/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f/x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct mote_topic t;
        ck_assert_msg(mote_topic_parse(&t, "ml/1", bad[i], strlen(bad[i])) == MOTE_E_FORMAT, "'%s'",
                      bad[i]);
    }
    struct mote_topic t = {.leaf = MOTE_LEAF_DATA, .device = "Dev", .stream = "acc"};
    char out[MOTE_TOPIC_MAX + 1];
    ck_assert_int_eq(mote_topic_format(out, sizeof(out), "p", &t), MOTE_E_ARG);
    memcpy(t.device, "dev", 4);
    memcpy(t.stream, "a/b", 4);
    ck_assert_int_eq(mote_topic_format(out, sizeof(out), "p", &t), MOTE_E_ARG);
    t = (struct mote_topic){.leaf = MOTE_LEAF_PAYLOAD, .block = 64};
    ck_assert_int_eq(mote_topic_format(out, sizeof(out), "p", &t), MOTE_E_ARG);
    ck_assert_uint_eq(sizeof(digest_hex), 65);
}
END_TEST

START_TEST(words_exist_for_every_status_and_state)
{
    for (int s = 0; s >= MOTE_E_CLOSED; s--) {
        ck_assert_str_ne(mote_status_text(s), "unknown");
    }
    ck_assert_str_eq(mote_status_text(MOTE_E_CORRUPT), "corrupt");
    ck_assert_str_eq(mote_status_text(MOTE_E_CLOSED), "closed");
    ck_assert_str_eq(mote_status_text(MOTE_E_CLOSED - 1), "unknown");
    ck_assert_str_eq(mote_status_text(INT_MIN), "unknown");
    ck_assert_str_eq(mote_status_text(5), "ok");
    ck_assert_str_eq(mote_release_state_text(MOTE_REL_ROLLED_BACK), "rolled-back");
    ck_assert_str_eq(mote_release_state_text(99), "unknown");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire");
    TCase *t = tcase_create("wire");
    tcase_add_loop_test(t, encoders_give_the_golden_bytes, 0, ARRAY_LEN(cases));
    tcase_add_loop_test(t, decoders_understand_all_of_it, 0, ARRAY_LEN(cases));
    tcase_add_loop_test(t, truncated_and_extended_messages_are_refused, 0, ARRAY_LEN(cases));
    tcase_add_loop_test(t, mutations_are_refused_or_can_be_written_again, 0, ARRAY_LEN(cases));
    tcase_add_test(t, unknown_keys_are_skipped_and_versions_checked);
    tcase_add_test(t, misuse_of_encoders_is_refused);
    tcase_add_test(t, counts_at_and_past_their_ceilings);
    tcase_add_test(t, topics_survive_both_ways);
    tcase_add_test(t, other_topics_are_refused);
    tcase_add_test(t, words_exist_for_every_status_and_state);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
