// What the collector remembers of devices between messages: row numbers of their sessions and streams,
// and which of them wait for an acknowledgement. A cache: everything here can be forgotten at any time
// (and is, when a transaction is undone), because the store has it.
#ifndef COLL_FLEET_H
#define COLL_FLEET_H

#include "collector/coll_clock.h"
#include "firmware/core/wire/mote_wire.h"

struct store;
struct err;

#define COLL_SESSIONS_KEPT 4 // sessions of a device that are remembered at a time

struct coll_session {
    uint8_t uid[MOTE_SESSION_LEN];
    int64_t session_id; // 0: empty
    uint64_t used;
};
struct coll_stream {
    char name[MOTE_NAME_MAX + 1];
    int64_t stream_id;
    // as it was last put
    uint8_t type, channels;
    bool shaped; // type and the rest are known
    float scale;
};
struct coll_pending { // a session's stream that got blocks since its last acknowledgement
    uint8_t uid[MOTE_SESSION_LEN];
    int64_t session_id, stream_id;
    char name[MOTE_NAME_MAX + 1];
};
struct coll_device {
    struct coll_device *next;    // of the same hash
    struct coll_device *waiting; // of the list of those with pending acknowledgements
    bool is_waiting;
    char id[MOTE_DEVICE_MAX + 1];
    struct coll_session session[COLL_SESSIONS_KEPT];
    struct coll_stream *stream;
    size_t streams;
    struct coll_pending *pending;
    size_t pendings;
    uint32_t blocks;             // since its last acknowledgement
    int64_t first_us, last_us;   // arrival of the first and last of them
    int64_t seen_ms;             // last time its row was told of data
    double tokens;               // blocks that it may send at once
    int64_t filled_us;           // when that was so; 0: never
    struct coll_clock clock;
};

struct coll_fleet;
struct coll_fleet *coll_fleet_new(size_t max_devices);
void coll_fleet_free(struct coll_fleet *f); // accepts NULL
// Forgets row numbers and pending acknowledgements; keeps nothing that a transaction may have undone.
void coll_fleet_forget(struct coll_fleet *f);
// Finds or makes. NULL with e filled: too many devices, or no memory.
struct coll_device *coll_fleet_device(struct coll_fleet *f, const char *id, struct err *e);
// The row of a block's session, added to the store where it is new.
int coll_fleet_session(struct coll_fleet *f, struct coll_device *d, struct store *s,
                       const uint8_t uid[MOTE_SESSION_LEN], int64_t device_us, bool simulated,
                       int64_t *session_id, struct err *e) MUST_CHECK;
// The row of a stream; b gives its shape where it is a block of samples. E_LIMIT where the device has max_streams others.
int coll_fleet_stream(struct coll_device *d, struct store *s, const char *name,
                      const struct mote_block *b, size_t max_streams, int64_t *stream_id,
                      struct err *e) MUST_CHECK;
// Takes one from the device's bucket, which holds a minute's blocks and fills at per_second (0: no ceiling). false: empty.
bool coll_fleet_spend(struct coll_device *d, int64_t per_second, int64_t now_us);
// Notes that an acknowledgement is owed.
int coll_fleet_owe(struct coll_fleet *f, struct coll_device *d, const uint8_t uid[MOTE_SESSION_LEN],
                   int64_t session_id, int64_t stream_id, const char *name,
                   int64_t arrived_us) MUST_CHECK;
// The first of those that are owed one; follow ->waiting.
struct coll_device *coll_fleet_waiting(struct coll_fleet *f);
// Takes those for which done() says true off the list, with what is pending.
void coll_fleet_settle(struct coll_fleet *f, bool (*done)(void *ctx, const struct coll_device *d),
                       void *ctx);
// Calls fn with every device until it returns other than 0.
void coll_fleet_each(struct coll_fleet *f, int (*fn)(void *ctx, struct coll_device *d), void *ctx);
size_t coll_fleet_count(const struct coll_fleet *f);

#endif
