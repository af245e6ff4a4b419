// MQTT 3.1.1 packets, client side: encoders for what a client sends, an incremental reader for what
// it receives (OASIS standard, 29 October 2014; section numbers refer to it). Knows no session:
// mote_link.h has that. QoS 2 is not spoken.
#ifndef MOTE_MQTT_H
#define MOTE_MQTT_H

#include "firmware/core/mote_base.h"

enum mote_mqtt_type {
    MOTE_MQTT_CONNECT = 1,
    MOTE_MQTT_CONNACK = 2,
    MOTE_MQTT_PUBLISH = 3,
    MOTE_MQTT_PUBACK = 4,
    MOTE_MQTT_SUBSCRIBE = 8,
    MOTE_MQTT_SUBACK = 9,
    MOTE_MQTT_UNSUBSCRIBE = 10,
    MOTE_MQTT_UNSUBACK = 11,
    MOTE_MQTT_PINGREQ = 12,
    MOTE_MQTT_PINGRESP = 13,
    MOTE_MQTT_DISCONNECT = 14
};

#define MOTE_MQTT_HEAD_MAX 5 // fixed header (2.2): type and flags, then up to 4 bytes of length

struct mote_mqtt_connect {
    const char *client_id;
    const char *user;     // NULL: none
    const char *password; // NULL: none
    uint16_t keepalive_s;
    bool clean;             // forget the session that the broker may hold
    const char *will_topic; // NULL: no will; it is QoS 1, retained
    const uint8_t *will;
    size_t will_len;
};

// Encoders return the packet's bytes, MOTE_E_SPACE where out is too small, MOTE_E_LIMIT where a
// text or the packet is longer than MQTT can say.
int mote_mqtt_connect(uint8_t *out, size_t cap, const struct mote_mqtt_connect *c) MOTE_CHECK;
int mote_mqtt_publish(uint8_t *out, size_t cap, const char *topic, const void *payload, size_t len,
                      unsigned qos, bool retain, uint16_t id) MOTE_CHECK;
int mote_mqtt_subscribe(uint8_t *out, size_t cap, const char *filter, unsigned qos,
                        uint16_t id) MOTE_CHECK;
int mote_mqtt_unsubscribe(uint8_t *out, size_t cap, const char *filter, uint16_t id) MOTE_CHECK;
int mote_mqtt_puback(uint8_t *out, size_t cap, uint16_t id) MOTE_CHECK;
// PINGREQ and DISCONNECT.
int mote_mqtt_empty(uint8_t *out, size_t cap, enum mote_mqtt_type type) MOTE_CHECK;
// Bytes that a PUBLISH of this size takes.
size_t mote_mqtt_publish_size(size_t topic_len, size_t payload_len, unsigned qos);

// Collects one packet from bytes that come in pieces of any size. A body longer than the buffer is
// read past and kept as far as it fits: the stream stays in step, and the caller sees `truncated`.
struct mote_mqtt_reader {
    uint8_t *buf; // caller's: holds the body
    size_t cap;
    uint8_t head; // first byte: type and flags
    bool truncated;
    uint32_t length; // of the body, as announced
    // private
    uint8_t head_len;
    uint32_t got;
};
void mote_mqtt_reader_init(struct mote_mqtt_reader *r, uint8_t *buf, size_t cap);
// Takes up to len bytes; *used says how many. 1: a packet is complete (use it before the next
// call), 0: more is needed, MOTE_E_FORMAT: the length is malformed.
int mote_mqtt_reader_feed(struct mote_mqtt_reader *r, const uint8_t *data, size_t len,
                          size_t *used) MOTE_CHECK;

// A complete packet, decoded. What a server may not send is MOTE_E_FORMAT.
struct mote_mqtt_packet {
    uint8_t type;
    uint16_t id;        // PUBLISH of QoS 1, PUBACK, SUBACK, UNSUBACK
    uint8_t code;       // CONNACK: return code; SUBACK: granted QoS or 0x80
    bool session;       // CONNACK: the broker kept a session
    uint8_t qos;        // PUBLISH
    bool retained, dup; // PUBLISH
    const char *topic;  // PUBLISH, borrowed, not NUL-terminated
    size_t topic_len;
    const uint8_t *payload; // PUBLISH, borrowed; NULL where the packet was truncated
    size_t payload_len;
};
int mote_mqtt_decode(struct mote_mqtt_packet *p, const struct mote_mqtt_reader *r) MOTE_CHECK;

#endif
