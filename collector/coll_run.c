// The loop: take what the queue has, store it in transactions of at most BATCH_ROWS rows or BATCH_AGE_US,
// acknowledge what was committed, publish the outbox, say that this collector is alive.
//
// A batch ends early when the queue has been empty for BATCH_QUIET_US, so that a device that waits for
// its window is answered at once. When a transaction fails, its messages are forgotten: nothing was
// acknowledged, so devices send their blocks again, and the broker is asked for its retained state.
#include "collector/coll_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "collector/coll_ack.h"
#include "collector/coll_alarm.h"
#include "collector/coll_clock.h"
#include "collector/coll_fleet.h"
#include "collector/coll_foreign.h"
#include "collector/coll_ingest.h"
#include "collector/coll_lead.h"
#include "collector/coll_live.h"
#include "collector/coll_mqtt.h"
#include "collector/coll_muster.h"
#include "collector/coll_notify.h"
#include "collector/coll_outbox.h"
#include "collector/coll_queue.h"
#include "collector/coll_watch.h"
#include "common/ask.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/live.h"
#include "common/log.h"
#include "common/project.h"
#include "common/store/store_retain.h"
#include "common/store/store_sample.h"

#define BATCH_ROWS 2048
#define BATCH_AGE_US 40000
#define BATCH_QUIET_US 1500
#define TAKE_MAX 512
#define TAKE_ENOUGH 128 // while a batch is open: fewer wait for the rest of BATCH_QUIET_US
#define OUTBOX_EVERY_US 50000
#define ALIVE_EVERY_US 2000000
#define CHECKPOINT_EVERY_MS 1000
#define LOG_LOOK_US 250000
#define LOG_MAX ((int64_t)32 << 20)
#define RETRY_AFTER_US 500000  // after the store failed
#define REFUSAL_LOG_US 10000000
#define CLOCK_EVERY_US 100000
#define CONFIG_EVERY_US 1000000 // where other collectors may have heard that a recording is over
#define LEAD_EVERY_US 500000    // a collector that does not lead looks whether nobody does
#define RETAIN_EVERY_US 10000000
#define RETAIN_MORE_US 200000   // while there is more to delete
#define DAY_MS 86400000

struct coll {
    const struct project *project;
    const struct coll_options *options;
    struct store *store;
    struct coll_queue *queue;
    struct coll_mqtt *mqtt;
    struct coll_fleet *fleet;
    struct coll_acks *acks;
    struct coll_ingest ingest;
    struct coll_outbox outbox;
    struct coll_lead lead;
    struct coll_muster *muster;
    struct coll_alarms *alarms;
    struct coll_watch *watch;
    struct live *live;      // NULL: there is none, nobody can watch
    char id[96], user[96];
    bool open;              // a transaction is
    bool busy;              // more came than TAKE_ENOUGH when the queue was last looked at
    size_t rows;
    int64_t opened_us, last_put_us, outbox_us, alive_us, refusal_us, hold_until_us, retain_us,
        watchdog_us, lead_us, clock_us, config_us, log_us;
    int64_t refused_before, started_ms;
    bool failing;           // the last transaction failed
    bool connected;         // was, once
    pthread_t checkpointer;
    bool checkpointing;
    atomic_bool stop_checkpoints, leads;
};

// --- checkpoints: another thread with a store of its own, off the acknowledgement's path ----------

static void *checkpoint_loop(void *ctx)
{
    struct coll *c = ctx;
    struct store *s = NULL;
    struct err e = {0};
    if (store_open(&s, c->project->dir, STORE_WRITE, &e)) {
        log_warn("no checkpoints: %s", e.msg);
        return NULL;
    }
    for (int ms = 0; !atomic_load(&c->stop_checkpoints); ms += 50) {
        struct timespec t = {0, 50000000};
        nanosleep(&t, NULL);
        if (ms >= CHECKPOINT_EVERY_MS && atomic_load(&c->leads)) {
            ms = 0;
            if (store_checkpoint(s, &e)) {
                log_warn("checkpoint: %s", e.msg);
            }
        }
    }
    store_close(s);
    return NULL;
}

// --- transactions --------------------------------------------------------------------------------

// Forgets the batch: devices send its blocks again, the broker its retained state (see recovered).
static void fail(struct coll *c, const struct err *e)
{
    store_rollback(c->store);
    c->open = false;
    c->rows = 0;
    coll_fleet_forget(c->fleet);
    coll_acks_drop(c->acks);
    c->hold_until_us = clock_mono_us() + RETRY_AFTER_US;
    if (!c->failing) {
        log_error("%s: nothing is acknowledged until this is over", e->msg);
        c->failing = true;
    }
    snprintf(c->ingest.last_error, sizeof c->ingest.last_error, "%.255s", e->msg);
    coll_watch_store(c->watch, false, e->msg);
}

// The devices' state is to come anew: the broker is asked for it, and it is counted again.
static void refresh_state(struct coll *c)
{
    if (c->lead.leads) {
        coll_mqtt_refresh_state(c->mqtt);
        coll_muster_begin(c->muster, clock_mono_us());
    }
}

static void recovered(struct coll *c)
{
    if (c->failing) {
        log_info("the store takes blocks again");
        c->failing = false;
        coll_watch_store(c->watch, true, NULL);
        refresh_state(c);
    }
}

static int begin(struct coll *c, struct err *e)
{
    int rc = store_begin_blocks(c->store, e);
    if (!rc) {
        c->open = true;
        c->rows = 0;
        c->opened_us = clock_mono_us();
    }
    return rc;
}

// Commits what is open and publishes the acknowledgements that are due; all of them at the end.
static void flush(struct coll *c, bool all)
{
    struct err e = {0};
    int rc = coll_acks_make(c->acks, c->fleet, c->store, clock_mono_us(), c->busy, all, &e);
    if (!rc && c->open) {
        rc = store_commit(c->store, &e);
    }
    if (rc) {
        fail(c, &e);
        return;
    }
    if (c->open) {
        c->open = false;
        recovered(c);
    }
    coll_acks_publish(c->acks, c->mqtt);
}

static void log_refusal(struct coll *c)
{
    int64_t now = clock_mono_us();
    if (c->ingest.counts.refused == c->refused_before ||
        (c->refusal_us && now - c->refusal_us < REFUSAL_LOG_US)) {
        return;
    }
    int64_t more = c->ingest.counts.refused - c->refused_before - 1;
    if (more > 0) {
        log_warn("refused message on %s (and %lld more)", c->ingest.last_error, (long long)more);
    } else {
        log_warn("refused message on %s", c->ingest.last_error);
    }
    c->refused_before = c->ingest.counts.refused;
    c->refusal_us = now;
}

static void store_message(struct coll *c, const struct coll_item *item)
{
    struct err e = {0};
    if (c->hold_until_us && clock_mono_us() < c->hold_until_us) {
        return; // the rest of what was taken when the store failed; it comes again
    }
    if (coll_foreign_is(&c->ingest, item)) {
        flush(c, false); // it has transactions of its own
        if (coll_foreign_message(&c->ingest, item, &e)) {
            fail(c, &e);
        }
        return;
    }
    int rc = c->open ? OK : begin(c, &e);
    if (!rc) {
        rc = coll_ingest_message(&c->ingest, item, &e);
    }
    if (rc) {
        fail(c, &e);
        return;
    }
    c->rows++;
    c->last_put_us = clock_mono_us();
    if (c->rows >= BATCH_ROWS || c->last_put_us - c->opened_us >= BATCH_AGE_US) {
        flush(c, false);
    }
}

static void take_live(struct coll *c, const struct coll_item *item)
{
    struct err e = {0};
    if (coll_is_answer(item)) {
        int kept = coll_clock_answer(c->fleet, c->store, c->project->conf.prefix, item, &e);
        if (kept) {
            log_warn("clock: %s", e.msg);
        }
        return;
    }
    int rc = c->live ? coll_live_put(c->live, c->project->conf.prefix, item) : OK;
    if (rc) {
        c->ingest.counts.refused++;
        snprintf(c->ingest.last_error, sizeof c->ingest.last_error,
                 "%.80s: not a block for the live view", item->topic);
    }
}

static bool is_mark(const struct coll *c, const struct coll_item *item)
{
    size_t prefix = strlen(c->project->conf.prefix);
    return item->topic_len == prefix + 1 + strlen(COLL_MARK_TOPIC) &&
           strcmp(item->topic + prefix + 1, COLL_MARK_TOPIC) == 0;
}

static void compare_outbox(struct coll *c, const char *mark, size_t len)
{
    struct err e = {0};
    if (coll_outbox_compare(&c->outbox, c->store, mark, len, clock_mono_us(), &e)) {
        log_warn("outbox: %s", e.msg);
    }
}

static void handle(struct coll *c, const struct coll_item *item)
{
    switch (item->kind) {
    case COLL_MESSAGE:
        if (is_mark(c, item)) {
            compare_outbox(c, (const char *)item->payload, item->len);
            break;
        }
        if (coll_is_live(c->project->conf.prefix, item)) {
            take_live(c, item);
            break;
        }
        store_message(c, item);
        break;
    case COLL_SENT:
        coll_outbox_acked(&c->outbox, item->mid);
        break;
    case COLL_SUBSCRIBED:
        coll_muster_subscribed(c->muster, item->mid, item->arrived_us);
        break;
    case COLL_DISCONNECTED:
        coll_outbox_lost(&c->outbox);
        coll_muster_lost(c->muster);
        coll_watch_lost(c->watch, item->arrived_us);
        break;
    case COLL_CONNECTED:
        c->connected = true;
        coll_outbox_connected(&c->outbox, item->arrived_us);
        coll_watch_connected(c->watch, item->arrived_us);
        if (c->lead.leads) {
            coll_muster_begin(c->muster, item->arrived_us);
        }
        break;
    }
}

// --- the rest of the loop ------------------------------------------------------------------------

static void serve_outbox(struct coll *c, int64_t now)
{
    struct err e = {0};
    if (c->open || !c->lead.leads || now - c->outbox_us < OUTBOX_EVERY_US) {
        return;
    }
    c->outbox_us = now;
    compare_outbox(c, NULL, 0);
    int rc = coll_outbox_settle(&c->outbox, c->store, &e);
    bool shared = c->project->conf.collectors > 1 && now - c->config_us >= CONFIG_EVERY_US;
    if (!rc && (c->ingest.config_stale || shared)) {
        c->ingest.config_stale = false;
        c->config_us = now;
        rc = ask_refresh(c->store, &e);
        c->ingest.config_stale |= rc != OK;
    }
    if (!rc) {
        rc = coll_outbox_poll(&c->outbox, c->store, c->mqtt, &e);
    }
    if (rc) {
        log_warn("outbox: %s", e.msg);
    }
    coll_outbox_mark(&c->outbox, c->mqtt);
}

static void say_alive(struct coll *c, int64_t now)
{
    struct err e = {0};
    if (c->open || (c->alive_us && now - c->alive_us < ALIVE_EVERY_US)) {
        return;
    }
    c->alive_us = now;
    const struct coll_counts *n = &c->ingest.counts;
    struct store_collector row = {.id = c->id,
                                  .pid = getpid(),
                                  .started_ms = c->started_ms,
                                  .blocks = n->blocks,
                                  .repeats = n->repeats,
                                  .conflicts = n->conflicts,
                                  .refused = n->refused,
                                  .last_error = c->ingest.last_error};
    if (store_collector_alive(c->store, &row, &e)) {
        log_warn("cannot say that this collector is alive: %s", e.msg);
    }
}

// The other thread's checkpoints never catch up with a stream that does not pause, and the log would grow for ever.
// It has copied most of it, so what is left takes a few milliseconds here.
static void trim_log(struct coll *c, int64_t now)
{
    struct err e = {0};
    if (c->open || !c->lead.leads || now - c->log_us < LOG_LOOK_US) {
        return;
    }
    c->log_us = now;
    if (store_log_bytes(c->store) > LOG_MAX && store_checkpoint(c->store, &e)) {
        log_warn("checkpoint: %s", e.msg);
    }
}

// One small step at a time, between batches: by age, then by size.
static void retain(struct coll *c, int64_t now)
{
    const struct project_conf *k = &c->project->conf;
    struct store_retain_done by_age = {0}, by_size = {0};
    struct err e = {0};
    int64_t bytes, empty;
    if (c->open || !c->lead.leads || now < c->retain_us || (!k->keep_days && !k->keep_gigabytes)) {
        return;
    }
    int rc = OK;
    if (k->keep_days) {
        struct store_retain r = {.before_ms = clock_wall_ms() - k->keep_days * DAY_MS};
        rc = store_retain_step(c->store, &r, &by_age, &e);
    }
    if (!rc && k->keep_gigabytes) {
        rc = store_blocks_bytes(c->store, &bytes, &empty, &e);
        if (!rc && bytes - empty > k->keep_gigabytes << 30) {
            struct store_retain r = {.before_ms = clock_wall_ms() - 60000};
            rc = store_retain_step(c->store, &r, &by_size, &e);
        }
    }
    if (rc) {
        log_warn("retention: %s", e.msg);
    }
    bool busy = !rc && (by_age.more || by_size.recordings > 0);
    c->retain_us = now + (busy ? RETAIN_MORE_US : RETAIN_EVERY_US);
}

// Takes over where the collector that led is gone: its subscriptions, its outbox, its watch.
static void take_lead(struct coll *c, int64_t now)
{
    if (c->lead.leads || now - c->lead_us < LEAD_EVERY_US) {
        return;
    }
    c->lead_us = now;
    if (coll_lead_try(&c->lead, c->project)) {
        log_info("'%s' leads now", c->id);
        atomic_store(&c->leads, true);
        coll_mqtt_lead(c->mqtt);
        if (c->connected) {
            coll_outbox_connected(&c->outbox, now);
            coll_muster_begin(c->muster, now);
        }
    }
}

static void watch(struct coll *c, int64_t now)
{
    struct err e = {0};
    if (c->open) {
        return;
    }
    if (coll_muster_step(c->muster, c->store, c->mqtt, now, &e) ||
        coll_watch_step(c->watch, c->store, c->mqtt, c->lead.leads, now, &e)) {
        log_warn("%s", e.msg);
    }
    coll_alarms_step(c->alarms, now);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// How long the loop may wait for messages. An open batch is committed soon, with the acknowledgements that
// are due then; only between batches they need a look of their own.
static int64_t wait_time(struct coll *c, int64_t now)
{
    int64_t ack_us;
    if (c->open) {
        return BATCH_QUIET_US;
    }
    coll_acks_due(c->fleet, now, c->busy, &ack_us);
    return least(ack_us, OUTBOX_EVERY_US);
}

static void ask_clocks(struct coll *c, int64_t now)
{
    if (c->lead.leads && now - c->clock_us >= CLOCK_EVERY_US) {
        c->clock_us = now;
        coll_clock_ask(c->fleet, c->mqtt, now);
    }
}

static void turn(struct coll *c)
{
    int64_t now = clock_mono_us(), unused;
    if (now < c->hold_until_us) {
        struct timespec t = {0, 20000000};
        nanosleep(&t, NULL); // the queue fills, then the broker's socket: that is the back-pressure
        coll_alarms_step(c->alarms, now);
        notify_watchdog(now, &c->watchdog_us);
        return;
    }
    struct coll_item *item =
        coll_queue_take(c->queue, TAKE_MAX, c->open ? TAKE_ENOUGH : 1, wait_time(c, now));
    size_t taken = 0;
    while (item) {
        struct coll_item *next = item->next;
        handle(c, item);
        coll_item_free(item);
        item = next;
        taken++;
    }
    c->busy = taken > TAKE_ENOUGH;
    now = clock_mono_us();
    if (c->open && (now - c->last_put_us >= BATCH_QUIET_US || now - c->opened_us >= BATCH_AGE_US)) {
        flush(c, false);
    } else if (!c->open && coll_acks_due(c->fleet, now, c->busy, &unused)) {
        flush(c, false);
    }
    take_lead(c, now);
    serve_outbox(c, now);
    ask_clocks(c, now);
    watch(c, now);
    say_alive(c, now);
    retain(c, now);
    trim_log(c, now);
    notify_watchdog(now, &c->watchdog_us);
    log_refusal(c);
}

// What came before the signal is stored and acknowledged; what comes later belongs to the next start.
static void finish(struct coll *c)
{
    struct err e = {0};
    for (int i = 0; i < 64 && clock_mono_us() >= c->hold_until_us; i++) {
        struct coll_item *item = coll_queue_take(c->queue, TAKE_MAX, 1, 0);
        if (!item) {
            break;
        }
        while (item) {
            struct coll_item *next = item->next;
            handle(c, item);
            coll_item_free(item);
            item = next;
        }
    }
    flush(c, true);
    if (coll_outbox_settle(&c->outbox, c->store, &e)) {
        log_warn("outbox: %s", e.msg);
    }
    c->alive_us = 0;
    say_alive(c, clock_mono_us());
}

// --- start and end ---------------------------------------------------------------------------------

static int connect_broker(struct coll *c, struct err *e)
{
    char path[IO_PATH_MAX], ca[IO_PATH_MAX];
    const struct project_conf *k = &c->project->conf;
    struct buf password = {0};
    struct coll_mqtt_conf conf = {.host = project_broker_host(c->project),
                                  .port = project_broker_port(c->project),
                                  .prefix = k->prefix,
                                  .user = c->user,
                                  .share = k->collectors > 1 ? "moteloop" : NULL,
                                  .lead = c->lead.leads,
                                  .ca = k->server_tls ? project_path(c->project, ca, "keys/ca.pem")
                                                      : NULL};
    if (io_exists(project_path(c->project, path, "broker/server.pw"))) {
        int rc = io_read_file(path, 256, &password, e);
        if (rc) {
            return rc;
        }
        while (password.len && strchr("\r\n", password.data[password.len - 1])) {
            password.data[--password.len] = 0;
        }
        conf.password = password.data;
    }
    int rc = coll_mqtt_start(&c->mqtt, &conf, c->queue, e);
    buf_release(&password);
    return rc;
}

static int start(struct coll *c, struct err *e)
{
    int64_t n = c->options->number < 1 ? 1 : c->options->number;
    snprintf(c->id, sizeof c->id, n > 1 ? "%.40s-%lld" : "%.40s", c->options->id, (long long)n);
    snprintf(c->user, sizeof c->user, n > 1 ? "%.60s-%lld" : "%.60s", c->project->conf.server_user,
             (long long)n);
    int rc = n > 1 && n > c->project->conf.collectors
                 ? err_set(e, E_USAGE, "--number %lld: [mqtt] collectors in moteloop.conf is %lld",
                           (long long)n, (long long)c->project->conf.collectors)
                 : coll_lead_take(&c->lead, c->project, c->id, e);
    if (!rc) {
        rc = store_open(&c->store, c->project->dir, STORE_WRITE, e);
    }
    if (rc) {
        return rc;
    }
    store_no_auto_checkpoint(c->store);
    c->queue = coll_queue_new();
    c->fleet = coll_fleet_new((size_t)c->project->conf.max_devices);
    c->acks = coll_acks_new();
    c->muster = coll_muster_new();
    rc = coll_alarms_new(&c->alarms, c->project, c->id, e);
    c->watch =
        rc ? NULL
           : coll_watch_new(c->project, c->project->conf.collectors > 1 ? c->id : "", c->alarms);
    if (rc || !c->queue || !c->fleet || !c->acks || !c->muster || !c->watch) {
        return rc ? rc : err_set(e, E_MEM, "out of memory");
    }
    atomic_store(&c->leads, c->lead.leads);
    c->ingest = (struct coll_ingest){.store = c->store,
                                     .fleet = c->fleet,
                                     .prefix = c->project->conf.prefix,
                                     .max_message = (size_t)c->project->conf.max_message,
                                     .config_stale = true,
                                     .max_rate = c->project->conf.max_rate,
                                     .max_streams = (size_t)c->project->conf.max_streams,
                                     .muster = c->muster,
                                     .watch = c->watch};
    rc = coll_foreign_start(&c->ingest, c->project, e);
    if (rc) {
        return rc;
    }
    c->outbox.look = true;
    if (live_open(&c->live, c->project->dir, e)) {
        log_warn("no live view: %s", e->msg);
    }
    c->started_ms = clock_wall_ms();
    c->checkpointing = pthread_create(&c->checkpointer, NULL, checkpoint_loop, c) == 0;
    return connect_broker(c, e);
}

static void end(struct coll *c)
{
    coll_mqtt_stop(c->mqtt);
    if (c->checkpointing) {
        atomic_store(&c->stop_checkpoints, true);
        pthread_join(c->checkpointer, NULL);
    }
    live_close(c->live);
    coll_queue_free(c->queue);
    coll_acks_free(c->acks);
    coll_fleet_free(c->fleet);
    coll_muster_free(c->muster);
    coll_watch_free(c->watch);
    coll_alarms_free(c->alarms);
    store_close(c->store);
    coll_lead_release(&c->lead);
}

int coll_run(const struct project *p, const struct coll_options *o, struct err *e)
{
    struct coll c = {.project = p, .options = o, .lead = {-1, -1, -1, false}};
    int rc = start(&c, e);
    if (!rc) {
        notify_service("READY=1");
        while (!*o->stop) {
            turn(&c);
        }
        notify_service("STOPPING=1");
        finish(&c);
        log_info("stopped: %lld blocks stored, %lld repeats, %lld conflicts, %lld refused",
                 (long long)c.ingest.counts.blocks, (long long)c.ingest.counts.repeats,
                 (long long)c.ingest.counts.conflicts, (long long)c.ingest.counts.refused);
    }
    end(&c);
    return rc;
}
