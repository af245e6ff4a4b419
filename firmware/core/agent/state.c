// What the device says about itself: hello, status, reported (retained), health (spooled).
#include "firmware/core/agent/agent_priv.h"

#define OPS_MAX 1024 // of cap

int agent_topic(const struct mote_agent *a, char out[MOTE_TOPIC_MAX], enum mote_leaf leaf,
                const char *stream)
{
    struct mote_topic t = {.leaf = leaf};
    struct agent_text device, name;
    agent_text_init(&device, t.device, sizeof(t.device));
    agent_text_put(&device, a->config.device);
    agent_text_init(&name, t.stream, sizeof(t.stream));
    agent_text_put(&name, stream);
    return mote_topic_format(out, MOTE_TOPIC_MAX, a->config.prefix, &t);
}

static int encode_status(const struct mote_agent *a, uint8_t *out, size_t cap, bool online,
                         const char *reason)
{
    struct mote_device_status s = {
        .online = online, .boot_count = a->spool.boot, .reason = agent_str(reason)};
    return mote_device_status_encode(out, cap, &s);
}

int agent_make_will(struct mote_agent *a)
{
    int len = agent_topic(a, a->will_topic, MOTE_LEAF_STATUS, "");
    return len < 0 ? len : encode_status(a, a->will, sizeof(a->will), false, "lost");
}

// The names of the linked operators, each once.
static void list_ops(const struct mote_agent *a, struct agent_text *t)
{
    const char *name;
    for (size_t i = 0; (name = mote_nn_ops_name(a->config.ops, i)) != NULL; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++) {
            again = agent_same(agent_str(name), mote_nn_ops_name(a->config.ops, k));
        }
        if (!again) {
            agent_text_put(t, t->len ? " " : "");
            agent_text_put(t, name);
        }
    }
}

static int encode_hello(struct mote_agent *a, uint8_t *out, size_t cap)
{
    struct agent_text t;
    cap -= OPS_MAX; // the names of the operators are put together behind what is written
    agent_text_init(&t, (char *)out + cap, OPS_MAX);
    list_ops(a, &t);
    const struct mote_agent_config *c = &a->config;
    struct mote_hello h = {.board = agent_str(c->board),
                           .isa = agent_str(c->isa),
                           .extensions = agent_str(c->extensions),
                           .runtime = agent_str(c->runtime),
                           .ram = c->ram,
                           .arena = (uint32_t)c->arena_len,
                           .slots = 2,
                           .slot_bytes = mote_slot_capacity(&a->place[0]),
                           .ops = {t.p, t.len},
                           .dsp_variant = agent_str(mote_dsp_variant_name(MOTE_DSP_F32)),
                           .capability_class = c->capability_class,
                           .stream_count = c->sensor.stream_count,
                           .simulated = c->simulated};
    memcpy(h.session, a->spool.session, MOTE_SESSION_LEN);
    for (unsigned i = 0; i < c->sensor.stream_count; i++) {
        const struct mote_stream_info *s = &c->sensor.streams[i];
        h.stream[i].name = agent_str(s->name);
        h.stream[i].units = agent_str(s->units);
        h.stream[i].type = s->type;
        h.stream[i].channels = s->channels;
        h.stream[i].scale = s->scale;
        h.stream[i].interval_ns = s->interval_ns;
    }
    struct mote_slot_file f;
    if (mote_slot_active(&a->slot, 0, &f) == MOTE_OK) {
        h.model = agent_str(a->slot.record[0].name);
        memcpy(h.model_digest, f.digest, MOTE_DIGEST_LEN);
        h.release_seq = f.seq;
    }
    return mote_hello_encode(out, cap, &h);
}

static int encode_reported(struct mote_agent *a, uint8_t *out, size_t cap)
{
    const struct mote_agent_update *u = &a->update;
    struct mote_reported r = {
        .state = u->state, .status = u->status, .reason = agent_str(u->reason)};
    struct mote_slot_file f;
    if (mote_slot_active(&a->slot, 0, &f) == MOTE_OK) {
        r.active_seq = f.seq;
        memcpy(r.active_model, f.digest, MOTE_DIGEST_LEN);
    }
    r.seq = u->about.seq;
    memcpy(r.manifest_digest, u->about.manifest_digest, MOTE_DIGEST_LEN);
    if (u->state == MOTE_REL_FETCHING || u->state == MOTE_REL_VERIFYING) {
        mote_slot_progress(&a->slot, &r.fetched, &r.total);
    }
    return mote_reported_encode(out, cap, &r);
}

// Publishes what the body holds; true once the link took it.
static bool publish(struct mote_agent *a, enum mote_leaf leaf, int len)
{
    char topic[MOTE_TOPIC_MAX];
    int status = len < 0 ? len : agent_topic(a, topic, leaf, "");
    if (status < 0) {
        agent_log_why(a, "cannot encode a state", mote_status_text(status));
        return true; // saying it again would not help
    }
    return mote_link_publish(&a->link, topic, agent_body(a), (size_t)len, 1, true, NULL) == MOTE_OK;
}

void agent_publish_state(struct mote_agent *a)
{
    uint8_t *out = agent_body(a);
    size_t cap = AGENT_BODY_MAX;
    if (!mote_link_is_up(&a->link)) {
        return;
    }
    if (a->send_hello && publish(a, MOTE_LEAF_HELLO, encode_hello(a, out, cap))) {
        a->send_hello = false;
    }
    if (a->send_status &&
        publish(a, MOTE_LEAF_STATUS, encode_status(a, out, cap, true, "connected"))) {
        a->send_status = false;
    }
    if (a->send_reported && publish(a, MOTE_LEAF_REPORTED, encode_reported(a, out, cap))) {
        a->send_reported = false;
    }
}

int agent_publish_offline(struct mote_agent *a, const char *reason)
{
    int n = encode_status(a, agent_body(a), AGENT_BODY_MAX, false, reason);
    return publish(a, MOTE_LEAF_STATUS, n) ? MOTE_OK : MOTE_E_AGAIN;
}

void agent_health_tick(struct mote_agent *a)
{
    uint64_t now = agent_net(a);
    if (now < a->health_at_us) {
        return;
    }
    a->health_at_us = now + 1000ull * agent_or(a->config.health_interval_ms, 60000);
    const struct mote_agent_infer *f = &a->infer;
    struct mote_health h = {.uptime_us = agent_now(a),
                            .inferences = f->inferences,
                            .uncertain = f->uncertain,
                            .dropped_blocks = a->spool.dropped,
                            .inference_us =
                                f->inferences ? (uint32_t)(f->busy_us / f->inferences) : 0,
                            .spool_used = mote_spool_used(&a->spool),
                            .spool_size = a->config.spool_flash->size,
                            .classes = f->open ? f->pipe.config.classes : 0,
                            .release_seq = f->open ? f->file.seq : 0};
    memcpy(h.class_count, f->class_count, sizeof(h.class_count));
    int n = mote_health_encode(agent_body(a), AGENT_BODY_MAX, &h);
    struct mote_block b = {.kind = MOTE_BLOCK_HEALTH,
                           .t_us = agent_now(a),
                           .data = agent_body(a),
                           .data_len = n > 0 ? (size_t)n : 0};
    if (n > 0) {
        (void)agent_append(a, MOTE_SPOOL_KEEP, AGENT_HEALTH, &a->health_seq,
                           &b); // it logs what fails
    }
}
