// An MQTT session over a port's byte stream: connects, keeps alive, comes back after a jittered
// pause.
//
// Nothing here blocks or allocates: mote_link_step does what can be done now. Sent packets lie in
// the caller's tx buffer until the transport takes them, received ones are collected in the
// caller's rx buffer. The session is clean at every connection: what must survive is the spool's
// business, and retained state is published again by `up`.
#ifndef MOTE_LINK_H
#define MOTE_LINK_H

#include "firmware/core/link/mote_mqtt.h"
#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"

#ifndef MOTE_LINK_INFLIGHT
#define MOTE_LINK_INFLIGHT 16 // QoS 1 packets sent and not yet acknowledged by the broker
#endif
#ifndef MOTE_LINK_CHUNK
#define MOTE_LINK_CHUNK 256 // bytes asked of the transport at once
#endif
#define MOTE_LINK_RESERVE 64 // bytes of tx that only acknowledgements and pings may use

struct mote_link_message {
    const char *topic; // not NUL-terminated
    size_t topic_len;
    const uint8_t *payload;
    size_t len;
    bool retained;
};

struct mote_link_config {
    const char *client_id;
    const char *user, *password; // NULL: none
    const char *will_topic;      // NULL: no will
    const uint8_t *will;         // read at every connection
    size_t will_len;
    uint16_t keepalive_s;    // 0: 30
    uint32_t backoff_min_ms; // 0: 500; doubles with every failure
    uint32_t backoff_max_ms; // 0: 60000
    struct mote_transport transport;
    struct mote_clock clock; // real time: a broker's patience is real
    struct mote_entropy entropy;
    uint8_t *rx; // longest packet taken; longer ones are read past and counted
    size_t rx_cap;
    uint8_t *tx; // at least one whole packet and MOTE_LINK_RESERVE
    size_t tx_cap;
    // Callbacks; each may be NULL. They run inside mote_link_step and may publish and subscribe.
    void *ctx;
    void (*up)(void *ctx);
    void (*down)(void *ctx, const char *reason);
    void (*message)(void *ctx, const struct mote_link_message *m);
    void (*acked)(void *ctx, uint16_t id); // PUBACK of a QoS 1 publish
    void (*subscribed)(void *ctx, uint16_t id, bool granted);
};

enum mote_link_state { MOTE_LINK_WAITING, MOTE_LINK_OPENING, MOTE_LINK_GREETING, MOTE_LINK_UP };

struct mote_link {
    struct mote_link_config config;
    uint8_t state;        // enum mote_link_state
    uint32_t oversized;   // packets read past because they were longer than rx
    uint32_t connections; // since init
    // private
    struct mote_mqtt_reader reader;
    uint8_t chunk[MOTE_LINK_CHUNK];
    size_t chunk_at, chunk_len;
    size_t tx_at, tx_len;                  // unsent bytes are tx[tx_at .. tx_len)
    uint16_t inflight[MOTE_LINK_INFLIGHT]; // 0: free
    uint16_t next_id;
    uint32_t backoff_ms;
    uint64_t due_us;  // WAITING: when to try; OPENING, GREETING: when to give up
    uint64_t sent_us; // last byte given to the transport
    uint64_t ping_us; // when the unanswered PINGREQ went out, 0: none
    bool stopped;
};

// MOTE_E_ARG where a buffer is too small for CONNECT. Connects at the first step.
int mote_link_init(struct mote_link *l, const struct mote_link_config *config) MOTE_CHECK;
// Does what can be done now. Returns MOTE_OK; MOTE_E_AGAIN while there is no connection.
int mote_link_step(struct mote_link *l);
bool mote_link_is_up(const struct mote_link *l);
// Queues a packet. MOTE_E_AGAIN: no room now, or too many in flight; MOTE_E_STATE: not connected;
// MOTE_E_SPACE: never fits. *id (may be NULL) is what `acked` will say, 0 for QoS 0.
int mote_link_publish(struct mote_link *l, const char *topic, const void *payload, size_t len,
                      unsigned qos, bool retain, uint16_t *id) MOTE_CHECK;
int mote_link_subscribe(struct mote_link *l, const char *filter, unsigned qos,
                        uint16_t *id) MOTE_CHECK;
int mote_link_unsubscribe(struct mote_link *l, const char *filter) MOTE_CHECK;
// Whether a PUBLISH with topic and payload of so many bytes together would be taken now.
bool mote_link_has_room(struct mote_link *l, size_t bytes, unsigned qos);
// Bytes queued and not yet taken by the transport.
size_t mote_link_pending(const struct mote_link *l);
// Says DISCONNECT (the broker then forgets the will) and closes. Does not come back until init.
void mote_link_stop(struct mote_link *l);
// Drops the connection as if it had broken, with a reason for the log, and comes back by itself.
void mote_link_drop(struct mote_link *l, const char *reason);

#endif
