// The MQTT codec and session: against a scripted peer, and against a real mosquitto.
#include "common/clock.h"
#include "firmware/core/link/mote_link.h"
#include "firmware/port/posix/posix_sys.h"
#include "firmware/port/posix/posix_tcp.h"
#include "tests/support/broker.h"

#include <check.h>
#include <unistd.h>

// --- a scripted peer: a byte pipe that gives `grain` bytes at a time -----------------------------
struct peer {
    uint8_t in[70000]; // to the client
    size_t in_at, in_len, grain;
    uint8_t out[70000]; // from the client
    size_t out_len, out_room;
    bool refuse, closed;
    int opens, closes;
    uint64_t now_us;
    uint32_t entropy;
};

static int peer_open(void *ctx)
{
    struct peer *p = ctx;
    p->opens++;
    p->closed = false;
    return p->refuse ? MOTE_E_IO : MOTE_OK;
}
static int peer_send(void *ctx, const void *buf, size_t len)
{
    struct peer *p = ctx;
    size_t n = len < p->out_room - p->out_len ? len : p->out_room - p->out_len;
    memcpy(p->out + p->out_len, buf, n);
    p->out_len += n;
    return (int)n;
}
static int peer_recv(void *ctx, void *buf, size_t cap)
{
    struct peer *p = ctx;
    size_t n = p->in_len - p->in_at;
    n = n < p->grain ? n : p->grain;
    n = n < cap ? n : cap;
    memcpy(buf, p->in + p->in_at, n);
    p->in_at += n;
    return n ? (int)n : p->closed ? MOTE_E_CLOSED : 0;
}
static void peer_close(void *ctx)
{
    ((struct peer *)ctx)->closes++;
}
static uint64_t peer_now(void *ctx)
{
    return ((struct peer *)ctx)->now_us;
}
static int peer_entropy(void *ctx, void *buf, size_t len)
{
    memset(buf, 0, len);
    memcpy(buf, &((struct peer *)ctx)->entropy, len < 4 ? len : 4);
    return MOTE_OK;
}

static struct peer peer;
static struct mote_link client;
static uint8_t rx[1024], tx[2048];
static int ups, downs, messages, acks, grants, refusals;
static char last_topic[64], last_reason[64];
static uint8_t last_payload[1024];
static size_t last_len;

static void on_up(void *ctx)
{
    (void)ctx;
    ups++;
}
static void on_down(void *ctx, const char *reason)
{
    (void)ctx;
    downs++;
    (void)snprintf(last_reason, sizeof(last_reason), "%s", reason);
}
static void on_message(void *ctx, const struct mote_link_message *m)
{
    (void)ctx;
    messages++;
    (void)snprintf(last_topic, sizeof(last_topic), "%.*s", (int)m->topic_len, m->topic);
    last_len = m->len;
    memcpy(last_payload, m->payload, m->len);
}
static void on_acked(void *ctx, uint16_t id)
{
    (void)ctx;
    (void)id;
    acks++;
}
static void on_subscribed(void *ctx, uint16_t id, bool granted)
{
    (void)ctx;
    (void)id;
    granted ? grants++ : refusals++;
}

static struct mote_link_config base_config(void)
{
    return (struct mote_link_config){.client_id = "dev-1",
                                     .rx = rx,
                                     .rx_cap = sizeof(rx),
                                     .tx = tx,
                                     .tx_cap = sizeof(tx),
                                     .up = on_up,
                                     .down = on_down,
                                     .message = on_message,
                                     .acked = on_acked,
                                     .subscribed = on_subscribed};
}

static void start(void)
{
    ups = downs = messages = acks = grants = refusals = 0;
    memset(&peer, 0, sizeof(peer));
    peer.grain = 1;
    peer.out_room = sizeof(peer.out);
    struct mote_link_config c = base_config();
    c.transport = (struct mote_transport){&peer, peer_open, peer_send, peer_recv, peer_close};
    c.clock = (struct mote_clock){&peer, peer_now};
    c.entropy = (struct mote_entropy){&peer, peer_entropy};
    ck_assert_int_eq(mote_link_init(&client, &c), MOTE_OK);
}

static void say(const void *bytes, size_t len)
{
    memcpy(peer.in + peer.in_len, bytes, len);
    peer.in_len += len;
}

static void connect_client(void)
{
    start();
    say("\x20\x02\x00\x00", 4);
    ck_assert_int_eq(mote_link_step(&client), MOTE_OK);
    ck_assert_int_eq(ups, 1);
    peer.out_len = 0;
}

START_TEST(connect_bytes_are_as_the_standard_says)
{
    uint8_t out[128];
    int n = mote_mqtt_connect(out, sizeof(out),
                              &(struct mote_mqtt_connect){.client_id = "d",
                                                          .user = "u",
                                                          .password = "pw",
                                                          .keepalive_s = 300,
                                                          .clean = true,
                                                          .will_topic = "w",
                                                          .will = (const uint8_t *)"x",
                                                          .will_len = 1});
    static const uint8_t want[] = {0x10, 26,   0, 4,   'M', 'Q', 'T', 'T', 4, 0xee,
                                   1,    0x2c, 0, 1,   'd', 0,   1,   'w', 0, 1,
                                   'x',  0,    1, 'u', 0,   2,   'p', 'w'};
    ck_assert_int_eq(n, sizeof(want));
    ck_assert_mem_eq(out, want, sizeof(want));
    for (size_t cap = 0; cap < sizeof(want); cap++) {
        ck_assert_int_lt(
            mote_mqtt_connect(out, cap,
                              &(struct mote_mqtt_connect){.client_id = "abcdefghijklmnop"}),
            0);
    }
}
END_TEST

START_TEST(a_large_publish_survives_every_split)
{
    static uint8_t packet[900], body[1024];
    uint8_t payload[700];
    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (uint8_t)(i * 7);
    }
    int n = mote_mqtt_publish(packet, sizeof(packet), "ml/1/d/dev-1/cmd", payload, sizeof(payload),
                              1, true, 77);
    ck_assert_uint_eq((size_t)n, mote_mqtt_publish_size(16, sizeof(payload), 1));
    for (size_t cut = 1; cut < (size_t)n; cut++) {
        struct mote_mqtt_reader r;
        mote_mqtt_reader_init(&r, body, sizeof(body));
        size_t used = 0, more = 0;
        ck_assert_int_eq(mote_mqtt_reader_feed(&r, packet, cut, &used), 0);
        ck_assert_uint_eq(used, cut);
        ck_assert_int_eq(mote_mqtt_reader_feed(&r, packet + cut, (size_t)n - cut, &more), 1);
        struct mote_mqtt_packet p;
        ck_assert_int_eq(mote_mqtt_decode(&p, &r), MOTE_OK);
        ck_assert_uint_eq(p.id, 77);
        ck_assert(p.retained);
        ck_assert_uint_eq(p.payload_len, sizeof(payload));
        ck_assert_mem_eq(p.payload, payload, sizeof(payload));
    }
}
END_TEST

START_TEST(connects_with_bytes_one_at_a_time)
{
    start();
    ck_assert_int_eq(mote_link_step(&client), MOTE_E_AGAIN);
    ck_assert_uint_eq(peer.out[0], 0x10);
    say("\x20\x02\x00\x00", 4);
    ck_assert_int_eq(mote_link_step(&client), MOTE_OK);
    ck_assert_int_eq(ups, 1);
}
END_TEST

START_TEST(a_refusal_says_why_and_backs_off)
{
    start();
    say("\x20\x02\x00\x04", 4);
    ck_assert_int_eq(mote_link_step(&client), MOTE_E_AGAIN);
    ck_assert_str_eq(last_reason, "broker refused: bad user name or password");
    ck_assert_int_eq(peer.opens, 1);
    (void)mote_link_step(&client);
    ck_assert_int_eq(peer.opens, 1);
    uint64_t last = 0, pause = 0;
    peer.refuse = true;
    for (int i = 0; i < 9; i++) { // 250 ms, 500, ... up to 30 s with this entropy
        last = peer.now_us;
        while (peer.opens == i + 1) {
            peer.now_us += 10000;
            (void)mote_link_step(&client);
        }
        ck_assert_uint_ge(peer.now_us - last, pause);
        pause = peer.now_us - last;
    }
    ck_assert_uint_le(pause, 60000000);
    ck_assert_uint_ge(pause, 29000000);
}
END_TEST

START_TEST(messages_arrive_and_are_acknowledged)
{
    connect_client();
    say("\x32\x08\x00\x01t\x00\x09xyz", 10);
    ck_assert_int_eq(mote_link_step(&client), MOTE_OK);
    ck_assert_int_eq(messages, 1);
    ck_assert_str_eq(last_topic, "t");
    ck_assert_mem_eq(last_payload, "xyz", 3);
    ck_assert_uint_eq(peer.out_len, 4);
    ck_assert_mem_eq(peer.out, "\x40\x02\x00\x09", 4);
}
END_TEST

START_TEST(a_message_too_long_is_passed_over_and_acknowledged)
{
    connect_client();
    static uint8_t packet[5000], payload[4000];
    peer.grain = 100;
    int n = mote_mqtt_publish(packet, sizeof(packet), "t", payload, sizeof(payload), 1, false, 5);
    say(packet, (size_t)n);
    say("\x30\x04\x00\x01tz", 6);
    ck_assert_int_eq(mote_link_step(&client), MOTE_OK);
    ck_assert_uint_eq(client.oversized, 1);
    ck_assert_int_eq(messages, 1);
    ck_assert_uint_eq(last_len, 1);
    ck_assert_mem_eq(peer.out, "\x40\x02\x00\x05", 4);
}
END_TEST

START_TEST(in_flight_is_bounded_and_freed_by_acknowledgements)
{
    connect_client();
    uint16_t id[MOTE_LINK_INFLIGHT];
    for (int i = 0; i < MOTE_LINK_INFLIGHT; i++) {
        ck_assert_int_eq(mote_link_publish(&client, "t", "x", 1, 1, false, &id[i]), MOTE_OK);
    }
    ck_assert_int_eq(mote_link_publish(&client, "t", "x", 1, 1, false, NULL), MOTE_E_AGAIN);
    ck_assert_int_eq(mote_link_publish(&client, "t", "x", 1, 0, false, NULL), MOTE_OK);
    uint8_t ack[] = {0x40, 2, (uint8_t)(id[3] >> 8), (uint8_t)id[3]};
    say(ack, 4);
    say(ack, 4); // a second one is not ours any more
    (void)mote_link_step(&client);
    ck_assert_int_eq(acks, 1);
    ck_assert_int_eq(mote_link_publish(&client, "t", "x", 1, 1, false, NULL), MOTE_OK);
}
END_TEST

START_TEST(a_full_buffer_says_again_and_a_huge_packet_space)
{
    connect_client();
    peer.out_room = peer.out_len;
    static uint8_t big[4000];
    ck_assert_int_eq(mote_link_publish(&client, "t", big, sizeof(big), 0, false, NULL),
                     MOTE_E_SPACE);
    ck_assert_int_eq(mote_link_publish(&client, "t", big, 1200, 0, false, NULL), MOTE_OK);
    ck_assert_int_eq(mote_link_publish(&client, "t", big, 1200, 0, false, NULL), MOTE_E_AGAIN);
    (void)mote_link_step(&client);
    ck_assert_uint_gt(mote_link_pending(&client), 0);
    peer.out_room = sizeof(peer.out);
    (void)mote_link_step(&client);
    ck_assert_uint_eq(mote_link_pending(&client), 0);
}
END_TEST

START_TEST(silence_is_pinged_and_then_given_up)
{
    connect_client();
    peer.now_us += 16 * 1000000u;
    (void)mote_link_step(&client);
    ck_assert_uint_eq(peer.out_len, 2);
    ck_assert_uint_eq(peer.out[0], 0xc0);
    say("\xd0\x00", 2);
    (void)mote_link_step(&client);
    peer.now_us += 16 * 1000000u;
    (void)mote_link_step(&client);
    peer.now_us += 16 * 1000000u;
    (void)mote_link_step(&client);
    ck_assert_int_eq(downs, 1);
    ck_assert_str_eq(last_reason, "no answer to ping");
}
END_TEST

START_TEST(what_a_server_may_not_send_drops_the_connection)
{
    static const char *const bad[] = {
        "\x10\x02zz",       "\x20\x02zz",       "\x34\x05\x00\x01txx", "\x30\x01z",
        "\x30\x02\x00\x09", "\x40\x02\x00\x00", "\xf0\x02zz",          "\x30\xff\xff\xff\xff\x01",
        "\x30\x03\x00\x01#"};
    static const size_t len[] = {4, 4, 7, 3, 4, 4, 4, 6, 5};
    for (size_t i = 0; i < MOTE_COUNT(bad); i++) {
        connect_client();
        say(bad[i], len[i]);
        (void)mote_link_step(&client);
        ck_assert_msg(downs == 1, "case %zu was accepted", i);
        ck_assert_int_eq(peer.closes, 1);
    }
}
END_TEST

START_TEST(random_bytes_never_break_it)
{
    uint32_t x = 1;
    for (int round = 0; round < 2000; round++) {
        connect_client();
        peer.grain = 1 + (unsigned)round % 300;
        for (int i = 0; i < 200; i++) {
            x = x * 1664525 + 1013904223;
            uint8_t b = (uint8_t)(x >> 24);
            say(i == 0   ? (uint8_t[]){(uint8_t)(0x30 | (b & 0xf))}
                : i == 1 ? (uint8_t[]){b & 0x7f}
                         : &b,
                1);
        }
        (void)mote_link_step(&client);
    }
}
END_TEST

// --- a real broker ----------------------------------------------------------------------------
struct real {
    struct posix_tcp tcp;
    struct mote_link link;
    uint8_t rx[8192], tx[8192];
};

static void real_start(struct real *r, int port, const char *id, const char *will)
{
    posix_tcp_init(&r->tcp, "127.0.0.1", port);
    struct mote_link_config c = base_config();
    c.client_id = id;
    c.transport = posix_tcp_transport(&r->tcp);
    c.clock = posix_network_clock();
    c.entropy = posix_entropy();
    c.rx = r->rx;
    c.rx_cap = sizeof(r->rx);
    c.tx = r->tx;
    c.tx_cap = sizeof(r->tx);
    c.backoff_min_ms = 20;
    c.will_topic = will;
    c.will = (const uint8_t *)"gone";
    c.will_len = 4;
    ck_assert_int_eq(mote_link_init(&r->link, &c), MOTE_OK);
}

static bool until(struct real *a, struct real *b, const int *counter, int value)
{
    int64_t end = clock_mono_us() + 5000000;
    while (*counter < value && clock_mono_us() < end) {
        (void)mote_link_step(&a->link);
        if (b) {
            (void)mote_link_step(&b->link);
        }
        usleep(200);
    }
    return *counter >= value;
}

START_TEST(a_real_broker_delivers_in_both_directions)
{
    struct broker broker;
    if (broker_start(&broker, NULL) != 0) {
        printf("SKIP: no mosquitto\n");
        return;
    }
    static struct real a, b;
    static uint8_t payload[700];
    ups = downs = messages = acks = grants = 0;
    real_start(&a, broker.port, "dev-a", "w/a");
    real_start(&b, broker.port, "dev-b", NULL);
    ck_assert(until(&a, &b, &ups, 2));
    ck_assert_int_eq(mote_link_subscribe(&b.link, "t/+", 1, NULL), MOTE_OK);
    ck_assert_int_eq(mote_link_subscribe(&b.link, "w/#", 1, NULL), MOTE_OK);
    ck_assert(until(&a, &b, &grants, 2));
    for (int i = 0; i < 40; i++) {
        payload[0] = (uint8_t)i;
        while (mote_link_publish(&a.link, "t/x", payload, sizeof(payload), 1, false, NULL) ==
               MOTE_E_AGAIN) {
            (void)mote_link_step(&a.link);
            (void)mote_link_step(&b.link);
        }
    }
    ck_assert(until(&a, &b, &messages, 40));
    ck_assert(until(&a, &b, &acks, 40));
    ck_assert_uint_eq(last_payload[0], 39);
    broker_pause(&broker);
    ck_assert(until(&a, &b, &downs, 2));
    ck_assert_int_eq(broker_resume(&broker), 0);
    ck_assert(until(&a, &b, &ups, 4));
    ck_assert_int_eq(mote_link_subscribe(&b.link, "w/#", 1, NULL), MOTE_OK);
    ck_assert(until(&a, &b, &grants, 3));
    mote_link_drop(&a.link, "test"); // breaks without DISCONNECT: the will is told
    ck_assert(until(&b, NULL, &messages, 41));
    ck_assert_mem_eq(last_payload, "gone", 4);
    mote_link_stop(&a.link);
    mote_link_stop(&b.link);
    broker_stop(&broker);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("link");
    TCase *t = tcase_create("link");
    tcase_add_test(t, connect_bytes_are_as_the_standard_says);
    tcase_add_test(t, a_large_publish_survives_every_split);
    tcase_add_test(t, connects_with_bytes_one_at_a_time);
    tcase_add_test(t, a_refusal_says_why_and_backs_off);
    tcase_add_test(t, messages_arrive_and_are_acknowledged);
    tcase_add_test(t, a_message_too_long_is_passed_over_and_acknowledged);
    tcase_add_test(t, in_flight_is_bounded_and_freed_by_acknowledgements);
    tcase_add_test(t, a_full_buffer_says_again_and_a_huge_packet_space);
    tcase_add_test(t, silence_is_pinged_and_then_given_up);
    tcase_add_test(t, what_a_server_may_not_send_drops_the_connection);
    tcase_add_test(t, random_bytes_never_break_it);
    tcase_add_test(t, a_real_broker_delivers_in_both_directions);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
