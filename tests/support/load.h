// Many devices on a few connections: a load generator that speaks MQTT 3.1.1 by itself and keeps the
// devices' half of the promise. Each device sends numbered blocks at QoS 1, at most `window` ahead of
// the collector's acknowledgement, sends again what is not acknowledged after a while, and drops
// nothing. The bytes of every block follow from device, session and number, so that a store can be
// checked later. One thread; no firmware in it.
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include "firmware/core/wire/mote_wire.h"

struct load;

struct load_conf {
    const char *prefix;       // "ml/1"
    int port;                 // of a broker (or a proxy) on 127.0.0.1
    size_t devices, connections;
    size_t block_bytes;       // about, encoded
    uint64_t blocks;          // that each device has to send in all
    size_t window;            // blocks ahead of acknowledgements
    uint32_t per_recording;   // blocks of a recording; 0: no recordings
    int64_t resend_us;        // without progress
    uint32_t seed;
    uint64_t rate; // new blocks a second of all devices together; 0: as fast as windows allow
};

struct load *load_new(const struct load_conf *c); // NULL: no memory, too many
void load_free(struct load *l);
// Sends and receives for at most timeout_ms. Connections that break are made again.
void load_step(struct load *l, int timeout_ms);
bool load_done(const struct load *l); // every block of every device is acknowledged
struct load_stats {
    uint64_t sent, resent, acknowledged; // blocks
    uint64_t ack_messages, reconnects;
    int64_t p50_us, p99_us, max_us;      // from first publish to acknowledgement
};
void load_get(const struct load *l, struct load_stats *s);
// Breaks a connection without a goodbye, as a device that loses power does.
void load_break(struct load *l, size_t connection);
// A device that starts anew: another session, blocks from 0; the old session's blocks stay owed.
void load_reboot(struct load *l, size_t device);

// No new blocks from now on: done is when all that were sent are acknowledged.
void load_stop_growing(struct load *l);

// What the bytes of a block are: for the check at the end. out holds MOTE_BLOCK_MAX; returns the length.
int load_block(const struct load_conf *c, size_t device, uint32_t boot, uint64_t seq, uint8_t *out);
void load_session(const struct load_conf *c, size_t device, uint32_t boot,
                  uint8_t out[MOTE_SESSION_LEN]);
// Boots that a device had, and how many blocks of each are acknowledged.
uint32_t load_boots(const struct load *l, size_t device);
uint64_t load_acknowledged(const struct load *l, size_t device, uint32_t boot);

#endif
