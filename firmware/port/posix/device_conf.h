// The POSIX device's configuration file, devices/DEV.conf of a project: who it is, what it has,
// where its broker is, whom it trusts. docs/porting.md lists the keys.
#ifndef DEVICE_CONF_H
#define DEVICE_CONF_H

#include "firmware/core/pkg/mote_pkg.h"

struct err;

struct device_conf {
    char id[MOTE_DEVICE_MAX + 1];  // [device] id
    int64_t capability_class;      // [device] class: 0 small, 1 medium, 2 large
    char board[64];                // [device] board
    int64_t slot_bytes;            // [device] slot_bytes; defaults follow the class
    int64_t spool_bytes;           // [device] spool_bytes
    int64_t arena;                 // [device] arena
    char host[128];                // [mqtt] host
    int64_t port;                  // [mqtt] port
    char prefix[64];               // [mqtt] prefix
    char password[128];            // [mqtt] password
    int64_t keepalive_s;           // [mqtt] keepalive
    char tls_name[128];            // [tls] name that the broker's certificate must have
    char tls_ca[4096]; // [tls] ca: base64 of the authority's certificate (DER); "": no TLS
    char tls_cert[4096];           // [tls] cert, key: likewise, of this device; "" none
    char tls_key[512];
    uint8_t root[MOTE_PUBKEY_LEN]; // [trust] root: hex of the uncompressed point
    int64_t keep_per_minute;       // [agent] keep_per_minute
    int64_t health_s;              // [agent] health: seconds between health blocks
    int64_t in_flight;             // [agent] in_flight
    int64_t resend_ms;             // [agent] resend_ms
    bool classify;                 // [agent] classify: from the start
    int64_t seed;                  // [sim] seed
    bool mic;                      // [sim] mic
    char start[32];                // [sim] state at the start
    char stop_on[256];             // [actuator] stop_on: labels, blank between
    int64_t stop_after;            // [actuator] after: windows in a row
};

// Errors say file, line and key; unknown keys name the nearest known one.
int device_conf_load(struct device_conf *c, const char *path, struct err *e) MOTE_CHECK;

#endif
