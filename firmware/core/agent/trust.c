// Whom the device trusts: the key set that the root signed, and the time that a beacon asserted.
// Both are kept on flash, so that a device which starts without a network refuses what it refused
// before.
#include "firmware/core/agent/agent_priv.h"

#define EPOCH_STEP_S 3600u // a beacon goes to flash where it is so much later than the last one

static int verify_keys(const struct mote_agent *a, struct mote_keyset *out, const uint8_t *p,
                       size_t len)
{
    struct mote_key root = {.role = MOTE_KEY_ROOT};
    const uint8_t *body;
    size_t body_len;
    memcpy(root.point, a->config.root, MOTE_PUBKEY_LEN);
    int status = mote_cose_verify(p, len, &root, 1, MOTE_KEY_ROOT, &body, &body_len);
    return status ? status : mote_keyset_decode(out, body, body_len);
}

void agent_on_keys(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_agent_update *u = &a->update;
    struct mote_keyset keys;
    int status = verify_keys(a, &keys, p, len);
    if (status) {
        agent_log_why(a, "key set refused", mote_status_text(status));
        return;
    }
    if (u->keys_known && keys.version <= u->keys.version) {
        return;
    }
    status = mote_meta_put(&a->meta, MOTE_META_TRUST, p, len);
    if (status) {
        agent_log_why(a, "cannot keep the key set", mote_status_text(status));
    }
    u->keys = keys;
    u->keys_known = true;
    agent_log_num(a, "key set version", keys.version);
    agent_update_keys_changed(a);
}

uint64_t agent_epoch_s(const struct mote_agent *a)
{
    const struct mote_agent_update *u = &a->update;
    return u->epoch_s ? u->epoch_s + (agent_net(a) - u->epoch_at_us) / 1000000 : 0;
}

void agent_on_beacon(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_agent_update *u = &a->update;
    const uint8_t *body;
    size_t body_len;
    uint64_t ms = 0;
    if (!u->keys_known) {
        return; // it will be said again
    }
    int status =
        mote_cose_verify(p, len, u->keys.key, u->keys.count, MOTE_KEY_BEACON, &body, &body_len);
    status = status ? status : mote_beacon_decode(&ms, body, body_len);
    if (status) {
        agent_log_why(a, "time beacon refused", mote_status_text(status));
        return;
    }
    if (ms / 1000 <= agent_epoch_s(a)) {
        return;
    }
    u->epoch_s = ms / 1000;
    u->epoch_at_us = agent_net(a);
    if (u->epoch_s >= u->epoch_kept_s + EPOCH_STEP_S) {
        uint8_t value[8];
        mote_put64(value, u->epoch_s);
        if (mote_meta_put(&a->meta, MOTE_META_EPOCH, value, sizeof(value)) == MOTE_OK) {
            u->epoch_kept_s = u->epoch_s;
        }
    }
}

void agent_trust_restore(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    int n = mote_meta_get(&a->meta, MOTE_META_TRUST, agent_body(a), AGENT_BODY_MAX);
    u->keys_known = n > 0 && verify_keys(a, &u->keys, agent_body(a), (size_t)n) == MOTE_OK;
    uint8_t value[8];
    if (mote_meta_get(&a->meta, MOTE_META_EPOCH, value, sizeof(value)) == (int)sizeof(value)) {
        u->epoch_s = u->epoch_kept_s = mote_get64(value);
        u->epoch_at_us = agent_net(a);
    }
}
