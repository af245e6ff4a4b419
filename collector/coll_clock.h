// Asks devices that are online for their time, and keeps what the answers say as versioned mappings (common/clock_map.h).
// The question is a command that is never stored; the answer comes unspooled on live/reply.
#ifndef COLL_CLOCK_H
#define COLL_CLOCK_H

struct coll_device;
struct coll_fleet;
struct coll_item;
struct coll_mqtt;
struct store;
struct err;

#define COLL_CLOCK_BURST 4             // exchanges to a measurement; the quickest counts
#define COLL_CLOCK_FIRST_US 2000000    // between measurements, doubling
#define COLL_CLOCK_MAX_US 600000000
#define COLL_CLOCK_LOST_US 1000000     // an answer that takes longer says too little
#define COLL_CLOCK_TIME_MAX ((uint64_t)1 << 62) // of device times

struct coll_clock { // of a device; zeroed: offline
    bool online;
    uint8_t left;            // exchanges of this burst
    int64_t due_us, pause_us; // monotonic: next exchange; between bursts
    uint64_t id;             // of the question that is open, 0: none
    int64_t sent_us, sent_wall_us;
    int64_t best_rtt_us, best_device_us, best_server_us; // of this burst; best_rtt_us 0: none yet
    uint8_t uid[12];         // session that best is of
};

// The device said that it is (or is not) there.
void coll_clock_presence(struct coll_clock *k, bool online, int64_t now_us);
// Sends the questions that are due.
void coll_clock_ask(struct coll_fleet *f, struct coll_mqtt *m, int64_t now_us);
// An answer on live/reply of that device. E_FORMAT where it is none; OK where it is nobody's any more.
int coll_clock_answer(struct coll_fleet *f, struct store *s, const char *prefix,
                      const struct coll_item *item, struct err *e) MUST_CHECK;

#endif
