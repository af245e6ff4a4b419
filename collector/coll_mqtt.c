// See coll_mqtt.h. libmosquitto acknowledges a QoS 1 message before the application has stored it, so
// nothing here promises anything to a device: what is lost between here and the store comes again.
#include "collector/coll_mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdatomic.h>

#include "collector/coll_outbox.h"
#include "collector/coll_queue.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"

#define KEEPALIVE_S 30
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
// From the broker to here QoS 1 would promise nothing that the devices' own acknowledgement does not, and costs the
// broker and this thread an acknowledgement a block: a third of what both can carry.
#define DATA_QOS 0
#define READS_MAX 512 // packets between two looks at everything else

struct coll_mqtt {
    struct mosquitto *mosq;
    struct coll_queue *queue;
    char host[128], prefix[64];
    int port;
    pthread_t thread;
    atomic_bool stop, connected, lead;
    unsigned messages; // that came, of this thread alone
    char share[32]; // "" none
    bool told; // that the broker cannot be reached, since the last connection
};

// State is retained and has no sequence, so it may come twice; data never come without their block's key.
static const char *const state_topics[] = {COLL_MARK_TOPIC, "d/+/hello", "d/+/status",
                                           "d/+/reported"};
// "#" and not "+": a topic that is none is refused with a line instead of never being seen.
static const char *const data_topics[] = {"d/+/data/#"};
// For whoever watches: what is lost is not missed.
static const char *const live_topics[] = {"d/+/live/#"};

static void subscribe(struct coll_mqtt *m, const char *const *topics, size_t count,
                      const char *share, int qos)
{
    for (size_t i = 0; i < count; i++) {
        char topic[200];
        snprintf(topic, sizeof topic, "%s%s%s%s/%s", *share ? "$share/" : "", share,
                 *share ? "/" : "", m->prefix, topics[i]);
        int code = mosquitto_subscribe(m->mosq, NULL, topic, qos);
        if (code != MOSQ_ERR_SUCCESS) {
            log_error("cannot subscribe to '%s': %s", topic, mosquitto_strerror(code));
        }
    }
}

void coll_mqtt_refresh_state(struct coll_mqtt *m)
{
    if (atomic_load(&m->connected) && atomic_load(&m->lead)) {
        subscribe(m, state_topics, ARRAY_LEN(state_topics), "", 1);
    }
}

void coll_mqtt_refresh_data(struct coll_mqtt *m)
{
    if (atomic_load(&m->connected)) {
        subscribe(m, data_topics, ARRAY_LEN(data_topics), m->share, DATA_QOS);
    }
}

// The live view is the leader's as well: one copy of a sample is enough.
static void subscribe_live(struct coll_mqtt *m)
{
    if (atomic_load(&m->connected) && atomic_load(&m->lead)) {
        subscribe(m, live_topics, ARRAY_LEN(live_topics), "", 0);
    }
}

void coll_mqtt_lead(struct coll_mqtt *m)
{
    if (!atomic_exchange(&m->lead, true)) {
        subscribe_live(m);
        coll_mqtt_refresh_state(m);
    }
}

int coll_mqtt_ask(struct coll_mqtt *m, const char *const *topics, size_t count, int *mid)
{
    enum { TOPICS_MAX = 256, TOPIC_MAX = 128 };
    char(*full)[TOPIC_MAX] = calloc(count, TOPIC_MAX);
    char *list[TOPICS_MAX];
    int rc = !full                        ? E_MEM
             : count > TOPICS_MAX         ? E_LIMIT
             : atomic_load(&m->connected) ? OK
                                          : E_STATE;
    for (size_t i = 0; i < count && rc == OK; i++) {
        snprintf(full[i], TOPIC_MAX, "%s/%s", m->prefix, topics[i]);
        list[i] = full[i];
    }
    if (rc == OK) {
        int code = mosquitto_subscribe_multiple(m->mosq, mid, (int)count, list, 1, 0, NULL);
        rc = code == MOSQ_ERR_SUCCESS                                 ? OK
             : code == MOSQ_ERR_NO_CONN || code == MOSQ_ERR_CONN_LOST ? E_STATE
                                                                      : E_IO;
    }
    free(full);
    return rc;
}

void coll_mqtt_forget(struct coll_mqtt *m, const char *topic)
{
    char full[160];
    snprintf(full, sizeof full, "%s/%s", m->prefix, topic);
    if (atomic_load(&m->connected)) {
        (void)mosquitto_unsubscribe(m->mosq, NULL, full); // without a connection there is none
    }
}

static void note(struct coll_mqtt *m, enum coll_item_kind kind, int mid)
{
    if (coll_queue_note(m->queue, kind, mid)) {
        log_error("out of memory");
    }
}

static void on_connect(struct mosquitto *mosq, void *ctx, int code)
{
    struct coll_mqtt *m = ctx;
    (void)mosq;
    if (code != 0) {
        if (!m->told) {
            log_error("broker at %s:%d refused the connection: %s", m->host, m->port,
                      mosquitto_connack_string(code));
            m->told = true;
        }
        return;
    }
    log_info("connected to the broker at %s:%d", m->host, m->port);
    m->told = false;
    atomic_store(&m->connected, true);
    note(m, COLL_CONNECTED, 0);
    coll_mqtt_refresh_data(m);
    subscribe_live(m);
    coll_mqtt_refresh_state(m);
}

static void on_disconnect(struct mosquitto *mosq, void *ctx, int code)
{
    struct coll_mqtt *m = ctx;
    (void)mosq;
    if (!atomic_exchange(&m->connected, false)) {
        return;
    }
    if (code != 0 && !atomic_load(&m->stop)) {
        log_warn("lost the broker at %s:%d: trying again", m->host, m->port);
        m->told = true;
    }
    note(m, COLL_DISCONNECTED, 0);
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int count, const int *granted)
{
    struct coll_mqtt *m = ctx;
    (void)mosq;
    note(m, COLL_SUBSCRIBED, mid);
    for (int i = 0; i < count; i++) {
        if (granted[i] > 2) {
            log_error("broker at %s:%d refused a subscription below '%s': check its access list",
                      m->host, m->port, m->prefix);
        }
    }
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *msg)
{
    struct coll_mqtt *m = ctx;
    (void)mosq;
    m->messages++;
    int rc =
        coll_queue_put(m->queue, msg->topic, msg->payload, (size_t)msg->payloadlen, msg->retain);
    if (rc == E_MEM) {
        log_error("out of memory: a message on '%s' was left out", msg->topic);
    }
}

static void on_publish(struct mosquitto *mosq, void *ctx, int mid)
{
    (void)mosq;
    note(ctx, COLL_SENT, mid);
}

static void nap(struct coll_mqtt *m, int64_t ms)
{
    for (int64_t left = ms; left > 0 && !atomic_load(&m->stop); left -= 50) {
        struct timespec t = {0, (left < 50 ? left : 50) * 1000000};
        nanosleep(&t, NULL);
    }
}

// mosquitto_loop waits and reads one packet; where one came there are more, and they need no wait each.
static int read_on(struct coll_mqtt *m)
{
    int code = MOSQ_ERR_SUCCESS;
    for (int i = 0; i < READS_MAX && code == MOSQ_ERR_SUCCESS; i++) {
        unsigned before = m->messages;
        code = mosquitto_loop_read(m->mosq, 1);
        if (m->messages == before) {
            break;
        }
    }
    return code;
}

static void *run(void *ctx)
{
    struct coll_mqtt *m = ctx;
    int64_t backoff_ms = BACKOFF_MIN_MS;
    int code = mosquitto_connect(m->mosq, m->host, m->port, KEEPALIVE_S);
    while (!atomic_load(&m->stop)) {
        if (code == MOSQ_ERR_SUCCESS) {
            unsigned before = m->messages;
            code = mosquitto_loop(m->mosq, 100, 1);
            code = code == MOSQ_ERR_SUCCESS && m->messages != before ? read_on(m) : code;
            backoff_ms = atomic_load(&m->connected) ? BACKOFF_MIN_MS : backoff_ms;
            continue;
        }
        if (!m->told) {
            log_warn("cannot reach the broker at %s:%d: %s: trying again", m->host, m->port,
                     code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
            m->told = true;
        }
        nap(m, backoff_ms);
        backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
        code = atomic_load(&m->stop) ? code : mosquitto_reconnect(m->mosq);
    }
    return NULL;
}

static int set_up(struct coll_mqtt *m, const struct coll_mqtt_conf *c, struct err *e)
{
    char id[80];
    // Anonymous brokers (tests) see several collectors of one user name; a password file sees one.
    if (c->password) {
        snprintf(id, sizeof id, "%s", c->user);
    } else {
        snprintf(id, sizeof id, "%s-%lld", c->user, (long long)clock_mono_us());
    }
    m->mosq = mosquitto_new(id, true, m);
    if (!m->mosq) {
        return err_set(e, E_MEM, "out of memory");
    }
    if (c->password &&
        mosquitto_username_pw_set(m->mosq, c->user, c->password) != MOSQ_ERR_SUCCESS) {
        return err_set(e, E_MEM, "out of memory");
    }
    if (c->ca) {
        int code = mosquitto_tls_set(m->mosq, c->ca, NULL, NULL, NULL, NULL);
        if (code != MOSQ_ERR_SUCCESS) {
            return err_set(e, E_NOT_FOUND, "cannot use the certificates in '%s': %s", c->ca,
                           mosquitto_strerror(code));
        }
    }
    if (c->share) {
        mosquitto_int_option(m->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
        mosquitto_int_option(m->mosq, MOSQ_OPT_RECEIVE_MAXIMUM,
                             1000); // the library's 20 would be a brake
        snprintf(m->share, sizeof m->share, "%s", c->share);
    }
    mosquitto_threaded_set(m->mosq, true);
    mosquitto_int_option(m->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(m->mosq, 256);
    mosquitto_connect_callback_set(m->mosq, on_connect);
    mosquitto_disconnect_callback_set(m->mosq, on_disconnect);
    mosquitto_subscribe_callback_set(m->mosq, on_subscribe);
    mosquitto_message_callback_set(m->mosq, on_message);
    mosquitto_publish_callback_set(m->mosq, on_publish);
    return OK;
}

int coll_mqtt_start(struct coll_mqtt **out, const struct coll_mqtt_conf *c, struct coll_queue *q,
                    struct err *e)
{
    *out = NULL;
    struct coll_mqtt *m = calloc(1, sizeof *m);
    if (!m) {
        return err_set(e, E_MEM, "out of memory");
    }
    mosquitto_lib_init();
    m->queue = q;
    m->port = c->port;
    atomic_store(&m->lead, c->lead);
    snprintf(m->host, sizeof m->host, "%s", c->host);
    snprintf(m->prefix, sizeof m->prefix, "%s", c->prefix);
    int rc = set_up(m, c, e);
    if (!rc && pthread_create(&m->thread, NULL, run, m) != 0) {
        rc = err_set(e, E_MEM, "cannot start a thread");
    }
    if (rc) {
        mosquitto_destroy(m->mosq);
        free(m);
        return rc;
    }
    *out = m;
    return OK;
}

int coll_mqtt_publish(struct coll_mqtt *m, const char *topic, const void *payload, size_t len,
                      int qos, bool retain, int *mid)
{
    char full[256];
    int n = snprintf(full, sizeof full, "%s/%s", m->prefix, topic);
    if (n < 0 || (size_t)n >= sizeof full) {
        return E_LIMIT;
    }
    if (!atomic_load(&m->connected)) {
        return E_STATE;
    }
    int code = mosquitto_publish(m->mosq, mid, full, (int)len, payload, qos, retain);
    return code == MOSQ_ERR_SUCCESS                               ? OK
           : code == MOSQ_ERR_NO_CONN || code == MOSQ_ERR_CONN_LOST ? E_STATE
           : code == MOSQ_ERR_PAYLOAD_SIZE                          ? E_LIMIT
                                                                    : E_IO;
}

void coll_mqtt_stop(struct coll_mqtt *m)
{
    if (!m) {
        return;
    }
    // What was published is in the library's queue; its thread writes it before the goodbye.
    for (int i = 0; i < 50 && atomic_load(&m->connected) && mosquitto_want_write(m->mosq); i++) {
        nap(m, 10);
    }
    atomic_store(&m->stop, true);
    coll_queue_close(m->queue); // the thread may wait for room
    mosquitto_disconnect(m->mosq);
    pthread_join(m->thread, NULL);
    mosquitto_destroy(m->mosq);
    mosquitto_lib_cleanup();
    free(m);
}
