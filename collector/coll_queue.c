// See coll_queue.h.
#include "collector/coll_queue.h"

#include <pthread.h>

#include "common/clock.h"
#include "common/err.h"

struct coll_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled, drained;
    struct coll_item *first, **last;
    size_t items, bytes;
    size_t enough; // that the taker waits for
    bool closed;
};

struct coll_queue *coll_queue_new(void)
{
    struct coll_queue *q = calloc(1, sizeof *q);
    if (!q) {
        return NULL;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, &attr);
    pthread_cond_init(&q->drained, &attr);
    pthread_condattr_destroy(&attr);
    q->last = &q->first;
    return q;
}

void coll_queue_free(struct coll_queue *q)
{
    if (!q) {
        return;
    }
    while (q->first) {
        struct coll_item *next = q->first->next;
        coll_item_free(q->first);
        q->first = next;
    }
    pthread_cond_destroy(&q->filled);
    pthread_cond_destroy(&q->drained);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static void append(struct coll_queue *q, struct coll_item *item)
{
    *q->last = item;
    q->last = &item->next;
    q->bytes += item->len;
    if (++q->items == q->enough) {
        pthread_cond_signal(&q->filled);
    }
}

int coll_queue_put(struct coll_queue *q, const char *topic, const void *payload, size_t len,
                   bool retained)
{
    size_t topic_len = strlen(topic);
    struct coll_item *item = malloc(sizeof *item + topic_len + 1 + len);
    if (!item) {
        return E_MEM;
    }
    char *text = (char *)(item + 1);
    memcpy(text, topic, topic_len + 1);
    memcpy(text + topic_len + 1, len ? payload : "", len);
    *item = (struct coll_item){.kind = COLL_MESSAGE,
                               .arrived_us = clock_mono_us(),
                               .topic = text,
                               .topic_len = topic_len,
                               .payload = (const uint8_t *)text + topic_len + 1,
                               .len = len,
                               .retained = retained};
    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->items > 0 &&
           (q->items >= COLL_QUEUE_ITEMS || q->bytes + len > COLL_QUEUE_BYTES)) {
        pthread_cond_wait(&q->drained, &q->lock);
    }
    bool closed = q->closed;
    if (!closed) {
        append(q, item);
    }
    pthread_mutex_unlock(&q->lock);
    if (closed) {
        free(item);
        return E_STATE;
    }
    return OK;
}

int coll_queue_note(struct coll_queue *q, enum coll_item_kind kind, int mid)
{
    struct coll_item *item = calloc(1, sizeof *item);
    if (!item) {
        return E_MEM;
    }
    item->kind = kind;
    item->mid = mid;
    item->arrived_us = clock_mono_us();
    pthread_mutex_lock(&q->lock);
    append(q, item);
    pthread_mutex_unlock(&q->lock);
    return OK;
}

static void wait_for_items(struct coll_queue *q, int64_t wait_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + wait_us * 1000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    while (q->items < q->enough && !q->closed &&
           pthread_cond_timedwait(&q->filled, &q->lock, &until) == 0) {
    }
}

struct coll_item *coll_queue_take(struct coll_queue *q, size_t max, size_t enough, int64_t wait_us)
{
    pthread_mutex_lock(&q->lock);
    q->enough = enough;
    if (wait_us > 0) {
        wait_for_items(q, wait_us);
    }
    struct coll_item *list = q->first, **end = &list;
    while (*end && max-- > 0) {
        q->bytes -= (*end)->len;
        q->items--;
        end = &(*end)->next;
    }
    q->first = *end;
    *end = NULL;
    if (!q->first) {
        q->last = &q->first;
    }
    pthread_cond_broadcast(&q->drained);
    pthread_mutex_unlock(&q->lock);
    return list;
}

void coll_item_free(struct coll_item *item)
{
    free(item);
}

void coll_queue_close(struct coll_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_cond_broadcast(&q->drained);
    pthread_mutex_unlock(&q->lock);
}
