// See coll_clock.h.
#include "collector/coll_clock.h"

#include <time.h>

#include "collector/coll_fleet.h"
#include "collector/coll_mqtt.h"
#include "collector/coll_queue.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_clock.h"

#define BURST_PAUSE_US 100000
#define ASKED_AT_ONCE 64

static int64_t wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void coll_clock_presence(struct coll_clock *k, bool online, int64_t now_us)
{
    *k = (struct coll_clock){.online = online,
                             .left = COLL_CLOCK_BURST,
                             .due_us = now_us,
                             .pause_us = COLL_CLOCK_FIRST_US};
}

struct asking {
    struct coll_mqtt *mqtt;
    int64_t now_us;
    int asked;
};

static int ask_one(void *ctx, struct coll_device *d)
{
    struct asking *a = ctx;
    struct coll_clock *k = &d->clock;
    uint8_t bytes[64];
    char topic[64];
    if (!k->online || a->now_us < k->due_us) {
        return 0;
    }
    // Ids differ from those of commands that have rows, and from each other.
    struct mote_cmd c = {.id = (uint64_t)1 << 61 |
                               ((uint64_t)a->now_us << 8 & (((uint64_t)1 << 60) - 1)) |
                               (uint64_t)(a->asked & 255),
                         .kind = MOTE_CMD_TIME};
    int n = mote_cmd_encode(bytes, sizeof(bytes), &c);
    snprintf(topic, sizeof(topic), "d/%s/cmd", d->id);
    k->sent_us = clock_mono_us();
    k->sent_wall_us = wall_us();
    k->id = c.id;
    k->due_us = a->now_us + COLL_CLOCK_LOST_US; // where no answer comes
    if (n < 0 || coll_mqtt_publish(a->mqtt, topic, bytes, (size_t)n, 0, false, NULL)) {
        k->id = 0; // no connection: later
    }
    return ++a->asked >= ASKED_AT_ONCE;
}

void coll_clock_ask(struct coll_fleet *f, struct coll_mqtt *m, int64_t now_us)
{
    struct asking a = {.mqtt = m, .now_us = now_us};
    coll_fleet_each(f, ask_one, &a);
}

static int keep(struct coll_fleet *f, struct coll_device *d, struct store *s, bool simulated,
                struct err *e)
{
    struct coll_clock *k = &d->clock;
    struct clock_measure m = {k->best_device_us, k->best_server_us, k->best_rtt_us / 2 + 1};
    struct clock_map known[2], next;
    int64_t session_id;
    int rc = coll_fleet_session(f, d, s, k->uid, m.device_us, simulated, &session_id, e);
    int n = rc ? rc : store_clock_last(s, session_id, known, e);
    if (n < 0) {
        return n;
    }
    bool more = clock_map_step(n > 0 ? &known[0] : NULL, n > 1 ? &known[1] : NULL, &m, &next);
    return more ? store_clock_add(s, session_id, &next, e) : OK;
}

static int take(struct coll_fleet *f, struct coll_device *d, struct store *s,
                const struct mote_block *b, int64_t arrived_us, struct err *e)
{
    struct coll_clock *k = &d->clock;
    int64_t rtt = arrived_us - k->sent_us;
    bool first = k->best_rtt_us == 0 || memcmp(k->uid, b->session, sizeof(k->uid)) != 0;
    k->id = 0;
    if (rtt < COLL_CLOCK_LOST_US && (first || rtt < k->best_rtt_us)) {
        k->best_rtt_us = rtt > 0 ? rtt : 1;
        k->best_device_us = (int64_t)(b->t_us & INT64_MAX);
        k->best_server_us = k->sent_wall_us + rtt / 2;
        memcpy(k->uid, b->session, sizeof(k->uid));
    }
    k->due_us = arrived_us + BURST_PAUSE_US;
    if (k->left > 1) {
        k->left--;
        return OK;
    }
    int rc = k->best_rtt_us ? keep(f, d, s, b->flags & MOTE_BLOCK_SIMULATED, e) : OK;
    k->left = COLL_CLOCK_BURST;
    k->best_rtt_us = 0;
    k->due_us = arrived_us + k->pause_us;
    k->pause_us = k->pause_us < COLL_CLOCK_MAX_US / 2 ? 2 * k->pause_us : COLL_CLOCK_MAX_US;
    return rc;
}

int coll_clock_answer(struct coll_fleet *f, struct store *s, const char *prefix,
                      const struct coll_item *item, struct err *e)
{
    struct mote_topic t;
    struct mote_block b;
    struct mote_reply r;
    bool sound =
        mote_topic_parse(&t, prefix, item->topic, item->topic_len) == MOTE_OK &&
        mote_block_decode(&b, item->payload, item->len) == MOTE_OK && b.kind == MOTE_BLOCK_REPLY &&
        mote_reply_decode(&r, b.data, b.data_len) == MOTE_OK && b.t_us < COLL_CLOCK_TIME_MAX;
    if (!sound) {
        return err_set(e, E_FORMAT, "not an answer to a question for the time");
    }
    struct coll_device *d = coll_fleet_device(f, t.device, e);
    if (!d) {
        return e->code;
    }
    return d->clock.id && d->clock.id == r.command ? take(f, d, s, &b, item->arrived_us, e) : OK;
}
