// See coll_watch.h. Silence is told by the store's rows, so that it does not matter which collector took a block; a wall
// clock that jumps, and a broker that was away, start the measure anew.
#include "collector/coll_watch.h"

#include "collector/coll_alarm.h"
#include "collector/coll_mqtt.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/project.h"
#include "common/store/store_device.h"

#define JUMP_MS 5000
#define GAP_WINDOW_US 30000000
#define OVER_MAX 64 // devices whose rate is watched at a time; others are counted all the same

struct over {
    char device[40];
    int64_t last_us;
};
struct coll_watch {
    const struct project *p;
    const char *name;
    struct coll_alarms *alarms;
    bool connected, was_busy;         // was_busy: blocks came before the connection was lost
    int64_t lost_us, connected_us, data_us;
    int64_t gap_us[2],
        window_us; // longest time between two blocks in this window and the one before
    int64_t base_ms,
        offset_ms; // silence counts from base_ms at the earliest; wall minus monotonic clock
    int64_t looked_us;
    struct over over[OVER_MAX];
    size_t over_count;
};

struct coll_watch *coll_watch_new(const struct project *p, const char *name,
                                  struct coll_alarms *alarms)
{
    struct coll_watch *w = calloc(1, sizeof *w);
    if (w) {
        w->p = p;
        w->name = name;
        w->alarms = alarms;
        w->lost_us = w->window_us = clock_mono_us();
        w->base_ms = clock_wall_ms();
        w->offset_ms = w->base_ms - w->lost_us / 1000;
    }
    return w;
}

void coll_watch_free(struct coll_watch *w)
{
    free(w);
}

void coll_watch_connected(struct coll_watch *w, int64_t now_us)
{
    w->connected = true;
    w->connected_us = now_us;
    w->base_ms = clock_wall_ms();
    coll_alarms_clear(w->alarms, "broker", w->name);
}

void coll_watch_lost(struct coll_watch *w, int64_t now_us)
{
    w->was_busy = w->was_busy || (w->data_us && now_us - w->data_us < 2 * GAP_WINDOW_US);
    w->connected = false;
    w->lost_us = now_us;
}

void coll_watch_data(struct coll_watch *w, int64_t now_us)
{
    int64_t gap = w->data_us > w->connected_us ? now_us - w->data_us : 0;
    if (now_us - w->window_us > GAP_WINDOW_US) {
        w->gap_us[1] = w->gap_us[0];
        w->gap_us[0] = 0;
        w->window_us = now_us;
    }
    w->gap_us[0] = gap > w->gap_us[0] ? gap : w->gap_us[0];
    w->data_us = now_us;
    if (w->was_busy) {
        w->was_busy = false;
        coll_alarms_clear(w->alarms, "subscription", w->name);
    }
}

void coll_watch_over(struct coll_watch *w, const char *device, int64_t now_us)
{
    size_t i = 0;
    while (i < w->over_count && strcmp(w->over[i].device, device) != 0) {
        i++;
    }
    if (i == OVER_MAX) {
        return;
    }
    if (i == w->over_count) {
        char text[160];
        w->over_count++;
        snprintf(w->over[i].device, sizeof w->over[i].device, "%s", device);
        snprintf(text, sizeof text,
                 "device '%s' sends more than %lld blocks a second ([limits] rate): what is over "
                 "waits in its spool",
                 device, (long long)w->p->conf.max_rate);
        coll_alarms_raise(w->alarms, "rate", device, clock_wall_ms(), text);
    }
    w->over[i].last_us = now_us;
}

void coll_watch_store(struct coll_watch *w, bool good, const char *why)
{
    if (good) {
        coll_alarms_clear(w->alarms, "store", w->name);
    } else {
        char text[160];
        snprintf(text, sizeof text, "the store takes nothing, so nothing is acknowledged: %.100s",
                 why);
        coll_alarms_raise(w->alarms, "store", w->name, clock_wall_ms(), text);
    }
}

// --- looking -------------------------------------------------------------------------------------

static int look_at_device(void *ctx, const struct store_device *d)
{
    struct coll_watch *w = ctx;
    int64_t since = d->last_data_ms > w->base_ms ? d->last_data_ms : w->base_ms,
            silence_ms = w->p->conf.silence_s * 1000;
    if (d->removed_ms || clock_wall_ms() - since <= silence_ms) {
        coll_alarms_clear(w->alarms, "silent", d->id);
    } else if (d->last_data_ms && !coll_alarms_has(w->alarms, "silent", d->id)) {
        char text[160], at[24];
        clock_iso(d->last_data_ms, at, sizeof at);
        snprintf(text, sizeof text, "device '%s' has sent nothing since %s%s", d->id, at,
                 d->online ? ", and is online" : "");
        coll_alarms_raise(w->alarms, "silent", d->id, d->last_data_ms, text);
    }
    return 0;
}

static void look_at_clock(struct coll_watch *w, int64_t now_us)
{
    int64_t wall = clock_wall_ms(), offset = wall - now_us / 1000;
    if (offset - w->offset_ms > JUMP_MS || w->offset_ms - offset > JUMP_MS) {
        w->base_ms = wall;
    }
    w->offset_ms = offset;
}

static void look_at_connection(struct coll_watch *w, struct coll_mqtt *m, int64_t now_us)
{
    char text[160];
    if (!w->connected && now_us - w->lost_us > WATCH_BROKER_US) {
        snprintf(text, sizeof text, "the broker at %.80s:%d cannot be reached",
                 project_broker_host(w->p), project_broker_port(w->p));
        coll_alarms_raise(w->alarms, "broker", w->name,
                          clock_wall_ms() - (now_us - w->lost_us) / 1000, text);
    }
    int64_t longest = w->gap_us[0] > w->gap_us[1] ? w->gap_us[0] : w->gap_us[1];
    int64_t limit = 4 * longest < WATCH_QUIET_MIN_US ? WATCH_QUIET_MIN_US : 4 * longest;
    limit = limit > WATCH_QUIET_MAX_US ? WATCH_QUIET_MAX_US : limit;
    if (w->p->conf.silence_s && limit > w->p->conf.silence_s * 1000000) {
        limit = w->p->conf.silence_s * 1000000;
    }
    if (w->connected && w->was_busy && now_us - w->connected_us > limit &&
        !coll_alarms_has(w->alarms, "subscription", w->name)) {
        snprintf(
            text, sizeof text,
            "no device has sent anything since the broker came back %lld s ago: subscribing again",
            (long long)(now_us - w->connected_us) / 1000000);
        coll_alarms_raise(w->alarms, "subscription", w->name,
                          clock_wall_ms() - (now_us - w->connected_us) / 1000, text);
        coll_mqtt_refresh_data(m);
        coll_mqtt_refresh_state(m);
    }
}

static void look_at_rates(struct coll_watch *w, int64_t now_us)
{
    for (size_t i = 0; i < w->over_count;) {
        if (now_us - w->over[i].last_us > WATCH_OVER_US) {
            coll_alarms_clear(w->alarms, "rate", w->over[i].device);
            w->over[i] = w->over[--w->over_count];
        } else {
            i++;
        }
    }
}

int coll_watch_step(struct coll_watch *w, struct store *s, struct coll_mqtt *m, bool lead,
                    int64_t now_us, struct err *e)
{
    int64_t every =
        w->p->conf.silence_s * 250000; // a quarter of the silence that is allowed, 0.25 to 15 s
    every = every < 250000 ? 250000 : every > 15000000 ? 15000000 : every;
    if (now_us - w->looked_us < every) {
        return OK;
    }
    w->looked_us = now_us;
    look_at_clock(w, now_us);
    look_at_connection(w, m, now_us);
    look_at_rates(w, now_us);
    // While the broker is away nobody can send: that is one alarm, and not ten thousand.
    return lead && w->connected && w->p->conf.silence_s
               ? store_device_walk(s, NULL, look_at_device, w, e)
               : OK;
}
