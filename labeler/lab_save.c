// Saving together. See lab_save.h.
//
// A thread that comes while nobody commits becomes the leader: it takes everything that waits, in the order in which it came,
// and saves it in one transaction of its own connection. Those that come meanwhile wait for the next one. A request that
// is refused (conflict, nothing there) has changed nothing and stays alone with it; where the store itself fails, all of the
// transaction fail with the same words and their pages try again.
#include "labeler/lab_save.h"

#include "common/err.h"

#include <pthread.h>
#include <time.h>

#define PAUSE_NS 2000000
#define TOGETHER_MAX 64 // keeps a transaction well under 50 ms

struct save {
    struct store_region *g;
    int64_t expected;
    struct err *e;
    int rc;
    bool done;
    struct save *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
static struct save *first, **last = &first; // that wait; guarded by lock
static bool leading;                        // a thread commits
static uint64_t rounds;                     // transactions that saves have shared so far

static void run_one(struct store *s, struct save *x)
{
    x->rc = x->g->deleted ? store_label_delete(s, x->g, x->expected, x->e)
                          : store_label_set(s, x->g, x->expected, x->e);
}

static bool refused(int rc)
{
    return rc == E_CONFLICT || rc == E_NOT_FOUND || rc == E_USAGE;
}

static void fail_all(struct save *list, const struct save *end, int rc, const struct err *e)
{
    for (struct save *x = list; x != end; x = x->next) {
        if (!refused(x->rc)) {
            x->rc = rc;
            *x->e = *e;
        }
    }
}

// The saves from list up to end (not included), in one transaction.
static void run_together(struct store *s, struct save *list, const struct save *end)
{
    struct err e = {0};
    if (list->next == end) {
        run_one(s, list);
        return;
    }
    int rc = store_begin(s, &e);
    for (struct save *x = list; rc == OK && x != end; x = x->next) {
        run_one(s, x);
        if (x->rc && !refused(x->rc)) {
            rc = x->rc;
            e = *x->e;
        }
    }
    rc = rc ? rc : store_commit(s, &e);
    if (rc) {
        store_rollback(s);
        fail_all(list, end, rc, &e);
    }
}

// Takes up to TOGETHER_MAX from the queue; *end is where the rest starts. Called with the lock held.
static struct save *take(struct save **end)
{
    struct save *list = first, *x = first;
    for (int n = 1; x->next && n < TOGETHER_MAX; n++) {
        x = x->next;
    }
    *end = x->next;
    first = x->next;
    if (!first) {
        last = &first;
    }
    return list;
}

int lab_save(struct lab *lab, struct store_region *g, int64_t expected, struct err *e)
{
    struct save own = {.g = g, .expected = expected, .e = e};
    pthread_mutex_lock(&lock);
    *last = &own;
    last = &own.next;
    while (!own.done) {
        if (leading) {
            pthread_cond_wait(&finished, &lock);
            continue;
        }
        struct save *end, *list = take(&end);
        leading = true;
        pthread_mutex_unlock(&lock);
        run_together(lab->store, list, end);
        pthread_mutex_lock(&lock);
        while (list != end) { // its owner may return as soon as the lock is free
            struct save *next = list->next;
            list->done = true;
            list = next;
        }
        leading = false;
        rounds++;
        pthread_cond_broadcast(&finished);
    }
    pthread_mutex_unlock(&lock);
    return own.rc;
}

void lab_save_alone(void)
{
    pthread_mutex_lock(&lock);
    // Saves that wait go first, once: a thread of many steps is always the first at the lock that it just gave back.
    for (uint64_t until = rounds + 1; leading || (first && rounds < until);) {
        pthread_cond_wait(&finished, &lock);
    }
    leading = true;
    pthread_mutex_unlock(&lock);
}

void lab_save_done(void)
{
    pthread_mutex_lock(&lock);
    leading = false;
    pthread_cond_broadcast(&finished);
    pthread_mutex_unlock(&lock);
}

void lab_save_pause(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS},
                    NULL); // cut short by a signal: no harm
}
