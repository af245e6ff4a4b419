// The MQTT session. See mote_link.h.
//
// WAITING --due--> OPENING --transport open, CONNECT sent--> GREETING --CONNACK 0--> UP; any
// failure leads back to WAITING with a longer pause. The pause is uniform in [backoff/2, backoff],
// so that a fleet which lost its broker does not come back as one.
#include "firmware/core/link/mote_link.h"

#define OPEN_TIMEOUT_US (10u * 1000 * 1000)

static uint64_t now(const struct mote_link *l)
{
    return l->config.clock.now_us(l->config.clock.ctx);
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static void forget_connection(struct mote_link *l)
{
    mote_mqtt_reader_init(&l->reader, l->config.rx, l->config.rx_cap);
    memset(l->inflight, 0, sizeof(l->inflight));
    l->chunk_at = l->chunk_len = 0;
    l->tx_at = l->tx_len = 0;
    l->ping_us = 0;
}

static void schedule_retry(struct mote_link *l)
{
    uint32_t random;
    if (l->config.entropy.fill(l->config.entropy.ctx, &random, sizeof(random)) != MOTE_OK) {
        random = 0; // only jitter hangs on it
    }
    uint32_t half = l->backoff_ms / 2;
    l->due_us = now(l) + 1000ull * (half + random % (half + 1));
    uint32_t max = or_default(l->config.backoff_max_ms, 60000);
    l->backoff_ms = l->backoff_ms > max / 2 ? max : l->backoff_ms * 2;
}

void mote_link_drop(struct mote_link *l, const char *reason)
{
    if (l->state == MOTE_LINK_WAITING) {
        return;
    }
    l->config.transport.close(l->config.transport.ctx);
    l->state = MOTE_LINK_WAITING;
    forget_connection(l);
    schedule_retry(l);
    if (l->config.down) {
        l->config.down(l->config.ctx, reason);
    }
}

static int encode_connect(struct mote_link *l)
{
    const struct mote_link_config *c = &l->config;
    return mote_mqtt_connect(c->tx, c->tx_cap,
                             &(struct mote_mqtt_connect){
                                 .client_id = c->client_id,
                                 .user = c->user,
                                 .password = c->password,
                                 .keepalive_s = c->keepalive_s ? c->keepalive_s : 30,
                                 .clean = true,
                                 .will_topic = c->will_topic,
                                 .will = c->will,
                                 .will_len = c->will_len,
                             });
}

int mote_link_init(struct mote_link *l, const struct mote_link_config *config)
{
    *l = (struct mote_link){.config = *config, .next_id = 1};
    l->backoff_ms = or_default(config->backoff_min_ms, 500);
    forget_connection(l);
    if (encode_connect(l) < 0 || config->rx_cap < 64 || config->tx_cap < 2 * MOTE_LINK_RESERVE) {
        return MOTE_E_ARG;
    }
    return MOTE_OK;
}

bool mote_link_is_up(const struct mote_link *l)
{
    return l->state == MOTE_LINK_UP;
}

size_t mote_link_pending(const struct mote_link *l)
{
    return l->tx_len - l->tx_at;
}

// --- sending ---------------------------------------------------------------------------------
static void flush(struct mote_link *l)
{
    while (l->tx_at < l->tx_len) {
        int n = l->config.transport.send(l->config.transport.ctx, l->config.tx + l->tx_at,
                                         l->tx_len - l->tx_at);
        if (n < 0) {
            mote_link_drop(l, n == MOTE_E_CLOSED ? "connection closed" : "cannot send");
            return;
        }
        if (n == 0) {
            return;
        }
        l->tx_at += (size_t)n;
        l->sent_us = now(l);
    }
    l->tx_at = l->tx_len = 0;
}

// Room behind what is queued, after moving it to the buffer's start; less the reserve.
static size_t room(struct mote_link *l, size_t reserve)
{
    if (l->tx_at) {
        memmove(l->config.tx, l->config.tx + l->tx_at, l->tx_len - l->tx_at);
        l->tx_len -= l->tx_at;
        l->tx_at = 0;
    }
    size_t free_bytes = l->config.tx_cap - l->tx_len;
    return free_bytes > reserve ? free_bytes - reserve : 0;
}

static int queued(struct mote_link *l, int n)
{
    if (n == MOTE_E_SPACE) {
        return l->tx_len == 0 ? MOTE_E_SPACE : MOTE_E_AGAIN;
    }
    if (n < 0) {
        return n;
    }
    l->tx_len += (size_t)n;
    return MOTE_OK;
}

static bool id_in_use(const struct mote_link *l, uint16_t id)
{
    for (size_t i = 0; i < MOTE_LINK_INFLIGHT; i++) {
        if (l->inflight[i] == id) {
            return true;
        }
    }
    return false;
}

static uint16_t take_id(struct mote_link *l)
{
    do {
        l->next_id = l->next_id == 0xffff ? 1 : (uint16_t)(l->next_id + 1);
    } while (id_in_use(l, l->next_id));
    return l->next_id;
}

static size_t free_slot(const struct mote_link *l)
{
    size_t slot = 0;
    while (slot < MOTE_LINK_INFLIGHT && l->inflight[slot]) {
        slot++;
    }
    return slot;
}

bool mote_link_has_room(struct mote_link *l, size_t bytes, unsigned qos)
{
    return l->state == MOTE_LINK_UP && (!qos || free_slot(l) < MOTE_LINK_INFLIGHT) &&
           mote_mqtt_publish_size(0, bytes, qos) <= room(l, MOTE_LINK_RESERVE);
}

int mote_link_publish(struct mote_link *l, const char *topic, const void *payload, size_t len,
                      unsigned qos, bool retain, uint16_t *id)
{
    if (l->state != MOTE_LINK_UP) {
        return MOTE_E_STATE;
    }
    size_t slot = qos ? free_slot(l) : 0;
    if (slot == MOTE_LINK_INFLIGHT) {
        return MOTE_E_AGAIN;
    }
    uint16_t packet = qos ? take_id(l) : 0;
    size_t cap = room(l, MOTE_LINK_RESERVE);
    int status = queued(l, mote_mqtt_publish(l->config.tx + l->tx_len, cap, topic, payload, len,
                                             qos, retain, packet));
    if (status) {
        return status;
    }
    if (qos) {
        l->inflight[slot] = packet;
    }
    if (id) {
        *id = packet;
    }
    return MOTE_OK;
}

int mote_link_subscribe(struct mote_link *l, const char *filter, unsigned qos, uint16_t *id)
{
    if (l->state != MOTE_LINK_UP) {
        return MOTE_E_STATE;
    }
    uint16_t packet = take_id(l);
    size_t cap = room(l, MOTE_LINK_RESERVE);
    int status = queued(l, mote_mqtt_subscribe(l->config.tx + l->tx_len, cap, filter, qos, packet));
    if (status == MOTE_OK && id) {
        *id = packet;
    }
    return status;
}

int mote_link_unsubscribe(struct mote_link *l, const char *filter)
{
    if (l->state != MOTE_LINK_UP) {
        return MOTE_E_STATE;
    }
    size_t cap = room(l, MOTE_LINK_RESERVE);
    return queued(l, mote_mqtt_unsubscribe(l->config.tx + l->tx_len, cap, filter, take_id(l)));
}

// --- receiving -------------------------------------------------------------------------------
static const char *connack_reason(unsigned code)
{
    static const char *const text[] = {NULL,
                                       "broker refused: protocol version",
                                       "broker refused: client id",
                                       "broker refused: server unavailable",
                                       "broker refused: bad user name or password",
                                       "broker refused: not authorised"};
    return code < MOTE_COUNT(text) ? text[code] : "broker refused: unknown code";
}

static void handle_connack(struct mote_link *l, const struct mote_mqtt_packet *p)
{
    if (l->state != MOTE_LINK_GREETING) {
        mote_link_drop(l, "protocol error: CONNACK twice");
    } else if (p->code) {
        mote_link_drop(l, connack_reason(p->code));
    } else {
        l->state = MOTE_LINK_UP;
        l->connections++;
        l->backoff_ms = or_default(l->config.backoff_min_ms, 500);
        if (l->config.up) {
            l->config.up(l->config.ctx);
        }
    }
}

static void handle_publish(struct mote_link *l, const struct mote_mqtt_packet *p)
{
    if (!p->payload) {
        l->oversized++;
    } else if (l->config.message) {
        l->config.message(l->config.ctx, &(struct mote_link_message){.topic = p->topic,
                                                                     .topic_len = p->topic_len,
                                                                     .payload = p->payload,
                                                                     .len = p->payload_len,
                                                                     .retained = p->retained});
    }
    if (p->qos && l->state == MOTE_LINK_UP) {
        size_t cap = room(l, 0);
        int n = mote_mqtt_puback(l->config.tx + l->tx_len, cap, p->id);
        if (queued(l, n) != MOTE_OK) {
            mote_link_drop(l, "no room to acknowledge"); // receive() keeps this from happening
        }
    }
}

static void handle_packet(struct mote_link *l)
{
    struct mote_mqtt_packet p;
    if (mote_mqtt_decode(&p, &l->reader) != MOTE_OK ||
        (l->state == MOTE_LINK_GREETING && p.type != MOTE_MQTT_CONNACK)) {
        mote_link_drop(l, "protocol error");
        return;
    }
    switch (p.type) {
    case MOTE_MQTT_CONNACK:
        handle_connack(l, &p);
        break;
    case MOTE_MQTT_PUBLISH:
        handle_publish(l, &p);
        break;
    case MOTE_MQTT_PUBACK:
        for (size_t i = 0; i < MOTE_LINK_INFLIGHT; i++) {
            if (l->inflight[i] == p.id) {
                l->inflight[i] = 0;
                if (l->config.acked) {
                    l->config.acked(l->config.ctx, p.id);
                }
                break;
            }
        }
        break;
    case MOTE_MQTT_SUBACK:
        if (l->config.subscribed) {
            l->config.subscribed(l->config.ctx, p.id, p.code <= 2);
        }
        break;
    case MOTE_MQTT_PINGRESP:
        l->ping_us = 0;
        break;
    default: // UNSUBACK: nothing hangs on it
        break;
    }
}

// Reads while there is something to read and room to acknowledge it.
static void receive(struct mote_link *l)
{
    while (l->state >= MOTE_LINK_GREETING && room(l, 0) >= 8) {
        if (l->chunk_at == l->chunk_len) {
            int n = l->config.transport.recv(l->config.transport.ctx, l->chunk, sizeof(l->chunk));
            if (n < 0) {
                mote_link_drop(l, n == MOTE_E_CLOSED ? "connection closed" : "cannot receive");
                return;
            }
            if (n == 0) {
                return;
            }
            l->chunk_at = 0;
            l->chunk_len = (size_t)n;
        }
        size_t used;
        int got = mote_mqtt_reader_feed(&l->reader, l->chunk + l->chunk_at,
                                        l->chunk_len - l->chunk_at, &used);
        l->chunk_at += used;
        if (got < 0) {
            mote_link_drop(l, "protocol error: packet length");
        } else if (got > 0) {
            handle_packet(l);
        }
    }
}

// --- time ------------------------------------------------------------------------------------
static void keep_alive(struct mote_link *l)
{
    uint64_t half_us = (l->config.keepalive_s ? l->config.keepalive_s : 30) * 500000ull;
    uint64_t t = now(l);
    if (l->ping_us && t - l->ping_us > half_us) {
        mote_link_drop(l, "no answer to ping");
    } else if (!l->ping_us && t - l->sent_us > half_us && room(l, 0) >= 2) {
        int n = mote_mqtt_empty(l->config.tx + l->tx_len, room(l, 0), MOTE_MQTT_PINGREQ);
        if (queued(l, n) == MOTE_OK) {
            l->ping_us = t;
        }
    }
}

static void try_open(struct mote_link *l)
{
    if (l->state == MOTE_LINK_WAITING) {
        if (now(l) < l->due_us) {
            return;
        }
        l->state = MOTE_LINK_OPENING;
        l->due_us = now(l) + OPEN_TIMEOUT_US;
    }
    int status = l->config.transport.open(l->config.transport.ctx);
    if (status == MOTE_E_AGAIN) {
        return;
    }
    if (status != MOTE_OK) {
        mote_link_drop(l, "cannot connect to the broker");
        return;
    }
    int n = encode_connect(l);
    if (n < 0) {
        mote_link_drop(l, "CONNECT does not fit");
        return;
    }
    l->tx_len = (size_t)n;
    l->state = MOTE_LINK_GREETING;
    l->sent_us = now(l);
}

int mote_link_step(struct mote_link *l)
{
    if (l->stopped) {
        return MOTE_E_AGAIN;
    }
    if (l->state <= MOTE_LINK_OPENING) {
        try_open(l);
    }
    if ((l->state == MOTE_LINK_OPENING || l->state == MOTE_LINK_GREETING) && now(l) > l->due_us) {
        mote_link_drop(l, "connecting timed out");
    }
    if (l->state >= MOTE_LINK_GREETING) {
        flush(l);
        receive(l);
    }
    if (l->state == MOTE_LINK_UP) {
        keep_alive(l);
    }
    if (l->state >= MOTE_LINK_GREETING) {
        flush(l);
    }
    return l->state == MOTE_LINK_UP ? MOTE_OK : MOTE_E_AGAIN;
}

void mote_link_stop(struct mote_link *l)
{
    if (l->state == MOTE_LINK_UP) {
        int n = mote_mqtt_empty(l->config.tx + l->tx_len, room(l, 0), MOTE_MQTT_DISCONNECT);
        if (queued(l, n) == MOTE_OK) {
            flush(l);
        }
    }
    if (l->state != MOTE_LINK_WAITING) {
        l->config.transport.close(l->config.transport.ctx);
    }
    l->state = MOTE_LINK_WAITING;
    l->stopped = true;
    forget_connection(l);
}
