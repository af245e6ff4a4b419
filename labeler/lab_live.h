// The live view: one thread that holds every open live request of a FastCGI process, asks devices for samples while
// somebody watches, and hands on what collectors put into the ring (common/live.h).
#ifndef LABELER_LAB_LIVE_H
#define LABELER_LAB_LIVE_H

#include <jansson.h>

#include "labeler/lab.h"
#include "labeler/lab_stream.h"

struct live_message;
struct lab_live;
#define LAB_LIVE_MAX 64

// Starts the thread with a connection to the store of its own.
int lab_live_start(struct lab_live **l, const char *dir, struct err *e) MUST_CHECK;
// Takes h over, for a device and one of its streams ("": all). E_LIMIT where LAB_LIVE_MAX are open; h is then still
// the caller's.
int lab_live_add(struct lab_live *l, const struct lab_held *h, const char *device,
                 const char *stream) MUST_CHECK;
// Ends all and stops the thread. Accepts NULL.
void lab_live_stop(struct lab_live *l);

// A message as JSON for the page: samples (base64 of the raw frames) or events. NULL: neither, or malformed. *kind: its
// name, "samples" or "event".
json_t *lab_live_json(const struct live_message *m, const char **kind);
// Whether one who watches that stream ("": all) of that device is to see it.
bool lab_live_wants(const char *device, const char *stream, const struct live_message *m);

#endif
