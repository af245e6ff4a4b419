// What crosses between device and server, byte for byte: topics, blocks, acknowledgements, state.
// docs/formats/wire.md is the specification; every encoder here has its decoder beside it. All bodies
// are CBOR maps with small integer keys (RFC 8949, deterministic encoding: shortest forms, definite
// lengths, ascending keys); decoders skip unknown keys and refuse everything malformed.
// Encoders return the bytes written or a negative status. Decoded strings and data are borrowed
// from the message.
#ifndef MOTE_WIRE_H
#define MOTE_WIRE_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"

#define MOTE_DEVICE_MAX 32   // [a-z0-9-]{1,32}
#define MOTE_SESSION_LEN 12  // boot counter, 4 bytes big-endian, then 64 random bits
#define MOTE_DIGEST_LEN 32   // SHA-256
#define MOTE_TOPIC_MAX 160

struct mote_str { // text that is not NUL-terminated
    const char *p;
    size_t len;
};
bool mote_str_is(struct mote_str s, const char *text);

// --- topics ----------------------------------------------------------------------------------
enum mote_leaf {
    MOTE_LEAF_HELLO,
    MOTE_LEAF_STATUS,
    MOTE_LEAF_DATA,
    MOTE_LEAF_ACK,
    MOTE_LEAF_LIVE,
    MOTE_LEAF_CMD,
    MOTE_LEAF_CONFIG,
    MOTE_LEAF_DESIRED,
    MOTE_LEAF_REPORTED,
    MOTE_LEAF_SPLIT_IN,
    MOTE_LEAF_SPLIT_OUT,
    MOTE_LEAF_TIME,     // P/time
    MOTE_LEAF_KEYS,     // P/r/keys: the key set, signed by the root (retained)
    MOTE_LEAF_MANIFEST, // P/r/DIGEST/m
    MOTE_LEAF_PAYLOAD   // P/r/DIGEST/b/GROUP/N
};
struct mote_topic {
    enum mote_leaf leaf;
    char device[MOTE_DEVICE_MAX + 1];
    char stream[MOTE_NAME_MAX + 1]; // of DATA and LIVE
    uint8_t digest[MOTE_DIGEST_LEN];
    uint32_t group, block; // of PAYLOAD: block i of the payload is group i / 64, block i % 64
};
// Writes the topic with a NUL behind it; returns its length.
int mote_topic_format(char *out, size_t cap, const char *prefix,
                      const struct mote_topic *t) MOTE_CHECK;
int mote_topic_parse(struct mote_topic *t, const char *prefix, const char *topic,
                     size_t len) MOTE_CHECK;

// --- blocks: P/d/DEV/data/STREAM and live/STREAM --------------------------------------------
// Everything that must survive is a block of a stream. Streams of samples carry their sensor's name;
// these names are taken: "event", "health", "reply".
enum mote_block_kind {
    MOTE_BLOCK_SAMPLES,
    MOTE_BLOCK_EVENT,
    MOTE_BLOCK_HEALTH,
    MOTE_BLOCK_REPLY,
    MOTE_BLOCK_DROPPED
};
enum mote_block_flags {
    MOTE_BLOCK_SIMULATED = 1, // made by a simulator or a replay, never to be taken for field data
    MOTE_BLOCK_REC_END = 2,   // last block of its recording in this stream
    MOTE_BLOCK_UNCERTAIN = 4  // a window that the model was unsure of
};
struct mote_block {
    uint8_t kind;
    uint32_t flags;
    uint8_t session[MOTE_SESSION_LEN];
    uint64_t seq;         // from 0, per session and stream
    uint64_t t_us;        // device time of the first frame
    // samples:
    uint64_t interval_ns;
    uint8_t type;         // enum mote_sample_type
    uint8_t channels;
    float scale;          // physical value = raw * scale
    uint32_t width, height; // pictures: channels are colour planes, interleaved; 0 otherwise
    uint32_t recording;   // number of the recording within the session; 0: belongs to none
    struct mote_str label; // label asked for with the recording; empty: none
    const uint8_t
        *data; // samples: little-endian interleaved frames; other kinds: encoded body below
    size_t data_len;
};
// Data may lie in out itself, from MOTE_BLOCK_OVERHEAD on.
int mote_block_encode(uint8_t *out, size_t cap, const struct mote_block *b) MOTE_CHECK;
// Checks type, channels and that data is a whole number of frames.
int mote_block_decode(struct mote_block *b, const uint8_t *p, size_t len) MOTE_CHECK;
// Bytes that encoding adds around data_len bytes of data, at most.
#define MOTE_BLOCK_OVERHEAD 128

// Bodies of the other kinds: block.data holds one of these, encoded.
struct mote_event { // one classified window
    uint64_t t_us, dur_us;
    struct mote_str label;
    uint32_t class_index;
    float score, novelty;
    bool uncertain;
    uint32_t recording;  // that holds the window's samples, 0 where they were not kept
    struct mote_str model; // name
    uint8_t model_digest[8]; // first bytes of the model's SHA-256
};
#define MOTE_EVENTS_PER_BLOCK 16
int mote_events_encode(uint8_t *out, size_t cap, const struct mote_event *e,
                       size_t count) MOTE_CHECK;
int mote_events_decode(struct mote_event *e, size_t max, const uint8_t *p,
                       size_t len) MOTE_CHECK; // count
struct mote_health {
    uint64_t uptime_us;
    uint64_t inferences, uncertain, dropped_blocks;
    uint32_t inference_us;  // mean
    uint32_t spool_used, spool_size;
    uint32_t class_count[MOTE_MAX_CLASSES]; // windows per class since boot or model switch
    uint32_t classes;
    uint32_t release_seq;
};
int mote_health_encode(uint8_t *out, size_t cap, const struct mote_health *h) MOTE_CHECK;
int mote_health_decode(struct mote_health *h, const uint8_t *p, size_t len) MOTE_CHECK;
struct mote_reply { // to a command, or to a configuration
    uint64_t command;   // id of the command or of the recording asked for; 0: about a configuration
    int32_t status;     // enum mote_status
    struct mote_str text;
    bool going;         // not the last word: a recording has begun or goes on
    uint64_t done_ms;   // recorded so far
    uint32_t recording; // its number within the block's session, 0: none
    uint64_t revision;  // of the configuration that this is about
};
int mote_reply_encode(uint8_t *out, size_t cap, const struct mote_reply *r) MOTE_CHECK;
int mote_reply_decode(struct mote_reply *r, const uint8_t *p, size_t len) MOTE_CHECK;
// The spool overflowed: these sequence numbers will not come. The block stands in for what was dropped: it
// carries their session and stream, and its own seq is `first`. The collector acknowledges beyond `last`
// once it has stored the record, and keeps what it has where one of the blocks had arrived after all.
struct mote_dropped {
    uint64_t first, last;
    uint64_t t_us;
    struct mote_str reason;
};
int mote_dropped_encode(uint8_t *out, size_t cap, const struct mote_dropped *d) MOTE_CHECK;
int mote_dropped_decode(struct mote_dropped *d, const uint8_t *p, size_t len) MOTE_CHECK;

// P/d/DEV/split/in: input tensors of the model in use, in parts of rising `at`. The part with `checks` (CRC-32 of
// each operator's first output, little-endian, as the sender's own run has them) sets the run off; it is answered by
// a reply to command `id`, whose text says what it took: docs/formats/wire.md.
#define MOTE_TENSORS_MAX 2048   // bytes of a part
#define MOTE_TENSORS_CHECKS 512 // operators
struct mote_tensors {
    uint64_t id; // of the command
    uint8_t model[MOTE_DIGEST_LEN];
    uint32_t total; // bytes of all inputs, one after the other
    uint32_t at;    // where this part goes
    const uint8_t *data; // borrowed
    size_t len;
    const uint8_t *checks; // borrowed; NULL: another part follows
    size_t checks_len;     // bytes: 4 an operator
};
int mote_tensors_encode(uint8_t *out, size_t cap, const struct mote_tensors *t) MOTE_CHECK;
int mote_tensors_decode(struct mote_tensors *t, const uint8_t *p, size_t len) MOTE_CHECK;

// --- acknowledgement: P/d/DEV/ack -------------------------------------------------------------
// One message carries entries for several streams.
struct mote_ack_range {
    uint64_t first, last; // inclusive, beyond next
};
struct mote_ack {
    uint8_t session[MOTE_SESSION_LEN];
    struct mote_str stream;
    uint64_t next; // every block below is stored
    uint8_t range_count;
    struct mote_ack_range range[MOTE_ACK_RANGES];
};
int mote_acks_encode(uint8_t *out, size_t cap, const struct mote_ack *a, size_t count) MOTE_CHECK;
int mote_acks_decode(struct mote_ack *a, size_t max, const uint8_t *p,
                     size_t len) MOTE_CHECK; // count

// --- capability descriptor: P/d/DEV/hello -----------------------------------------------------
struct mote_hello {
    uint8_t session[MOTE_SESSION_LEN];
    struct mote_str board, isa, extensions, runtime; // "posix", "x86-64", "avx2 vnni", "0.1.0"
    uint32_t ram, arena, slots, slot_bytes;
    struct mote_str ops;         // names of linked operators, blank between
    struct mote_str dsp_variant; // "f32-1" or "q15-1"
    uint32_t capability_class;   // 0 small, 1 medium, 2 large; what the server may send it
    uint8_t stream_count;
    struct {
        struct mote_str name, units;
        uint8_t type, channels;
        float scale;
        uint64_t interval_ns;
    } stream[MOTE_MAX_STREAMS];
    struct mote_str model;       // installed: name
    uint8_t model_digest[MOTE_DIGEST_LEN];
    uint32_t release_seq;
    bool simulated;
};
int mote_hello_encode(uint8_t *out, size_t cap, const struct mote_hello *h) MOTE_CHECK;
int mote_hello_decode(struct mote_hello *h, const uint8_t *p, size_t len) MOTE_CHECK;

struct mote_device_status { // P/d/DEV/status, and the will
    bool online;
    uint32_t boot_count;
    struct mote_str reason; // "connected", "lost", "sleep"
};
int mote_device_status_encode(uint8_t *out, size_t cap,
                              const struct mote_device_status *s) MOTE_CHECK;
int mote_device_status_decode(struct mote_device_status *s, const uint8_t *p,
                              size_t len) MOTE_CHECK;

// --- server to device ------------------------------------------------------------------------
// TIME: answered at once, unspooled, on live/reply by a reply block whose t_us is the device time of the
// command's arrival; server times of sending and of the answer make it an offset with a known bound.
enum mote_cmd_kind {
    MOTE_CMD_RECORD,
    MOTE_CMD_STOP,
    MOTE_CMD_CLASSIFY,
    MOTE_CMD_REBOOT,
    MOTE_CMD_SEND_HELLO,
    MOTE_CMD_TIME,
    MOTE_CMD_LIVE // publish unspooled samples on live/STREAM for duration_ms (0: stop)
};
struct mote_cmd { // P/d/DEV/cmd, not retained
    uint64_t id;
    uint64_t expires_s;   // Unix seconds; 0: never
    uint8_t kind;
    struct mote_str stream; // of RECORD and LIVE; empty: every stream
    struct mote_str label;
    uint64_t duration_ms; // of RECORD, LIVE and CLASSIFY (CLASSIFY 0: stop classifying, UINT64_MAX:
                          // for ever)
    uint64_t min_interval_ms;
};
int mote_cmd_encode(uint8_t *out, size_t cap, const struct mote_cmd *c) MOTE_CHECK;
int mote_cmd_decode(struct mote_cmd *c, const uint8_t *p, size_t len) MOTE_CHECK;

// P/d/DEV/config, retained: what the device should do whenever it is awake. State, never a command: the
// device makes itself so, however often it hears it. A recording is known by id and expiry together; one
// that is no longer listed is ended or does not begin. Counts are ceilings of the format.
#define MOTE_CONFIG_RECORDINGS 8
#define MOTE_CONFIG_RATES 8
#define MOTE_CONFIG_TRIGGERS 4
#define MOTE_CONFIG_MAX 1024 // bytes of an encoded configuration
enum mote_trigger_kind {
    MOTE_TRIGGER_LEVEL, // a value of the stream, without sign, rises over the threshold
    MOTE_TRIGGER_CLASS  // a window of that class, its score over the threshold
};
struct mote_asked { // a recording
    uint64_t id, expires_s; // Unix seconds; 0: never
    struct mote_str stream; // empty: every stream
    struct mote_str label;
    uint64_t duration_ms;
};
struct mote_rate {
    struct mote_str stream;
    uint64_t interval_ns; // between recorded frames: a multiple of the stream's own
};
struct mote_trigger {
    uint8_t kind;           // enum mote_trigger_kind
    struct mote_str stream; // of LEVEL: what is watched
    struct mote_str when;   // of CLASS: the class
    float threshold;        // physical value, or score
    struct mote_str label;  // of the recording that it starts
    uint64_t duration_ms, gap_ms; // of the recording; least time between the starts of two
};
struct mote_device_config {
    uint64_t revision; // another one is answered by a reply
    size_t recordings, rates, triggers;
    struct mote_asked recording[MOTE_CONFIG_RECORDINGS];
    struct mote_rate rate[MOTE_CONFIG_RATES];
    struct mote_trigger trigger[MOTE_CONFIG_TRIGGERS];
};
int mote_device_config_encode(uint8_t *out, size_t cap,
                              const struct mote_device_config *c) MOTE_CHECK;
int mote_device_config_decode(struct mote_device_config *c, const uint8_t *p,
                              size_t len) MOTE_CHECK;

struct mote_desired { // P/d/DEV/desired, retained
    uint32_t seq;
    uint8_t manifest_digest[MOTE_DIGEST_LEN]; // SHA-256 of the signed manifest's bytes; names
                                              // P/r/DIGEST
};
int mote_desired_encode(uint8_t *out, size_t cap, const struct mote_desired *d) MOTE_CHECK;
int mote_desired_decode(struct mote_desired *d, const uint8_t *p, size_t len) MOTE_CHECK;

enum mote_release_state {
    MOTE_REL_IDLE,
    MOTE_REL_FETCHING,
    MOTE_REL_VERIFYING,
    MOTE_REL_TRIAL,
    MOTE_REL_ACTIVE,
    MOTE_REL_REFUSED,
    MOTE_REL_ROLLED_BACK
};
const char *mote_release_state_text(unsigned state);
struct mote_reported { // P/d/DEV/reported, retained
    uint8_t state;
    uint32_t seq;                             // release that the state is about
    uint8_t manifest_digest[MOTE_DIGEST_LEN];
    int32_t status;                           // enum mote_status where refused or rolled back
    struct mote_str reason;
    uint32_t active_seq;                      // release in use, 0: none
    uint8_t active_model[MOTE_DIGEST_LEN];
    uint32_t fetched, total;                  // bytes
};
int mote_reported_encode(uint8_t *out, size_t cap, const struct mote_reported *r) MOTE_CHECK;
int mote_reported_decode(struct mote_reported *r, const uint8_t *p, size_t len) MOTE_CHECK;

#endif
