// See load.h.
#include "tests/support/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

#define BOOTS_MAX 64
#define OUT_MAX (1 << 20)
#define LATENCY_BUCKETS 65536 // of 250 us
#define RECONNECT_US 100000

struct boot {
    uint64_t acked, sent; // numbers below: acknowledged, published at least once
};

struct device {
    struct boot boot[BOOTS_MAX];
    uint32_t boots;
    int64_t progress_us;  // when anything was acknowledged or sent for the first time
    int64_t *first_us;    // ring of window: first publication
};

struct conn {
    int fd; // -1: none
    bool ready;           // CONNACK came
    uint16_t packet;
    int64_t retry_us;
    uint8_t *out, *in;
    size_t out_at, out_len, in_len, in_cap;
    size_t turn; // device that sends next
};

struct load {
    struct load_conf c;
    struct device *device;
    struct conn *conn;
    bool grown; // no new blocks
    struct load_stats stats;
    uint64_t latency[LATENCY_BUCKETS];
    double budget;     // new blocks that the rate allows now
    int64_t budget_us; // when that was so; 0: never
    int64_t look_us;   // until then nobody is looked at who may not send anything new
};

void load_session(const struct load_conf *c, size_t device, uint32_t boot,
                  uint8_t out[MOTE_SESSION_LEN])
{
    mote_put32(out, (boot + 1) << 24);
    mote_put32(out + 4, c->seed);
    mote_put32(out + 8, (uint32_t)device);
}

int load_block(const struct load_conf *c, size_t device, uint32_t boot, uint64_t seq, uint8_t *out)
{
    uint8_t data[MOTE_BLOCK_MAX];
    size_t len = (c->block_bytes > 90 ? c->block_bytes - 78 : 12) / 2 * 2;
    uint64_t x = (seq + 1) * 0x9e3779b97f4a7c15u ^ (uint64_t)device << 32 ^ boot ^ c->seed;
    for (size_t i = 0; i < len; i += 8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        mote_put64(data + i, x);
    }
    struct mote_block b = {.flags = MOTE_BLOCK_SIMULATED,
                           .seq = seq,
                           .t_us = seq * 1000000,
                           .interval_ns = 1000000000 / (len / 2),
                           .type = MOTE_I16,
                           .channels = 1,
                           .scale = 1.0f,
                           .data = data,
                           .data_len = len};
    if (c->per_recording) {
        b.recording = (uint32_t)(seq / c->per_recording) + 1;
        b.flags |= seq % c->per_recording == c->per_recording - 1 || seq + 1 == c->blocks
                       ? MOTE_BLOCK_REC_END
                       : 0;
    }
    load_session(c, device, boot, b.session);
    return mote_block_encode(out, MOTE_BLOCK_MAX, &b);
}

struct load *load_new(const struct load_conf *c)
{
    struct load *l = calloc(1, sizeof *l);
    if (!l || c->window > 64 || c->window == 0 || c->block_bytes + 64 > MOTE_BLOCK_MAX) {
        free(l);
        return NULL;
    }
    l->c = *c;
    l->device = calloc(c->devices, sizeof *l->device);
    l->conn = calloc(c->connections, sizeof *l->conn);
    bool good = l->device && l->conn;
    for (size_t i = 0; good && i < c->devices; i++) {
        l->device[i].boots = 1;
        l->device[i].first_us = calloc(c->window, sizeof(int64_t));
        good = l->device[i].first_us != NULL;
    }
    for (size_t i = 0; good && i < c->connections; i++) {
        l->conn[i].fd = -1;
        l->conn[i].out = malloc(OUT_MAX);
        l->conn[i].in_cap = 1 << 16;
        l->conn[i].in = malloc(l->conn[i].in_cap);
        good = l->conn[i].out && l->conn[i].in;
    }
    if (!good) {
        load_free(l);
        return NULL;
    }
    return l;
}

void load_free(struct load *l)
{
    if (!l) {
        return;
    }
    for (size_t i = 0; l->device && i < l->c.devices; i++) {
        free(l->device[i].first_us);
    }
    for (size_t i = 0; l->conn && i < l->c.connections; i++) {
        if (l->conn[i].fd >= 0) {
            close(l->conn[i].fd);
        }
        free(l->conn[i].out);
        free(l->conn[i].in);
    }
    free(l->device);
    free(l->conn);
    free(l);
}

// --- packets ---------------------------------------------------------------------------------------

static bool room(const struct conn *k, size_t len)
{
    return k->out_len + len + 8 <= OUT_MAX;
}

static void put_packet(struct conn *k, uint8_t type, const void *a, size_t a_len, const void *b,
                       size_t b_len)
{
    uint8_t *p = k->out + k->out_len;
    size_t left = a_len + b_len;
    *p++ = type;
    do {
        *p++ = (uint8_t)(left % 128 | (left > 127 ? 128 : 0));
        left /= 128;
    } while (left);
    memcpy(p, a, a_len);
    if (b_len) {
        memcpy(p + a_len, b, b_len);
    }
    k->out_len = (size_t)(p + a_len + b_len - k->out);
}

static size_t put_string(uint8_t *p, const char *text)
{
    size_t len = strlen(text);
    p[0] = (uint8_t)(len >> 8);
    p[1] = (uint8_t)len;
    memcpy(p + 2, text, len);
    return len + 2;
}

static void put_connect(struct load *l, struct conn *k)
{
    static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60};
    uint8_t id[64];
    char text[40];
    snprintf(text, sizeof text, "load-%u-%zu", l->c.seed, (size_t)(k - l->conn));
    put_packet(k, 0x10, head, sizeof head, id, put_string(id, text));
}

static void put_subscriptions(struct load *l, struct conn *k)
{
    for (size_t d = (size_t)(k - l->conn); d < l->c.devices; d += l->c.connections) {
        uint8_t body[160];
        char topic[128];
        snprintf(topic, sizeof topic, "%s/d/load-%zu/ack", l->c.prefix, d);
        body[0] = 0;
        body[1] = 1;
        size_t len = 2 + put_string(body + 2, topic);
        body[len++] = 0;
        if (room(k, len)) {
            put_packet(k, 0x82, body, len, NULL, 0);
        }
    }
}

static bool put_block(struct load *l, struct conn *k, size_t device, uint32_t boot, uint64_t seq)
{
    uint8_t head[160], block[MOTE_BLOCK_MAX];
    char topic[128];
    if (!room(k, MOTE_BLOCK_MAX + sizeof head)) {
        return false;
    }
    int len = load_block(&l->c, device, boot, seq, block);
    snprintf(topic, sizeof topic, "%s/d/load-%zu/data/acc", l->c.prefix, device);
    size_t n = put_string(head, topic);
    k->packet = (uint16_t)(k->packet == 65535 ? 1 : k->packet + 1);
    head[n] = (uint8_t)(k->packet >> 8);
    head[n + 1] = (uint8_t)k->packet;
    put_packet(k, 0x32, head, n + 2, block, (size_t)len);
    return true;
}

// --- devices ---------------------------------------------------------------------------------------

static void note_latency(struct load *l, const struct device *d, uint64_t seq, int64_t now)
{
    int64_t us = now - d->first_us[seq % l->c.window];
    size_t bucket = (size_t)(us < 0 ? 0 : us / 250);
    l->latency[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    l->stats.max_us = us > l->stats.max_us ? us : l->stats.max_us;
}

static void take_ack(struct load *l, size_t device, const struct mote_ack *a, int64_t now)
{
    struct device *d = &l->device[device];
    uint32_t boot = (mote_get32(a->session) >> 24) - 1;
    if (boot >= d->boots) {
        return;
    }
    struct boot *b = &d->boot[boot];
    uint64_t next = a->next < b->sent ? a->next : b->sent;
    while (b->acked < next) {
        if (boot + 1 == d->boots) {
            note_latency(l, d, b->acked, now);
        }
        l->stats.acknowledged++;
        b->acked++;
        d->progress_us = now;
    }
}

static void on_publish(struct load *l, const uint8_t *p, size_t len)
{
    struct mote_ack ack[16];
    size_t topic_len = len >= 2 ? (size_t)(p[0] << 8 | p[1]) : 0, prefix = strlen(l->c.prefix);
    if (len < 2 + topic_len || topic_len < prefix + 13) {
        return;
    }
    size_t device = (size_t)strtoul((const char *)p + 2 + prefix + strlen("/d/load-"), NULL, 10);
    int count = mote_acks_decode(ack, 16, p + 2 + topic_len, len - 2 - topic_len);
    l->stats.ack_messages++;
    int64_t now = clock_mono_us();
    for (int i = 0; i < count && device < l->c.devices; i++) {
        take_ack(l, device, &ack[i], now);
    }
}

static bool has_budget(const struct load *l)
{
    return l->c.rate == 0 || l->budget >= 1;
}

static void fill_budget(struct load *l)
{
    int64_t now = clock_mono_us();
    double most = (double)l->c.rate / 10;
    l->budget += l->budget_us ? (double)(now - l->budget_us) / 1e6 * (double)l->c.rate : 0;
    l->budget = l->budget > most ? most : l->budget;
    l->budget_us = now;
}

// Sends what a device may send; false where the connection's buffer is full.
static bool serve_device(struct load *l, struct conn *k, size_t device, int64_t now)
{
    struct device *d = &l->device[device];
    if (now - d->progress_us > l->c.resend_us) {
        d->progress_us = now;
        for (uint32_t n = 0; n < d->boots; n++) {
            for (uint64_t seq = d->boot[n].acked; seq < d->boot[n].sent; seq++) {
                if (!put_block(l, k, device, n, seq)) {
                    return false;
                }
                l->stats.resent++;
            }
        }
    }
    uint32_t boot = d->boots - 1;
    struct boot *b = &d->boot[boot];
    if (!l->grown && has_budget(l) && b->sent < l->c.blocks && b->sent - b->acked < l->c.window) {
        if (!put_block(l, k, device, boot, b->sent)) {
            return false;
        }
        d->first_us[b->sent % l->c.window] = now;
        d->progress_us = now;
        b->sent++;
        l->stats.sent++;
        l->budget -= 1;
    }
    return true;
}

static bool wants_to_send(const struct load *l, size_t device, int64_t now)
{
    const struct device *d = &l->device[device];
    const struct boot *b = &d->boot[d->boots - 1];
    return (!l->grown && has_budget(l) && b->sent < l->c.blocks &&
            b->sent - b->acked < l->c.window) ||
           (b->sent > b->acked && now - d->progress_us > l->c.resend_us);
}

static void serve(struct load *l, struct conn *k)
{
    size_t first = (size_t)(k - l->conn), step = l->c.connections,
           mine = (l->c.devices - first + step - 1) / step, idle = 0;
    int64_t now = clock_mono_us();
    // Round robin, a block a turn, until nobody wants more or the buffer holds enough.
    while (idle < mine && k->out_len - k->out_at < OUT_MAX / 8) {
        size_t device = first + step * (k->turn % mine);
        if (!has_budget(l) && now < l->look_us) {
            break; // nobody may send anything new, and who must send again was just looked at
        }
        k->turn++;
        if (!wants_to_send(l, device, now)) {
            idle++;
        } else if (serve_device(l, k, device, now)) {
            idle = 0;
        } else {
            break;
        }
    }
}

// --- connections -----------------------------------------------------------------------------------

static void drop(struct load *l, struct conn *k)
{
    if (k->fd >= 0) {
        close(k->fd);
        l->stats.reconnects++;
    }
    k->fd = -1;
    k->ready = false;
    k->out_at = k->out_len = k->in_len = 0;
    k->retry_us = clock_mono_us() + RECONNECT_US;
}

static void dial(struct load *l, struct conn *k)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)l->c.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&a, sizeof a) != 0) {
        drop(l, k);
        return;
    }
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(k->fd, F_SETFL, fcntl(k->fd, F_GETFL) | O_NONBLOCK);
    put_connect(l, k);
}

static void on_packet(struct load *l, struct conn *k, uint8_t type, const uint8_t *p, size_t len)
{
    if (type >> 4 == 2 && len >= 2 && p[1] == 0) {
        k->ready = true;
        put_subscriptions(l, k);
        int64_t long_ago = clock_mono_us() - l->c.resend_us - 1;
        for (size_t d = (size_t)(k - l->conn); d < l->c.devices; d += l->c.connections) {
            l->device[d].progress_us = long_ago; // what was under way is sent again
        }
    } else if (type >> 4 == 3) {
        on_publish(l, p, len);
    }
}

static void receive(struct load *l, struct conn *k)
{
    ssize_t n = recv(k->fd, k->in + k->in_len, k->in_cap - k->in_len, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(l, k);
        return;
    }
    k->in_len += n > 0 ? (size_t)n : 0;
    size_t at = 0;
    for (;;) {
        size_t head = 1, len = 0, shift = 0;
        while (at + head < k->in_len && head < 5 && k->in[at + head] & 128) {
            len |= (size_t)(k->in[at + head++] & 127) << shift;
            shift += 7;
        }
        if (at + head >= k->in_len) {
            break;
        }
        len |= (size_t)k->in[at + head++] << shift;
        if (at + head + len > k->in_len) {
            break;
        }
        on_packet(l, k, k->in[at], k->in + at + head, len);
        at += head + len;
    }
    memmove(k->in, k->in + at, k->in_len - at);
    k->in_len -= at;
}

static void transmit(struct load *l, struct conn *k)
{
    ssize_t n = send(k->fd, k->out + k->out_at, k->out_len - k->out_at, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        drop(l, k);
        return;
    }
    k->out_at += n > 0 ? (size_t)n : 0;
    if (k->out_at == k->out_len) {
        k->out_at = k->out_len = 0;
    } else if (k->out_at > OUT_MAX / 2) {
        memmove(k->out, k->out + k->out_at, k->out_len - k->out_at);
        k->out_len -= k->out_at;
        k->out_at = 0;
    }
}

void load_step(struct load *l, int timeout_ms)
{
    struct pollfd fds[256];
    size_t count = l->c.connections < ARRAY_LEN(fds) ? l->c.connections : ARRAY_LEN(fds);
    fill_budget(l);
    for (size_t i = 0; i < count; i++) {
        struct conn *k = &l->conn[i];
        if (k->fd < 0 && clock_mono_us() >= k->retry_us) {
            dial(l, k);
        }
        if (k->ready) {
            serve(l, k);
        }
        fds[i] = (struct pollfd){
            .fd = k->fd, .events = (short)(POLLIN | (k->out_len > k->out_at ? POLLOUT : 0))};
    }
    int64_t now = clock_mono_us();
    l->look_us = now < l->look_us ? l->look_us : l->c.rate ? now + 100000 : 0;
    (void)poll(fds, count,
               l->c.rate && timeout_ms > 2 ? 2 : timeout_ms); // a failure shows as no events
    for (size_t i = 0; i < count; i++) {
        if (l->conn[i].fd >= 0 && fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
            receive(l, &l->conn[i]);
        }
        if (l->conn[i].fd >= 0 && fds[i].revents & POLLOUT) {
            transmit(l, &l->conn[i]);
        }
    }
}

bool load_done(const struct load *l)
{
    for (size_t i = 0; i < l->c.devices; i++) {
        const struct device *d = &l->device[i];
        for (uint32_t n = 0; n < d->boots; n++) {
            if (d->boot[n].acked <
                (n + 1 == d->boots && !l->grown ? l->c.blocks : d->boot[n].sent)) {
                return false;
            }
        }
    }
    return true;
}

static int64_t percentile(const struct load *l, double share)
{
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        total += l->latency[i];
    }
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += l->latency[i];
        if ((double)seen >= share * (double)total) {
            return (int64_t)(i + 1) * 250;
        }
    }
    return 0;
}

void load_get(const struct load *l, struct load_stats *s)
{
    *s = l->stats;
    s->p50_us = percentile(l, 0.5);
    s->p99_us = percentile(l, 0.99);
}

void load_break(struct load *l, size_t connection)
{
    drop(l, &l->conn[connection]);
}

void load_reboot(struct load *l, size_t device)
{
    struct device *d = &l->device[device];
    if (d->boots < BOOTS_MAX) {
        d->boots++;
        d->progress_us = 0;
    }
}

void load_stop_growing(struct load *l)
{
    l->grown = true;
}

uint32_t load_boots(const struct load *l, size_t device)
{
    return l->device[device].boots;
}

uint64_t load_acknowledged(const struct load *l, size_t device, uint32_t boot)
{
    return l->device[device].boot[boot].acked;
}
