// A project folder: where everything of one installation lives, and its configuration.
//
//   moteloop.conf            configuration (the keys of struct project_conf)
//   main.db  blocks.db       the store (common/store)
//   keys/                    root.key root.pub release.key release.pub beacon.key beacon.pub (0600); ca.key ca.pem
//   devices/DEV.conf         what a device needs: id, password or certificate, broker, trusted keys (0600)
//   broker/                  mosquitto.conf, passwd, acl, broker.pem, broker.key, crl.pem; web/: lighttpd.conf
//   models/                  .tflite and report files, named by digest
//   run/                     pid files and logs of `moteloop up`
#ifndef COMMON_PROJECT_H
#define COMMON_PROJECT_H

#include "common/io.h"

struct err;

struct project_conf {
    char name[64];         // [project] name
    char prefix[64];       // [mqtt] prefix, default ml/1
    char broker_host[128]; // [mqtt] host
    int64_t broker_port;   // [mqtt] port
    int64_t server_tls;    // [mqtt] tls, 1: programs reach the broker at [tls] port, and no other
                           // listener is there
    char server_user[64];  // [mqtt] user: the collector's name at the broker
    int64_t collectors;    // [mqtt] collectors that share the work, 1 or more
    int64_t tls_port;      // [tls] port: TLS with a password, 0: none
    int64_t tls_cert_port; // [tls] cert_port: TLS with a client certificate, 0: none
    char tls_address[128]; // [tls] address: what devices are told to connect to
    char web_host[128];    // [web] host
    int64_t web_port;      // [web] port
    int64_t max_devices;   // [limits] devices
    int64_t max_message;   // [limits] message_bytes
    int64_t max_streams;   // [limits] streams of a device
    int64_t max_rate; // [limits] rate: blocks a second of a device over a minute, 0: no ceiling
    int64_t silence_s;     // [alerts] silence: seconds without data that are an alarm, 0: never
    char alert_url[256];   // [alerts] webhook, "" none
    char alert_command[256]; // [alerts] command, "" none
    int64_t alert_every_s; // [alerts] every: at most one message in as many seconds
    int64_t keep_days;     // [retention] days, 0: for ever
    int64_t keep_gigabytes; // [retention] gigabytes, 0: no ceiling
};

struct project {
    char dir[IO_PATH_MAX / 2];
    struct project_conf conf;
};

// dir NULL: $MOTELOOP_PROJECT, else the current folder. Errors say how to make one.
int project_open(struct project *p, const char *dir, struct err *e) MUST_CHECK;
// Reads and checks a configuration; unknown keys are errors that name the nearest known one.
int project_conf_load(struct project_conf *c, const char *path, struct err *e) MUST_CHECK;
// The text of a new moteloop.conf with a comment at each key. Caller frees.
char *project_conf_text(const struct project_conf *c);
void project_conf_defaults(struct project_conf *c);
// Where programs of this machine reach the broker; without TLS that is the loopback where others have a port with it.
const char *project_broker_host(const struct project *p);
int project_broker_port(const struct project *p);
// Path of a file inside: project_path(p, out, "keys/root.pub"). out holds IO_PATH_MAX.
const char *project_path(const struct project *p, char out[IO_PATH_MAX], const char *name);

#endif
