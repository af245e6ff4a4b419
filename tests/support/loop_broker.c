// A broker for one client in the same process. See loop_broker.h.
#include "tests/support/loop_broker.h"

#include <assert.h>

void loop_broker_init(struct loop_broker *b)
{
    memset(b, 0, sizeof(*b));
    mote_mqtt_reader_init(&b->reader, b->body, sizeof(b->body));
}

static void forget(struct loop_message *m)
{
    free(m->payload);
    *m = (struct loop_message){0};
}

void loop_broker_release(struct loop_broker *b)
{
    for (size_t i = 0; i < b->retained_count; i++) {
        forget(&b->retained[i]);
    }
    forget(&b->will);
    free(b->to_client);
    memset(b, 0, sizeof(*b));
}

static void set_message(struct loop_message *m, const char *topic, size_t topic_len, const void *p,
                        size_t len)
{
    forget(m);
    (void)snprintf(m->topic, sizeof(m->topic), "%.*s", (int)topic_len, topic);
    m->payload = malloc(len ? len : 1);
    assert(m->payload);
    memcpy(m->payload, p, len);
    m->len = len;
}

static uint8_t *reserve(struct loop_broker *b, size_t len)
{
    if (b->out_len + len > b->out_cap) {
        b->out_cap = 2 * (b->out_len + len);
        b->to_client = realloc(b->to_client, b->out_cap);
        assert(b->to_client);
    }
    return b->to_client + b->out_len;
}

static void send_bytes(struct loop_broker *b, const void *p, size_t len)
{
    memcpy(reserve(b, len), p, len);
    b->out_len += len;
}

// --- matching and delivery -------------------------------------------------------------------
static bool matches(const char *f, const char *t)
{
    while (*f) {
        if (*f == '#') {
            return true;
        }
        if (*f == '+') {
            while (*t && *t != '/') {
                t++;
            }
            f++;
        } else if (*f++ != *t++) {
            return false;
        }
    }
    return *t == 0;
}

static void deliver(struct loop_broker *b, const char *topic, const void *p, size_t len,
                    bool retained)
{
    if (b->lose_one_in && ++b->deliveries % b->lose_one_in == 0) {
        return;
    }
    b->next_id = (uint16_t)(b->next_id % 0xffff + 1);
    size_t need = mote_mqtt_publish_size(strlen(topic), len, 1);
    int n = mote_mqtt_publish(reserve(b, need), need, topic, p, len, 1, retained, b->next_id);
    assert(n > 0);
    b->out_len += (size_t)n;
}

static void accept_publish(struct loop_broker *b, const char *topic, const void *p, size_t len,
                           bool retain)
{
    if (b->published) {
        b->published(b->ctx, topic, p, len, retain);
    }
    loop_broker_publish(b, topic, p, len, retain);
}

void loop_broker_publish(struct loop_broker *b, const char *topic, const void *p, size_t len,
                         bool retain)
{
    size_t i = 0;
    while (retain && i < b->retained_count && strcmp(b->retained[i].topic, topic) != 0) {
        i++;
    }
    if (retain) {
        assert(i < LOOP_RETAINED);
        set_message(&b->retained[i], topic, strlen(topic), p, len);
        b->retained_count += i == b->retained_count;
    }
    for (size_t k = 0; k < b->filters && b->connected; k++) {
        if (matches(b->filter[k], topic)) {
            deliver(b, topic, p, len, false);
            return;
        }
    }
}

const struct loop_message *loop_broker_find(const struct loop_broker *b, const char *topic)
{
    for (size_t i = 0; i < b->retained_count; i++) {
        if (strcmp(b->retained[i].topic, topic) == 0) {
            return &b->retained[i];
        }
    }
    return NULL;
}

// --- packets from the client -------------------------------------------------------------------
struct field {
    const uint8_t *p;
    size_t len;
};

static struct field take(const uint8_t **p)
{
    struct field f = {*p + 2, (size_t)((*p)[0] << 8 | (*p)[1])};
    *p = f.p + f.len;
    return f;
}

static void on_connect(struct loop_broker *b, const uint8_t *p)
{
    uint8_t flags = p[7];
    p += 10;
    (void)take(&p);
    forget(&b->will);
    if (flags & 4) {
        struct field topic = take(&p), payload = take(&p);
        set_message(&b->will, (const char *)topic.p, topic.len, payload.p, payload.len);
    }
    b->connected = true;
    b->connects++;
    b->filters = 0;
    send_bytes(b, "\x20\x02\x00\x00", 4);
}

static void on_subscribe(struct loop_broker *b, const uint8_t *p)
{
    uint8_t suback[] = {0x90, 3, p[0], p[1], 1};
    p += 2;
    struct field f = take(&p);
    assert(b->filters < LOOP_FILTERS);
    char *filter = b->filter[b->filters++];
    size_t len = f.len < sizeof(b->filter[0]) ? f.len : sizeof(b->filter[0]) - 1;
    memmove(filter, f.p, len); // the compiler cannot see that the packet is no part of the broker
    filter[len] = 0;
    send_bytes(b, suback, sizeof(suback));
    for (size_t i = 0; i < b->retained_count; i++) {
        if (b->retained[i].len && matches(filter, b->retained[i].topic)) {
            deliver(b, b->retained[i].topic, b->retained[i].payload, b->retained[i].len, true);
        }
    }
}

static void on_unsubscribe(struct loop_broker *b, const uint8_t *p)
{
    uint8_t unsuback[] = {0xb0, 2, p[0], p[1]};
    p += 2;
    struct field f = take(&p);
    for (size_t i = 0; i < b->filters; i++) {
        if (strlen(b->filter[i]) == f.len && memcmp(b->filter[i], f.p, f.len) == 0) {
            memmove(b->filter[i], b->filter[i + 1], (--b->filters - i) * sizeof(b->filter[0]));
            break;
        }
    }
    send_bytes(b, unsuback, sizeof(unsuback));
}

static void on_publish(struct loop_broker *b)
{
    struct mote_mqtt_packet m;
    char topic[192];
    int status = mote_mqtt_decode(&m, &b->reader);
    assert(status == MOTE_OK);
    (void)snprintf(topic, sizeof(topic), "%.*s", (int)m.topic_len, m.topic);
    if (m.qos) {
        uint8_t puback[] = {0x40, 2, (uint8_t)(m.id >> 8), (uint8_t)m.id};
        send_bytes(b, puback, sizeof(puback));
    }
    accept_publish(b, topic, m.payload, m.payload_len, m.retained);
}

static void on_packet(struct loop_broker *b)
{
    switch (b->reader.head >> 4) {
    case MOTE_MQTT_CONNECT:
        on_connect(b, b->body);
        break;
    case MOTE_MQTT_PUBLISH:
        on_publish(b);
        break;
    case MOTE_MQTT_SUBSCRIBE:
        on_subscribe(b, b->body);
        break;
    case MOTE_MQTT_UNSUBSCRIBE:
        on_unsubscribe(b, b->body);
        break;
    case MOTE_MQTT_PINGREQ:
        send_bytes(b, "\xd0\x00", 2);
        break;
    case MOTE_MQTT_DISCONNECT:
        forget(&b->will);
        break;
    default: // PUBACK
        break;
    }
}

// --- transport ---------------------------------------------------------------------------------
static int end_open(void *ctx)
{
    struct loop_broker *b = ctx;
    if (b->refuse) {
        return MOTE_E_IO;
    }
    b->out_at = b->out_len = 0;
    mote_mqtt_reader_init(&b->reader, b->body, sizeof(b->body));
    b->connected = true;
    return MOTE_OK;
}

static int end_send(void *ctx, const void *buf, size_t len)
{
    struct loop_broker *b = ctx;
    if (!b->connected) {
        return MOTE_E_CLOSED;
    }
    for (size_t at = 0, used; at < len; at += used) {
        int got = mote_mqtt_reader_feed(&b->reader, (const uint8_t *)buf + at, len - at, &used);
        assert(got >= 0);
        if (got > 0) {
            on_packet(b);
        }
    }
    return (int)len;
}

static int end_recv(void *ctx, void *buf, size_t cap)
{
    struct loop_broker *b = ctx;
    if (!b->connected) {
        return MOTE_E_CLOSED;
    }
    size_t n = b->out_len - b->out_at;
    n = n < cap ? n : cap;
    memcpy(buf, b->to_client + b->out_at, n);
    b->out_at += n;
    if (b->out_at == b->out_len) {
        b->out_at = b->out_len = 0;
    }
    return (int)n;
}

void loop_broker_cut(struct loop_broker *b)
{
    b->connected = false;
    b->filters = 0;
    b->out_at = b->out_len = 0;
    if (b->will.payload) {
        struct loop_message will = b->will;
        b->will = (struct loop_message){0};
        accept_publish(b, will.topic, will.payload, will.len, true);
        forget(&will);
    }
}

static void end_close(void *ctx)
{
    loop_broker_cut(ctx);
}

struct mote_transport loop_broker_transport(struct loop_broker *b)
{
    return (struct mote_transport){b, end_open, end_send, end_recv, end_close};
}
