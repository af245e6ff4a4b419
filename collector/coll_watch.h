// Watches what should happen and does not, and raises alarms: devices that went silent, a subscription that brings
// nothing after a reconnect, a broker that cannot be reached, a store that takes nothing, devices over their rate.
#ifndef COLL_WATCH_H
#define COLL_WATCH_H

struct coll_alarms;
struct coll_mqtt;
struct coll_watch;
struct err;
struct project;
struct store;

#define WATCH_BROKER_US 15000000       // without a connection
#define WATCH_QUIET_MIN_US                                                                         \
    10000000 // a subscription may be quiet four times as long as it was before, within these
#define WATCH_QUIET_MAX_US 300000000
#define WATCH_OVER_US 60000000         // a device that kept its rate as long does so again

// name: of this collector, where there are several; "" otherwise. alarms is borrowed.
struct coll_watch *coll_watch_new(const struct project *p, const char *name,
                                  struct coll_alarms *alarms); // NULL: no memory
void coll_watch_free(struct coll_watch *w); // accepts NULL
void coll_watch_connected(struct coll_watch *w, int64_t now_us);
void coll_watch_lost(struct coll_watch *w, int64_t now_us);
void coll_watch_data(struct coll_watch *w, int64_t now_us);                     // a block came
void coll_watch_over(struct coll_watch *w, const char *device,
                     int64_t now_us); // and was over its device's rate
void coll_watch_store(struct coll_watch *w, bool good, const char *why);
// Looks at what is due. lead: at the devices as well, in the store.
int coll_watch_step(struct coll_watch *w, struct store *s, struct coll_mqtt *m, bool lead,
                    int64_t now_us, struct err *e) MUST_CHECK;

#endif
