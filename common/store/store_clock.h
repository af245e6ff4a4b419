// Versioned mappings of device time to server time; common/clock_map.h says when a new one is made.
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

#include "common/clock_map.h"
#include "common/store/store.h"

struct store_clock {
    const char *device;
    int64_t session_id, version, made_ms;
    struct clock_map map;
};
typedef int (*store_clock_fn)(void *ctx, const struct store_clock *c);
// Adds a version to a session.
int store_clock_add(struct store *s, int64_t session_id, const struct clock_map *map,
                    struct err *e) MUST_CHECK;
// The last two versions of a session, newest first. Returns how many there are (0 to 2).
int store_clock_last(struct store *s, int64_t session_id, struct clock_map map[2],
                     struct err *e) MUST_CHECK;
// Versions of a device (NULL: the newest of every device), newest session and version first, at most limit.
int store_clock_walk(struct store *s, const char *device, int64_t limit, store_clock_fn fn,
                     void *ctx, struct err *e) MUST_CHECK;

#endif
