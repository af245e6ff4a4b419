// See coll_outbox.h.
#include "collector/coll_outbox.h"

#include "collector/coll_mqtt.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/store/store_outbox.h"

struct poll_ctx {
    struct coll_outbox *o;
    struct coll_mqtt *m;
    int status; // why the walk stopped
};

static bool in_flight(const struct coll_outbox *o, int64_t msg_id)
{
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT; i++) {
        if (o->flight[i].msg_id == msg_id) {
            return true;
        }
    }
    return false;
}

static void remember(struct coll_outbox *o, int64_t msg_id, int mid, bool acked)
{
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT; i++) {
        if (o->flight[i].msg_id == 0) {
            o->flight[i].msg_id = msg_id;
            o->flight[i].mid = mid;
            o->flight[i].acked = acked;
            o->count++;
            return;
        }
    }
}

static int publish_one(void *ctx, const struct store_outbox_msg *msg)
{
    struct poll_ctx *c = ctx;
    int mid = 0;
    if (in_flight(c->o, msg->msg_id)) {
        return 0;
    }
    if (c->o->count >= COLL_OUTBOX_INFLIGHT) {
        return 1;
    }
    int rc = coll_mqtt_publish(c->m, msg->topic, msg->payload, msg->len, 1, msg->retain, &mid);
    if (rc == E_LIMIT) {
        // It would never go; leaving it would block nothing, but be tried for ever.
        log_error("outbox message %lld on '%s' is too large for the broker: left out",
                  (long long)msg->msg_id, msg->topic);
        remember(c->o, msg->msg_id, 0, true);
        return 0;
    }
    if (rc) {
        c->status = rc;
        return 1;
    }
    remember(c->o, msg->msg_id, mid, false);
    return 0;
}

int coll_outbox_poll(struct coll_outbox *o, struct store *s, struct coll_mqtt *m, struct err *e)
{
    int64_t version = store_data_version(s);
    if ((version == o->version && !o->look) || o->count >= COLL_OUTBOX_INFLIGHT) {
        return OK;
    }
    struct poll_ctx c = {.o = o, .m = m};
    int rc = store_outbox_pending(s, 0, 2 * COLL_OUTBOX_INFLIGHT, publish_one, &c, e);
    if (rc < 0) {
        return rc;
    }
    o->version = version;
    o->look = rc > 0 || c.status; // there is more, or there is no connection
    return OK;
}

void coll_outbox_acked(struct coll_outbox *o, int mid)
{
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT; i++) {
        if (o->flight[i].msg_id && o->flight[i].mid == mid) {
            o->flight[i].acked = true;
            return;
        }
    }
}

void coll_outbox_lost(struct coll_outbox *o)
{
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT; i++) {
        if (o->flight[i].msg_id && !o->flight[i].acked) {
            o->flight[i].msg_id = 0;
            o->count--;
        }
    }
    o->look = true;
}

void coll_outbox_connected(struct coll_outbox *o, int64_t now_us)
{
    o->mark_until_us = now_us + COLL_MARK_WAIT_US;
    o->connected_ms = clock_wall_ms();
    o->look = true;
}

int coll_outbox_compare(struct coll_outbox *o, struct store *s, const char *mark, size_t len,
                        int64_t now_us, struct err *e)
{
    char text[24];
    int64_t number = 0, count = 0;
    if (o->mark_until_us == 0 || (!mark && now_us < o->mark_until_us)) {
        return OK; // our own mark comes back as well; only the first after a connection counts
    }
    snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1),
             mark ? mark : "");
    if (mark && parse_i64(text, 0, INT64_MAX, &number)) {
        number = 0;
    }
    o->mark_until_us = 0;
    o->marked = number;
    int rc = store_outbox_resend_after(s, number, o->connected_ms, &count, e);
    if (!rc && count > 0) {
        log_warn("the broker lost retained messages: %lld are sent again", (long long)count);
        o->look = true;
    }
    return rc;
}

void coll_outbox_mark(struct coll_outbox *o, struct coll_mqtt *m)
{
    char text[24];
    if (o->count > 0 || o->taken <= o->marked || o->mark_until_us) {
        return;
    }
    int len = snprintf(text, sizeof text, "%lld", (long long)o->taken);
    if (coll_mqtt_publish(m, COLL_MARK_TOPIC, text, (size_t)len, 1, true, NULL) == OK) {
        o->marked = o->taken;
    }
}

int coll_outbox_settle(struct coll_outbox *o, struct store *s, struct err *e)
{
    size_t acked = 0;
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT; i++) {
        acked += o->flight[i].msg_id && o->flight[i].acked;
    }
    if (acked == 0) {
        return OK;
    }
    int rc = store_begin(s, e);
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT && !rc; i++) {
        if (o->flight[i].msg_id && o->flight[i].acked) {
            rc = store_outbox_sent(s, o->flight[i].msg_id, e);
        }
    }
    if (rc) {
        store_rollback(s);
        return rc;
    }
    rc = store_commit(s, e);
    for (size_t i = 0; i < COLL_OUTBOX_INFLIGHT && !rc; i++) {
        if (o->flight[i].msg_id && o->flight[i].acked) {
            o->taken = o->flight[i].msg_id > o->taken ? o->flight[i].msg_id : o->taken;
            o->flight[i].msg_id = 0;
            o->count--;
            o->look = true;
        }
    }
    return rc;
}
