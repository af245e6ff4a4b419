// What P/d/DEV/config asks for: recordings, rates, triggers. State, not a command: the device makes
// itself so whenever it hears it. A recording that is listed and not over is queued once; one that
// is no longer listed is ended, or does not begin. Which of the listed ones are over is kept on
// flash, so that a device which starts again repeats only what a cut left unfinished; rates and
// triggers are kept as well and hold before the broker is in reach.
//
// Every recording is answered when it begins, a few times on its way (`going`), and when it is
// over; a new revision of the configuration is answered once, by what could not be done.
#include "firmware/core/agent/agent_priv.h"

#define TELL_LEAST_US 5000000u // between two words about a running recording
#define TELL_TIMES 10          // of them, at most
#define DONE_BYTES 16          // id and expiry

// --- recordings that are over ----------------------------------------------------------------
static bool is_done(const struct mote_agent *a, const struct mote_asked *r)
{
    for (uint32_t i = 0; i < MOTE_AGENT_DONE; i++) {
        if (a->asked.done[i].id == r->id && a->asked.done[i].expires_s == r->expires_s) {
            return true;
        }
    }
    return false;
}

static void keep_done(struct mote_agent *a)
{
    uint8_t value[MOTE_AGENT_DONE * DONE_BYTES];
    for (uint32_t i = 0; i < MOTE_AGENT_DONE; i++) { // the oldest first
        uint32_t k = (a->asked.done_at + i) % MOTE_AGENT_DONE;
        mote_put64(value + i * DONE_BYTES, a->asked.done[k].id);
        mote_put64(value + i * DONE_BYTES + 8, a->asked.done[k].expires_s);
    }
    int status = mote_meta_put(&a->meta, MOTE_META_DONE, value, sizeof(value));
    if (status) {
        agent_log_why(a, "cannot keep which recordings are over", mote_status_text(status));
    }
}

static void add_done(struct mote_agent *a, uint64_t id, uint64_t expires_s)
{
    a->asked.done[a->asked.done_at].id = id;
    a->asked.done[a->asked.done_at].expires_s = expires_s;
    a->asked.done_at = (a->asked.done_at + 1) % MOTE_AGENT_DONE;
    keep_done(a);
}

void agent_asked_done(struct mote_agent *a, const struct mote_agent_recording *r)
{
    if (r->asked) {
        add_done(a, r->command, r->expires_s);
    }
}

// --- progress --------------------------------------------------------------------------------
static void tell(struct mote_agent *a)
{
    a->asked.told_us = agent_now(a);
    agent_answer(a, &(struct mote_reply){.command = a->queue[0].command,
                                         .text = agent_str("recording"),
                                         .going = true,
                                         .done_ms = agent_recorded_ms(a),
                                         .recording = a->recording});
}

void agent_asked_began(struct mote_agent *a)
{
    if (a->queue[0].asked) {
        tell(a);
    }
}

void agent_asked_tick(struct mote_agent *a)
{
    if (!a->recording || !a->queue[0].asked) {
        return;
    }
    uint64_t pause = a->queue[0].duration_us / TELL_TIMES;
    pause = pause > TELL_LEAST_US ? pause : TELL_LEAST_US;
    if (agent_now(a) - a->asked.told_us >= pause) {
        tell(a);
    }
}

// --- recordings that are listed --------------------------------------------------------------
static bool is_listed(const struct mote_device_config *c, const struct mote_agent_recording *q)
{
    for (size_t i = 0; i < c->recordings; i++) {
        if (c->recording[i].id == q->command && c->recording[i].expires_s == q->expires_s) {
            return true;
        }
    }
    return false;
}

static bool is_queued(const struct mote_agent *a, const struct mote_asked *r)
{
    for (uint32_t i = 0; i < a->queued; i++) {
        const struct mote_agent_recording *q = &a->queue[i];
        if (q->asked && q->command == r->id && q->expires_s == r->expires_s) {
            return true;
        }
    }
    return false;
}

static void end_unlisted(struct mote_agent *a, const struct mote_device_config *c)
{
    uint32_t first = a->recording ? 1 : 0;
    for (uint32_t i = a->queued;
         i-- > first;) { // the waiting ones first, so that none of them starts
        if (a->queue[i].asked && !is_listed(c, &a->queue[i])) {
            agent_unqueue(a, i, "stopped before it began");
        }
    }
    if (a->recording && a->queue[0].asked && !is_listed(c, &a->queue[0])) {
        agent_end_recording(a, MOTE_OK, " stopped early");
    }
}

static void begin_listed(struct mote_agent *a, const struct mote_device_config *c)
{
    uint64_t epoch = agent_epoch_s(a);
    for (size_t i = 0; i < c->recordings; i++) {
        const struct mote_asked *r = &c->recording[i];
        if (is_done(a, r) || is_queued(a, r)) {
            continue;
        }
        const char *why = "expired before this device could record it";
        int status = r->expires_s && epoch && r->expires_s < epoch
                         ? MOTE_E_TIMEOUT
                         : agent_record_asked(a, r, true, &why);
        if (status) {
            agent_reply(a, r->id, status, why);
            add_done(a, r->id, r->expires_s);
        }
    }
}

// --- rates -----------------------------------------------------------------------------------
// How many frames of the sensor make one of that rate, 0: it is no multiple.
static uint16_t frames_of(const struct mote_stream_info *info, uint64_t interval_ns)
{
    if (!info->interval_ns || info->width || interval_ns / info->interval_ns >= UINT16_MAX) {
        return 0;
    }
    uint64_t every = (interval_ns + info->interval_ns / 2) / info->interval_ns;
    uint64_t exact = every * info->interval_ns;
    uint64_t off = exact > interval_ns ? exact - interval_ns : interval_ns - exact;
    return off * 1000 <= interval_ns ? (uint16_t)every : 0;
}

static bool refuse(struct agent_text *t, const char *what, struct mote_str name)
{
    agent_text_put(t, t->len ? ", " : "");
    agent_text_put(t, what);
    agent_text_put(t, " '");
    agent_text_str(t, name);
    agent_text_put(t, "'");
    return false;
}

static bool set_rates(struct mote_agent *a, const struct mote_device_config *c,
                      struct agent_text *reason)
{
    bool all = true;
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        a->stream[i].every = 1;
    }
    for (size_t i = 0; i < c->rates; i++) {
        int n = agent_find_stream(a, c->rate[i].stream);
        uint16_t every =
            n < 0 ? 0 : frames_of(&a->config.sensor.streams[n], c->rate[i].interval_ns);
        if (every) {
            a->stream[n].every = every;
        } else {
            all = refuse(reason, n < 0 ? "no stream" : "rate is no whole part of that of",
                         c->rate[i].stream);
        }
    }
    return all;
}

// --- the message -----------------------------------------------------------------------------
static void apply_settings(struct mote_agent *a, const struct mote_device_config *c)
{
    char text[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, text, sizeof(text));
    bool rates = set_rates(a, c, &t);
    bool triggers = agent_triggers_set(a, c, &t);
    if (a->asked.revision == c->revision) {
        return; // heard before, and answered
    }
    a->asked.revision = c->revision;
    if (!c->revision) {
        return; // withdrawn: nobody waits for an answer
    }
    bool all = rates && triggers;
    agent_log_why(a, "configured", all ? "as asked" : text);
    agent_answer(a, &(struct mote_reply){.status = all ? MOTE_OK : MOTE_E_UNSUPPORTED,
                                         .text = agent_str(all ? "configured" : text),
                                         .revision = c->revision});
}

void agent_on_config(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_device_config c = {0};
    int status = len ? mote_device_config_decode(&c, p, len) : MOTE_OK; // empty: withdrawn
    if (status) {
        agent_log_why(a, "configuration not understood", mote_status_text(status));
        return;
    }
    bool fresh = c.revision != a->asked.revision;
    apply_settings(a, &c);
    end_unlisted(a, &c);
    begin_listed(a, &c);
    status = fresh ? mote_meta_put(&a->meta, MOTE_META_CONFIG, p, len) : MOTE_OK;
    if (status) {
        agent_log_why(a, "cannot keep the configuration", mote_status_text(status));
    }
}

void agent_asked_restore(struct mote_agent *a)
{
    uint8_t value[MOTE_AGENT_DONE * DONE_BYTES];
    if (mote_meta_get(&a->meta, MOTE_META_DONE, value, sizeof(value)) == (int)sizeof(value)) {
        for (uint32_t i = 0; i < MOTE_AGENT_DONE; i++) {
            a->asked.done[i].id = mote_get64(value + i * DONE_BYTES);
            a->asked.done[i].expires_s = mote_get64(value + i * DONE_BYTES + 8);
        }
    }
    struct mote_device_config c;
    int n = mote_meta_get(&a->meta, MOTE_META_CONFIG, a->block, sizeof(a->block));
    if (n > 0 && mote_device_config_decode(&c, a->block, (size_t)n) == MOTE_OK) {
        a->asked.revision = c.revision; // answered when it was kept
        apply_settings(a, &c);
    }
}
