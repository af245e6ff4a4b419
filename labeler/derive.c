// The background writer of derived files. See derive.h.
#include "labeler/derive.h"

#include "common/err.h"
#include "common/io.h"
#include "common/log.h"
#include "labeler/pyramid.h"
#include "labeler/spectro_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX 32
#define WAITERS_MAX 2 // requests that wait at a time; the others are drawn roughly at once

struct derive {
    struct lab lab;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, made;
    struct derive_want want[QUEUE_MAX]; // the first is under way; guarded by lock, as all below
    int count, waiters;
    uint64_t done; // files made or failed
    bool stop;
};

int derive_make(struct lab *lab, const struct derive_want *want, struct err *e)
{
    char path[IO_PATH_MAX];
    struct sig_view v;
    int rc = io_mkdirs(project_path(&lab->project, path, "cache"), 0700, e);
    int fd = rc ? -1
                : open(project_path(&lab->project, path, "cache/writer.lock"),
                       O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return rc ? rc : err_set(e, E_BUSY, "another process makes derived files");
    }
    rc = sig_view_find(lab, want->rec_id, want->stream, &v, e);
    if (rc == OK) {
        rc = want->kind == DERIVE_PYRAMID ? pyramid_build(lab, &v, e)
                                          : spectro_build(lab, &v, want->channel, e);
    }
    (void)close(fd);
    return rc;
}

static void *run(void *arg)
{
    struct derive *d = arg;
    pthread_mutex_lock(&d->lock);
    while (!d->stop) {
        if (d->count == 0) {
            pthread_cond_wait(&d->wake, &d->lock);
            continue;
        }
        struct derive_want want = d->want[0];
        struct err e = {0};
        pthread_mutex_unlock(&d->lock);
        int rc = derive_make(&d->lab, &want, &e);
        if (rc && rc != E_BUSY) {
            log_warn("derived data of recording %lld: %s", (long long)want.rec_id, e.msg);
        }
        pthread_mutex_lock(&d->lock);
        d->count--;
        memmove(d->want, d->want + 1, (size_t)d->count * sizeof(*d->want));
        d->done++;
        pthread_cond_broadcast(&d->made);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

int derive_start(struct derive **out, const char *dir, struct err *e)
{
    struct derive *d = calloc(1, sizeof(*d));
    pthread_condattr_t attr;
    *out = NULL;
    if (!d) {
        return err_set(e, E_MEM, "out of memory");
    }
    int rc = lab_open(&d->lab, dir, e);
    if (rc) {
        free(d);
        return rc;
    }
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->made, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&d->thread, NULL, run, d)) {
        lab_close(&d->lab);
        free(d);
        return err_set(e, E_IO, "cannot start a thread");
    }
    *out = d;
    return OK;
}

void derive_stop(struct derive *d)
{
    if (!d) {
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_cond_broadcast(&d->wake);
    pthread_cond_broadcast(&d->made);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    lab_close(&d->lab);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    pthread_cond_destroy(&d->made);
    free(d);
}

static bool same(const struct derive_want *a, const struct derive_want *b)
{
    return a->kind == b->kind && a->rec_id == b->rec_id && a->channel == b->channel &&
           strcmp(a->stream, b->stream) == 0;
}

// Its place in the queue, from 0; added at the end where it is new. -1: no room.
static int place_of(struct derive *d, const struct derive_want *want)
{
    for (int i = 0; i < d->count; i++) {
        if (same(&d->want[i], want)) {
            return i;
        }
    }
    if (d->count == QUEUE_MAX || d->stop) {
        return -1;
    }
    d->want[d->count] = *want;
    pthread_cond_signal(&d->wake);
    return d->count++;
}

// Waits until as many files are done as stand before and at that place.
static int wait_for(struct derive *d, int place, int wait_ms)
{
    struct timespec until;
    uint64_t goal = d->done + (uint64_t)place + 1;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    d->waiters++;
    while (rc == 0 && d->done < goal && !d->stop) {
        rc = pthread_cond_timedwait(&d->made, &d->lock, &until);
    }
    d->waiters--;
    return d->done >= goal ? OK : E_BUSY;
}

int derive_ask(struct lab *lab, enum derive_kind kind, const struct sig_view *v, int64_t channel,
               int wait_ms)
{
    struct derive_want want = {.kind = kind, .rec_id = v->rec_id, .channel = channel};
    struct derive *d = lab->derive;
    (void)snprintf(want.stream, sizeof(want.stream), "%s", v->stream);
    if (!d) {
        if (lab->want) {
            *lab->want = want;
        }
        return E_BUSY;
    }
    pthread_mutex_lock(&d->lock);
    int place = place_of(d, &want);
    int rc = place < 0 || wait_ms == 0 || d->waiters >= WAITERS_MAX ? E_BUSY
                                                                    : wait_for(d, place, wait_ms);
    pthread_mutex_unlock(&d->lock);
    return rc;
}
