// Commands and their answers. Every command is answered once by a block of the stream "reply": when
// it is refused, when it has begun (CLASSIFY, REBOOT, SEND_HELLO), or when it is done (RECORD); but
// for LIVE and TIME, whose answer is what they ask for.
#include "firmware/core/agent/agent_priv.h"

#define RECORD_MAX_MS (3600u * 1000u)

void agent_answer(struct mote_agent *a, const struct mote_reply *r)
{
    int n = mote_reply_encode(agent_body(a), AGENT_BODY_MAX, r);
    if (n < 0) {
        agent_log_why(a, "cannot encode a reply", mote_status_text(n));
        return;
    }
    struct mote_block b = {.kind = MOTE_BLOCK_REPLY,
                           .t_us = agent_now(a),
                           .data = agent_body(a),
                           .data_len = (size_t)n};
    (void)agent_append(a, MOTE_SPOOL_KEEP, AGENT_REPLY, &a->reply_seq, &b); // it logs what fails
}

void agent_reply(struct mote_agent *a, uint64_t command, int status, const char *text)
{
    agent_answer(
        a, &(struct mote_reply){.command = command, .status = status, .text = agent_str(text)});
}

int agent_record_asked(struct mote_agent *a, const struct mote_asked *r, bool asked,
                       const char **why)
{
    uint32_t streams = 0;
    if (r->stream.len) {
        int i = agent_find_stream(a, r->stream);
        if (i < 0) {
            *why = "no such stream to record";
            return MOTE_E_NOT_FOUND;
        }
        streams = 1u << i;
    }
    if (r->duration_ms == 0 || r->duration_ms > RECORD_MAX_MS) {
        *why = "a recording lasts from 1 ms to an hour";
        return MOTE_E_LIMIT;
    }
    char label[MOTE_NAME_MAX + 1] = "";
    if (r->label.len > MOTE_NAME_MAX) {
        *why = "label is too long";
        return MOTE_E_LIMIT;
    }
    if (r->label.len) { // an absent one has no address
        memcpy(label, r->label.p, r->label.len);
    }
    struct mote_agent_recording entry = {.command = r->id,
                                         .expires_s = r->expires_s,
                                         .duration_us = 1000 * r->duration_ms,
                                         .streams = streams,
                                         .asked = asked};
    memcpy(entry.label, label, sizeof(label));
    int status = agent_queue(a, &entry);
    *why = status == MOTE_E_LIMIT ? "too many recordings are waiting"
                                  : "nothing there that can be recorded";
    return status;
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
    const char *why = "";
    int status = agent_record_asked(
        a,
        &(struct mote_asked){
            .id = c->id, .stream = c->stream, .label = c->label, .duration_ms = c->duration_ms},
        false, &why);
    if (status) {
        agent_reply(a, c->id, status, why);
    }
}

static void stop(struct mote_agent *a, const struct mote_cmd *c)
{
    while (a->queued > 1) { // the waiting ones first, so that none of them starts
        agent_unqueue(a, a->queued - 1, "stopped before it began");
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
    case MOTE_CMD_TIME:
        agent_live_time(a, c.id);
        break;
    case MOTE_CMD_LIVE: // said again and again while somebody watches: answered only where it
                        // cannot be
        if (!agent_live_watch(a, c.stream, c.duration_ms)) {
            agent_reply(a, c.id, MOTE_E_UNSUPPORTED, "no live view of that stream here");
        }
        break;
    default:
        agent_reply(a, c.id, MOTE_E_UNSUPPORTED, "unknown command");
        break;
    }
}
