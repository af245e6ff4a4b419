// The device's loop: reads sensors, records and classifies, keeps what must survive in the spool,
// sends it until it is acknowledged, obeys commands, and brings new models in.
//
// Nothing blocks or allocates. The caller gives memory and drivers once, then calls mote_agent_step
// again and again; what a step does is bounded. Files of this folder, one job each:
//     agent.c   start, step, topics       send.c    spool to broker, acknowledgements
//     sample.c  sensors to blocks         infer.c   windows to events and decisions
//     command.c commands and replies      state.c   hello, status, reported, health
//     update.c  a release, step by step   fit.c     would this model run here?
//     trust.c   keys and time             text.c    small texts
//     asked.c   P/d/DEV/config            trigger.c what starts a recording by itself
//     thin.c    lower recording rates     live.c    unspooled samples while somebody watches
//     remote.c  runs on tensors that the server sends
#ifndef MOTE_AGENT_H
#define MOTE_AGENT_H

#include "firmware/core/link/mote_link.h"
#include "firmware/core/mote_port.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "firmware/core/pkg/mote_pkg.h"
#include "firmware/core/slot/mote_slot.h"
#include "firmware/core/spool/mote_spool.h"
#include "firmware/core/wire/mote_wire.h"

#ifndef MOTE_AGENT_RING
#define MOTE_AGENT_RING 256 // scores kept for smoothing: windows times classes
#endif
#ifndef MOTE_AGENT_QUEUE
#define MOTE_AGENT_QUEUE 16 // recordings that may wait their turn
#endif
#ifndef MOTE_AGENT_ACKS
#define MOTE_AGENT_ACKS 16 // entries taken from one acknowledgement
#endif
#define MOTE_AGENT_TRIGGERS MOTE_CONFIG_TRIGGERS
#define MOTE_AGENT_DONE MOTE_CONFIG_RECORDINGS // recordings asked for that are known to be over
#define MOTE_AGENT_SEEN 32 // command ids remembered, so that a repeated one is not obeyed again
#define MOTE_AGENT_TEXT 160

// Everything is kept, not copied: it must live as long as the agent.
struct mote_agent_config {
    const char *device;   // id, MQTT user and client id
    const char *password; // NULL: none
    const char *prefix;   // "ml/1"
    // what hello says
    const char *board, *isa, *extensions, *runtime;
    uint32_t ram;
    uint32_t capability_class; // 0 small, 1 medium, 2 large
    bool simulated;            // samples are not field data: said in hello and in every block
    // drivers
    struct mote_clock clock;         // device time: stamps samples
    struct mote_clock network_clock; // paces the network; usually the same
    struct mote_entropy entropy;
    struct mote_transport transport;
    struct mote_sensor sensor;
    struct mote_actuator actuator;
    struct mote_logger logger;
    const struct mote_flash *spool_flash;
    const struct mote_flash *model_flash; // two sectors of state, then two slots; must have map
    const struct mote_nn_ops *ops;
    const uint8_t *root;       // public key that signs key sets, MOTE_PUBKEY_LEN bytes
    void (*reboot)(void *ctx); // may be NULL: then REBOOT is refused
    void *reboot_ctx;
    // Calls run(arg) and says how many bytes of stack that took; may be NULL: then nobody knows.
    uint32_t (*measure_stack)(void *ctx, void (*run)(void *arg), void *arg);
    void *measure_ctx;
    // memory
    uint8_t *arena; // 16-byte aligned: model, features, scratch
    size_t arena_len;
    uint8_t *window; // raw frames of the model's window
    size_t window_len;
    uint8_t *frames; // shared out among the streams: samples on their way into a block
    size_t frames_len;
    uint8_t *manifest; // a signed manifest while a release comes in
    size_t manifest_len;
    uint8_t *bitmap; // mote_slot_mount: a bit a payload block and a bit a sector
    size_t bitmap_len;
    struct mote_spool_sector *sectors; // one a sector of spool_flash
    size_t sector_count;
    uint8_t *live; // samples on their way to a live view; NULL: this device has none
    size_t live_len;
    uint8_t *rx, *tx; // mote_link
    size_t rx_len, tx_len;
    // behaviour; 0 takes the default
    uint16_t keepalive_s;
    uint32_t backoff_min_ms;
    uint32_t in_flight; // blocks sent and not yet acknowledged: 64
    uint32_t resend_ms; // without any acknowledgement everything is sent again: 5000, then doubling
    uint32_t keep_per_minute;    // uncertain windows kept, of device time: 6
    uint32_t health_interval_ms; // 60000
    uint32_t group_timeout_ms;   // payload blocks that do not come are asked for again: 5000
    bool patient;  // the sensor waits until it is read: never read more than the spool can take
    bool classify; // start classifying at once where there is a model
};

struct mote_agent_stream { // a sensor's stream on its way into blocks
    uint8_t *buf;          // frames
    size_t room;      // bytes of buf
    size_t cap, fill; // bytes that frames may take, and take
    size_t frame_bytes;
    uint64_t seq;      // of the next block
    uint64_t first_us; // time of the first frame in buf
    uint64_t next_us;  // expected time of the next frame
    uint64_t since_us; // network time of the first frame in buf
    uint32_t pixels;  // of a picture that are still to come
    uint16_t every;   // a recorded frame is the mean of so many of the sensor's; 0: 1
    uint16_t thin;    // every, of the running recording
    uint16_t thinned; // frames in the sum behind buf
    uint64_t thin_us; // time of the first of them
    bool recording;
    bool flowing; // next_us means something
};

struct mote_agent_live { // a stream that is watched; its share of config.live holds the frames
    uint64_t until_us;     // network time
    uint64_t first_us;     // time of the first frame
    uint64_t since_us;     // network time of it
    uint16_t fill;         // bytes
};

struct mote_agent_recording { // asked for, running or waiting
    uint64_t command;         // to be answered, 0: none
    uint64_t expires_s;       // of one that the configuration lists
    uint64_t duration_us;
    uint32_t streams; // bit for each
    bool asked;       // by the configuration
    char label[MOTE_NAME_MAX + 1];
};

struct mote_agent_trigger {
    uint8_t kind; // enum mote_trigger_kind
    uint8_t stream;
    bool armed; // the level was below the threshold
    float threshold;
    uint64_t duration_us, gap_us, ready_us; // ready_us: device time before which it is left alone
    char when[MOTE_NAME_MAX + 1], label[MOTE_NAME_MAX + 1];
};

struct mote_agent_asked { // what P/d/DEV/config said last
    uint64_t revision;    // 0: nothing yet
    uint64_t told_us;     // device time of the last word about the running recording
    struct {
        uint64_t id, expires_s;
    } done[MOTE_AGENT_DONE];
    uint32_t done_at;
    uint32_t triggers;
    struct mote_agent_trigger trigger[MOTE_AGENT_TRIGGERS];
};

struct mote_agent_infer {
    bool wanted; // classify while there is a model
    bool open;   // pipe is usable
    uint8_t stream;
    uint64_t from_us, until_us; // device time when classifying begins and ends
    uint64_t keep_gap_us;       // least time between kept windows
    struct mote_pipe pipe;
    struct mote_slot_file file;
    char model[MOTE_NAME_MAX + 1];
    uint32_t fill;     // frames in the window
    uint32_t skip;     // frames to leave out: stride beyond window
    uint32_t advance;  // frames from the last window that was run to this one, 0: not known
    uint64_t first_us; // time of the window's first frame
    struct mote_pipe_post post;
    float ring[MOTE_AGENT_RING];
    uint64_t allowance; // of keep_per_minute
    uint64_t allowed_us, kept_us;
    struct mote_event event[MOTE_EVENTS_PER_BLOCK];
    uint32_t events;
    uint64_t events_since_us; // network time
    uint64_t inferences, uncertain, busy_us;
    uint32_t class_count[MOTE_MAX_CLASSES];
};

struct mote_agent_remote { // a run on tensors that the server sends
    uint64_t id, done;     // command that parts come for, 0: none; the last one that was answered
    uint64_t since_us;     // network time of the last part
    uint32_t got;          // bytes
};

enum mote_update_step {
    MOTE_UPDATE_IDLE,     // nothing to do for desired
    MOTE_UPDATE_MANIFEST, // waiting for keys and manifest
    MOTE_UPDATE_BLOCKS,   // waiting for payload blocks
    MOTE_UPDATE_WORK,     // digesting and building
    MOTE_UPDATE_TRY,      // opening the model, golden windows
    MOTE_UPDATE_TRIAL
};

struct mote_agent_update {
    uint8_t step; // enum mote_update_step
    bool desired_known;
    struct mote_desired desired;
    struct mote_keyset keys;
    uint8_t keys_known;            // keys holds a verified set
    size_t manifest_len;           // bytes in config.manifest, 0: not there
    struct mote_manifest manifest; // borrowed from config.manifest
    int place;
    uint32_t group;    // subscribed, UINT32_MAX: none
    uint64_t asked_us; // network time of the last subscription or block
    uint32_t patience_ms;
    uint32_t oversized; // the link's count when blocks were asked for
    uint8_t bad_blocks; // of another length, since the download began
    uint64_t trial_us;                // device time of the trial's start
    uint8_t refused[MOTE_DIGEST_LEN]; // last manifest refused since boot
    bool refused_known;
    // what `reported` says
    struct mote_desired about; // the release that state is about
    uint8_t state;
    int32_t status;
    char reason[MOTE_AGENT_TEXT];
    uint64_t epoch_s;      // latest Unix time that a beacon asserted, 0: unknown
    uint64_t epoch_at_us;  // network time when it was heard
    uint64_t epoch_kept_s; // what flash holds
};

struct mote_agent {
    struct mote_agent_config config;
    struct mote_link link;
    struct mote_spool spool;
    struct mote_meta meta;
    struct mote_slot slot;
    struct mote_slot_place place[1];
    // private
    struct mote_agent_stream stream[MOTE_MAX_STREAMS];
    struct mote_agent_live live[MOTE_MAX_STREAMS];
    uint64_t event_seq, health_seq, reply_seq, live_seq;
    struct mote_agent_recording queue[MOTE_AGENT_QUEUE]; // queue[0] runs while recording != 0
    uint32_t queued;
    uint32_t recording;      // number of the running one, 0: none
    uint32_t next_recording; // numbers are given once in a session
    uint64_t recording_us;   // device time of its start
    uint64_t seen[MOTE_AGENT_SEEN];
    uint32_t seen_at;
    struct mote_agent_asked asked;
    struct mote_agent_infer infer;
    struct mote_agent_remote remote;
    struct mote_agent_update update;
    bool send_hello, send_status, send_reported, link_was_up, reboot_wanted;
    uint64_t resend_at_us; // network time
    uint64_t gap_at_us;    // network time when blocks that seem lost are sent again, 0: none
    uint32_t resend_ms;
    uint64_t health_at_us;
    uint8_t will[96];
    char will_topic[MOTE_TOPIC_MAX];
    union { // never in use at the same time
        uint8_t
            block[MOTE_BLOCK_MAX]; // on its way in or out; a body begins where its block's would
        struct mote_ack acks[MOTE_AGENT_ACKS];
    };
};

// Mounts spool and slots, opens the model in use, connects at the first step. MOTE_E_ARG with a
// line in the log where memory or drivers do not fit together; MOTE_E_IO where flash fails.
int mote_agent_init(struct mote_agent *a, const struct mote_agent_config *config) MOTE_CHECK;
// A bounded piece of work. Returns whether there is more to do at once; otherwise the caller may
// sleep until the transport or a sensor has something, or for some milliseconds.
bool mote_agent_step(struct mote_agent *a);
// Records for duration_ms of device time, as the command RECORD does. streams: bit for each, 0:
// all. MOTE_E_LIMIT where too many wait already, MOTE_E_NOT_FOUND for no such stream.
int mote_agent_record(struct mote_agent *a, uint32_t streams, const char *label,
                      uint64_t duration_ms) MOTE_CHECK;
// Ends the running recording as if its time were over; nothing where none runs.
void mote_agent_end_recording(struct mote_agent *a);
// Whether a recording is running or waiting.
bool mote_agent_is_recording(const struct mote_agent *a);
// Whether what was asked for has an end that more samples bring nearer: a recording, or classifying
// for a while. A simulation may hurry then.
bool mote_agent_is_busy(const struct mote_agent *a);
// Whether the spool has room for more samples without losing older ones.
bool mote_agent_has_room(const struct mote_agent *a);
// Ends recordings and batches, says offline with this reason, disconnects. Does not come back until
// init.
void mote_agent_stop(struct mote_agent *a, const char *reason);

#endif
