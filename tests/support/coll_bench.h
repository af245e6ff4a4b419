// The real collector program on a store of its own and a real broker, and a client that plays devices.
#ifndef SUPPORT_COLL_BENCH_H
#define SUPPORT_COLL_BENCH_H

#include <sys/types.h>

#include "common/project.h"
#include "tests/support/broker.h"
#include "tests/support/store_fixture.h"

struct mosquitto;

#define COLL_BENCH_MAX 4 // collectors

struct coll_bench {
    struct broker broker;
    struct store_fixture fix;
    struct project_conf conf;  // to be changed between coll_bench_open and the first start
    pid_t pid[COLL_BENCH_MAX]; // by number, from 1 on at [0]; 0: not running
    struct mosquitto *mosq;
};

// Broker (extra lines of its configuration, see broker.h), store, client. Ends the program where one of them fails.
void coll_bench_open(struct coll_bench *b, const char *broker_extra);
void coll_bench_close(struct coll_bench *b);
// Writes moteloop.conf and starts collector number n (1...). Does not wait for it.
void coll_bench_start(struct coll_bench *b, int n);
// Ends it and returns its exit code (-1: by a signal).
int coll_bench_end(struct coll_bench *b, int n, int signal_number);
// At QoS 1, below ml/1/; waits until the broker has it.
void coll_bench_publish(struct coll_bench *b, const char *topic, const void *p, size_t len,
                        bool retain);
// A block of ten int16 frames on d/DEVICE/data/STREAM, of a session that follows from the device's name.
void coll_bench_block(struct coll_bench *b, const char *device, const char *stream, uint64_t seq);
// The client leaves and comes back: around broker_pause and broker_resume.
void coll_bench_leave(struct coll_bench *b);
void coll_bench_join(struct coll_bench *b);
// Polls until it says yes, at most wait_ms.
bool coll_bench_until(struct coll_bench *b, int wait_ms,
                      bool (*yes)(struct coll_bench *b, void *ctx), void *ctx);

#endif
