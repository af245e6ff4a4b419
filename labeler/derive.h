// What is drawn from derived files: asks for them, and the one writer that makes them.
//
// A request never makes a file. It says which it wants; under FastCGI a thread of the process makes it and the request
// waits for it a moment, under CGI a process that stays behind when the answer is sent. A lock on cache/writer.lock lets
// one of them write at a time. Meanwhile pages are drawn roughly, from a bounded number of samples.
#ifndef LABELER_DERIVE_H
#define LABELER_DERIVE_H

#include "labeler/sig_view.h"

enum derive_kind { DERIVE_PYRAMID, DERIVE_SPECTRO };
#define DERIVE_WAIT_MS 1500 // that a request waits for a file

struct derive_want {
    enum derive_kind kind;
    int64_t rec_id, channel; // channel of spectrograms, 0 otherwise
    char stream[64];
};
struct derive; // the thread

int derive_start(struct derive **out, const char *dir, struct err *e) MUST_CHECK;
void derive_stop(struct derive *d); // accepts NULL
// Asks for a file; waits up to wait_ms for it. OK: it was made just now. E_BUSY: not yet. Under CGI: notes it in lab->want.
int derive_ask(struct lab *lab, enum derive_kind kind, const struct sig_view *v, int64_t channel,
               int wait_ms) MUST_CHECK;
// Makes one file now, where no other process is making any. For what a CGI program leaves behind.
int derive_make(struct lab *lab, const struct derive_want *want, struct err *e) MUST_CHECK;

#endif
