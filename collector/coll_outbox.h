// Publishes what other programs put into the store's outbox, and notes what the broker took.
#ifndef COLL_OUTBOX_H
#define COLL_OUTBOX_H

struct coll_mqtt;
struct store;
struct err;

#define COLL_OUTBOX_INFLIGHT 256 // messages that wait for the broker's PUBACK

struct coll_outbox {
    struct {
        int64_t msg_id; // 0: free
        int mid;
        bool acked;
    } flight[COLL_OUTBOX_INFLIGHT];
    size_t count;
    int64_t version; // of the store when it was last read
    bool look;       // read it whatever the version
};

// A zeroed struct is ready but for look, which should be true.
// Publishes new messages where the store changed since the last call.
int coll_outbox_poll(struct coll_outbox *o, struct store *s, struct coll_mqtt *m, struct err *e) MUST_CHECK;
// The broker took message mid.
void coll_outbox_acked(struct coll_outbox *o, int mid);
// The connection is gone: what was in flight is published again after the next one.
void coll_outbox_lost(struct coll_outbox *o);
// Marks what the broker took as sent, in one transaction.
int coll_outbox_settle(struct coll_outbox *o, struct store *s, struct err *e) MUST_CHECK;

#endif
