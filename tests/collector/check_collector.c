// The collector against a real broker: blocks to rows, acknowledgements, refusals, the outbox, restarts.
#include <check.h>
#include <mosquitto.h>
#include <png.h>
#include <pthread.h>
#include <sndfile.h>
#include <unistd.h>

#include "collector/coll_run.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"
#include "tests/support/broker.h"
#include "tests/support/store_fixture.h"

#define WAIT_US 8000000

static struct broker broker;
static struct project project;
static struct store_fixture fix;
static struct err e;
static volatile sig_atomic_t stop;
static pthread_t thread;
static int run_status;
static const uint8_t session[MOTE_SESSION_LEN] = {0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};

#define OKAY(call) ck_assert_msg((call) == OK, "%s: %s", #call, e.msg)

// --- a device that only speaks MQTT ---------------------------------------------------------------

static struct {
    struct mosquitto *mosq;
    pthread_mutex_t lock;
    uint64_t next;      // of stream "acc", by the last acknowledgement
    int ranges, acks;
    char last_topic[128];
    char last_payload[128];
    bool connected;
} dev = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void dev_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    (void)m;
    (void)ctx;
    pthread_mutex_lock(&dev.lock);
    if (strstr(msg->topic, "/ack")) {
        struct mote_ack acks[16];
        int count = mote_acks_decode(acks, 16, msg->payload, (size_t)msg->payloadlen);
        for (int i = 0; i < count; i++) {
            if (mote_str_is(acks[i].stream, "acc")) {
                dev.next = acks[i].next;
                dev.ranges = acks[i].range_count;
            }
        }
        dev.acks += count > 0;
    } else {
        snprintf(dev.last_topic, sizeof dev.last_topic, "%s", msg->topic);
        snprintf(dev.last_payload, sizeof dev.last_payload, "%.*s", msg->payloadlen,
                 (const char *)msg->payload);
    }
    pthread_mutex_unlock(&dev.lock);
}

static void dev_connected(struct mosquitto *m, void *ctx, int code)
{
    (void)ctx;
    if (code == 0) {
        mosquitto_subscribe(m, NULL, "ml/1/d/fan-1/#", 1);
    }
}

static void dev_subscribed(struct mosquitto *m, void *ctx, int mid, int count, const int *granted)
{
    (void)m;
    (void)ctx;
    (void)mid;
    (void)count;
    (void)granted;
    pthread_mutex_lock(&dev.lock);
    dev.connected = true;
    pthread_mutex_unlock(&dev.lock);
}

static bool dev_is_connected(void)
{
    pthread_mutex_lock(&dev.lock);
    bool yes = dev.connected;
    pthread_mutex_unlock(&dev.lock);
    return yes;
}

static bool wait_for(bool (*yes)(void))
{
    int64_t until = clock_mono_us() + WAIT_US;
    while (clock_mono_us() < until) {
        if (yes()) {
            return true;
        }
        usleep(2000);
    }
    return false;
}

static void dev_start(void)
{
    mosquitto_lib_init();
    dev.connected = false;
    dev.next = 0;
    dev.acks = 0;
    dev.ranges = 0;
    dev.last_topic[0] = 0;
    dev.mosq = mosquitto_new("fan-1", true, NULL);
    mosquitto_message_callback_set(dev.mosq, dev_message);
    mosquitto_connect_callback_set(dev.mosq, dev_connected);
    mosquitto_subscribe_callback_set(dev.mosq, dev_subscribed);
    ck_assert_int_eq(mosquitto_connect(dev.mosq, "127.0.0.1", broker.port, 30), 0);
    ck_assert_int_eq(mosquitto_loop_start(dev.mosq), 0);
    ck_assert(wait_for(dev_is_connected));
}

static void dev_stop(void)
{
    mosquitto_disconnect(dev.mosq);
    mosquitto_loop_stop(dev.mosq, false);
    mosquitto_destroy(dev.mosq);
    mosquitto_lib_cleanup();
}

static void send_raw(const char *topic, const void *p, size_t len, bool retain)
{
    ck_assert_int_eq(mosquitto_publish(dev.mosq, NULL, topic, (int)len, p, 1, retain), 0);
}

static void send_block(struct mote_block b, const char *stream)
{
    uint8_t bytes[MOTE_BLOCK_MAX];
    char topic[128];
    memcpy(b.session, session, sizeof session);
    int len = mote_block_encode(bytes, sizeof bytes, &b);
    ck_assert_int_gt(len, 0);
    snprintf(topic, sizeof topic, "ml/1/d/fan-1/data/%s", stream);
    send_raw(topic, bytes, (size_t)len, false);
}

static void send_samples(uint64_t seq, uint32_t recording, bool end, uint8_t fill)
{
    uint8_t data[60];
    memset(data, fill, sizeof data);
    send_block((struct mote_block){.seq = seq,
                                   .t_us = seq * 100000,
                                   .interval_ns = 10000000,
                                   .type = MOTE_I16,
                                   .channels = 3,
                                   .scale = 0.5f,
                                   .recording = recording,
                                   .data = data,
                                   .data_len = sizeof data,
                                   .flags = end ? MOTE_BLOCK_REC_END : 0},
               "acc");
}

static uint64_t wanted_next;
static bool next_is_wanted(void)
{
    pthread_mutex_lock(&dev.lock);
    bool yes = dev.next == wanted_next;
    pthread_mutex_unlock(&dev.lock);
    return yes;
}

static void expect_next(uint64_t next)
{
    wanted_next = next;
    ck_assert_msg(wait_for(next_is_wanted), "next is %d, wanted %d", (int)dev.next, (int)next);
}

// --- the collector, in a thread of this program ----------------------------------------------------

static void *run_collector(void *ctx)
{
    struct err *failure = ctx;
    struct coll_options o = {.id = "test", .stop = &stop};
    run_status = coll_run(&project, &o, failure);
    return NULL;
}

static int64_t probe_boots, probes;
static int take_probe(void *ctx, const struct store_device *d)
{
    (void)ctx;
    probe_boots = d->boot_count;
    return 0;
}

// A message that comes before the collector has subscribed is nobody's, so this asks until it listens.
static bool collector_listens(void)
{
    uint8_t m[64];
    int len = mote_device_status_encode(
        m, sizeof m, &(struct mote_device_status){.boot_count = (uint32_t)probes});
    ck_assert_int_gt(len, 0);
    send_raw("ml/1/d/probe/status", m, (size_t)len, false);
    OKAY(store_device_walk(fix.store, "probe", take_probe, NULL, &e));
    return probe_boots == probes;
}

static struct err run_failure;
static void collector_start(void)
{
    stop = 0;
    probes++;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_collector, &run_failure), 0);
    ck_assert(wait_for(collector_listens));
}

static void collector_stop(void)
{
    stop = 1;
    pthread_join(thread, NULL);
    ck_assert_msg(run_status == OK, "%s", run_failure.msg);
}

static struct store_collector row;
static int copy_row(void *ctx, const struct store_collector *c)
{
    (void)ctx;
    row = *c;
    return 0;
}

static int64_t column(int64_t *field)
{
    row = (struct store_collector){0};
    OKAY(store_collector_walk(fix.store, copy_row, NULL, &e));
    return *field;
}

static void start_broker(void)
{
    if (broker_start(&broker, NULL)) {
        exit(1); // it has said why
    }
}

static void stop_broker(void)
{
    broker_stop(&broker);
    broker = (struct broker){0};
}

static void set_up(void)
{
    log_init("test", LOG_ERROR, false);
    store_fixture_make(&fix);
    project_conf_defaults(&project.conf);
    snprintf(project.dir, sizeof project.dir, "%s", fix.dir);
    snprintf(project.conf.broker_host, sizeof project.conf.broker_host, "127.0.0.1");
    project.conf.broker_port = broker.port;
    dev_start();
    OKAY(store_device_add(fix.store, "probe", "", "", &e));
    collector_start();
}

static void tear_down(void)
{
    collector_stop();
    dev_stop();
    store_fixture_remove(&fix);
}

// --- tests -----------------------------------------------------------------------------------------

static int count_recording(void *ctx, const struct store_recording *r)
{
    *(int *)ctx += r->complete ? 100 : 1;
    ck_assert_str_eq(r->device, "fan-1");
    ck_assert_str_eq(r->streams, "acc");
    return 0;
}

START_TEST(blocks_are_stored_and_acknowledged)
{
    for (uint64_t i = 0; i < 5; i++) {
        send_samples(i, 1, i == 4, (uint8_t)i);
    }
    expect_next(5);
    int count = 0;
    OKAY(store_recording_walk(fix.store, NULL, count_recording, &count, &e));
    ck_assert_int_eq(count, 100);
}
END_TEST

START_TEST(repeats_are_acknowledged_again_and_conflicts_kept)
{
    send_samples(0, 0, false, 1);
    expect_next(1);
    int acks = dev.acks;
    send_samples(0, 0, false, 1);
    send_samples(0, 0, false, 2);
    send_samples(2, 0, false, 1);
    send_samples(1, 0, false, 1);
    expect_next(3);
    ck_assert_int_gt(dev.acks, acks);
    collector_stop();
    ck_assert_int_eq(column(&row.repeats), 1);
    ck_assert_int_eq(column(&row.conflicts), 1);
    ck_assert_int_eq(column(&row.blocks), 3);
    collector_start();
}
END_TEST

START_TEST(dropped_ranges_count_as_there)
{
    uint8_t body[128];
    struct mote_dropped d = {.first = 1, .last = 4, .t_us = 5, .reason = {"overflow", 8}};
    send_samples(0, 0, false, 1);
    send_samples(5, 0, false, 1);
    expect_next(1);
    int len = mote_dropped_encode(body, sizeof body, &d);
    ck_assert_int_gt(len, 0);
    send_block(
        (struct mote_block){
            .kind = MOTE_BLOCK_DROPPED, .seq = 1, .data = body, .data_len = (size_t)len},
        "acc");
    expect_next(6);
    send_samples(2, 0, false, 9); // was on its way when it was dropped: stored all the same
    send_samples(6, 0, false, 1);
    expect_next(7);
    collector_stop();
    ck_assert_int_eq(column(&row.blocks), 4);
    collector_start();
}
END_TEST

static int take_event(void *ctx, const struct store_event *ev)
{
    *(int *)ctx += 1;
    ck_assert_str_eq(ev->label, "wear");
    ck_assert_str_eq(ev->device, "fan-1");
    ck_assert_int_eq(ev->rec_no, 3);
    return 0;
}

static bool has_reply;
static int take_command(void *ctx, const struct store_command *c)
{
    (void)ctx;
    has_reply = c->replied_ms > 0 && strcmp(c->reply, "done") == 0;
    return 0;
}

static bool command_is_answered(void)
{
    OKAY(store_command_walk(fix.store, "fan-1", 0, take_command, NULL, &e));
    return has_reply;
}

START_TEST(events_health_and_replies_become_rows)
{
    uint8_t body[1024];
    struct mote_event ev = {
        .t_us = 9, .label = {"wear", 4}, .score = 0.5f, .recording = 3, .model = {"fan", 3}};
    int len = mote_events_encode(body, sizeof body, &ev, 1);
    ck_assert_int_gt(len, 0);
    for (int i = 0; i < 2; i++) { // the second is a repeat
        send_block(
            (struct mote_block){.kind = MOTE_BLOCK_EVENT, .data = body, .data_len = (size_t)len},
            "event");
    }
    uint8_t health[512];
    len = mote_health_encode(health, sizeof health,
                             &(struct mote_health){.inferences = 7, .classes = 2});
    ck_assert_int_gt(len, 0);
    send_block(
        (struct mote_block){.kind = MOTE_BLOCK_HEALTH, .data = health, .data_len = (size_t)len},
        "health");
    struct store_command c = {.device = "fan-1", .kind = "record", .author = "test"};
    OKAY(store_command_put(fix.store, &c, &e));
    len = mote_reply_encode(
        body, sizeof body,
        &(struct mote_reply){.command = (uint64_t)c.command_id, .text = {"done", 4}});
    ck_assert_int_gt(len, 0);
    send_block((struct mote_block){.kind = MOTE_BLOCK_REPLY, .data = body, .data_len = (size_t)len},
               "reply");
    ck_assert(wait_for(command_is_answered));
    usleep(20000); // both files of one batch are committed, one after the other
    int events = 0;
    char json[512];
    OKAY(store_event_walk(fix.store, NULL, 0, 0, take_event, &events, &e));
    ck_assert_int_eq(events, 1);
    OKAY(store_health_last(fix.store, "fan-1", json, sizeof json, &e));
    ck_assert_msg(strstr(json, "\"inferences\":7"), "%s", json);
}
END_TEST

static char state_text[256];
static int take_device(void *ctx, const struct store_device *d)
{
    (void)ctx;
    snprintf(state_text, sizeof state_text, "%s|%d|%s|%s", d->board, d->online, d->rel_state,
             d->rel_reason);
    return 0;
}

static bool state_is_known(void)
{
    OKAY(store_device_walk(fix.store, "fan-1", take_device, NULL, &e));
    return strcmp(state_text, "posix|1|refused|auth: unknown key") == 0;
}

START_TEST(state_is_kept_even_from_before_the_start)
{
    uint8_t m[1024];
    OKAY(store_device_add(fix.store, "fan-1", "", "", &e));
    collector_stop();
    struct mote_hello h = {.board = {"posix", 5}, .stream_count = 1};
    h.stream[0].name = (struct mote_str){"acc", 3};
    h.stream[0].units = (struct mote_str){"m/s2", 4};
    h.stream[0].type = MOTE_I16;
    h.stream[0].channels = 3;
    h.stream[0].scale = 0.5f;
    int len = mote_hello_encode(m, sizeof m, &h);
    ck_assert_int_gt(len, 0);
    send_raw("ml/1/d/fan-1/hello", m, (size_t)len, true);
    len = mote_device_status_encode(
        m, sizeof m,
        &(struct mote_device_status){.online = true, .boot_count = 4, .reason = {"connected", 9}});
    ck_assert_int_gt(len, 0);
    send_raw("ml/1/d/fan-1/status", m, (size_t)len, true);
    struct mote_reported r = {
        .state = MOTE_REL_REFUSED, .seq = 2, .status = MOTE_E_AUTH, .reason = {"unknown key", 11}};
    len = mote_reported_encode(m, sizeof m, &r);
    ck_assert_int_gt(len, 0);
    send_raw("ml/1/d/fan-1/reported", m, (size_t)len, true);
    collector_start();
    ck_assert_msg(wait_for(state_is_known), "%s", state_text);
}
END_TEST

static int64_t wanted_refused;
static bool refused_is_wanted(void)
{
    return column(&row.refused) >= wanted_refused;
}

START_TEST(bad_messages_are_counted_and_hurt_nobody)
{
    static uint8_t big[300000];
    send_raw("ml/1/d/fan-1/data/acc", "garbage", 7, false);
    send_raw("ml/1/d/Fan_1/data/acc", "x", 1, false);
    send_raw("ml/1/d/fan-1/data/acc", big, sizeof big, false);
    send_raw("ml/1/d/fan-1/hello", "\xff\xff", 2, false);
    uint8_t data[4] = {0};
    send_block(
        (struct mote_block){
            .type = MOTE_I16, .channels = 1, .scale = 1, .data = data, .data_len = 4},
        "event");
    send_block((struct mote_block){.kind = MOTE_BLOCK_HEALTH, .data = data, .data_len = 4},
               "health");
    send_samples(0, 0, false, 1);
    expect_next(1);
    wanted_refused = 6;
    ck_assert_msg(wait_for(refused_is_wanted), "refused %d", (int)row.refused);
    ck_assert_int_eq(row.refused, 6);
}
END_TEST

static size_t read_back(const char *path, uint8_t *out, size_t cap)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t len = fread(out, 1, cap, f);
    fclose(f);
    return len;
}

static void send_sound(const char *name, int format)
{
    static uint8_t bytes[8192];
    char path[512];
    short tone[1000];
    SF_INFO info = {.samplerate = 8000, .channels = 1, .format = format};
    snprintf(path, sizeof path, "%s/%s", fix.dir, name);
    for (int i = 0; i < 1000; i++) {
        tone[i] = (short)(i * 7 + format % 1000);
    }
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(sf_write_short(f, tone, 1000), 1000);
    sf_close(f);
    send_raw("ml/1/d/fan-1/data/mic", bytes, read_back(path, bytes, sizeof bytes), false);
}

static void send_picture(void)
{
    uint8_t pixels[12 * 10 * 3], file[4096];
    png_alloc_size_t len = sizeof file;
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 12, .height = 10, .format = PNG_FORMAT_RGB};
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (uint8_t)(i * 3);
    }
    ck_assert(png_image_write_to_memory(&image, file, &len, 0, pixels, 0, NULL));
    send_raw("ml/1/d/fan-1/data/camera", file, len, false);
}

static int note_stream(void *ctx, const struct store_recording *r)
{
    char *text = ctx;
    size_t used = strlen(text);
    ck_assert_str_eq(r->device, "fan-1");
    snprintf(text + used, 256 - used, "%s%s %d;", used ? " " : "", r->streams,
             (int)(r->end_us - r->start_us));
    return 0;
}

static bool five_are_there(void)
{
    return column(&row.blocks) >= 5;
}

// What other tools publish: taken without numbers, the same samples once, what is broken refused.
START_TEST(other_formats_become_recordings)
{
    static const char senml[] =
        "[{\"bn\":\"urn:dev:1:\",\"bt\":1700000000,\"n\":\"x\",\"t\":0,\"v\":1.5},"
        "{\"n\":\"x\",\"t\":0.1,\"v\":2.5},{\"n\":\"x\",\"t\":0.2,\"v\":3.5}]";
    static const char edge[] =
        "{\"protected\":{\"ver\":\"v1\",\"alg\":\"none\"},\"signature\":\"0\",\"payload\":{"
        "\"device_type\":\"X\",\"interval_ms\":10,\"sensors\":[{\"name\":\"a\",\"units\":\"g\"}],"
        "\"values\":[1,2,3,4]}}";
    send_sound("a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    send_sound("a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    send_sound("a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    send_picture();
    send_raw("ml/1/d/fan-1/data/level", senml, strlen(senml), false);
    send_raw("ml/1/d/fan-1/data/acc", edge, strlen(edge), false);
    send_raw("ml/1/d/fan-1/data/event", senml, strlen(senml), false);
    send_raw("ml/1/d/fan-1/data/mic", "RIFF and no sound", 17, false);
    send_raw("ml/1/d/fan-1/data/level", "[{\"n\":\"x\",\"v\":", 14, false);
    send_samples(0, 0, false, 1);
    expect_next(1);
    wanted_refused = 3;
    ck_assert_msg(wait_for(refused_is_wanted), "refused %d: %s", (int)row.refused, row.last_error);
    ck_assert(wait_for(five_are_there));
    char streams[256] = "";
    OKAY(store_recording_walk(fix.store, NULL, note_stream, streams, &e));
    ck_assert_str_eq(streams, "mic 125000; mic 125000; camera 1; level 300000; acc 40000;");
    ck_assert_int_eq(column(&row.repeats), 1);
    ck_assert_int_eq(row.refused, 3);
}
END_TEST

static bool message_came(void)
{
    pthread_mutex_lock(&dev.lock);
    bool yes =
        strcmp(dev.last_topic, "ml/1/d/fan-1/cmd") == 0 && strcmp(dev.last_payload, "do it") == 0;
    pthread_mutex_unlock(&dev.lock);
    return yes;
}

static bool outbox_is_empty(void)
{
    int64_t pending;
    OKAY(store_outbox_count(fix.store, &pending, &e));
    return pending == 0;
}

START_TEST(the_outbox_is_published_and_marked)
{
    for (int i = 0; i < 600; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "r/00/b/0/%d", i);
        OKAY(store_outbox_put(fix.store, topic, "x", 1, true, 0, &e));
    }
    OKAY(store_outbox_put(fix.store, "d/fan-1/cmd", "do it", 5, false, 0, &e));
    ck_assert(wait_for(message_came));
    ck_assert(wait_for(outbox_is_empty));
}
END_TEST

static int64_t count_blocks(const char *device)
{
    int64_t frames;
    OKAY(store_stream_frames(fix.store, device, "acc", &frames, &e));
    return frames / 10; // of send_samples
}

static bool one_block_of_each(void)
{
    return count_blocks("fan-1") == 1 && count_blocks("fan-2") == 1;
}

// The broker ties the topic to the credential; what the payload says must not reach beyond the topic.
START_TEST(a_payload_reaches_no_other_device)
{
    uint8_t bytes[MOTE_BLOCK_MAX], body[256], data[60];
    struct store_command c = {.device = "fan-2", .kind = "record", .author = "test"};
    OKAY(store_command_put(fix.store, &c, &e));
    send_samples(0, 1, false, 1);
    expect_next(1);
    // fan-2 uses fan-1's session and numbers, with other bytes: neither a conflict nor a repeat of fan-1's.
    memset(data, 7, sizeof data);
    struct mote_block b = {.interval_ns = 10000000,
                           .type = MOTE_I16,
                           .channels = 3,
                           .scale = 0.5f,
                           .recording = 1,
                           .data = data,
                           .data_len = sizeof data};
    memcpy(b.session, session, sizeof session);
    int len = mote_block_encode(bytes, sizeof bytes, &b);
    ck_assert_int_gt(len, 0);
    send_raw("ml/1/d/fan-2/data/acc", bytes, (size_t)len, false);
    ck_assert(wait_for(one_block_of_each));
    // fan-1 answers a command that is fan-2's.
    len = mote_reply_encode(
        body, sizeof body,
        &(struct mote_reply){.command = (uint64_t)c.command_id, .text = {"done", 4}});
    ck_assert_int_gt(len, 0);
    send_block((struct mote_block){.kind = MOTE_BLOCK_REPLY, .data = body, .data_len = (size_t)len},
               "reply");
    send_samples(1, 1, true, 1);
    expect_next(2);
    has_reply = false;
    OKAY(store_command_walk(fix.store, "fan-2", 0, take_command, NULL, &e));
    ck_assert(!has_reply);
    collector_stop();
    ck_assert_int_eq(column(&row.conflicts), 0);
    ck_assert_int_eq(column(&row.repeats), 0);
    collector_start();
}
END_TEST

START_TEST(a_second_collector_is_refused)
{
    struct err second = {0};
    volatile sig_atomic_t no = 0;
    send_samples(0, 0, false, 1);
    expect_next(1); // the first one runs
    ck_assert_int_eq(coll_run(&project, &(struct coll_options){.id = "two", .stop = &no}, &second),
                     E_BUSY);
    ck_assert_msg(strstr(second.msg, "another collector"), "%s", second.msg);
}
END_TEST

START_TEST(a_broker_that_goes_and_comes_is_found_again)
{
    send_samples(0, 0, false, 1);
    expect_next(1);
    dev_stop();
    broker_pause(&broker);
    OKAY(store_outbox_put(fix.store, "d/fan-1/cmd", "do it", 5, false, 0, &e));
    usleep(50000);
    ck_assert_int_eq(broker_resume(&broker), 0);
    dev_start();
    ck_assert(wait_for(outbox_is_empty));
    int64_t until = clock_mono_us() + WAIT_US;
    while (dev.next != 2 &&
           clock_mono_us() < until) { // a block that comes before the collector is gone for good
        send_samples(0, 0, false, 1);
        send_samples(1, 0, false, 1);
        usleep(100000);
    }
    expect_next(2);
}
END_TEST

static bool mark_came(void)
{
    pthread_mutex_lock(&dev.lock);
    bool yes = strcmp(dev.last_topic, "ml/1/server/outbox") == 0;
    pthread_mutex_unlock(&dev.lock);
    return yes;
}

static bool manifest_came(void)
{
    pthread_mutex_lock(&dev.lock);
    bool yes = strcmp(dev.last_topic, "ml/1/r/ab/m") == 0;
    pthread_mutex_unlock(&dev.lock);
    return yes;
}

START_TEST(a_broker_that_lost_its_state_gets_retained_messages_again)
{
    mosquitto_subscribe(dev.mosq, NULL, "ml/1/server/outbox", 1);
    OKAY(store_outbox_put(fix.store, "r/ab/m", "manifest", 8, true, 0, &e));
    ck_assert(wait_for(outbox_is_empty));
    ck_assert(wait_for(mark_came));
    dev_stop();
    broker_pause(&broker); // it keeps nothing on a disk
    ck_assert_int_eq(broker_resume(&broker), 0);
    dev_start();
    mosquitto_subscribe(dev.mosq, NULL, "ml/1/r/+/m", 1);
    ck_assert(wait_for(manifest_came));
}
END_TEST

START_TEST(a_restart_acknowledges_what_was_stored_before)
{
    for (uint64_t i = 0; i < 100; i++) {
        send_samples(i, 0, false, 1);
    }
    expect_next(100);
    collector_stop();
    collector_start();
    dev.next = 0;
    send_samples(99, 0, false, 1);
    expect_next(100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("collector");
    TCase *t = tcase_create("collector");
    tcase_set_timeout(t, 30);
    tcase_add_unchecked_fixture(t, start_broker, stop_broker);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, blocks_are_stored_and_acknowledged);
    tcase_add_test(t, repeats_are_acknowledged_again_and_conflicts_kept);
    tcase_add_test(t, dropped_ranges_count_as_there);
    tcase_add_test(t, events_health_and_replies_become_rows);
    tcase_add_test(t, state_is_kept_even_from_before_the_start);
    tcase_add_test(t, bad_messages_are_counted_and_hurt_nobody);
    tcase_add_test(t, other_formats_become_recordings);
    tcase_add_test(t, the_outbox_is_published_and_marked);
    tcase_add_test(t, a_payload_reaches_no_other_device);
    tcase_add_test(t, a_second_collector_is_refused);
    tcase_add_test(t, a_restart_acknowledges_what_was_stored_before);
    suite_add_tcase(suite, t);
    t = tcase_create("own broker");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, start_broker, stop_broker);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_broker_that_goes_and_comes_is_found_again);
    tcase_add_test(t, a_broker_that_lost_its_state_gets_retained_messages_again);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
