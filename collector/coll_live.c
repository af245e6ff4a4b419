// See coll_live.h.
#include "collector/coll_live.h"

#include "collector/coll_queue.h"
#include "common/err.h"
#include "common/live.h"
#include "firmware/core/wire/mote_wire.h"

bool coll_is_live(const char *prefix, const struct coll_item *item)
{
    size_t n = strlen(prefix);
    const char *device = item->topic + n + 3, *leaf;
    if (item->topic_len < n + 4 || strncmp(item->topic, prefix, n) != 0 ||
        strncmp(item->topic + n, "/d/", 3) != 0) {
        return false;
    }
    leaf = strchr(device, '/');
    return leaf && strncmp(leaf, "/live/", 6) == 0;
}

bool coll_is_answer(const struct coll_item *item)
{
    static const char end[] = "/live/reply";
    return item->topic_len >= sizeof(end) - 1 &&
           strcmp(item->topic + item->topic_len - (sizeof(end) - 1), end) == 0;
}

int coll_live_put(struct live *ring, const char *prefix, const struct coll_item *item)
{
    struct mote_topic t;
    struct mote_block b;
    if (item->len > LIVE_BLOCK_MAX) {
        return E_LIMIT;
    }
    bool sound = mote_topic_parse(&t, prefix, item->topic, item->topic_len) == MOTE_OK &&
                 t.leaf == MOTE_LEAF_LIVE &&
                 mote_block_decode(&b, item->payload, item->len) == MOTE_OK;
    return sound ? live_put(ring, t.device, t.stream, item->payload, item->len) : E_FORMAT;
}
