// The broker of a project: mosquitto's configuration, password file and access list.
#ifndef OPS_BROKER_H
#define OPS_BROKER_H

struct err;
struct project;

#define BROKER_PASSWORD_LEN 32 // hex digits of a random password

// Fills out (BROKER_PASSWORD_LEN + 1 bytes) with a new random password.
void broker_new_password(char *out);
// Messages that the broker must be able to hold for the collector, a device.
#define BROKER_QUEUE_PER_DEVICE 64
// Writes broker/mosquitto.conf and broker/acl, sized for the fleet of the configuration: a listener without TLS
// (unless [mqtt] tls), one with TLS and passwords, one with TLS and certificates. Certificates: ops_cert.h.
int broker_write_conf(const struct project *p, struct err *e) MUST_CHECK;

// Changes of broker/passwd are gathered and written at once, so that a list of devices costs one write.
struct broker_users;
int broker_users_load(struct broker_users **u, const struct project *p, struct err *e) MUST_CHECK;
int broker_users_set(struct broker_users *u, const char *name, const char *password,
                     struct err *e) MUST_CHECK;
// OK whether or not it was there.
void broker_users_remove(struct broker_users *u, const char *name);
int broker_users_save(struct broker_users *u, const struct project *p, struct err *e) MUST_CHECK;
void broker_users_free(struct broker_users *u);
// Takes every right from users whose certificate is void (deny), or gives it back to those that were added anew.
// Counts for connections that are there once the broker was told (broker_reload).
int broker_deny(const struct project *p, const char *const *names, size_t count, bool deny,
                struct err *e) MUST_CHECK;
// A broker drops the first of two connections with one name, so each of several collectors has its own: makes those
// that [mqtt] collectors asks for, with the same password. Before the broker is started.
int broker_ensure_collectors(const struct project *p, struct err *e) MUST_CHECK;
// Tells a running broker (run/mosquitto.pid) to read its files again; quiet where none runs.
void broker_reload(const struct project *p);
// The largest fleet that the limits of broker/mosquitto.conf are good for, or a negative status.
int64_t broker_conf_fleet(const struct project *p, struct err *e);

#endif
