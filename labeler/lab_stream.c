// The event stream's thread. See lab_stream.h.
#include "labeler/lab_stream.h"

#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/log.h"
#include "labeler/api.h"

#include <pthread.h>

#define LOOK_MS 250
#define ALIVE_MS 15000

struct lab_stream {
    struct lab lab;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct lab_held held[LAB_STREAM_MAX]; // guarded by lock
    bool fresh[LAB_STREAM_MAX];           // has had nothing yet
    int count;
    bool stop;
};

static const char head[] =
    "Status: 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n\r\nretry: 2000\n\n";

// Writes a line to one; drops it where the peer is gone. Called with the lock held.
static void tell(struct lab_stream *s, int i, const struct buf *text)
{
    int rc = s->fresh[i] ? s->held[i].write(s->held[i].ctx, head, sizeof(head) - 1) : 0;
    if (rc || s->held[i].write(s->held[i].ctx, text->data, text->len)) {
        s->held[i].done(s->held[i].ctx);
        s->count--;
        s->held[i] = s->held[s->count];
        s->fresh[i] = s->fresh[s->count];
        return;
    }
    s->fresh[i] = false;
}

static int describe(struct lab_stream *s, struct buf *out)
{
    struct err e = {0};
    json_t *v = api_changes_json(&s->lab, &e);
    buf_clear(out);
    int rc = v ? buf_puts(out, "event: change\ndata: ") : E_IO;
    rc = rc ? rc : jx_write(v, out);
    rc = rc ? rc : buf_puts(out, "\n\n");
    json_decref(v);
    if (rc) {
        log_warn("event stream: %s", e.msg);
    }
    return rc;
}

static void wait_a_little(struct lab_stream *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (s->count == 0 && !s->stop) {
        pthread_cond_wait(&s->wake, &s->lock);
    } else if (!s->stop) {
        (void)pthread_cond_timedwait(&s->wake, &s->lock, &until);
    }
}

static void *run(void *arg)
{
    struct lab_stream *s = arg;
    struct buf now = {0}, last = {0}, alive = {0};
    int64_t told_ms = 0;
    if (buf_puts(&alive, ": alive\n\n")) {
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        pthread_mutex_unlock(&s->lock);
        bool known = describe(s, &now) == OK;
        pthread_mutex_lock(&s->lock);
        bool moved = known && (now.len != last.len || memcmp(now.data, last.data, now.len) != 0);
        bool quiet = clock_wall_ms() - told_ms > ALIVE_MS;
        for (int i = s->count - 1; i >= 0; i--) {
            if (known && (moved || s->fresh[i])) {
                tell(s, i, &now);
            } else if (quiet) {
                tell(s, i, &alive);
            }
        }
        if (moved || quiet) {
            told_ms = clock_wall_ms();
        }
        if (moved) {
            struct buf swap = last;
            last = now;
            now = swap;
        }
        wait_a_little(s);
    }
    for (int i = 0; i < s->count; i++) {
        s->held[i].done(s->held[i].ctx);
    }
    s->count = 0;
    pthread_mutex_unlock(&s->lock);
    buf_release(&now);
    buf_release(&last);
    buf_release(&alive);
    return NULL;
}

int lab_stream_start(struct lab_stream **out, const char *dir, struct err *e)
{
    struct lab_stream *s = calloc(1, sizeof(*s));
    *out = NULL;
    if (!s) {
        return err_set(e, E_MEM, "out of memory");
    }
    int rc = lab_open(&s->lab, dir, e);
    if (rc) {
        free(s);
        return rc;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    if (pthread_create(&s->thread, NULL, run, s)) {
        lab_close(&s->lab);
        free(s);
        return err_set(e, E_IO, "cannot start a thread");
    }
    *out = s;
    return OK;
}

int lab_stream_add(struct lab_stream *s, const struct lab_held *h)
{
    pthread_mutex_lock(&s->lock);
    int rc = s->count == LAB_STREAM_MAX || s->stop ? E_LIMIT : OK;
    if (rc == OK) {
        s->fresh[s->count] = true;
        s->held[s->count++] = *h;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void lab_stream_stop(struct lab_stream *s)
{
    if (!s) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    lab_close(&s->lab);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    free(s);
}
