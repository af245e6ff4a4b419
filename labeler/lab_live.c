// The live view's thread. See lab_live.h.
#include "labeler/lab_live.h"

#include <pthread.h>
#include <sodium.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/live.h"
#include "common/log.h"
#include "firmware/core/wire/mote_wire.h"
#include "labeler/api.h"

#define LOOK_MS 100
#define ALIVE_MS 5000 // a quiet one is written to so often: that tells whether it is still there

struct watcher {
    struct lab_held held;
    char device[40], stream[32];
    int64_t after, told_ms;
};

struct lab_live {
    struct lab lab;
    struct live *ring;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct watcher watcher[LAB_LIVE_MAX]; // guarded by lock
    int count;
    bool stop;
};

static const char head[] =
    "Status: 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n\r\nretry: 2000\n\n";

// --- messages ------------------------------------------------------------------------------------

static json_t *samples_json(const struct live_message *m, const struct mote_block *b)
{
    static const char *const types[] = {"u8", "i8", "i16", "i32", "f32"};
    size_t frame = mote_sample_size(b->type) * b->channels;
    char text[sodium_base64_ENCODED_LEN(LIVE_BLOCK_MAX, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof(text), b->data, b->data_len, sodium_base64_VARIANT_ORIGINAL);
    return json_pack("{s:I,s:I,s:o,s:I,s:I,s:I,s:s,s:f,s:I,s:b,s:s}", "n", (json_int_t)m->number,
                     "arrived_ms", (json_int_t)m->arrived_ms, "stream", api_text(m->stream), "t_us",
                     (json_int_t)b->t_us, "interval_ns", (json_int_t)b->interval_ns, "channels",
                     (json_int_t)b->channels, "type", types[b->type], "scale", (double)b->scale,
                     "frames", (json_int_t)(b->data_len / frame), "simulated",
                     (int)(b->flags & MOTE_BLOCK_SIMULATED), "data", text);
}

static json_t *event_json(const struct live_message *m, const struct mote_block *b)
{
    struct mote_event v[MOTE_EVENTS_PER_BLOCK];
    char label[MOTE_NAME_MAX + 1], model[MOTE_NAME_MAX + 1];
    if (mote_events_decode(v, MOTE_EVENTS_PER_BLOCK, b->data, b->data_len) < 1) {
        return NULL;
    }
    snprintf(label, sizeof(label), "%.*s", (int)v[0].label.len, v[0].label.len ? v[0].label.p : "");
    snprintf(model, sizeof(model), "%.*s", (int)v[0].model.len, v[0].model.len ? v[0].model.p : "");
    return json_pack("{s:I,s:I,s:I,s:I,s:o,s:I,s:f,s:f,s:b,s:o}", "n", (json_int_t)m->number,
                     "arrived_ms", (json_int_t)m->arrived_ms, "t_us", (json_int_t)v[0].t_us,
                     "dur_us", (json_int_t)v[0].dur_us, "label", api_text(label), "class",
                     (json_int_t)v[0].class_index, "score", (double)v[0].score, "novelty",
                     (double)v[0].novelty, "uncertain", v[0].uncertain, "model", api_text(model));
}

json_t *lab_live_json(const struct live_message *m, const char **kind)
{
    struct mote_block b;
    if (mote_block_decode(&b, m->block, m->len) != MOTE_OK) {
        return NULL;
    }
    *kind = b.kind == MOTE_BLOCK_EVENT ? "event" : "samples";
    return b.kind == MOTE_BLOCK_SAMPLES ? samples_json(m, &b)
           : b.kind == MOTE_BLOCK_EVENT ? event_json(m, &b)
                                        : NULL;
}

bool lab_live_wants(const char *device, const char *stream, const struct live_message *m)
{
    return strcmp(m->device, device) == 0 &&
           (!*stream || strcmp(m->stream, stream) == 0 || strcmp(m->stream, "event") == 0);
}

// --- those who watch -----------------------------------------------------------------------------

static int write_all(struct watcher *w, const void *p, size_t n)
{
    w->told_ms = clock_wall_ms();
    return w->held.write(w->held.ctx, p, n);
}

static int write_message(struct watcher *w, const struct live_message *m, struct buf *text)
{
    const char *kind;
    json_t *v = lab_live_json(m, &kind);
    if (!v) {
        return 0;
    }
    buf_clear(text);
    int rc = buf_printf(text, "id: %lld\nevent: %s\ndata: ", (long long)m->number, kind);
    rc = rc ? rc : jx_write(v, text);
    rc = rc ? rc : buf_puts(text, "\n\n");
    json_decref(v);
    return rc ? 0 : write_all(w, text->data, text->len); // without memory a message is left out
}

static int serve_one(struct lab_live *l, struct watcher *w, struct buf *text)
{
    struct live_message m;
    struct err e = {0};
    int64_t now = clock_wall_ms();
    if (live_renew(l->ring, w->device, w->stream, now) &&
        command_live(l->lab.store, w->device, w->stream, LIVE_ASK_MS, &e)) {
        log_warn("live view of '%s': %s", w->device, e.msg);
    }
    int gone = 0;
    while (!gone && live_next(l->ring, &w->after, &m)) {
        gone = lab_live_wants(w->device, w->stream, &m) ? write_message(w, &m, text) : 0;
    }
    return gone || now - w->told_ms < ALIVE_MS ? gone : write_all(w, ": alive\n\n", 9);
}

static void wait_a_little(struct lab_live *l)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (l->count == 0 && !l->stop) {
        pthread_cond_wait(&l->wake, &l->lock);
    } else if (!l->stop) {
        (void)pthread_cond_timedwait(&l->wake, &l->lock, &until);
    }
}

static void *run(void *arg)
{
    struct lab_live *l = arg;
    struct buf text = {0};
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        for (int i = l->count - 1; i >= 0; i--) {
            if (serve_one(l, &l->watcher[i], &text)) {
                l->watcher[i].held.done(l->watcher[i].held.ctx);
                l->watcher[i] = l->watcher[--l->count];
            }
        }
        wait_a_little(l);
    }
    while (l->count > 0) {
        l->count--;
        l->watcher[l->count].held.done(l->watcher[l->count].held.ctx);
    }
    pthread_mutex_unlock(&l->lock);
    buf_release(&text);
    return NULL;
}

int lab_live_start(struct lab_live **out, const char *dir, struct err *e)
{
    struct lab_live *l = calloc(1, sizeof(*l));
    *out = NULL;
    if (!l) {
        return err_set(e, E_MEM, "out of memory");
    }
    int rc = lab_open(&l->lab, dir, e);
    if (rc) {
        free(l);
        return rc;
    }
    rc = live_open(&l->ring, l->lab.project.dir, e);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->wake, NULL);
    if (!rc && pthread_create(&l->thread, NULL, run, l)) {
        rc = err_set(e, E_IO, "cannot start a thread");
    }
    if (rc) {
        live_close(l->ring);
        lab_close(&l->lab);
        free(l);
        return rc;
    }
    *out = l;
    return OK;
}

int lab_live_add(struct lab_live *l, const struct lab_held *h, const char *device,
                 const char *stream)
{
    struct watcher w = {.held = *h, .after = live_last(l->ring)};
    snprintf(w.device, sizeof(w.device), "%s", device);
    snprintf(w.stream, sizeof(w.stream), "%s", stream);
    pthread_mutex_lock(&l->lock);
    int rc = l->count == LAB_LIVE_MAX || l->stop ? E_LIMIT : OK;
    if (rc == OK && write_all(&w, head, sizeof(head) - 1)) {
        rc = E_IO;
    }
    if (rc == OK) {
        l->watcher[l->count++] = w;
        pthread_cond_signal(&l->wake);
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

void lab_live_stop(struct lab_live *l)
{
    if (!l) {
        return;
    }
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    live_close(l->ring);
    lab_close(&l->lab);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wake);
    free(l);
}
