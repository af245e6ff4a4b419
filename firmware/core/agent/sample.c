// Sensors to blocks: reads what is wanted, cuts recordings, hands frames to inference.
//
// A recording covers the frames of its streams whose time lies in [start, start + duration). Its
// blocks are cut when they are full or where a frame is missing; one block is always held back, so
// that the last one can carry MOTE_BLOCK_REC_END. A picture is a recording of its own; where it is
// longer than a block, it goes on in the next ones, which carry its time. Streams without a rate
// are events of their own: each value is spooled at once, whatever is being recorded.
#include "firmware/core/agent/agent_priv.h"

#define CHUNK_BYTES 512
#define STEP_BYTES 16384 // read of one stream in one step
#define RECORD_LATE_US                                                                             \
    2000000u // a sensor silent for so long after a recording's end has no more of it

static const struct mote_stream_info *info_of(const struct mote_agent *a, unsigned i)
{
    return &a->config.sensor.streams[i];
}

bool agent_recordable(const struct mote_stream_info *info)
{
    return info->interval_ns || info->width;
}

static void flush(struct mote_agent *a, unsigned i, uint32_t flags)
{
    struct mote_agent_stream *s = &a->stream[i];
    const struct mote_stream_info *info = info_of(a, i);
    if (!s->fill) {
        return;
    }
    bool recorded = agent_recordable(info);
    struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                           .flags = flags,
                           .t_us = s->first_us,
                           .interval_ns = info->interval_ns * (recorded ? s->thin : 1),
                           .type = info->type,
                           .channels = info->channels,
                           .scale = info->scale,
                           .width = info->width,
                           .height = info->height,
                           .recording = recorded ? a->recording : 0,
                           .label = recorded ? agent_str(a->queue[0].label) : agent_str(""),
                           .data = s->buf,
                           .data_len = s->fill};
    // A failure is logged; these frames are lost, and the gap in the block times shows it.
    (void)agent_append(a, recorded ? MOTE_SPOOL_SAMPLES : MOTE_SPOOL_KEEP, info->name, &s->seq, &b);
    s->fill = 0;
}

// --- recordings ------------------------------------------------------------------------------
void agent_start_next_recording(struct mote_agent *a)
{
    if (a->recording || !a->queued) {
        return;
    }
    a->recording = a->next_recording++;
    a->recording_us = agent_now(a) + 1; // the frame of this moment may have been read already
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        struct mote_agent_stream *s = &a->stream[i];
        s->recording = agent_recordable(info_of(a, i)) && (a->queue[0].streams >> i & 1);
        if (s->recording) {
            s->fill = 0;
            s->flowing = false;
            agent_thin_start(a, i);
        }
    }
    agent_log_num(a, "recording", a->recording);
    agent_asked_began(a);
}

void agent_end_recording(struct mote_agent *a, int status, const char *why)
{
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        if (a->stream[i].recording) {
            flush(a, i, MOTE_BLOCK_REC_END);
            a->stream[i].recording = false;
        }
    }
    char text[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, text, sizeof(text));
    agent_text_put(&t, "recording ");
    agent_text_num(&t, a->recording);
    agent_text_put(&t, why);
    const struct mote_agent_recording over = a->queue[0];
    if (over.command) {
        agent_answer(a, &(struct mote_reply){.command = over.command,
                                             .status = status,
                                             .text = agent_str(text),
                                             .done_ms = agent_recorded_ms(a),
                                             .recording = a->recording});
    }
    a->recording = 0;
    a->queued--;
    memmove(a->queue, a->queue + 1, a->queued * sizeof(a->queue[0]));
    agent_asked_done(a, &over);
    agent_start_next_recording(a);
}

void agent_unqueue(struct mote_agent *a, uint32_t n, const char *why)
{
    const struct mote_agent_recording r = a->queue[n];
    a->queued--;
    memmove(a->queue + n, a->queue + n + 1, (a->queued - n) * sizeof(a->queue[0]));
    if (r.command) {
        agent_reply(a, r.command, MOTE_E_STATE, why);
    }
    agent_asked_done(a, &r);
}

int agent_queue(struct mote_agent *a, const struct mote_agent_recording *r)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        all |= agent_recordable(info_of(a, i)) ? 1u << i : 0;
    }
    uint32_t streams = r->streams ? r->streams & all : all;
    if (!streams) {
        return MOTE_E_NOT_FOUND;
    }
    if (a->queued == MOTE_AGENT_QUEUE || !r->duration_us) {
        return MOTE_E_LIMIT;
    }
    a->queue[a->queued] = *r;
    a->queue[a->queued++].streams = streams;
    agent_start_next_recording(a);
    return MOTE_OK;
}

int mote_agent_record(struct mote_agent *a, uint32_t streams, const char *label,
                      uint64_t duration_us)
{
    struct mote_str name = agent_str(label);
    struct mote_agent_recording r = {.duration_us = duration_us, .streams = streams};
    if (name.len > MOTE_NAME_MAX) {
        return MOTE_E_LIMIT;
    }
    memcpy(r.label, name.p, name.len);
    return agent_queue(a, &r);
}

uint64_t agent_recorded_ms(const struct mote_agent *a)
{
    uint64_t now = agent_now(a), passed = now > a->recording_us ? now - a->recording_us : 0;
    return (passed < a->queue[0].duration_us ? passed : a->queue[0].duration_us) / 1000;
}

void mote_agent_end_recording(struct mote_agent *a)
{
    if (a->recording) {
        agent_end_recording(a, MOTE_OK, "");
    }
}

bool mote_agent_is_recording(const struct mote_agent *a)
{
    return a->recording != 0;
}

bool mote_agent_is_busy(const struct mote_agent *a)
{
    const struct mote_agent_infer *f = &a->infer;
    return a->recording || (f->open && f->wanted && f->until_us != UINT64_MAX);
}

static uint64_t end_us(const struct mote_agent *a)
{
    return a->recording_us + a->queue[0].duration_us;
}

static void end_if_done(struct mote_agent *a)
{
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        if (a->stream[i].recording) {
            return;
        }
    }
    agent_end_recording(a, MOTE_OK, "");
}

static void end_stream(struct mote_agent *a, unsigned i)
{
    flush(a, i, MOTE_BLOCK_REC_END);
    a->stream[i].recording = false;
    end_if_done(a);
}

static void add_frames(struct mote_agent *a, unsigned i, const uint8_t *p, size_t count,
                       uint64_t t_us)
{
    struct mote_agent_stream *s = &a->stream[i];
    uint64_t interval_ns = info_of(a, i)->interval_ns * (s->recording ? s->thin : 1);
    uint64_t off = t_us > s->next_us ? t_us - s->next_us : s->next_us - t_us;
    if (s->flowing && interval_ns && off * 2000 > interval_ns) {
        flush(a, i, 0); // frames are missing: the next block says its own time
    }
    for (size_t n = 0; n < count; n++) {
        if (s->fill + s->frame_bytes > s->cap) {
            flush(a, i, 0);
        }
        if (!s->fill && !(info_of(a, i)->width && s->flowing)) { // parts of a picture: its time
            s->first_us = t_us + n * interval_ns / 1000;
        }
        memcpy(s->buf + s->fill, p + n * s->frame_bytes, s->frame_bytes);
        s->fill += s->frame_bytes;
    }
    s->next_us = t_us + count * interval_ns / 1000;
    s->flowing = true;
}

// As add_frames, at the recording's rate.
static void thin_frames(struct mote_agent *a, unsigned i, const uint8_t *p, size_t count,
                        uint64_t t_us)
{
    struct mote_agent_stream *s = &a->stream[i];
    uint64_t interval_ns = info_of(a, i)->interval_ns;
    if (s->thin == 1) {
        add_frames(a, i, p, count, t_us);
        return;
    }
    for (size_t n = 0; n < count; n++) {
        const uint8_t *mean;
        uint64_t first_us;
        if (agent_thin_add(a, i, p + n * s->frame_bytes, t_us + n * interval_ns / 1000, &mean,
                           &first_us)) {
            add_frames(a, i, mean, 1, first_us);
        }
    }
}

static void record_frames(struct mote_agent *a, unsigned i, const uint8_t *p, size_t count,
                          uint64_t t_us)
{
    const struct mote_stream_info *info = info_of(a, i);
    uint64_t interval_ns = info->interval_ns, end = end_us(a);
    if (info->width) { // a picture is a recording
        struct mote_agent_stream *s = &a->stream[i];
        uint32_t left = s->flowing ? s->pixels : (uint32_t)info->width * info->height;
        uint32_t n = count < left ? (uint32_t)count : left;
        add_frames(a, i, p, n, t_us);
        s->pixels = left - n;
        if (!s->pixels) {
            end_stream(a, i);
        }
        return;
    }
    size_t from = 0, to = count;
    while (from < count && t_us + from * interval_ns / 1000 < a->recording_us) {
        from++;
    }
    while (to > from && t_us + (to - 1) * interval_ns / 1000 >= end) {
        to--;
    }
    if (to > from) {
        thin_frames(a, i, p + from * a->stream[i].frame_bytes, to - from,
                    t_us + from * interval_ns / 1000);
    }
    if (t_us + count * interval_ns / 1000 >= end) {
        end_stream(a, i);
    }
}

// --- reading ---------------------------------------------------------------------------------
static bool wanted(const struct mote_agent *a, unsigned i)
{
    return a->stream[i].recording || agent_infers(a, i) || agent_watches(a, i) ||
           agent_is_watched(a, i) || !agent_recordable(info_of(a, i));
}

static void take_frames(struct mote_agent *a, unsigned i, const uint8_t *p, size_t count,
                        uint64_t t_us)
{
    if (!agent_recordable(info_of(a, i))) {
        for (size_t n = 0; n < count; n++) {
            add_frames(a, i, p + n * a->stream[i].frame_bytes, 1, t_us);
            flush(a, i, 0);
        }
        return;
    }
    if (agent_infers(a, i)) {
        agent_infer_frames(a, p, count, t_us);
    }
    if (agent_is_watched(a, i)) {
        agent_live_frames(a, i, p, count, t_us);
    }
    if (agent_watches(a, i)) {
        agent_trigger_frames(a, i, p, count, t_us);
    }
    if (a->stream[i].recording) {
        record_frames(a, i, p, count, t_us);
    }
}

bool mote_agent_has_room(const struct mote_agent *a)
{
    const struct mote_flash *f = a->config.spool_flash;
    uint32_t spare = f->size / 8 > 4 * f->sector ? f->size / 8 : 4 * f->sector;
    uint32_t used = mote_spool_used(&a->spool);
    return used < f->size && f->size - used > spare;
}

// Returns whether the sensor has more of this stream.
static bool read_stream(struct mote_agent *a, unsigned i)
{
    uint64_t chunk[CHUNK_BYTES / 8];
    size_t frame = a->stream[i].frame_bytes;
    for (size_t got = 0; got < STEP_BYTES && wanted(a, i);) {
        uint64_t t_us = 0;
        int n = a->config.sensor.read(a->config.sensor.ctx, i, chunk, sizeof(chunk) / frame, &t_us);
        if (n <= 0) {
            if (n < 0) {
                agent_log_why(a, "cannot read a sensor", mote_status_text(n));
            }
            bool late = a->stream[i].recording && agent_now(a) > end_us(a) + RECORD_LATE_US;
            if (late) {
                end_stream(a, i);
            }
            return false;
        }
        take_frames(a, i, (const uint8_t *)chunk, (size_t)n, t_us);
        got += (size_t)n * frame;
    }
    return wanted(a, i);
}

bool agent_sample(struct mote_agent *a)
{
    bool more = false;
    if (a->config.patient && !mote_agent_has_room(a)) {
        return false;
    }
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        if (wanted(a, i)) {
            more |= read_stream(a, i);
        }
    }
    return more;
}
