// A fixed team of threads: runs the same function over lanes 0..n-1. Which lane does what never
// depends on timing, so results do not either.
#ifndef TRAINER_PAR_H
#define TRAINER_PAR_H

struct err;
struct par;

typedef void (*par_fn)(void *ctx, int lane);

// threads: 1 or more; 1 makes no thread. NULL with *e set on failure.
struct par *par_new(int threads, struct err *e);
void par_free(struct par *p);
int par_threads(const struct par *p);
// Calls fn(ctx, lane) for every lane; lane i is run by thread i % threads, the caller's being 0. Returns
// when all are done.
void par_run(struct par *p, int lanes, par_fn fn, void *ctx);

#endif
