// A broker for one client, in the same process and without time: the other end of a mote_transport.
// Speaks enough of MQTT 3.1.1 for a device: retained messages, wildcards, QoS 0 and 1, the will.
#ifndef SUPPORT_LOOP_BROKER_H
#define SUPPORT_LOOP_BROKER_H

#include "firmware/core/link/mote_mqtt.h"
#include "firmware/core/mote_port.h"

#define LOOP_RETAINED 512
#define LOOP_FILTERS 32

struct loop_message {
    char topic[192];
    uint8_t *payload; // owned
    size_t len;
};

struct loop_broker {
    // set by the test
    void *ctx;
    void (*published)(void *ctx, const char *topic, const uint8_t *payload, size_t len,
                      bool retain);
    bool refuse;          // connections fail
    unsigned lose_one_in; // of so many deliveries to the client one is lost; 0: none
    // read by the test
    bool connected;
    unsigned connects;
    struct loop_message retained[LOOP_RETAINED];
    size_t retained_count;
    char filter[LOOP_FILTERS][192];
    size_t filters;
    // private
    uint8_t *to_client;
    size_t out_at, out_len, out_cap;
    uint8_t body[70000];
    struct mote_mqtt_reader reader;
    struct loop_message will;
    unsigned deliveries;
    uint16_t next_id;
};

void loop_broker_init(struct loop_broker *b);
void loop_broker_release(struct loop_broker *b);
struct mote_transport loop_broker_transport(struct loop_broker *b);
// As another client would publish: retained (an empty payload withdraws) and delivered where
// subscribed.
void loop_broker_publish(struct loop_broker *b, const char *topic, const void *payload, size_t len,
                         bool retain);
// The retained message of a topic, NULL: none.
const struct loop_message *loop_broker_find(const struct loop_broker *b, const char *topic);
// The connection breaks: the will is told.
void loop_broker_cut(struct loop_broker *b);

#endif
