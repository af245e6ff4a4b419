// See gate_run.h. Bytes from the port are either frames (firmware/core/wire/mote_frame.h), which a device of
// ours sends and which are passed on as they are, or lines of numbers, for which the gateway is the
// device: it makes the blocks and keeps them until they are acknowledged. With `auto` the first whole
// frame or a dozen good lines decide.
#include "collector/gate_run.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "collector/gate_device.h"
#include "collector/gate_lines.h"
#include "common/clock.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/project.h"
#include "firmware/core/wire/mote_frame.h"

#define FRAME_MAX 8192
#define DECIDE_LINES 12
#define FLUSH_US 1000000
#define RECONNECT_US 1000000

enum protocol { AUTO, FRAMES, LINES };

struct gate {
    const struct gate_options *o;
    struct mosquitto *mosq;
    int port, broker_port;
    char host[128], prefix[64], password[128];
    char ca[IO_PATH_MAX], cert[IO_PATH_MAX], key[IO_PATH_MAX]; // files; "" none
    enum protocol protocol;
    bool connected, told;
    int64_t retry_us, flushed_us;
    uint8_t frame_buf[FRAME_MAX];
    struct mote_frame_reader frames;
    struct gate_lines lines;
    struct gate_device device;
    bool shaped; // the line protocol's axes and rate are known
    uint64_t forwarded;
};

// --- the port ---------------------------------------------------------------------------------------

static speed_t speed_of(int64_t baud)
{
    static const struct {
        int64_t baud;
        speed_t speed;
    } all[] = {{9600, B9600},       {19200, B19200},    {38400, B38400},   {57600, B57600},
               {115200, B115200},   {230400, B230400},  {460800, B460800}, {921600, B921600},
               {1000000, B1000000}, {2000000, B2000000}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i].baud == baud) {
            return all[i].speed;
        }
    }
    return B0;
}

static int open_port(struct gate *g, struct err *e)
{
    struct termios t;
    speed_t speed = speed_of(g->o->baud);
    if (speed == B0) {
        return err_set(e, E_USAGE, "%lld is not a usual baud rate", (long long)g->o->baud);
    }
    g->port = open(g->o->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (g->port < 0) {
        return err_errno(e, E_IO, "cannot open '%s'", g->o->port);
    }
    if (tcgetattr(g->port, &t) != 0) {
        return err_errno(e, E_IO, "'%s' is not a serial port", g->o->port);
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    cfsetispeed(&t, speed);
    cfsetospeed(&t, speed);
    return tcsetattr(g->port, TCSANOW, &t) == 0
               ? OK
               : err_errno(e, E_IO, "cannot set up '%s'", g->o->port);
}

// --- the broker ---------------------------------------------------------------------------------------

static bool publish(struct gate *g, const char *leaf, const void *p, size_t len)
{
    char topic[192];
    bool retained =
        strcmp(leaf, "hello") == 0 || strcmp(leaf, "status") == 0 || strcmp(leaf, "reported") == 0;
    snprintf(topic, sizeof topic, "%s/d/%s/%s", g->prefix, g->o->device, leaf);
    return g->connected &&
           mosquitto_publish(g->mosq, NULL, topic, (int)len, p, 1, retained) == MOSQ_ERR_SUCCESS;
}

static bool publish_block(void *ctx, const void *bytes, size_t len)
{
    struct gate *g = ctx;
    char leaf[64];
    snprintf(leaf, sizeof leaf, "data/%s", g->o->stream);
    return publish(g, leaf, bytes, len);
}

static void say_hello(struct gate *g)
{
    uint8_t m[512];
    struct mote_hello h = {.board = {"gateway", 7},
                           .runtime = {MOTELOOP_VERSION, strlen(MOTELOOP_VERSION)},
                           .stream_count = 1};
    memcpy(h.session, g->device.session, sizeof h.session);
    h.stream[0].name = (struct mote_str){g->o->stream, strlen(g->o->stream)};
    h.stream[0].units = (struct mote_str){g->o->units, strlen(g->o->units)};
    h.stream[0].type = MOTE_F32;
    h.stream[0].channels = (uint8_t)g->device.axes;
    h.stream[0].scale = 1.0f;
    h.stream[0].interval_ns = g->device.interval_ns;
    int len = mote_hello_encode(m, sizeof m, &h);
    if (len > 0) {
        publish(g, "hello", m, (size_t)len);
    }
    len = mote_device_status_encode(
        m, sizeof m, &(struct mote_device_status){.online = true, .reason = {"connected", 9}});
    if (len > 0) {
        publish(g, "status", m, (size_t)len);
    }
}

static void on_connect(struct mosquitto *m, void *ctx, int code)
{
    static const char *const leaves[] = {"ack", "cmd", "config", "desired"};
    struct gate *g = ctx;
    if (code != 0) {
        log_error("broker at %s:%d refused the connection: %s", g->host, g->broker_port,
                  mosquitto_connack_string(code));
        return;
    }
    g->connected = true;
    g->told = false;
    log_info("connected to the broker at %s:%d as '%s'", g->host, g->broker_port, g->o->device);
    for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
        char topic[160];
        snprintf(topic, sizeof topic, "%s/d/%s/%s", g->prefix, g->o->device, leaves[i]);
        mosquitto_subscribe(m, NULL, topic, 1);
    }
    g->device.sent = 0; // what was under way is sent again
    if (g->protocol == LINES && g->shaped) {
        say_hello(g);
    }
}

static void on_disconnect(struct mosquitto *m, void *ctx, int code)
{
    struct gate *g = ctx;
    (void)m;
    (void)code;
    g->connected = false;
}

static void write_port(struct gate *g, const uint8_t *p, size_t len)
{
    for (int tries = 0; len > 0 && tries < 100; tries++) {
        ssize_t n = write(g->port, p, len);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else {
            struct timespec t = {0, 2000000};
            nanosleep(&t, NULL);
        }
    }
}

static void on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *msg)
{
    struct gate *g = ctx;
    char start[160];
    int skip = snprintf(start, sizeof start, "%s/d/%s/", g->prefix, g->o->device),
        shorter = (int)strlen(g->prefix) + 1;
    bool own = strncmp(msg->topic, start, (size_t)skip) == 0;
    const char *leaf = msg->topic + (own ? skip : shorter);
    (void)m;
    if (g->protocol == LINES) {
        if (own && strcmp(leaf, "ack") == 0) {
            gate_device_ack(&g->device, msg->payload, (size_t)msg->payloadlen, clock_mono_us());
        }
        return;
    }
    uint8_t frame[FRAME_MAX];
    int len = mote_frame_encode(frame, sizeof frame, leaf, msg->payload, (size_t)msg->payloadlen);
    if (len > 0) {
        write_port(g, frame, (size_t)len);
    }
}

// The credential names certificates by their bytes; the library wants the files that lie beside it.
static void find_certificates(struct gate *g, const struct project *p, struct conf *c)
{
    char name[64];
    if (conf_find(c, "tls", "ca")) {
        project_path(p, g->ca, "keys/ca.pem");
    }
    if (conf_find(c, "tls", "cert")) {
        snprintf(name, sizeof name, "devices/%s.pem", g->o->device);
        project_path(p, g->cert, name);
        snprintf(name, sizeof name, "devices/%s.key", g->o->device);
        project_path(p, g->key, name);
    }
}

static int load_credential(struct gate *g, const struct project *p, struct err *e)
{
    char path[IO_PATH_MAX], name[64];
    struct conf c = {0};
    int64_t port = project_broker_port(p);
    snprintf(g->host, sizeof g->host, "%s", project_broker_host(p));
    snprintf(g->prefix, sizeof g->prefix, "%s", p->conf.prefix);
    snprintf(name, sizeof name, "devices/%s.conf", g->o->device);
    if (!io_exists(project_path(p, path, name))) {
        g->broker_port = (int)port;
        return OK; // a broker without passwords
    }
    int rc = conf_load(&c, path, e);
    if (!rc) {
        snprintf(g->host, sizeof g->host, "%s", conf_str(&c, "mqtt", "host", g->host));
        snprintf(g->prefix, sizeof g->prefix, "%s", conf_str(&c, "mqtt", "prefix", p->conf.prefix));
        snprintf(g->password, sizeof g->password, "%s", conf_str(&c, "mqtt", "password", ""));
        rc = conf_i64(&c, "mqtt", "port", 1, 65535, &port, e);
        find_certificates(g, p, &c);
        conf_release(&c);
    }
    g->broker_port = (int)port;
    return rc;
}

static int set_up_broker(struct gate *g, struct err *e)
{
    uint8_t will[64];
    char topic[160];
    mosquitto_lib_init();
    g->mosq = mosquitto_new(g->o->device, true, g);
    int len = mote_device_status_encode(will, sizeof will,
                                        &(struct mote_device_status){.reason = {"lost", 4}});
    snprintf(topic, sizeof topic, "%s/d/%s/status", g->prefix, g->o->device);
    if (!g->mosq || len < 0 ||
        mosquitto_will_set(g->mosq, topic, len, will, 1, true) != MOSQ_ERR_SUCCESS ||
        (g->password[0] &&
         mosquitto_username_pw_set(g->mosq, g->o->device, g->password) != MOSQ_ERR_SUCCESS)) {
        return err_set(e, E_MEM, "out of memory");
    }
    if (g->ca[0] && mosquitto_tls_set(g->mosq, g->ca, NULL, g->cert[0] ? g->cert : NULL,
                                      g->key[0] ? g->key : NULL, NULL) != MOSQ_ERR_SUCCESS) {
        return err_set(e, E_NOT_FOUND,
                       "cannot use the certificates in '%s' and beside the device's credential",
                       g->ca);
    }
    mosquitto_connect_callback_set(g->mosq, on_connect);
    mosquitto_disconnect_callback_set(g->mosq, on_disconnect);
    mosquitto_message_callback_set(g->mosq, on_message);
    return OK;
}

static void keep_connected(struct gate *g, int64_t now)
{
    if (mosquitto_socket(g->mosq) >= 0 || now < g->retry_us) {
        return;
    }
    g->retry_us = now + RECONNECT_US;
    int code = mosquitto_connect(g->mosq, g->host, g->broker_port, 30);
    if (code != MOSQ_ERR_SUCCESS && !g->told) {
        log_warn("cannot reach the broker at %s:%d: trying again", g->host, g->broker_port);
        g->told = true;
    }
}

// --- what comes from the port ---------------------------------------------------------------------------

static void take_row(struct gate *g, const float *row, int64_t now)
{
    const struct gate_lines *l = &g->lines;
    if (l->readings == 1 && g->shaped) {
        log_info("readings have %u axes now", l->axes);
        gate_device_flush(&g->device, true);
        g->shaped = false;
    }
    if (!l->interval_us || (g->protocol != LINES && g->protocol != AUTO)) {
        return; // the first readings only tell the rate
    }
    if (!g->shaped) {
        log_info("readings of %u axes, %.1f a second", l->axes, 1e6 / (double)l->interval_us);
        gate_device_shape(&g->device, l->axes, (uint64_t)l->interval_us * 1000, (uint64_t)now);
        g->device.frames_max = (uint64_t)(g->o->recording_s * 1000000 / l->interval_us);
        g->shaped = true;
        say_hello(g);
    }
    gate_device_row(&g->device, row);
}

static void take_byte(struct gate *g, uint8_t byte, int64_t now)
{
    const char *leaf;
    const uint8_t *payload;
    size_t len;
    float row[GATE_AXES_MAX];
    if (g->protocol != LINES && mote_frame_push(&g->frames, byte, &leaf, &payload, &len)) {
        if (g->protocol == AUTO) {
            log_info("'%s' sends frames", g->o->port);
            g->protocol = FRAMES;
        }
        // "sub" asks for topics of a release: a device on a serial line has no other way to.
        if (strcmp(leaf, "sub") == 0 && len > 2 && len < 128 && memcmp(payload, "r/", 2) == 0) {
            char topic[200];
            snprintf(topic, sizeof topic, "%s/%.*s", g->prefix, (int)len, (const char *)payload);
            mosquitto_subscribe(g->mosq, NULL, topic, 1);
        } else {
            g->forwarded += publish(g, leaf, payload, len);
        }
    }
    if (g->protocol != FRAMES && gate_lines_push(&g->lines, (char)byte, now, row)) {
        if (g->protocol == AUTO && g->lines.readings >= DECIDE_LINES) {
            log_info("'%s' sends lines of numbers", g->o->port);
            g->protocol = LINES;
        }
        take_row(g, row, now);
    }
}

static int read_port(struct gate *g, struct err *e)
{
    uint8_t bytes[4096];
    ssize_t n = read(g->port, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        return n == 0 ? err_set(e, E_IO, "'%s' is gone", g->o->port)
                      : err_errno(e, E_IO, "cannot read '%s'", g->o->port);
    }
    int64_t now = clock_mono_us();
    for (ssize_t i = 0; i < n; i++) {
        take_byte(g, bytes[i], now);
    }
    return OK;
}

static int turn(struct gate *g, struct err *e)
{
    int64_t now = clock_mono_us();
    keep_connected(g, now);
    struct pollfd fds[2] = {{.fd = g->port, .events = POLLIN},
                            {.fd = mosquitto_socket(g->mosq), .events = POLLIN}};
    if (mosquitto_want_write(g->mosq)) {
        fds[1].events |= POLLOUT;
    }
    (void)poll(fds, 2, 50); // a failure shows as no events
    int rc = fds[0].revents ? read_port(g, e) : OK;
    if (fds[1].revents & POLLIN) {
        mosquitto_loop_read(g->mosq, 64);
    }
    if (fds[1].revents & POLLOUT) {
        mosquitto_loop_write(g->mosq, 1);
    }
    if (fds[1].revents & (POLLERR | POLLHUP)) {
        mosquitto_disconnect(g->mosq);
    }
    mosquitto_loop_misc(g->mosq);
    if (g->shaped && now - g->flushed_us > FLUSH_US) {
        g->flushed_us = now;
        gate_device_flush(&g->device, false);
    }
    gate_device_send(&g->device, now, publish_block, g);
    return rc;
}

// What is not acknowledged when the gateway ends gets a few seconds more.
static void finish(struct gate *g)
{
    struct err e;
    int64_t until = clock_mono_us() + 3000000;
    gate_device_flush(&g->device, true);
    while (g->device.count > 0 && g->connected && clock_mono_us() < until && turn(g, &e) == OK) {
    }
    if (g->device.count > 0) {
        log_warn("%zu blocks were not acknowledged and are lost with this gateway's memory",
                 g->device.count);
    }
}

int gate_run(const struct project *p, const struct gate_options *o, struct err *e)
{
    struct gate *g = calloc(1, sizeof *g);
    if (!g || gate_device_init(&g->device)) {
        free(g);
        return err_set(e, E_MEM, "out of memory");
    }
    g->o = o;
    g->port = -1;
    g->protocol = strcmp(o->protocol, "frames") == 0  ? FRAMES
                  : strcmp(o->protocol, "lines") == 0 ? LINES
                                                      : AUTO;
    g->device.stream = (struct mote_str){o->stream, strlen(o->stream)};
    g->device.label = (struct mote_str){o->label, strlen(o->label)};
    mote_frame_reader_init(&g->frames, g->frame_buf, sizeof g->frame_buf);
    int rc = parse_is_device_id(o->device)
                 ? load_credential(g, p, e)
                 : err_set(e, E_USAGE, "'%s' is not a device id", o->device);
    if (!rc) {
        rc = open_port(g, e);
    }
    if (!rc) {
        rc = set_up_broker(g, e);
    }
    while (!rc && !*o->stop) {
        rc = turn(g, e);
    }
    if (g->mosq) {
        finish(g);
        mosquitto_disconnect(g->mosq);
        mosquitto_destroy(g->mosq);
        mosquitto_lib_cleanup();
    }
    log_info("%llu frames forwarded, %u pieces of noise, %u bad lines",
             (unsigned long long)g->forwarded, g->frames.errors, g->lines.bad);
    if (g->port >= 0) {
        close(g->port);
    }
    gate_device_release(&g->device);
    free(g);
    return rc;
}
