// From the spool to the broker, and what acknowledgements free.
//
// Blocks go out in the spool's order, at most in_flight of them ahead of acknowledgements. Where
// none comes for resend_ms, everything not acknowledged is sent again and the pause doubles, up to
// a minute; an acknowledgement that frees anything sets it back. One that shows a gap makes it a
// second: connections keep the order, so where later blocks came earlier ones were lost. After a
// reconnect all starts from the oldest.
#include "firmware/core/agent/agent_priv.h"

#define RESEND_MAX_MS 60000u
#define GAP_US 1000000u

size_t agent_block_data_max(const struct mote_agent *a)
{
    size_t max = mote_spool_block_max(&a->spool);
    max = max < MOTE_BLOCK_MAX ? max : MOTE_BLOCK_MAX;
    return max > MOTE_BLOCK_OVERHEAD ? max - MOTE_BLOCK_OVERHEAD : 0;
}

int agent_append(struct mote_agent *a, enum mote_spool_class cls, const char *stream, uint64_t *seq,
                 struct mote_block *b)
{
    memcpy(b->session, a->spool.session, MOTE_SESSION_LEN);
    b->seq = *seq;
    b->flags |= a->config.simulated ? MOTE_BLOCK_SIMULATED : 0;
    int n = mote_block_encode(a->block, sizeof(a->block), b);
    if (n < 0) {
        agent_log_why(a, "cannot encode a block", mote_status_text(n));
        return n;
    }
    int status = mote_spool_append(&a->spool, cls, stream, *seq, agent_now(a), a->block, (size_t)n);
    if (status == MOTE_OK || status == MOTE_E_IO) {
        ++*seq; // a number that flash may half hold is not used again
    }
    if (status) {
        agent_log_why(a, "cannot spool a block", mote_status_text(status));
    }
    return status;
}

static void restart_timer(struct mote_agent *a)
{
    a->resend_at_us = agent_net(a) + agent_jitter_us(a, 2 * a->resend_ms);
}

static void resend_if_due(struct mote_agent *a)
{
    uint64_t now = agent_net(a);
    bool gap = a->gap_at_us && now >= a->gap_at_us;
    if (!a->spool.in_flight) {
        a->gap_at_us = 0;
        return;
    }
    if (!gap && now < a->resend_at_us) {
        return;
    }
    agent_log_num(a, gap ? "blocks were lost: sending again" : "no acknowledgement: sending again",
                  a->spool.in_flight);
    mote_spool_rewind(&a->spool);
    a->gap_at_us = 0;
    if (!gap) {
        a->resend_ms = a->resend_ms > RESEND_MAX_MS / 2 ? RESEND_MAX_MS : 2 * a->resend_ms;
    }
}

static int send_one(struct mote_agent *a)
{
    struct mote_spool_item item;
    int status = mote_spool_next(&a->spool, agent_now(a), &item, a->block, sizeof(a->block));
    if (status) {
        return status;
    }
    char topic[MOTE_TOPIC_MAX];
    status = agent_topic(a, topic, MOTE_LEAF_DATA, item.stream);
    if (status >= 0) {
        status = mote_link_publish(&a->link, topic, a->block, item.len, 1, false, NULL);
    }
    if (status) {
        agent_log_why(a, "cannot send a block", mote_status_text(status));
        mote_spool_rewind(&a->spool);
    }
    return status;
}

// Returns whether more could be sent at once.
bool agent_send(struct mote_agent *a)
{
    if (!mote_link_is_up(&a->link)) {
        return false;
    }
    resend_if_due(a);
    uint32_t limit = agent_or(a->config.in_flight, 64);
    for (int i = 0; i < 8; i++) {
        if (a->spool.in_flight >= limit ||
            !mote_link_has_room(&a->link, MOTE_BLOCK_MAX + MOTE_TOPIC_MAX, 1)) {
            return false;
        }
        bool first = a->spool.in_flight == 0;
        if (send_one(a) != MOTE_OK) {
            return false;
        }
        if (first) {
            restart_timer(a);
        }
    }
    return true;
}

void agent_on_ack(struct mote_agent *a, const uint8_t *p, size_t len)
{
    int count = mote_acks_decode(a->acks, MOTE_AGENT_ACKS, p, len);
    if (count < 0) {
        agent_log_why(a, "acknowledgement not understood", mote_status_text(count));
        return;
    }
    int freed = 0;
    bool gap = false;
    for (int i = 0; i < count; i++) {
        gap |= a->acks[i].range_count > 0;
        int n = mote_spool_ack(&a->spool, &a->acks[i]);
        if (n < 0) {
            agent_log_why(a, "cannot free acknowledged blocks", mote_status_text(n));
        } else {
            freed += n;
        }
    }
    if (gap && !a->gap_at_us) {
        a->gap_at_us = agent_net(a) + GAP_US;
    }
    if (freed) {
        a->resend_ms = agent_or(a->config.resend_ms, 5000);
        restart_timer(a);
    }
}
