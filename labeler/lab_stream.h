// The event stream: one thread that holds every open /api/stream request of a FastCGI process.
//
// A request that stays open would hold a worker thread each; here they are handed to one thread that
// looks at the store four times a second and, when a counter moved, writes the same line to all of them.
// Browsers reconnect by themselves after "retry" milliseconds.
#ifndef LABELER_LAB_STREAM_H
#define LABELER_LAB_STREAM_H

#include "labeler/lab.h"

struct lab_stream;
#define LAB_STREAM_MAX 128

// A held request: the owner's way to write to it and to be done with it.
struct lab_held {
    void *ctx;
    int (*write)(void *ctx, const void *data, size_t n); // and flush; non-zero: the peer is gone
    void (*done)(void *ctx);                             // ends and frees the request
};

// Starts the thread with a connection to the store of its own.
int lab_stream_start(struct lab_stream **s, const char *dir, struct err *e) MUST_CHECK;
// Takes h over. E_LIMIT where LAB_STREAM_MAX are open; h is then still the caller's.
int lab_stream_add(struct lab_stream *s, const struct lab_held *h) MUST_CHECK;
// Ends all and stops the thread. Accepts NULL.
void lab_stream_stop(struct lab_stream *s);

#endif
