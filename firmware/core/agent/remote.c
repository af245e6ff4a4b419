// A run of the model in use on tensors that come over the network (P/d/DEV/split/in): what it took,
// and the first operator whose bytes differ from the sender's.
//
// Parts go straight into the model's input tensors, which is free memory between two of the
// device's own windows; those wait meanwhile. Every operator's output is checked as soon as it is
// there, because memory is used again. Streaming state starts anew, before and after.
#include "firmware/core/agent/agent_priv.h"
#include "firmware/core/flash/mote_flash.h"

#define WAIT_US 10000000u // network time: parts that do not follow are given up

bool agent_remote_runs(const struct mote_agent *a)
{
    return a->remote.id != 0 && agent_net(a) - a->remote.since_us < WAIT_US;
}

static void end(struct mote_agent *a, uint64_t command, int status, const char *text)
{
    a->remote.done = command;
    a->remote.id = 0;
    a->infer.fill = 0; // the window has a gap
    agent_reply(a, command, status, text);
}

struct run {
    struct mote_nn *nn;
    struct mote_agent *a;
    const uint8_t *check;
    size_t checks;
    uint64_t us;
    int status;
    int32_t differs; // operator, -1: none
    uint32_t last;   // CRC-32 of the last operator's output
};

static void run_all(void *arg)
{
    struct run *r = arg;
    r->status = mote_nn_reset(r->nn);
    for (size_t i = 0; i < r->checks && r->status == MOTE_OK; i++) {
        struct mote_nn_tensor t;
        int32_t index;
        uint64_t before = agent_net(r->a);
        r->status = mote_nn_step(r->nn, i);
        r->us += agent_net(r->a) - before;
        if (r->status == MOTE_OK && mote_nn_op_output(r->nn, i, &t, &index) == MOTE_OK) {
            r->last = mote_crc32(0, t.data, t.bytes);
            if (r->differs < 0 && r->last != mote_get32(r->check + 4 * i)) {
                r->differs = (int32_t)i;
            }
        }
    }
    if (r->status == MOTE_OK) {
        r->status = mote_nn_reset(r->nn);
    }
}

static void run(struct mote_agent *a, const struct mote_tensors *t)
{
    struct run r = {.nn = &a->infer.pipe.nn,
                    .a = a,
                    .check = t->checks,
                    .checks = t->checks_len / 4,
                    .differs = -1};
    char text[MOTE_AGENT_TEXT];
    struct agent_text line;
    struct mote_nn_space space;
    uint32_t stack = 0;
    if (r.checks != mote_nn_op_count(r.nn)) {
        end(a, t->id, MOTE_E_MISMATCH, "the model has another number of operators");
        return;
    }
    if (a->config.measure_stack) {
        stack = a->config.measure_stack(a->config.measure_ctx, run_all, &r);
    } else {
        run_all(&r);
    }
    int status =
        mote_nn_space_in(a->infer.file.map, a->infer.file.size, a->config.ops, 0, a->block,
                         sizeof(a->block), &space, NULL); // not the arena: the model stands there
    agent_text_init(&line, text, sizeof(text));
    agent_text_put(&line, "us ");
    agent_text_num(&line, r.us);
    agent_text_put(&line, " arena ");
    agent_text_num(&line, status == MOTE_OK ? space.arena : 0);
    agent_text_put(&line, " stack ");
    agent_text_num(&line, stack);
    agent_text_put(&line, " operators ");
    agent_text_num(&line, r.checks);
    agent_text_put(&line, " differs ");
    if (r.differs < 0) {
        agent_text_put(&line, "none");
    } else {
        agent_text_num(&line, (uint64_t)r.differs);
    }
    agent_text_put(&line, " last ");
    agent_text_num(&line, r.last);
    end(a, t->id, r.status, text);
}

// Puts bytes behind each other into the input tensors; false where they do not fit.
static bool put(struct mote_agent *a, uint32_t at, const uint8_t *data, size_t len, uint32_t *total)
{
    *total = 0;
    for (size_t i = 0; i < mote_nn_input_count(&a->infer.pipe.nn); i++) {
        struct mote_nn_tensor in;
        if (mote_nn_input(&a->infer.pipe.nn, i, &in) != MOTE_OK) {
            return false;
        }
        size_t from = at > *total ? at - *total : 0;
        if (len > 0 && from < in.bytes) {
            size_t n = len < in.bytes - from ? len : in.bytes - from;
            memcpy((uint8_t *)in.data + from, data, n);
            data += n;
            at += (uint32_t)n;
            len -= n;
        }
        *total += (uint32_t)in.bytes;
    }
    return len == 0;
}

void agent_on_tensors(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_tensors t;
    uint32_t total;
    int status = mote_tensors_decode(&t, p, len);
    if (status) {
        agent_log_why(a, "tensors not understood", mote_status_text(status));
        return;
    }
    if (t.id == a->remote.done) { // a part that came again
        return;
    }
    if (!a->infer.open) {
        end(a, t.id, MOTE_E_NOT_FOUND, "this device runs no model");
        return;
    }
    if (memcmp(t.model, a->infer.file.digest, sizeof(t.model)) != 0) {
        end(a, t.id, MOTE_E_MISMATCH, "this device runs another model");
        return;
    }
    if (t.at == 0 && t.id != a->remote.id) {
        a->remote.id = t.id;
        a->remote.got = 0;
    }
    if (t.id != a->remote.id || t.at > a->remote.got) {
        end(a, t.id, MOTE_E_STATE, "parts of the input did not come");
        return;
    }
    a->remote.since_us = agent_net(a);
    bool again = t.at < a->remote.got && t.len > 0;
    if (!put(a, t.at, t.data, again ? 0 : t.len, &total) || total != t.total) {
        end(a, t.id, MOTE_E_MISMATCH, "the model's input has another size");
        return;
    }
    a->remote.got += again ? 0 : (uint32_t)t.len;
    if (t.checks && a->remote.got == total) {
        run(a, &t);
    }
}
