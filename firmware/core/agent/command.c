// Commands and their answers. Every command is answered once by a block of the stream "reply": when
// it is refused, when it has begun (CLASSIFY, REBOOT, SEND_HELLO), or when it is done (RECORD).
#include "firmware/core/agent/agent_priv.h"

#define RECORD_MAX_MS (3600u * 1000u)

void agent_reply(struct mote_agent *a, uint64_t command, int status, const char *text)
{
    struct mote_reply r = {.command = command, .status = status, .text = agent_str(text)};
    int n = mote_reply_encode(a->scratch.body, sizeof(a->scratch.body), &r);
    if (n < 0) {
        agent_log_why(a, "cannot encode a reply", mote_status_text(n));
        return;
    }
    struct mote_block b = {.kind = MOTE_BLOCK_REPLY,
                           .t_us = agent_now(a),
                           .data = a->scratch.body,
                           .data_len = (size_t)n};
    (void)agent_append(a, MOTE_SPOOL_KEEP, AGENT_REPLY, &a->reply_seq, &b); // it logs what fails
}

static bool seen_before(struct mote_agent *a, uint64_t id)
{
    for (uint32_t i = 0; i < MOTE_AGENT_SEEN; i++) {
        if (a->seen[i] == id) {
            return true;
        }
    }
    a->seen[a->seen_at] = id;
    a->seen_at = (a->seen_at + 1) % MOTE_AGENT_SEEN;
    return false;
}

static void record(struct mote_agent *a, const struct mote_cmd *c)
{
    uint32_t streams = 0;
    if (c->stream.len) {
        int i = agent_find_stream(a, c->stream);
        if (i < 0) {
            agent_reply(a, c->id, MOTE_E_NOT_FOUND, "no such stream to record");
            return;
        }
        streams = 1u << i;
    }
    if (c->duration_ms == 0 || c->duration_ms > RECORD_MAX_MS) {
        agent_reply(a, c->id, MOTE_E_LIMIT, "a recording lasts from 1 ms to an hour");
        return;
    }
    char label[MOTE_NAME_MAX + 1] = "";
    if (c->label.len > MOTE_NAME_MAX) {
        agent_reply(a, c->id, MOTE_E_LIMIT, "label is too long");
        return;
    }
    memcpy(label, c->label.p, c->label.len);
    int status = mote_agent_record(a, streams, label, 1000 * c->duration_ms);
    if (status) {
        agent_reply(a, c->id, status,
                    status == MOTE_E_LIMIT ? "too many recordings are waiting"
                                           : "nothing there that can be recorded");
        return;
    }
    a->queue[a->queued - 1].command = c->id;
}

static void stop(struct mote_agent *a, const struct mote_cmd *c)
{
    while (a->queued > 1) { // the waiting ones first, so that none of them starts
        uint64_t id = a->queue[--a->queued].command;
        if (id) {
            agent_reply(a, id, MOTE_E_STATE, "stopped before it began");
        }
    }
    if (a->recording) {
        agent_end_recording(a, MOTE_OK, " stopped early");
    }
    agent_reply(a, c->id, MOTE_OK, "stopped");
}

static void classify(struct mote_agent *a, const struct mote_cmd *c)
{
    agent_classify(a, c->duration_ms, c->min_interval_ms);
    const char *text = !c->duration_ms ? "classifying ended"
                       : a->infer.open ? "classifying"
                                       : "classifying begins when there is a model";
    agent_reply(a, c->id, MOTE_OK, text);
}

void agent_on_command(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_cmd c;
    int status = mote_cmd_decode(&c, p, len);
    if (status) {
        agent_log_why(a, "command not understood", mote_status_text(status));
        return;
    }
    if (seen_before(a, c.id)) {
        agent_log_num(a, "command came again and is left out:", c.id);
        return;
    }
    uint64_t epoch = agent_epoch_s(a);
    if (c.expires_s && epoch && c.expires_s < epoch) {
        agent_reply(a, c.id, MOTE_E_TIMEOUT, "command has expired");
        return;
    }
    switch (c.kind) {
    case MOTE_CMD_RECORD:
        record(a, &c);
        break;
    case MOTE_CMD_STOP:
        stop(a, &c);
        break;
    case MOTE_CMD_CLASSIFY:
        classify(a, &c);
        break;
    case MOTE_CMD_REBOOT:
        a->reboot_wanted = a->config.reboot != NULL;
        agent_reply(a, c.id, a->reboot_wanted ? MOTE_OK : MOTE_E_UNSUPPORTED,
                    a->reboot_wanted ? "rebooting" : "this device cannot reboot by itself");
        break;
    case MOTE_CMD_SEND_HELLO:
        a->send_hello = a->send_status = a->send_reported = true;
        agent_reply(a, c.id, MOTE_OK, "hello");
        break;
    default:
        agent_reply(a, c.id, MOTE_E_UNSUPPORTED, "unknown command");
        break;
    }
}
