// A bounded queue of what the network brought, between the connection's thread and the thread that
// writes the store. When it is full the connection's thread waits, so that a slow disk slows the broker's
// socket and not memory.
#ifndef COLL_QUEUE_H
#define COLL_QUEUE_H

enum coll_item_kind { COLL_MESSAGE, COLL_SENT, COLL_CONNECTED, COLL_DISCONNECTED, COLL_SUBSCRIBED };

struct coll_item {
    struct coll_item *next;
    enum coll_item_kind kind;
    int mid;              // of COLL_SENT and COLL_SUBSCRIBED: what the broker acknowledged
    int64_t arrived_us;   // monotonic
    const char *topic;    // of COLL_MESSAGE, NUL-terminated; inside the item's memory
    const uint8_t *payload;
    size_t topic_len, len;
    bool retained;
};

struct coll_queue;

#define COLL_QUEUE_ITEMS 8192
#define COLL_QUEUE_BYTES ((size_t)16 << 20)

struct coll_queue *coll_queue_new(void); // NULL where memory is short
void coll_queue_free(struct coll_queue *q); // accepts NULL
// Copies a message in; waits while the queue is full. E_MEM, or E_STATE once it was closed.
int coll_queue_put(struct coll_queue *q, const char *topic, const void *payload, size_t len,
                   bool retained) MUST_CHECK;
// Adds a notice; never waits for room.
int coll_queue_note(struct coll_queue *q, enum coll_item_kind kind, int mid) MUST_CHECK;
// Takes what is there, at most max items, as a list; waits up to wait_us until there are `enough`, so that
// a fast stream does not wake the taker for every item. NULL: none.
struct coll_item *coll_queue_take(struct coll_queue *q, size_t max, size_t enough, int64_t wait_us);
void coll_item_free(struct coll_item *item);
// Wakes all who wait; puts are refused from now on.
void coll_queue_close(struct coll_queue *q);

#endif
