// Is the fleet's retained state complete? After every connection the broker sends what it has retained of all
// devices, and drops without a word what does not fit its queue. So once that stream is quiet, what came is compared
// with what the store expects, and what is missing is asked for singly: subscriptions to a device's own topics, in
// groups that become smaller where the broker drops even those.
#ifndef COLL_MUSTER_H
#define COLL_MUSTER_H

#include "firmware/core/wire/mote_wire.h"

struct coll_mqtt;
struct coll_muster;
struct err;
struct store;

#define MUSTER_QUIET_US 1000000   // without retained state: the broker has sent what it would
#define MUSTER_ANSWER_US 150000   // likewise of a group, from the broker's SUBACK on
#define MUSTER_PATIENCE_US 5000000 // without a SUBACK: the group is asked again
#define MUSTER_GROUP 64           // devices asked for at a time
#define MUSTER_TRIES 3            // for a device, in ever smaller groups

struct coll_muster *coll_muster_new(void); // NULL where memory is short
void coll_muster_free(struct coll_muster *m); // accepts NULL
// A connection was made (or the wildcards were subscribed again): everything is to come anew.
void coll_muster_begin(struct coll_muster *m, int64_t now_us);
void coll_muster_lost(struct coll_muster *m); // the connection is gone
// hello, status or reported of a device came. E_MEM.
int coll_muster_heard(struct coll_muster *m, const char *device, int leaf,
                      int64_t now_us) MUST_CHECK;
// The broker took the subscription mid.
void coll_muster_subscribed(struct coll_muster *m, int mid, int64_t now_us);
// Does what is due. Reads the store once a connection.
int coll_muster_step(struct coll_muster *m, struct store *s, struct coll_mqtt *mqtt, int64_t now_us,
                     struct err *e) MUST_CHECK;
// Whether the comparison is over, and what it found.
struct coll_muster_report {
    bool done;
    size_t asked, missing; // devices
};
struct coll_muster_report coll_muster_report(const struct coll_muster *m);

#endif
