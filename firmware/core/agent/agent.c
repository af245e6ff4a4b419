// The agent's start, step and topics. See mote_agent.h.
#include "firmware/core/agent/mote_agent.h"
#include "firmware/core/agent/agent_priv.h"

#define META_SECTORS 2 // of the model flash, in front of the slots

// --- what the broker says --------------------------------------------------------------------
static void on_message(void *ctx, const struct mote_link_message *m)
{
    struct mote_agent *a = ctx;
    struct mote_topic t;
    if (mote_topic_parse(&t, a->config.prefix, m->topic, m->topic_len) != MOTE_OK) {
        agent_log(a, "message on a topic that is not ours");
        return;
    }
    switch (t.leaf) {
    case MOTE_LEAF_ACK:
        agent_on_ack(a, m->payload, m->len);
        break;
    case MOTE_LEAF_CMD:
        if (!m->retained) { // a command is an imperative: one that was kept is somebody's mistake
            agent_on_command(a, m->payload, m->len);
        }
        break;
    case MOTE_LEAF_CONFIG:
        agent_on_config(a, m->payload, m->len);
        break;
    case MOTE_LEAF_SPLIT_IN:
        agent_on_tensors(a, m->payload, m->len);
        break;
    case MOTE_LEAF_DESIRED:
        agent_on_desired(a, m->payload, m->len);
        break;
    case MOTE_LEAF_TIME:
        agent_on_beacon(a, m->payload, m->len);
        break;
    case MOTE_LEAF_KEYS:
        agent_on_keys(a, m->payload, m->len);
        break;
    case MOTE_LEAF_MANIFEST:
        agent_on_manifest(a, t.digest, m->payload, m->len);
        break;
    case MOTE_LEAF_PAYLOAD:
        agent_on_payload(a, &t, m->payload, m->len);
        break;
    default:
        break;
    }
}

static void subscribe(struct mote_agent *a, enum mote_leaf leaf)
{
    char topic[MOTE_TOPIC_MAX];
    int status = agent_topic(a, topic, leaf, "");
    status = status < 0 ? status : mote_link_subscribe(&a->link, topic, 1, NULL);
    if (status) {
        mote_link_drop(&a->link, "cannot subscribe"); // and try again
    }
}

static void on_up(void *ctx)
{
    struct mote_agent *a = ctx;
    static const uint8_t leaves[] = {MOTE_LEAF_ACK, MOTE_LEAF_CMD, MOTE_LEAF_KEYS, MOTE_LEAF_TIME,
                                     MOTE_LEAF_DESIRED, MOTE_LEAF_CONFIG, MOTE_LEAF_SPLIT_IN};
    agent_log(a, "connected");
    for (size_t i = 0; i < MOTE_COUNT(leaves) && mote_link_is_up(&a->link); i++) {
        subscribe(a, leaves[i]);
    }
    a->send_hello = a->send_status = a->send_reported = true;
    mote_spool_rewind(&a->spool);
    a->resend_ms = agent_or(a->config.resend_ms, 5000);
    agent_update_link_up(a);
}

static void on_down(void *ctx, const char *reason)
{
    agent_log_why(ctx, "not connected", reason);
}

static void on_subscribed(void *ctx, uint16_t id, bool granted)
{
    (void)id;
    if (!granted) {
        agent_log(ctx, "broker refused a subscription");
    }
}

// --- start -----------------------------------------------------------------------------------
static int start_streams(struct mote_agent *a)
{
    const struct mote_sensor *s = &a->config.sensor;
    if (s->stream_count > MOTE_MAX_STREAMS) {
        return MOTE_E_LIMIT;
    }
    size_t share = s->stream_count ? a->config.frames_len / s->stream_count : 0;
    size_t most = agent_block_data_max(a);
    share = share < most ? share : most;
    for (unsigned i = 0; i < s->stream_count; i++) {
        size_t frame = mote_sample_size(s->streams[i].type) * s->streams[i].channels;
        if (!frame || frame > share || s->streams[i].channels > MOTE_MAX_CHANNELS) {
            return MOTE_E_ARG;
        }
        a->stream[i] = (struct mote_agent_stream){
            .buf = a->config.frames + i * (a->config.frames_len / s->stream_count),
            .room = share,
            .cap = share / frame * frame,
            .frame_bytes = frame,
            .thin = 1};
    }
    return MOTE_OK;
}

static int start_slots(struct mote_agent *a)
{
    const struct mote_flash *f = a->config.model_flash;
    uint32_t head = META_SECTORS * f->sector;
    if (!f->map || f->size < head + 4 * f->sector) {
        return MOTE_E_ARG;
    }
    uint32_t slot = (f->size - head) / 2 / f->sector * f->sector;
    a->place[0] = (struct mote_slot_place){.flash = f, .addr = head, .size = slot};
    int status = mote_meta_mount(&a->meta, f, 0);
    return status ? status
                  : mote_slot_mount(&a->slot, &a->meta, a->place, 1, a->config.bitmap,
                                    a->config.bitmap_len);
}

static int start_link(struct mote_agent *a)
{
    const struct mote_agent_config *c = &a->config;
    int len = agent_make_will(a);
    if (len < 0) {
        return len;
    }
    if (c->tx_len < MOTE_BLOCK_MAX + MOTE_TOPIC_MAX + 2 * MOTE_LINK_RESERVE) {
        return MOTE_E_ARG; // a block would never fit
    }
    return mote_link_init(&a->link, &(struct mote_link_config){.client_id = c->device,
                                                               .user = c->device,
                                                               .password = c->password,
                                                               .will_topic = a->will_topic,
                                                               .will = a->will,
                                                               .will_len = (size_t)len,
                                                               .keepalive_s = c->keepalive_s,
                                                               .backoff_min_ms = c->backoff_min_ms,
                                                               .transport = c->transport,
                                                               .clock = c->network_clock,
                                                               .entropy = c->entropy,
                                                               .rx = c->rx,
                                                               .rx_cap = c->rx_len,
                                                               .tx = c->tx,
                                                               .tx_cap = c->tx_len,
                                                               .ctx = a,
                                                               .up = on_up,
                                                               .down = on_down,
                                                               .message = on_message,
                                                               .subscribed = on_subscribed});
}

static int failed(struct mote_agent *a, int status, const char *what)
{
    agent_log_why(a, what, mote_status_text(status));
    return status;
}

int mote_agent_init(struct mote_agent *a, const struct mote_agent_config *config)
{
    memset(a, 0, sizeof(*a));
    a->config = *config;
    a->next_recording = 1;
    int status = mote_spool_mount(&a->spool, config->spool_flash, config->sectors,
                                  config->sector_count, &config->entropy);
    if (status) {
        return failed(a, status, "cannot mount the spool");
    }
    status = start_streams(a);
    if (status) {
        return failed(a, status, "streams do not fit the memory given");
    }
    status = start_slots(a);
    if (status) {
        return failed(a, status, "cannot mount the model slots");
    }
    status = start_link(a);
    if (status) {
        return failed(a, status, "cannot prepare the connection");
    }
    a->resend_ms = agent_or(config->resend_ms, 5000);
    a->health_at_us = agent_net(a) + 1000ull * agent_or(config->health_interval_ms, 60000);
    a->infer.wanted = config->classify;
    a->infer.until_us = UINT64_MAX;
    agent_asked_restore(a);
    agent_update_start(a);
    return MOTE_OK;
}

// --- step ------------------------------------------------------------------------------------
bool mote_agent_step(struct mote_agent *a)
{
    uint32_t oversized = a->link.oversized;
    (void)mote_link_step(&a->link); // whether it is up is asked where it matters
    if (a->link.oversized != oversized) {
        agent_log(a, "a message longer than this device takes was left out");
    }
    bool more = agent_sample(a);
    agent_infer_tick(a);
    agent_asked_tick(a);
    agent_live_tick(a);
    agent_health_tick(a);
    more |= agent_update_step(a);
    agent_publish_state(a);
    more |= agent_send(a);
    (void)mote_link_step(&a->link);
    if (a->reboot_wanted) { // its answer is in the spool by now
        a->reboot_wanted = false;
        agent_events_flush(a);
        a->config.reboot(a->config.reboot_ctx);
    }
    return more;
}

void mote_agent_stop(struct mote_agent *a, const char *reason)
{
    if (a->recording) {
        a->queued = 1;
        agent_end_recording(a, MOTE_OK, " stopped early");
    }
    agent_events_flush(a);
    if (mote_link_is_up(&a->link)) {
        (void)agent_publish_offline(a, reason); // the will says it otherwise
    }
    mote_link_stop(&a->link);
}
