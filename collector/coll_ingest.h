// One message from a device to rows of the store, inside the caller's transaction.
#ifndef COLL_INGEST_H
#define COLL_INGEST_H

#include "firmware/core/wire/mote_wire.h"

struct coll_fleet;
struct coll_muster;
struct coll_watch;
struct coll_item;
struct store;
struct err;

struct coll_counts {
    int64_t blocks, repeats, conflicts; // stored
    int64_t refused;                    // messages that were not what they should be
    int64_t over_rate; // blocks of devices that sent too many: neither stored nor acknowledged
    int64_t bytes;
};

struct coll_ingest {
    struct store *store;
    struct coll_fleet *fleet;
    const char *prefix;
    char folder[1024]; // for files that are decoded; coll_foreign_start fills this and the next
    char hmac[257];            // key of Edge Impulse's signatures; "": they are not looked at
    size_t max_message, max_streams;
    int64_t max_rate;          // blocks a second of a device, over a minute; 0: any
    struct coll_muster *muster;
    struct coll_watch *watch;
    struct coll_counts counts;
    char last_error[256]; // the last refusal, for the collector's row
    bool config_stale;    // a recording may be over: retained configurations are to be looked at
};

// OK: stored, or counted as refused with e saying why (e->code is set then). Negative: the store failed
// (E_FULL, E_BUSY, E_IO): the transaction must be undone; devices will send their blocks again.
int coll_ingest_message(struct coll_ingest *in, const struct coll_item *item,
                        struct err *e) MUST_CHECK;

// coll_state.c: hello, status and reported. A negative wire status means refused.
int coll_state_hello(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                     size_t len, struct err *e) MUST_CHECK;
int coll_state_status(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                      size_t len, struct err *e) MUST_CHECK;
int coll_state_reported(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                        size_t len, struct err *e) MUST_CHECK;

// coll_body.c: what a new block of another kind than samples says: events, health, replies.
int coll_body_put(struct coll_ingest *in, const char *device, int64_t session_id,
                  const struct mote_block *b, struct err *e) MUST_CHECK;
// As above for a block that was stored before: only what may have been lost between the two files.
int coll_body_repeat(struct coll_ingest *in, const char *device, int64_t session_id,
                     const struct mote_block *b, struct err *e) MUST_CHECK;
// A record of drops.
int coll_body_dropped(struct coll_ingest *in, int64_t session_id, int64_t stream_id,
                      const struct mote_block *b, struct err *e) MUST_CHECK;

#define COLL_NUMBER_MAX                                                                            \
    ((uint64_t)1 << 62) // of sequence numbers and times, so that sums stay in range

// A wire status as a refusal: E_FORMAT with the word behind what.
int coll_refuse(struct err *e, const char *what, int mote_status);
// Streams of events, health and replies.
bool coll_is_reserved(const char *stream);
// Whether a status means that the message is at fault, and not the store.
bool coll_is_refusal(int status);

#endif
