// The gateway's loop: one serial port, one device at the broker.
#ifndef COLL_GATE_RUN_H
#define COLL_GATE_RUN_H

#include <signal.h>

struct err;
struct project;

struct gate_options {
    const char *port;     // "/dev/ttyUSB0"
    const char *device;   // its credential is in devices/DEVICE.conf where the broker wants one
    const char *protocol; // auto, frames, lines
    const char *stream, *units, *label; // of the line protocol
    int64_t baud;
    int64_t recording_s;  // length of a recording of the line protocol
    const volatile sig_atomic_t *stop;
    bool json;
};

// Returns OK after *stop; E_IO where the port cannot be opened or goes away.
int gate_run(const struct project *p, const struct gate_options *o, struct err *e) MUST_CHECK;

#endif
