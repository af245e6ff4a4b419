// See coll_ack.h.
#include "collector/coll_ack.h"

#include "collector/coll_fleet.h"
#include "collector/coll_mqtt.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/store/store_sample.h"

#define ENTRIES 16 // streams in one message
#define MESSAGE_MAX 4096

// Messages lie behind each other in bytes: device id, its NUL, length (4 bytes), payload.
struct coll_acks {
    struct buf bytes;
};

struct coll_acks *coll_acks_new(void)
{
    return calloc(1, sizeof(struct coll_acks));
}

void coll_acks_free(struct coll_acks *a)
{
    if (a) {
        buf_release(&a->bytes);
        free(a);
    }
}

static int64_t due_at(const struct coll_device *d, bool busy)
{
    if (d->blocks >= COLL_ACK_BLOCKS) {
        return 0;
    }
    int64_t by_age = d->first_us + COLL_ACK_AGE_US,
            by_quiet = d->last_us + (busy ? COLL_ACK_BUSY_US : COLL_ACK_QUIET_US);
    return by_age < by_quiet ? by_age : by_quiet;
}

bool coll_acks_due(struct coll_fleet *f, int64_t now_us, bool busy, int64_t *wait_us)
{
    *wait_us = INT64_MAX;
    for (struct coll_device *d = coll_fleet_waiting(f); d; d = d->waiting) {
        int64_t left = due_at(d, busy) - now_us;
        if (left <= 0) {
            *wait_us = 0;
            return true;
        }
        *wait_us = left < *wait_us ? left : *wait_us;
    }
    return false;
}

static int add_message(struct coll_acks *a, const char *device, const struct mote_ack *acks,
                       size_t count, struct err *e)
{
    uint8_t bytes[MESSAGE_MAX], len4[4];
    int len = mote_acks_encode(bytes, sizeof bytes, acks, count);
    if (len < 0) {
        return err_set(e, E_LIMIT, "cannot encode an acknowledgement for '%s': %s", device,
                       mote_status_text(len));
    }
    mote_put32(len4, (uint32_t)len);
    size_t before = a->bytes.len;
    if (buf_put(&a->bytes, device, strlen(device) + 1) || buf_put(&a->bytes, len4, 4) ||
        buf_put(&a->bytes, bytes, (size_t)len)) {
        a->bytes.len = before;
        return err_set(e, E_MEM, "out of memory");
    }
    return OK;
}

static int fill_entry(struct mote_ack *ack, const struct coll_pending *p, struct store *s,
                      struct err *e)
{
    int64_t next, ranges[MOTE_ACK_RANGES][2];
    int count = store_block_ack(s, p->session_id, p->stream_id, &next, ranges, MOTE_ACK_RANGES, e);
    if (count < 0) {
        return count;
    }
    *ack = (struct mote_ack){.stream = {p->name, strlen(p->name)},
                             .next = (uint64_t)next,
                             .range_count = (uint8_t)count};
    memcpy(ack->session, p->uid, MOTE_SESSION_LEN);
    for (int i = 0; i < count; i++) {
        ack->range[i] = (struct mote_ack_range){(uint64_t)ranges[i][0], (uint64_t)ranges[i][1]};
    }
    return OK;
}

static int make_device(struct coll_acks *a, const struct coll_device *d, struct store *s,
                       struct err *e)
{
    struct mote_ack entry[ENTRIES];
    size_t count = 0;
    for (size_t i = 0; i < d->pendings; i++) {
        int rc = fill_entry(&entry[count++], &d->pending[i], s, e);
        if (!rc && (count == ENTRIES || i + 1 == d->pendings)) {
            rc = add_message(a, d->id, entry, count, e);
            count = 0;
        }
        if (rc) {
            return rc;
        }
    }
    return OK;
}

struct settle_ctx {
    int64_t now_us;
    bool busy, all;
};

static bool is_due(void *ctx, const struct coll_device *d)
{
    const struct settle_ctx *c = ctx;
    return c->all || due_at(d, c->busy) <= c->now_us;
}

int coll_acks_make(struct coll_acks *a, struct coll_fleet *f, struct store *s, int64_t now_us,
                   bool busy, bool all, struct err *e)
{
    struct settle_ctx c = {now_us, busy, all};
    for (const struct coll_device *d = coll_fleet_waiting(f); d; d = d->waiting) {
        int rc = is_due(&c, d) ? make_device(a, d, s, e) : OK;
        if (rc) {
            return rc;
        }
    }
    coll_fleet_settle(f, is_due, &c);
    return OK;
}

void coll_acks_publish(struct coll_acks *a, struct coll_mqtt *m)
{
    size_t at = 0;
    while (at < a->bytes.len) {
        const char *device = a->bytes.data + at;
        at += strlen(device) + 1;
        uint32_t len = mote_get32((const uint8_t *)a->bytes.data + at);
        char topic[64];
        snprintf(topic, sizeof topic, "d/%s/ack", device);
        if (coll_mqtt_publish(m, topic, a->bytes.data + at + 4, len, 0, false, NULL)) {
            break; // without a connection; devices will send again and be told then
        }
        at += 4 + len;
    }
    coll_acks_drop(a);
}

void coll_acks_drop(struct coll_acks *a)
{
    buf_clear(&a->bytes);
}
