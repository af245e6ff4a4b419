// Acknowledgements to devices: when one is due, what it says (from the store's rows, inside the
// transaction that they are part of), and its publication once that transaction is committed.
#ifndef COLL_ACK_H
#define COLL_ACK_H

struct coll_fleet;
struct coll_mqtt;
struct store;
struct err;

#define COLL_ACK_BLOCKS 64         // a device that sent as many gets one at the next commit
#define COLL_ACK_AGE_US 250000     // and one that waits as long
#define COLL_ACK_QUIET_US 1000     // and one whose burst ended as long ago
#define COLL_ACK_BUSY_US                                                                           \
    20000 // as long while more waits than can be stored: then bursts are mixed with each other

struct coll_acks; // encoded, not yet published

struct coll_acks *coll_acks_new(void);
void coll_acks_free(struct coll_acks *a); // accepts NULL
// Whether any is due at that time; *wait_us: how long until one will be (INT64_MAX: none is owed).
bool coll_acks_due(struct coll_fleet *f, int64_t now_us, bool busy, int64_t *wait_us);
// Encodes those that are due from what the store's transaction sees and settles them. all: due or not.
int coll_acks_make(struct coll_acks *a, struct coll_fleet *f, struct store *s, int64_t now_us,
                   bool busy, bool all, struct err *e) MUST_CHECK;
// After the commit: publishes, and empties a. What cannot be sent is forgotten: the device asks again.
void coll_acks_publish(struct coll_acks *a, struct coll_mqtt *m);
// After a rollback: forgets them.
void coll_acks_drop(struct coll_acks *a);

#endif
