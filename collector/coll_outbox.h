// Publishes what other programs put into the store's outbox, and notes what the broker took.
//
// A broker that is killed loses what it had not saved, retained messages among it. So the number of the
// last message that it took lies there as a retained message itself (P/server/outbox): where the broker
// comes back with an older number, or with none, the retained messages behind that number are sent again.
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
    int64_t taken;   // highest id that the broker took since this collector started
    int64_t marked;  // the number that lies at the broker
    int64_t connected_ms;
    int64_t mark_until_us; // when a mark that does not come is taken for lost; 0: it came
    int64_t version; // of the store when it was last read
    bool look;       // read it whatever the version
};

// A zeroed struct is ready but for look, which should be true.
// Publishes new messages where the store changed since the last call.
int coll_outbox_poll(struct coll_outbox *o, struct store *s, struct coll_mqtt *m,
                     struct err *e) MUST_CHECK;
// The broker took message mid.
void coll_outbox_acked(struct coll_outbox *o, int mid);
// The connection is gone: what was in flight is published again after the next one.
void coll_outbox_lost(struct coll_outbox *o);
// A connection was made: its mark is awaited.
void coll_outbox_connected(struct coll_outbox *o, int64_t now_us);
// The mark came (text of len bytes), or should have come by now (NULL). Does nothing before its time.
int coll_outbox_compare(struct coll_outbox *o, struct store *s, const char *mark, size_t len,
                        int64_t now_us, struct err *e) MUST_CHECK;
#define COLL_MARK_TOPIC "server/outbox"
#define COLL_MARK_WAIT_US 3000000
// Marks what the broker took as sent, in one transaction.
int coll_outbox_settle(struct coll_outbox *o, struct store *s, struct err *e) MUST_CHECK;
// Leaves the number of the last message at the broker, once nothing is in flight.
void coll_outbox_mark(struct coll_outbox *o, struct coll_mqtt *m);

#endif
