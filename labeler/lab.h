// What a thread of the labeler owns, and the one entry that CGI and FastCGI share.
#ifndef LABELER_LAB_H
#define LABELER_LAB_H

#include "common/buf.h"
#include "common/project.h"

struct err;
struct lab_io;
struct lab_req;
struct store;

// Takes over a request whose answer never ends (the event stream): sends the head and keeps it.
// Non-zero: no room. NULL in struct lab where there is none (CGI): the page polls then.
typedef int (*lab_hold_fn)(void *ctx, const struct lab_io *io);

struct derive;
struct derive_want;

// The same for the live view of a device's stream ("": all).
typedef int (*lab_hold_live_fn)(void *ctx, const struct lab_io *io, const char *device,
                                const char *stream);

struct lab {
    struct project project;
    struct store *store;
    struct derive *derive;     // the process's writer of derived files (derive.h); NULL under CGI
    struct derive_want *want;  // CGI: where a request notes which file is missing; NULL: nowhere
    lab_hold_fn hold;
    void *hold_ctx;
    lab_hold_live_fn hold_live;
    void *hold_live_ctx;
};

// Opens the project (dir NULL: $MOTELOOP_PROJECT) and its store. A struct lab belongs to one thread.
int lab_open(struct lab *lab, const char *dir, struct err *e) MUST_CHECK;
void lab_close(struct lab *lab);
// Answers one request. True: the connection was handed over to lab->hold, its owner must let it be.
bool lab_serve(struct lab *lab, const struct lab_io *io);

#endif
