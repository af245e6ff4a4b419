// See live.h.
#include "common/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/io.h"

#define MAGIC 0x31564c4du // "MLV1"

struct watch {
    _Atomic int64_t asked_ms;
    char device[40], stream[32];
    char pad[48];
};
struct head {
    uint32_t magic, zero;
    _Atomic int64_t count;
    char pad[48];
    struct watch watch[LIVE_WATCHES];
};
struct slot {
    _Atomic int64_t number;
    int64_t arrived_ms;
    uint64_t len;
    char device[40], stream[32];
    uint8_t block[LIVE_BLOCK_MAX];
};
struct live {
    struct head *head;
    struct slot *slot;
    size_t size;
};

static int map_file(struct live *l, const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), full;
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    l->size = sizeof(struct head) + LIVE_SLOTS * sizeof(struct slot);
    int rc = OK;
    // Every byte has its place on the disk: writing to a hole of a full disk would end the program.
    if ((full = posix_fallocate(fd, 0, (off_t)l->size)) != 0) {
        rc = err_set(e, full == ENOSPC ? E_FULL : E_IO, "cannot take %zu bytes for '%s': %s",
                     l->size, path, strerror(full));
    }
    void *p = rc ? MAP_FAILED : mmap(NULL, l->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!rc && p == MAP_FAILED) {
        rc = err_errno(e, E_IO, "cannot map '%s'", path);
    }
    close(fd);
    if (rc) {
        return rc;
    }
    l->head = p;
    l->slot = (struct slot *)(l->head + 1);
    l->head->magic = MAGIC; // whoever comes first; the zeros of a new file are an empty ring
    return OK;
}

int live_open(struct live **out, const char *dir, struct err *e)
{
    char path[IO_PATH_MAX], run[IO_PATH_MAX];
    *out = NULL;
    struct live *l = calloc(1, sizeof(*l));
    if (!l) {
        return err_set(e, E_MEM, "out of memory");
    }
    int rc = io_join(run, sizeof(run), dir, "run") || io_join(path, sizeof(path), run, "live.ring")
                 ? err_set(e, E_LIMIT, "path '%s' is too long", dir)
                 : io_mkdirs(run, 0700, e);
    rc = rc ? rc : map_file(l, path, e);
    if (rc) {
        free(l);
        return rc;
    }
    *out = l;
    return OK;
}

void live_close(struct live *l)
{
    if (l) {
        munmap(l->head, l->size);
        free(l);
    }
}

int live_put(struct live *l, const char *device, const char *stream, const void *block, size_t len)
{
    if (len > LIVE_BLOCK_MAX) {
        return E_LIMIT;
    }
    int64_t n = atomic_fetch_add(&l->head->count, 1) + 1;
    struct slot *s = &l->slot[(n - 1) % LIVE_SLOTS];
    atomic_store(&s->number, 0);
    atomic_thread_fence(memory_order_seq_cst);
    s->arrived_ms = clock_wall_ms();
    s->len = len;
    snprintf(s->device, sizeof(s->device), "%s", device);
    snprintf(s->stream, sizeof(s->stream), "%s", stream);
    memcpy(s->block, block, len);
    atomic_store(&s->number, n);
    return OK;
}

int64_t live_last(const struct live *l)
{
    return atomic_load(&l->head->count);
}

static bool copy_slot(const struct slot *s, int64_t n, struct live_message *m)
{
    if (atomic_load(&s->number) != n) {
        return false;
    }
    m->number = n;
    m->arrived_ms = s->arrived_ms;
    m->len = s->len <= LIVE_BLOCK_MAX ? s->len : 0;
    memcpy(m->device, s->device, sizeof(m->device));
    memcpy(m->stream, s->stream, sizeof(m->stream));
    memcpy(m->block, s->block, m->len);
    m->device[sizeof(m->device) - 1] = m->stream[sizeof(m->stream) - 1] = 0;
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load(&s->number) == n;
}

bool live_next(const struct live *l, int64_t *after, struct live_message *m)
{
    int64_t last = live_last(l);
    int64_t n = *after > last || *after < 0 ? last : *after; // a number of an older ring
    n = last - n > LIVE_SLOTS ? last - LIVE_SLOTS : n;
    while (++n <= last) {
        if (copy_slot(&l->slot[(n - 1) % LIVE_SLOTS], n, m)) {
            *after = n;
            return true;
        }
    }
    return false; // what is being written now comes the next time
}

bool live_renew(struct live *l, const char *device, const char *stream, int64_t now_ms)
{
    struct watch *oldest = &l->head->watch[0];
    for (size_t i = 0; i < LIVE_WATCHES; i++) {
        struct watch *w = &l->head->watch[i];
        int64_t asked = atomic_load(&w->asked_ms);
        if (strncmp(w->device, device, sizeof(w->device)) == 0 &&
            strncmp(w->stream, stream, sizeof(w->stream)) == 0) {
            bool due = now_ms - asked >= LIVE_RENEW_MS || asked > now_ms;
            return due && atomic_compare_exchange_strong(&w->asked_ms, &asked, now_ms);
        }
        oldest = asked < atomic_load(&oldest->asked_ms) ? w : oldest;
    }
    // Two that take the same place at once ask once too often; nothing worse.
    snprintf(oldest->device, sizeof(oldest->device), "%s", device);
    snprintf(oldest->stream, sizeof(oldest->stream), "%s", stream);
    atomic_store(&oldest->asked_ms, now_ms);
    return true;
}
