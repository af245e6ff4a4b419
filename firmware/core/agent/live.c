// Unspooled samples while somebody watches: P/d/DEV/live/STREAM. Best effort: what does not fit the
// connection now is left out, nothing is kept or sent again, and it ends by itself unless it is
// asked for again. Every stream has an equal share of config.live; a block goes out when that is
// full or BLOCK_US old. Windows that are classified meanwhile go to live/event, one to a block.
#include "firmware/core/agent/agent_priv.h"

#define BLOCK_US 200000u     // network time
#define WATCH_MAX_MS 600000u // without being asked again
#define EVENT_MAX 256        // bytes of one event with what is around it

static uint8_t *share_of(const struct mote_agent *a, unsigned i, size_t *len)
{
    unsigned streams = a->config.sensor.stream_count;
    size_t most = agent_block_data_max(a), share = streams ? a->config.live_len / streams : 0;
    *len = share < most ? share : most;
    *len = *len < UINT16_MAX ? *len : UINT16_MAX;
    return a->config.live + i * share;
}

// Streams with a rate whose frame fits its share.
static bool can_watch(const struct mote_agent *a, unsigned i)
{
    size_t len;
    (void)share_of(a, i, &len);
    const struct mote_stream_info *s = &a->config.sensor.streams[i];
    return a->config.live && s->interval_ns && !s->width && a->stream[i].frame_bytes <= len;
}

bool agent_live_watch(struct mote_agent *a, struct mote_str stream, uint64_t duration_ms)
{
    bool any = false;
    uint64_t ms = duration_ms < WATCH_MAX_MS ? duration_ms : WATCH_MAX_MS;
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        bool meant = !stream.len || mote_str_is(stream, a->config.sensor.streams[i].name);
        if (meant && can_watch(a, i)) {
            a->live[i].until_us = ms ? agent_net(a) + 1000 * ms : 0;
            a->live[i].fill = ms ? a->live[i].fill : 0;
            any = true;
        }
    }
    return any;
}

bool agent_is_watched(const struct mote_agent *a, unsigned stream)
{
    return a->live[stream].until_us != 0;
}

static void publish(struct mote_agent *a, const char *stream, struct mote_block *b)
{
    char topic[MOTE_TOPIC_MAX];
    memcpy(b->session, a->spool.session, MOTE_SESSION_LEN);
    b->seq = a->live_seq++;
    b->flags = a->config.simulated ? MOTE_BLOCK_SIMULATED : 0;
    int n = mote_block_encode(a->block, sizeof(a->block), b);
    bool room = n > 0 && mote_link_is_up(&a->link) &&
                mote_link_has_room(&a->link, (size_t)n + MOTE_TOPIC_MAX, 1);
    if (room && agent_topic(a, topic, MOTE_LEAF_LIVE, stream) >= 0) {
        int status = mote_link_publish(&a->link, topic, a->block, (size_t)n, 0, false, NULL);
        (void)status; // best effort: one that is not taken is not missed
    }
}

static void flush(struct mote_agent *a, unsigned i)
{
    struct mote_agent_live *l = &a->live[i];
    const struct mote_stream_info *info = &a->config.sensor.streams[i];
    size_t len;
    struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                           .t_us = l->first_us,
                           .interval_ns = info->interval_ns,
                           .type = info->type,
                           .channels = info->channels,
                           .scale = info->scale,
                           .data = share_of(a, i, &len),
                           .data_len = l->fill};
    if (l->fill) {
        publish(a, info->name, &b);
    }
    l->fill = 0;
}

void agent_live_frames(struct mote_agent *a, unsigned stream, const uint8_t *frames, size_t count,
                       uint64_t t_us)
{
    struct mote_agent_live *l = &a->live[stream];
    size_t frame = a->stream[stream].frame_bytes, len;
    uint64_t interval_ns = a->config.sensor.streams[stream].interval_ns;
    uint8_t *to = share_of(a, stream, &len);
    for (size_t n = 0; n < count; n++) {
        uint64_t t = t_us + n * interval_ns / 1000;
        uint64_t due = l->first_us + l->fill / frame * interval_ns / 1000;
        uint64_t off = t > due ? t - due : due - t;
        if (l->fill + frame > len || (l->fill && off * 1000 > interval_ns)) {
            flush(a, stream); // full, or frames are missing
        }
        if (!l->fill) {
            l->first_us = t;
            l->since_us = agent_net(a);
        }
        memcpy(to + l->fill, frames + n * frame, frame);
        l->fill = (uint16_t)(l->fill + frame);
    }
}

void agent_live_event(struct mote_agent *a, const struct mote_event *e)
{
    uint8_t body[EVENT_MAX];
    if (!agent_is_watched(a, a->infer.stream)) {
        return;
    }
    flush(a, a->infer.stream); // so that the window's samples come first
    int n = mote_events_encode(body, sizeof(body), e, 1);
    if (n > 0) {
        publish(
            a, AGENT_EVENT,
            &(struct mote_block){
                .kind = MOTE_BLOCK_EVENT, .t_us = e->t_us, .data = body, .data_len = (size_t)n});
    }
}

void agent_live_tick(struct mote_agent *a)
{
    uint64_t now = agent_net(a);
    for (unsigned i = 0; i < a->config.sensor.stream_count; i++) {
        struct mote_agent_live *l = &a->live[i];
        if (l->fill && now - l->since_us >= BLOCK_US) {
            flush(a, i);
        }
        if (l->until_us && now >= l->until_us) {
            flush(a, i);
            l->until_us = 0;
        }
    }
}

void agent_live_time(struct mote_agent *a, uint64_t command)
{
    uint8_t body[64];
    uint64_t now = agent_now(a);
    int n = mote_reply_encode(body, sizeof(body), &(struct mote_reply){.command = command});
    if (n > 0) {
        publish(a, AGENT_REPLY,
                &(struct mote_block){
                    .kind = MOTE_BLOCK_REPLY, .t_us = now, .data = body, .data_len = (size_t)n});
    }
}
