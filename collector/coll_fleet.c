// See coll_fleet.h.
#include "collector/coll_fleet.h"

#include "common/err.h"
#include "common/store/store_sample.h"

#define BUCKETS 4096
#define PENDING_MAX 128 // sessions' streams of one device that wait for an acknowledgement

struct coll_fleet {
    struct coll_device *bucket[BUCKETS];
    struct coll_device *waiting;
    size_t count, max;
    uint64_t clock; // for the least recently used session
};

struct coll_fleet *coll_fleet_new(size_t max_devices)
{
    struct coll_fleet *f = calloc(1, sizeof *f);
    if (f) {
        f->max = max_devices;
    }
    return f;
}

void coll_fleet_forget(struct coll_fleet *f)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (f->bucket[i]) {
            struct coll_device *d = f->bucket[i];
            f->bucket[i] = d->next;
            free(d->stream);
            free(d->pending);
            free(d);
        }
    }
    f->waiting = NULL;
    f->count = 0;
}

void coll_fleet_free(struct coll_fleet *f)
{
    if (f) {
        coll_fleet_forget(f);
        free(f);
    }
}

size_t coll_fleet_count(const struct coll_fleet *f)
{
    return f->count;
}

static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u; // FNV-1a
    while (*text) {
        h = (h ^ (uint8_t)*text++) * 16777619u;
    }
    return h;
}

struct coll_device *coll_fleet_device(struct coll_fleet *f, const char *id, struct err *e)
{
    struct coll_device **at = &f->bucket[hash(id) % BUCKETS];
    for (struct coll_device *d = *at; d; d = d->next) {
        if (strcmp(d->id, id) == 0) {
            return d;
        }
    }
    if (f->count >= f->max) {
        err_set(e, E_LIMIT, "more than %zu devices ([limits] devices in moteloop.conf)", f->max);
        return NULL;
    }
    struct coll_device *d = calloc(1, sizeof *d);
    if (!d) {
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    snprintf(d->id, sizeof d->id, "%s", id);
    d->next = *at;
    *at = d;
    f->count++;
    return d;
}

int coll_fleet_session(struct coll_fleet *f, struct coll_device *d, struct store *s,
                       const uint8_t uid[MOTE_SESSION_LEN], int64_t device_us, bool simulated,
                       int64_t *session_id, struct err *e)
{
    struct coll_session *oldest = &d->session[0];
    for (size_t i = 0; i < COLL_SESSIONS_KEPT; i++) {
        struct coll_session *k = &d->session[i];
        if (k->session_id && memcmp(k->uid, uid, MOTE_SESSION_LEN) == 0) {
            k->used = ++f->clock;
            *session_id = k->session_id;
            return OK;
        }
        if (k->used < oldest->used) {
            oldest = k;
        }
    }
    int rc = store_session_put(s, d->id, uid, device_us, simulated, session_id, e);
    if (!rc) {
        *oldest = (struct coll_session){.session_id = *session_id, .used = ++f->clock};
        memcpy(oldest->uid, uid, MOTE_SESSION_LEN);
    }
    return rc;
}

static bool same_shape(const struct coll_stream *k, const struct mote_block *b)
{
    return b->kind != MOTE_BLOCK_SAMPLES ||
           (k->shaped && k->type == b->type && k->channels == b->channels &&
            memcmp(&k->scale, &b->scale, sizeof k->scale) == 0);
}

static struct coll_stream *new_stream(struct coll_device *d, const char *name, struct err *e)
{
    struct coll_stream *more = reallocarray(d->stream, d->streams + 1, sizeof *more);
    if (!more) {
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    d->stream = more;
    more[d->streams] = (struct coll_stream){.stream_id = 0};
    snprintf(more[d->streams].name, sizeof more->name, "%s", name);
    return &more[d->streams];
}

static int check_room(const struct coll_device *d, struct store *s, const char *name,
                      size_t max_streams, struct err *e)
{
    bool room = true;
    int rc = store_stream_room(s, d->id, name, (int64_t)max_streams, &room, e);
    return rc || room
               ? rc
               : err_set(e, E_LIMIT,
                         "device '%s' has %zu streams already ([limits] streams in moteloop.conf)",
                         d->id, max_streams);
}

int coll_fleet_stream(struct coll_device *d, struct store *s, const char *name,
                      const struct mote_block *b, size_t max_streams, int64_t *stream_id,
                      struct err *e)
{
    struct coll_stream *k = NULL;
    for (size_t i = 0; i < d->streams && !k; i++) {
        k = strcmp(d->stream[i].name, name) == 0 ? &d->stream[i] : NULL;
    }
    bool fresh = !k;
    if (k && same_shape(k, b)) {
        *stream_id = k->stream_id;
        return OK;
    }
    if (fresh) {
        int refused = check_room(d, s, name, max_streams, e);
        k = refused ? NULL : new_stream(d, name, e);
        if (!k) {
            return e->code;
        }
    }
    bool samples = b->kind == MOTE_BLOCK_SAMPLES;
    struct store_stream st = {.device = d->id,
                              .name = name,
                              .type = samples ? b->type : -1,
                              .channels = b->channels,
                              .scale = (double)b->scale,
                              .interval_ns = (int64_t)b->interval_ns,
                              .keeps_rate = true};
    int rc = store_stream_put(s, &st, e);
    if (rc) {
        return rc;
    }
    k->stream_id = st.stream_id;
    if (samples) {
        k->type = b->type;
        k->channels = b->channels;
        k->scale = b->scale;
        k->shaped = true;
    }
    d->streams += fresh;
    *stream_id = st.stream_id;
    return OK;
}

bool coll_fleet_spend(struct coll_device *d, int64_t per_second, int64_t now_us)
{
    double full = (double)per_second * 60;
    if (per_second == 0) {
        return true;
    }
    d->tokens = d->filled_us
                    ? d->tokens + (double)(now_us - d->filled_us) / 1e6 * (double)per_second
                    : full;
    d->tokens = d->tokens > full ? full : d->tokens;
    d->filled_us = now_us;
    if (d->tokens < 1) {
        return false;
    }
    d->tokens -= 1;
    return true;
}

int coll_fleet_owe(struct coll_fleet *f, struct coll_device *d, const uint8_t uid[MOTE_SESSION_LEN],
                   int64_t session_id, int64_t stream_id, const char *name, int64_t arrived_us)
{
    bool there = false;
    for (size_t i = 0; i < d->pendings && !there; i++) {
        there = d->pending[i].session_id == session_id && d->pending[i].stream_id == stream_id;
    }
    if (!there) {
        if (d->pendings >= PENDING_MAX) {
            return E_LIMIT;
        }
        struct coll_pending *more = reallocarray(d->pending, d->pendings + 1, sizeof *more);
        if (!more) {
            return E_MEM;
        }
        d->pending = more;
        struct coll_pending *p = &more[d->pendings++];
        *p = (struct coll_pending){.session_id = session_id, .stream_id = stream_id};
        memcpy(p->uid, uid, MOTE_SESSION_LEN);
        snprintf(p->name, sizeof p->name, "%s", name);
    }
    if (!d->is_waiting) {
        d->is_waiting = true;
        d->waiting = f->waiting;
        f->waiting = d;
        d->first_us = arrived_us;
        d->blocks = 0;
    }
    d->blocks++;
    d->last_us = arrived_us;
    return OK;
}

struct coll_device *coll_fleet_waiting(struct coll_fleet *f)
{
    return f->waiting;
}

void coll_fleet_settle(struct coll_fleet *f, bool (*done)(void *ctx, const struct coll_device *d),
                       void *ctx)
{
    struct coll_device **at = &f->waiting;
    while (*at) {
        struct coll_device *d = *at;
        if (!done(ctx, d)) {
            at = &d->waiting;
            continue;
        }
        *at = d->waiting;
        d->waiting = NULL;
        d->is_waiting = false;
        d->blocks = 0;
        free(d->pending);
        d->pending = NULL;
        d->pendings = 0;
    }
}

void coll_fleet_each(struct coll_fleet *f, int (*fn)(void *ctx, struct coll_device *d), void *ctx)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct coll_device *d = f->bucket[i]; d; d = d->next) {
            if (fn(ctx, d)) {
                return;
            }
        }
    }
}
