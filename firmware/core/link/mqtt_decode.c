// Incremental reader of the MQTT packets that a server sends. See mote_mqtt.h.
//
// reader: head byte | length digits | body; `head_len` counts the header's bytes while it is
// incomplete and keeps its top bit once the body follows.
#include "firmware/core/link/mote_mqtt.h"

#define IN_BODY 0x80

void mote_mqtt_reader_init(struct mote_mqtt_reader *r, uint8_t *buf, size_t cap)
{
    *r = (struct mote_mqtt_reader){.buf = buf, .cap = cap};
}

static void restart(struct mote_mqtt_reader *r)
{
    mote_mqtt_reader_init(r, r->buf, r->cap);
}

// One byte of the fixed header. Digits come low first, seven bits each, at most four (2.2.3).
static int take_head(struct mote_mqtt_reader *r, uint8_t byte)
{
    if (r->head_len == 0) {
        r->head = byte;
        r->head_len = 1;
        return 0;
    }
    r->length |= (uint32_t)(byte & 0x7f) << (7 * (r->head_len - 1));
    if (byte & 0x80) {
        return ++r->head_len >= MOTE_MQTT_HEAD_MAX ? MOTE_E_FORMAT : 0;
    }
    r->head_len = IN_BODY;
    r->truncated = r->length > r->cap;
    return 0;
}

int mote_mqtt_reader_feed(struct mote_mqtt_reader *r, const uint8_t *data, size_t len, size_t *used)
{
    size_t n = 0;
    if (r->head_len == IN_BODY && r->got == r->length) {
        restart(r); // the packet reported last time
    }
    while (n < len && r->head_len != IN_BODY) {
        int status = take_head(r, data[n++]);
        if (status) {
            *used = n;
            return status;
        }
    }
    if (r->head_len == IN_BODY) {
        size_t take = r->length - r->got;
        take = take < len - n ? take : len - n;
        if (r->got < r->cap) {
            size_t keep = r->cap - r->got;
            memcpy(r->buf + r->got, data + n, take < keep ? take : keep);
        }
        r->got += (uint32_t)take;
        n += take;
    }
    *used = n;
    return r->head_len == IN_BODY && r->got == r->length;
}

static uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

// A topic name has no NUL and no wildcard (4.7.1, 4.7.3).
static bool topic_ok(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] == 0 || p[i] == '+' || p[i] == '#') {
            return false;
        }
    }
    return len > 0;
}

static int decode_publish(struct mote_mqtt_packet *p, const struct mote_mqtt_reader *r)
{
    size_t len = r->truncated ? r->cap : r->length;
    p->qos = r->head >> 1 & 3;
    p->retained = r->head & 1;
    p->dup = r->head & 8;
    if (p->qos > 1 || len < 2) {
        return MOTE_E_FORMAT;
    }
    size_t at = 2;
    p->topic_len = get_be16(r->buf);
    if (p->topic_len > len - at || !topic_ok(r->buf + at, p->topic_len)) {
        return MOTE_E_FORMAT;
    }
    p->topic = (const char *)r->buf + at;
    at += p->topic_len;
    if (p->qos) {
        if (len - at < 2) {
            return MOTE_E_FORMAT;
        }
        p->id = get_be16(r->buf + at);
        at += 2;
        if (!p->id) {
            return MOTE_E_FORMAT;
        }
    }
    p->payload = r->truncated ? NULL : r->buf + at;
    p->payload_len = r->length - at;
    return MOTE_OK;
}

int mote_mqtt_decode(struct mote_mqtt_packet *p, const struct mote_mqtt_reader *r)
{
    *p = (struct mote_mqtt_packet){.type = r->head >> 4};
    if (p->type == MOTE_MQTT_PUBLISH) {
        return decode_publish(p, r);
    }
    static const uint8_t body[16] = {[MOTE_MQTT_CONNACK] = 2,
                                     [MOTE_MQTT_PUBACK] = 2,
                                     [MOTE_MQTT_SUBACK] = 3, // one filter to a SUBSCRIBE
                                     [MOTE_MQTT_UNSUBACK] = 2,
                                     [MOTE_MQTT_PINGRESP] = 0};
    bool known = body[p->type] || p->type == MOTE_MQTT_PINGRESP;
    if (!known || (r->head & 15) || r->truncated || r->length != body[p->type]) {
        return MOTE_E_FORMAT;
    }
    if (p->type == MOTE_MQTT_CONNACK) {
        p->session = r->buf[0] & 1;
        p->code = r->buf[1];
        return r->buf[0] > 1 ? MOTE_E_FORMAT : MOTE_OK;
    }
    if (r->length >= 2) {
        p->id = get_be16(r->buf);
    }
    if (p->type == MOTE_MQTT_SUBACK) {
        p->code = r->buf[2];
    }
    return r->length >= 2 && !p->id ? MOTE_E_FORMAT : MOTE_OK;
}
