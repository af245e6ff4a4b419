// A fixed team of threads. Workers spin for a few microseconds before they sleep, because a training step of
// a small network is shorter than waking a thread takes. See par.h.
#include "trainer/par.h"
#include "common/err.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define SPINS 4000
#define THREADS_MAX 64

struct worker {
    struct par *par;
    pthread_t thread;
    int index;
};

struct par {
    int threads;
    struct worker worker[THREADS_MAX];
    par_fn fn;
    void *ctx;
    int lanes;
    atomic_uint round;   // raised to start a round
    atomic_int busy;     // workers that have not finished it
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void run_share(const struct par *p, int index)
{
    for (int lane = index; lane < p->lanes; lane += p->threads) {
        p->fn(p->ctx, lane);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct par *p = w->par;
    unsigned seen = 0;
    for (;;) {
        int spins = 0;
        while (atomic_load_explicit(&p->round, memory_order_acquire) == seen) {
            if (spins++ < SPINS) {
                pause_cpu();
                continue;
            }
            pthread_mutex_lock(&p->lock);
            while (atomic_load(&p->round) == seen) {
                pthread_cond_wait(&p->wake, &p->lock);
            }
            pthread_mutex_unlock(&p->lock);
        }
        seen++;
        if (atomic_load(&p->stop)) {
            return NULL;
        }
        run_share(p, w->index);
        atomic_fetch_sub_explicit(&p->busy, 1, memory_order_release);
    }
}

static void start_round(struct par *p)
{
    atomic_store(&p->busy, p->threads - 1);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->round, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void par_run(struct par *p, int lanes, par_fn fn, void *ctx)
{
    p->fn = fn;
    p->ctx = ctx;
    p->lanes = lanes;
    if (p->threads == 1 || lanes < 2) {
        for (int i = 0; i < lanes; i++) {
            fn(ctx, i);
        }
        return;
    }
    start_round(p);
    run_share(p, 0);
    for (int spins = 0; atomic_load_explicit(&p->busy, memory_order_acquire) > 0; spins++) {
        if (spins < SPINS) {
            pause_cpu();
        } else {
            sched_yield();
        }
    }
}

struct par *par_new(int threads, struct err *e)
{
    struct par *p = calloc(1, sizeof(*p));
    if (!p) {
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    int want = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    p->threads = 1;
    for (int i = 1; i < want; i++) {
        p->worker[i] = (struct worker){.par = p, .index = i};
        if (pthread_create(&p->worker[i].thread, NULL, work, &p->worker[i]) != 0) {
            par_free(p);
            err_set(e, E_IO, "cannot start thread %d of %d", i + 1, want);
            return NULL;
        }
        p->threads = i + 1;
    }
    return p;
}

void par_free(struct par *p)
{
    if (!p) {
        return;
    }
    atomic_store(&p->stop, true);
    if (p->threads > 1) {
        start_round(p);
    }
    for (int i = 1; i < p->threads; i++) {
        pthread_join(p->worker[i].thread, NULL);
    }
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int par_threads(const struct par *p)
{
    return p->threads;
}
