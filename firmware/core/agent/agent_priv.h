// What the agent's files share. Only for firmware/core/agent.
#ifndef AGENT_PRIV_H
#define AGENT_PRIV_H

#include "firmware/core/agent/mote_agent.h"

#define AGENT_EVENT "event"
#define AGENT_HEALTH "health"
#define AGENT_REPLY "reply"
#define AGENT_NONE UINT32_MAX

// --- text: lines for the log and reasons, built without a C library ------------------------------
struct agent_text {
    char *p;
    size_t cap, len; // always NUL-terminated; what does not fit is cut
};
void agent_text_init(struct agent_text *t, char *p, size_t cap);
void agent_text_put(struct agent_text *t, const char *s);
void agent_text_str(struct agent_text *t, struct mote_str s);
void agent_text_num(struct agent_text *t, uint64_t v);
void agent_text_hex(struct agent_text *t, const uint8_t *p, size_t len);
struct mote_str agent_str(const char *s);
bool agent_same(struct mote_str a, const char *b);
void agent_log(struct mote_agent *a, const char *line);
// "what: number" and "what: words" lines.
void agent_log_num(struct mote_agent *a, const char *what, uint64_t v);
void agent_log_why(struct mote_agent *a, const char *what, const char *why);

// Where bodies are encoded: at the end of the block's buffer, so that the block around one moves it
// towards the front. What is there is lost with the next block.
#define AGENT_BODY_MAX (MOTE_BLOCK_MAX - MOTE_BLOCK_OVERHEAD)
static inline uint8_t *agent_body(struct mote_agent *a)
{
    return a->block + MOTE_BLOCK_OVERHEAD;
}
static inline uint64_t agent_now(const struct mote_agent *a)
{
    return a->config.clock.now_us(a->config.clock.ctx);
}
static inline uint64_t agent_net(const struct mote_agent *a)
{
    return a->config.network_clock.now_us(a->config.network_clock.ctx);
}
static inline uint32_t agent_or(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}
// half..whole of ms, in microseconds: retries of a fleet must not fall together.
uint64_t agent_jitter_us(struct mote_agent *a, uint32_t ms);

// --- send.c ----------------------------------------------------------------------------------
// Fills in session, sequence and simulated flag, encodes and appends. *seq rises unless the block
// never got a number. Failures are logged.
int agent_append(struct mote_agent *a, enum mote_spool_class cls, const char *stream, uint64_t *seq,
                 struct mote_block *b);
size_t agent_block_data_max(const struct mote_agent *a);
bool agent_send(struct mote_agent *a);
void agent_on_ack(struct mote_agent *a, const uint8_t *p, size_t len);

// --- sample.c --------------------------------------------------------------------------------
bool agent_sample(struct mote_agent *a);
void agent_start_next_recording(struct mote_agent *a);
void agent_end_recording(struct mote_agent *a, int status, const char *why);
// Adds an entry (streams 0: all) and begins it where none runs. MOTE_E_LIMIT, MOTE_E_NOT_FOUND.
int agent_queue(struct mote_agent *a, const struct mote_agent_recording *r);
// Takes number n (over 0) of the queue out; it never began.
void agent_unqueue(struct mote_agent *a, uint32_t n, const char *why);
// Pictures and what has a rate can be recorded; other values are blocks of their own.
bool agent_recordable(const struct mote_stream_info *info);
// How much of the running recording's time has passed, in ms.
uint64_t agent_recorded_ms(const struct mote_agent *a);

// --- infer.c ---------------------------------------------------------------------------------
// Opens the model in use; reason gets words where it cannot. MOTE_E_NOT_FOUND: there is none.
int agent_model_open(struct mote_agent *a, struct agent_text *reason);
void agent_model_close(struct mote_agent *a);
void agent_classify(struct mote_agent *a, uint64_t duration_ms, uint64_t keep_gap_ms);
bool agent_infers(const struct mote_agent *a, unsigned stream);
void agent_infer_frames(struct mote_agent *a, const uint8_t *frames, size_t count, uint64_t t_us);
void agent_events_flush(struct mote_agent *a);
void agent_infer_tick(struct mote_agent *a);

// --- thin.c ----------------------------------------------------------------------------------
// Makes the stream ready for a recording at its rate; the sum takes room from the buffer's end.
void agent_thin_start(struct mote_agent *a, unsigned i);
// Adds a frame of time t_us to the sum. Returns true when it is whole: *mean (in the sum's place,
// good until the next call) is its mean, *first_us the time of its first frame.
bool agent_thin_add(struct mote_agent *a, unsigned i, const uint8_t *frame, uint64_t t_us,
                    const uint8_t **mean, uint64_t *first_us);

// --- asked.c ---------------------------------------------------------------------------------
void agent_on_config(struct mote_agent *a, const uint8_t *p, size_t len);
void agent_asked_restore(struct mote_agent *a);
void agent_asked_tick(struct mote_agent *a);
// The recording at the head of the queue began; it is over and its reply is spooled.
void agent_asked_began(struct mote_agent *a);
void agent_asked_done(struct mote_agent *a, const struct mote_agent_recording *r);

// --- trigger.c -------------------------------------------------------------------------------
// Takes them over; false with a reason where one cannot be watched here (the others are).
bool agent_triggers_set(struct mote_agent *a, const struct mote_device_config *c,
                        struct agent_text *reason);
bool agent_watches(const struct mote_agent *a, unsigned stream);
void agent_trigger_frames(struct mote_agent *a, unsigned stream, const uint8_t *frames,
                          size_t count, uint64_t t_us);
void agent_trigger_class(struct mote_agent *a, struct mote_str label, float score, uint64_t t_us);

// --- remote.c --------------------------------------------------------------------------------
void agent_on_tensors(struct mote_agent *a, const uint8_t *p, size_t len);
// Whether tensors stand in the arena: the device's own windows wait.
bool agent_remote_runs(const struct mote_agent *a);

// --- live.c ----------------------------------------------------------------------------------
// Publishes the stream (empty: all that fit) for so long from now on; 0 ms: no more. False: it is not
// to be had here.
bool agent_live_watch(struct mote_agent *a, struct mote_str stream, uint64_t duration_ms);
bool agent_is_watched(const struct mote_agent *a, unsigned stream);
void agent_live_frames(struct mote_agent *a, unsigned stream, const uint8_t *frames, size_t count,
                       uint64_t t_us);
// An event as its window was classified, while its stream is watched.
void agent_live_event(struct mote_agent *a, const struct mote_event *e);
void agent_live_tick(struct mote_agent *a);
// Answers a TIME command: at once, unspooled, stamped with its arrival.
void agent_live_time(struct mote_agent *a, uint64_t command);

// --- command.c -------------------------------------------------------------------------------
void agent_on_command(struct mote_agent *a, const uint8_t *p, size_t len);
void agent_reply(struct mote_agent *a, uint64_t command, int status, const char *text);
// Puts a recording into the queue; asked: by the configuration. Otherwise why says what is wrong.
int agent_record_asked(struct mote_agent *a, const struct mote_asked *r, bool asked,
                       const char **why);
void agent_answer(struct mote_agent *a, const struct mote_reply *r); // spools it

// --- state.c ---------------------------------------------------------------------------------
void agent_publish_state(struct mote_agent *a);
void agent_health_tick(struct mote_agent *a);
int agent_make_will(struct mote_agent *a);
int agent_publish_offline(struct mote_agent *a, const char *reason);
int agent_topic(const struct mote_agent *a, char out[MOTE_TOPIC_MAX], enum mote_leaf leaf,
                const char *stream);

// --- update.c --------------------------------------------------------------------------------
void agent_update_start(struct mote_agent *a);
void agent_update_link_up(struct mote_agent *a);
void agent_on_desired(struct mote_agent *a, const uint8_t *p, size_t len);
void agent_on_manifest(struct mote_agent *a, const uint8_t digest[MOTE_DIGEST_LEN],
                       const uint8_t *p, size_t len);
void agent_on_payload(struct mote_agent *a, const struct mote_topic *t, const uint8_t *p,
                      size_t len);
// A model on trial could not run: back to the one before.
void agent_update_model_failed(struct mote_agent *a, int status, const char *why);
bool agent_update_step(struct mote_agent *a);
void agent_update_keys_changed(struct mote_agent *a);

// --- trust.c ---------------------------------------------------------------------------------
void agent_trust_restore(struct mote_agent *a);
void agent_on_keys(struct mote_agent *a, const uint8_t *p, size_t len);
void agent_on_beacon(struct mote_agent *a, const uint8_t *p, size_t len);
// Unix seconds now at the earliest; 0: unknown.
uint64_t agent_epoch_s(const struct mote_agent *a);

// --- fit.c -----------------------------------------------------------------------------------
// Can this device run what the manifest says? Nothing is downloaded yet.
int agent_fits(struct mote_agent *a, const struct mote_manifest *m, struct agent_text *reason);
// Opens a downloaded file and runs the golden windows. Uses the arena: close the model in use
// first.
int agent_try_model(struct mote_agent *a, const struct mote_slot_file *f,
                    const struct mote_manifest *m, struct agent_text *reason);
// Number of the sensor's stream with that name, -1: none.
int agent_find_stream(const struct mote_agent *a, struct mote_str name);
// Whether an open pipeline suits this device's streams and buffers.
int agent_pipe_fits(const struct mote_agent *a, const struct mote_pipe_config *c,
                    struct agent_text *reason);

#endif
