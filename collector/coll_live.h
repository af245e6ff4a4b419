// What comes on live/: samples and classified windows for whoever watches, handed on through the ring of common/live.h.
// Nothing of it is stored, and nothing waits for it.
#ifndef COLL_LIVE_H
#define COLL_LIVE_H

struct coll_item;
struct live;

// Whether a message's topic is below live/ of a device.
bool coll_is_live(const char *prefix, const struct coll_item *item);
// Of those: whether it answers a question (live/reply).
bool coll_is_answer(const struct coll_item *item);
// Hands it on. E_FORMAT, E_LIMIT where it is not what it should be.
int coll_live_put(struct live *ring, const char *prefix, const struct coll_item *item) MUST_CHECK;

#endif
