// A whole device in memory. See device_bench.h.
#include "tests/support/device_bench.h"
#include "common/hex.h"

#include <assert.h>
#include <math.h>

#define DEVICE "dev-1"
#define PREFIX "ml/1"
#define SCALE (9.80665f / 4096.0f)

// --- drivers -----------------------------------------------------------------------------------
static uint64_t device_now(void *ctx)
{
    return ((struct bench *)ctx)->device_us;
}
static uint64_t network_now(void *ctx)
{
    return ((struct bench *)ctx)->network_us;
}
static int entropy_fill(void *ctx, void *buf, size_t len)
{
    struct bench *b = ctx;
    for (size_t i = 0; i < len; i++) {
        b->entropy = b->entropy * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)buf)[i] = (uint8_t)(b->entropy >> 56);
    }
    return MOTE_OK;
}

static int sensor_read(void *ctx, unsigned stream, void *frames, size_t max, uint64_t *t_us)
{
    struct bench *b = ctx;
    if (stream == 1) {
        int value = b->stop_value;
        b->stop_value = -1;
        *t_us = b->device_us;
        *(uint8_t *)frames = (uint8_t)value;
        return value >= 0;
    }
    uint64_t end = b->device_us / 10000 + 1;
    if (end > 100 && b->next_frame < end - 100) {
        b->next_frame = end - 100; // a FIFO of a second
    }
    size_t n = end > b->next_frame ? (size_t)(end - b->next_frame) : 0;
    n = n < max ? n : max;
    *t_us = b->next_frame * 10000;
    for (size_t i = 0; i < n; i++, b->next_frame++) {
        double x = b->shake * 1.414 * sin(0.9 * (double)b->next_frame) / (double)SCALE;
        int16_t frame[3] = {(int16_t)x, (int16_t)(0.9 * x), (int16_t)(4096 + 0.5 * x)};
        memcpy((uint8_t *)frames + 6 * i, frame, 6);
    }
    return (int)n;
}

static void on_decision(void *ctx, const struct mote_decision *d)
{
    struct bench *b = ctx;
    b->decisions++;
    (void)snprintf(b->last_decision, sizeof(b->last_decision), "%s", d->label);
}

static void on_reboot(void *ctx)
{
    ((struct bench *)ctx)->reboots++;
}

static void on_line(void *ctx, const char *text)
{
    struct bench *b = ctx;
    size_t len = strlen(b->log);
    (void)snprintf(b->log + len, sizeof(b->log) - len, "%s\n", text);
}

// --- the collector -------------------------------------------------------------------------------
static bool has(const struct bench *b, const char *stream, const uint8_t *session, uint64_t seq,
                size_t *at)
{
    for (size_t i = 0; i < b->stored_count; i++) {
        const struct bench_block *s = &b->stored[i];
        if (s->block.seq == seq && strcmp(s->stream, stream) == 0 &&
            memcmp(s->block.session, session, MOTE_SESSION_LEN) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

static void acknowledge(struct bench *b, const char *stream, const uint8_t *session)
{
    struct mote_ack a = {.stream = {stream, strlen(stream)}};
    uint8_t out[512];
    size_t at;
    memcpy(a.session, session, MOTE_SESSION_LEN);
    while (has(b, stream, session, a.next, &at)) {
        a.next++;
    }
    uint64_t top = 0;
    for (size_t i = 0; i < b->stored_count; i++) {
        bool ours = strcmp(b->stored[i].stream, stream) == 0 &&
                    memcmp(b->stored[i].block.session, session, MOTE_SESSION_LEN) == 0;
        top = ours && b->stored[i].block.seq > top ? b->stored[i].block.seq : top;
    }
    for (uint64_t s = a.next + 1; s <= top && a.range_count < MOTE_ACK_RANGES; s++) {
        if (has(b, stream, session, s, &at)) {
            struct mote_ack_range *g = &a.range[a.range_count++];
            g->first = s;
            while (has(b, stream, session, s + 1, &at)) {
                s++;
            }
            g->last = s;
        }
    }
    int n = mote_acks_encode(out, sizeof(out), &a, 1);
    assert(n > 0);
    bench_publish(b, "d/" DEVICE "/ack", out, (size_t)n, false);
}

static void store(struct bench *b, const char *stream, const uint8_t *p, size_t len)
{
    struct bench_block *s = &b->stored[b->stored_count];
    size_t at;
    assert(b->stored_count < BENCH_BLOCKS);
    memset(s, 0, sizeof(*s));
    s->copy = malloc(len);
    memcpy(s->copy, p, len);
    int status = mote_block_decode(&s->block, s->copy, len);
    assert(status == MOTE_OK);
    (void)snprintf(s->stream, sizeof(s->stream), "%s", stream);
    if (has(b, stream, s->block.session, s->block.seq, &at)) {
        b->repeats++;
        b->duplicate_differs |=
            b->stored[at].block.data_len != s->block.data_len ||
            memcmp(b->stored[at].block.data, s->block.data, s->block.data_len) != 0;
        free(s->copy);
    } else {
        b->stored_count++;
    }
}

static void on_live(struct bench *b, const uint8_t *p, size_t len)
{
    struct mote_block k;
    int status = mote_block_decode(&k, p, len);
    assert(status == MOTE_OK);
    b->live_blocks++;
    b->live_frames +=
        k.kind == MOTE_BLOCK_SAMPLES ? k.data_len / (mote_sample_size(k.type) * k.channels) : 0;
    b->live_events += k.kind == MOTE_BLOCK_EVENT;
    b->live_reply_us = k.kind == MOTE_BLOCK_REPLY ? k.t_us : b->live_reply_us;
}

static void on_published(void *ctx, const char *topic, const uint8_t *p, size_t len, bool retain)
{
    struct bench *b = ctx;
    struct mote_topic t;
    (void)retain;
    int status = mote_topic_parse(&t, PREFIX, topic, strlen(topic));
    assert(status == MOTE_OK);
    if (t.leaf == MOTE_LEAF_LIVE) {
        on_live(b, p, len);
    }
    if (t.leaf != MOTE_LEAF_DATA) {
        return;
    }
    if (b->broker.lose_one_in && ++b->entropy % b->broker.lose_one_in == 0) {
        return; // the broker's queue was full
    }
    store(b, t.stream, p, len);
    struct mote_block block;
    status = mote_block_decode(&block, p, len);
    if (b->acks) {
        acknowledge(b, t.stream, block.session);
    }
}

// --- life ----------------------------------------------------------------------------------------
void bench_init(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    loop_broker_init(&b->broker);
    kit_init(&b->kit, 7, 1);
    b->broker.ctx = b;
    b->broker.published = on_published;
    b->acks = true;
    b->stop_value = -1;
    b->shake = 0.1;
    b->entropy = 42;
    int status = sim_flash_init(&b->spool, 64 * 4096, 4096, 8);
    status = status ? status : sim_flash_init(&b->slots, 18 * 4096, 4096, 8);
    assert(status == 0);
    b->info[0] = (struct mote_stream_info){.name = "acc",
                                           .units = "m/s2",
                                           .type = MOTE_I16,
                                           .channels = 3,
                                           .scale = SCALE,
                                           .interval_ns = 10000000};
    b->info[1] = (struct mote_stream_info){
        .name = "stop", .units = "/", .type = MOTE_U8, .channels = 1, .scale = 1};
    b->config = (struct mote_agent_config){.device = DEVICE,
                                           .prefix = PREFIX,
                                           .board = "bench",
                                           .isa = "none",
                                           .extensions = "",
                                           .runtime = "0.1.0",
                                           .ram = 65536,
                                           .capability_class = 1,
                                           .simulated = true,
                                           .clock = {b, device_now},
                                           .network_clock = {b, network_now},
                                           .entropy = {b, entropy_fill},
                                           .transport = loop_broker_transport(&b->broker),
                                           .sensor = {b, b->info, 2, sensor_read},
                                           .actuator = {b, on_decision},
                                           .logger = {b, on_line},
                                           .spool_flash = &b->spool.flash,
                                           .model_flash = &b->slots.flash,
                                           .ops = &mote_nn_ops_all,
                                           .root = b->kit.root.point,
                                           .reboot = on_reboot,
                                           .reboot_ctx = b,
                                           .arena = b->arena,
                                           .arena_len = sizeof(b->arena),
                                           .window = b->window,
                                           .window_len = sizeof(b->window),
                                           .frames = b->frames,
                                           .frames_len = sizeof(b->frames),
                                           .manifest = b->manifest,
                                           .manifest_len = sizeof(b->manifest),
                                           .bitmap = b->bitmap,
                                           .bitmap_len = sizeof(b->bitmap),
                                           .sectors = b->sectors,
                                           .sector_count = 64,
                                           .rx = b->rx,
                                           .rx_len = sizeof(b->rx),
                                           .live = b->live,
                                           .live_len = sizeof(b->live),
                                           .tx = b->tx,
                                           .tx_len = sizeof(b->tx),
                                           .keep_per_minute = 60,
                                           .patient = true};
    bench_publish(b, "r/keys", b->kit.keys, b->kit.keys_len, true);
}

void bench_release(struct bench *b)
{
    for (size_t i = 0; i < b->stored_count; i++) {
        free(b->stored[i].copy);
    }
    loop_broker_release(&b->broker);
    sim_flash_release(&b->spool);
    sim_flash_release(&b->slots);
}

void bench_boot(struct bench *b)
{
    int status = mote_agent_init(&b->agent, &b->config);
    if (status) {
        fprintf(stderr, "%s", b->log);
    }
    assert(status == MOTE_OK);
}

void bench_crash(struct bench *b)
{
    loop_broker_cut(&b->broker);
    memset(&b->agent, 0xa5, sizeof(b->agent));
    memset(b->arena, 0xa5, sizeof(b->arena));
    b->device_us = b->next_frame = 0;
}

void bench_run(struct bench *b, uint64_t ms)
{
    for (uint64_t end = b->network_us + 1000 * ms; b->network_us < end;) {
        for (int i = 0; i < 50 && mote_agent_step(&b->agent); i++) {
        }
        b->network_us += 10000;
        b->device_us += 10000;
    }
}

// --- the server's side ---------------------------------------------------------------------------
void bench_publish(struct bench *b, const char *below, const void *p, size_t len, bool retain)
{
    char topic[192];
    (void)snprintf(topic, sizeof(topic), PREFIX "/%s", below);
    loop_broker_publish(&b->broker, topic, p, len, retain);
}

void bench_command(struct bench *b, const struct mote_cmd *c)
{
    uint8_t out[256];
    int n = mote_cmd_encode(out, sizeof(out), c);
    assert(n > 0);
    bench_publish(b, "d/" DEVICE "/cmd", out, (size_t)n, false);
}

void bench_publish_release(struct bench *b, const struct kit_release *r, bool damage)
{
    char hex[2 * MOTE_DIGEST_LEN + 1], below[160];
    hex_encode(hex, r->digest, MOTE_DIGEST_LEN);
    (void)snprintf(below, sizeof(below), "r/%s/m", hex);
    bench_publish(b, below, r->signed_manifest, r->signed_len, true);
    uint32_t size = r->manifest.block_size;
    for (uint32_t at = 0, n = 0; at < r->model.len; at += size, n++) {
        uint8_t block[4096];
        size_t len = r->model.len - at < size ? r->model.len - at : size;
        memcpy(block, r->model.data + at, len);
        block[len / 2] ^= damage && n == 3 ? 1 : 0;
        (void)snprintf(below, sizeof(below), "r/%s/b/%u/%u", hex, n / MOTE_GROUP_BLOCKS,
                       n % MOTE_GROUP_BLOCKS);
        bench_publish(b, below, block, len, true);
    }
}

void bench_desire(struct bench *b, const struct kit_release *r)
{
    struct mote_desired d = {.seq = r->manifest.seq};
    uint8_t out[96];
    memcpy(d.manifest_digest, r->digest, MOTE_DIGEST_LEN);
    int n = mote_desired_encode(out, sizeof(out), &d);
    assert(n > 0);
    bench_publish(b, "d/" DEVICE "/desired", out, (size_t)n, true);
}

struct mote_reported bench_reported(const struct bench *b)
{
    struct mote_reported r = {0};
    const struct loop_message *m = loop_broker_find(&b->broker, PREFIX "/d/" DEVICE "/reported");
    int status = m ? mote_reported_decode(&r, m->payload, m->len) : MOTE_OK;
    assert(status == MOTE_OK);
    return r;
}

bool bench_reply(const struct bench *b, uint64_t command, struct mote_reply *out)
{
    for (size_t i = 0; i < b->stored_count; i++) {
        const struct mote_block *k = &b->stored[i].block;
        if (k->kind == MOTE_BLOCK_REPLY &&
            mote_reply_decode(out, k->data, k->data_len) == MOTE_OK && out->command == command) {
            return true;
        }
    }
    return false;
}

size_t bench_count(const struct bench *b, const char *stream)
{
    size_t n = 0;
    for (size_t i = 0; i < b->stored_count; i++) {
        n += !stream || strcmp(b->stored[i].stream, stream) == 0;
    }
    return n;
}

size_t bench_frames(const struct bench *b, const char *stream, uint32_t recording)
{
    size_t n = 0;
    for (size_t i = 0; i < b->stored_count; i++) {
        const struct mote_block *k = &b->stored[i].block;
        if (strcmp(b->stored[i].stream, stream) == 0 && k->recording == recording &&
            k->kind == MOTE_BLOCK_SAMPLES) {
            n += k->data_len / (mote_sample_size(k->type) * k->channels);
        }
    }
    return n;
}

bool bench_complete(const struct bench *b)
{
    size_t at;
    for (size_t i = 0; i < b->stored_count; i++) {
        const struct mote_block *k = &b->stored[i].block;
        if (k->seq && !has(b, b->stored[i].stream, k->session, k->seq - 1, &at)) {
            return false;
        }
    }
    return true;
}
