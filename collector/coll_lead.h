// Who may write: one collector to a store, or several that were told to share it ([mqtt] collectors), one of which leads.
// The leader takes the devices' state, publishes the outbox, deletes what is old and watches for silence; when it ends,
// however it ends, another one takes over. Locks of the system, in run/: they go with the process.
#ifndef COLL_LEAD_H
#define COLL_LEAD_H

struct err;
struct project;

struct coll_lead { // zeroed but for the descriptors, which are -1
    int store_fd, name_fd, lead_fd;
    bool leads;
};

// E_BUSY where another has the store alone, or one of this name runs.
int coll_lead_take(struct coll_lead *l, const struct project *p, const char *name,
                   struct err *e) MUST_CHECK;
// Leads from now on, where nobody else does. Returns whether it leads.
bool coll_lead_try(struct coll_lead *l, const struct project *p);
void coll_lead_release(struct coll_lead *l);

#endif
