// Metrics in the text format that Prometheus scrapes (version 0.0.4). A scraper uses an API token with the
// scope "read" as its bearer token.
#include "labeler/api.h"

#include "common/alarms.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "common/store/store_retain.h"
#include "common/store/store_sample.h"

struct metrics {
    struct buf *out;
    int64_t now_ms;
    int pass; // which metric of a list is being written
};

// Every metric's lines must stand together, so lists are walked once for each.
static const struct {
    const char *name, *type, *help;
} of_collector[] =
    {
        {"moteloop_collector_alive_seconds", "gauge",
         "seconds since the collector last said that it is alive"},
        {"moteloop_collector_blocks_total", "counter", "blocks stored since it started"},
        {"moteloop_collector_repeats_total", "counter", "blocks that were there already"},
        {"moteloop_collector_conflicts_total", "counter", "blocks with the key of another"},
        {"moteloop_collector_refused_total", "counter",
         "messages that were not what they should be"},
},
  of_device[] = {
      {"moteloop_device_online", "gauge", "1: connected"},
      {"moteloop_device_silent_seconds", "gauge", "seconds since its last block was stored"},
      {"moteloop_device_boots_total", "counter", "boots that it counted"},
      {"moteloop_device_release_seq", "gauge", "sequence number of the release in use"},
};

static int head(struct metrics *m, const char *name, const char *type, const char *help)
{
    return buf_printf(m->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static int put_collector(void *ctx, const struct store_collector *c)
{
    struct metrics *m = ctx;
    double v[] = {(double)(m->now_ms - c->alive_ms) / 1000, (double)c->blocks, (double)c->repeats,
                  (double)c->conflicts, (double)c->refused};
    return buf_printf(m->out, "%s{collector=\"%s\"} %.15g\n", of_collector[m->pass].name, c->id,
                      v[m->pass]);
}

static int put_device(void *ctx, const struct store_device *d)
{
    struct metrics *m = ctx;
    double v[] = {d->online, (double)(m->now_ms - d->last_data_ms) / 1000, (double)d->boot_count,
                  (double)d->active_seq};
    if (d->removed_ms || (m->pass == 1 && d->last_data_ms == 0)) {
        return OK;
    }
    return buf_printf(m->out, "%s{device=\"%s\"} %.15g\n", of_device[m->pass].name, d->id,
                      v[m->pass]);
}

static int put_lists(struct metrics *m, struct store *s, struct err *e)
{
    int rc = OK;
    for (m->pass = 0; rc == OK && m->pass < (int)ARRAY_LEN(of_collector); m->pass++) {
        rc = head(m, of_collector[m->pass].name, of_collector[m->pass].type,
                  of_collector[m->pass].help);
        rc = rc ? rc : store_collector_walk(s, put_collector, m, e);
    }
    for (m->pass = 0; rc == OK && m->pass < (int)ARRAY_LEN(of_device); m->pass++) {
        rc = head(m, of_device[m->pass].name, of_device[m->pass].type, of_device[m->pass].help);
        rc = rc ? rc : store_device_walk(s, NULL, put_device, m, e);
    }
    return rc;
}

static int put_one(struct metrics *m, const char *name, const char *help, int64_t v)
{
    int rc = head(m, name, "gauge", help);
    return rc ? rc : buf_printf(m->out, "%s %lld\n", name, (long long)v);
}

static int put_alarms(struct metrics *m, const struct project *p)
{
    static const char *const kinds[] = {"silent", "subscription", "broker", "store", "rate"};
    json_t *list = alarms_read(p);
    int rc = list ? head(m, "moteloop_alarms", "gauge", "alarms that last") : E_MEM;
    for (size_t k = 0; k < ARRAY_LEN(kinds) && rc == OK; k++) {
        size_t i, n = 0;
        json_t *one;
        json_array_foreach(list, i, one)
        {
            n += strcmp(json_string_value(json_object_get(one, "kind")), kinds[k]) == 0;
        }
        rc = buf_printf(m->out, "moteloop_alarms{kind=\"%s\"} %zu\n", kinds[k], n);
    }
    json_decref(list);
    return rc;
}

int api_metrics(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct metrics m = {.out = &r->body, .now_ms = clock_wall_ms()};
    int64_t pending = 0, recordings = 0, bytes = 0, empty = 0;
    (void)q;
    int rc = store_outbox_count(lab->store, &pending, e);
    rc = rc ? rc : store_recording_count(lab->store, NULL, &recordings, e);
    rc = rc ? rc : store_blocks_bytes(lab->store, &bytes, &empty, e);
    rc = rc ? rc : put_lists(&m, lab->store, e);
    rc = rc ? rc
            : put_one(&m, "moteloop_outbox_pending", "messages that wait for the broker", pending);
    rc = rc ? rc : put_one(&m, "moteloop_recordings", "recordings in the store", recordings);
    rc = rc ? rc : put_one(&m, "moteloop_blocks_bytes", "bytes of blocks.db", bytes);
    rc = rc ? rc
            : put_one(&m, "moteloop_blocks_free_bytes", "bytes of blocks.db that are free again",
                      empty);
    rc = rc ? rc : put_alarms(&m, &lab->project);
    r->type = "text/plain; version=0.0.4; charset=utf-8";
    r->cache = "no-store";
    return rc;
}
