// Encoders of the MQTT packets that a client sends. See mote_mqtt.h.
#include "firmware/core/link/mote_mqtt.h"

#define REMAINING_MAX 268435455u // section 2.2.3

static size_t text_len(const char *s)
{
    size_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

// Texts and binary fields carry a 16-bit big-endian length (1.5.3).
static uint8_t *put_field(uint8_t *p, const void *data, size_t len)
{
    *p++ = (uint8_t)(len >> 8);
    *p++ = (uint8_t)len;
    if (len) {
        memcpy(p, data, len);
    }
    return p + len;
}

static uint8_t *put_id(uint8_t *p, uint16_t id)
{
    *p++ = (uint8_t)(id >> 8);
    *p++ = (uint8_t)id;
    return p;
}

static size_t head_size(size_t remaining)
{
    return remaining < 128 ? 2 : remaining < 16384 ? 3 : remaining < 2097152 ? 4 : 5;
}

// Writes the fixed header; returns where the body goes, NULL with *status set where it does not
// fit.
static uint8_t *start(uint8_t *out, size_t cap, unsigned head, size_t remaining, int *status)
{
    if (remaining > REMAINING_MAX) {
        *status = MOTE_E_LIMIT;
        return NULL;
    }
    if (cap < head_size(remaining) || cap - head_size(remaining) < remaining) {
        *status = MOTE_E_SPACE;
        return NULL;
    }
    *out++ = (uint8_t)head;
    do {
        uint8_t digit = remaining & 0x7f;
        remaining >>= 7;
        *out++ = (uint8_t)(digit | (remaining ? 0x80 : 0));
    } while (remaining);
    *status = MOTE_OK;
    return out;
}

int mote_mqtt_connect(uint8_t *out, size_t cap, const struct mote_mqtt_connect *c)
{
    size_t id = text_len(c->client_id);
    size_t user = c->user ? text_len(c->user) : 0;
    size_t password = c->password ? text_len(c->password) : 0;
    size_t will_topic = c->will_topic ? text_len(c->will_topic) : 0;
    if (id > 0xffff || user > 0xffff || password > 0xffff || will_topic > 0xffff ||
        c->will_len > 0xffff || (c->password && !c->user)) {
        return MOTE_E_LIMIT;
    }
    size_t remaining = 10 + 2 + id + (c->user ? 2 + user : 0) + (c->password ? 2 + password : 0) +
                       (c->will_topic ? 4 + will_topic + c->will_len : 0);
    int status;
    uint8_t *p = start(out, cap, MOTE_MQTT_CONNECT << 4, remaining, &status);
    if (!p) {
        return status;
    }
    p = put_field(p, "MQTT", 4);
    *p++ = 4; // protocol level of 3.1.1
    // Connect flags (3.1.2.3): user, password, will retain, will QoS (2 bits), will, clean,
    // reserved.
    *p++ = (uint8_t)((c->user ? 0x80 : 0) | (c->password ? 0x40 : 0) |
                     (c->will_topic ? 0x20 | 0x08 | 0x04 : 0) | (c->clean ? 0x02 : 0));
    p = put_id(p, c->keepalive_s);
    p = put_field(p, c->client_id, id);
    if (c->will_topic) {
        p = put_field(p, c->will_topic, will_topic);
        p = put_field(p, c->will, c->will_len);
    }
    if (c->user) {
        p = put_field(p, c->user, user);
    }
    if (c->password) {
        p = put_field(p, c->password, password);
    }
    return (int)(p - out);
}

size_t mote_mqtt_publish_size(size_t topic_len, size_t payload_len, unsigned qos)
{
    size_t remaining = 2 + topic_len + (qos ? 2 : 0) + payload_len;
    return head_size(remaining) + remaining;
}

int mote_mqtt_publish(uint8_t *out, size_t cap, const char *topic, const void *payload, size_t len,
                      unsigned qos, bool retain, uint16_t id)
{
    size_t topic_len = text_len(topic);
    if (topic_len > 0xffff || len > REMAINING_MAX || qos > 1) {
        return MOTE_E_LIMIT;
    }
    int status;
    uint8_t *p = start(out, cap, MOTE_MQTT_PUBLISH << 4 | qos << 1 | (retain ? 1u : 0u),
                       2 + topic_len + (qos ? 2 : 0) + len, &status);
    if (!p) {
        return status;
    }
    p = put_field(p, topic, topic_len);
    if (qos) {
        p = put_id(p, id);
    }
    if (len) {
        memcpy(p, payload, len);
    }
    return (int)(p + len - out);
}

int mote_mqtt_subscribe(uint8_t *out, size_t cap, const char *filter, unsigned qos, uint16_t id)
{
    size_t len = text_len(filter);
    if (len > 0xffff || qos > 1) {
        return MOTE_E_LIMIT;
    }
    int status;
    uint8_t *p = start(out, cap, MOTE_MQTT_SUBSCRIBE << 4 | 2, 2 + 2 + len + 1, &status);
    if (!p) {
        return status;
    }
    p = put_field(put_id(p, id), filter, len);
    *p++ = (uint8_t)qos;
    return (int)(p - out);
}

int mote_mqtt_unsubscribe(uint8_t *out, size_t cap, const char *filter, uint16_t id)
{
    size_t len = text_len(filter);
    if (len > 0xffff) {
        return MOTE_E_LIMIT;
    }
    int status;
    uint8_t *p = start(out, cap, MOTE_MQTT_UNSUBSCRIBE << 4 | 2, 2 + 2 + len, &status);
    if (!p) {
        return status;
    }
    p = put_field(put_id(p, id), filter, len);
    return (int)(p - out);
}

int mote_mqtt_puback(uint8_t *out, size_t cap, uint16_t id)
{
    int status;
    uint8_t *p = start(out, cap, MOTE_MQTT_PUBACK << 4, 2, &status);
    return p ? (int)(put_id(p, id) - out) : status;
}

int mote_mqtt_empty(uint8_t *out, size_t cap, enum mote_mqtt_type type)
{
    int status;
    uint8_t *p = start(out, cap, (unsigned)type << 4, 0, &status);
    return p ? (int)(p - out) : status;
}
