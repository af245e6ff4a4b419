// The collector's life: one thread reads the broker, this one writes the store.
#ifndef COLL_RUN_H
#define COLL_RUN_H

#include <signal.h>

struct project;
struct err;

struct coll_options {
    const char *id;                 // names its row in the store
    int64_t number; // of those that share the store: 1 (or 0), 2, ...; behind id and broker user
                    // from 2 on
    const volatile sig_atomic_t *stop; // set by a signal: finish what is here, and return
};

// Returns OK after *stop. E_BUSY where another collector has this store and is not one to share it with.
int coll_run(const struct project *p, const struct coll_options *o, struct err *e) MUST_CHECK;

#endif
