// Time beacons. See cvt_beacon.h.
#include "converter/cvt_beacon.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/log.h"
#include "common/project.h"
#include "common/store/store_outbox.h"
#include "converter/cvt_key.h"

#define EVERY_MS 60000

static int send_beacon(const struct project *p, struct store *s, int64_t now_ms, struct err *e)
{
    char path[IO_PATH_MAX];
    uint8_t body[64], signed_body[256];
    struct cvt_key key;
    int rc = cvt_key_load(&key, project_path(p, path, "keys/beacon.key"), MOTE_KEY_BEACON, e);
    if (rc != OK) {
        return rc;
    }
    int len = mote_beacon_encode(body, sizeof body, (uint64_t)now_ms);
    if (len >= 0) {
        len = mote_cose_sign(signed_body, sizeof signed_body, body, (size_t)len, key.kid,
                             cvt_key_sign, &key);
    }
    cvt_key_wipe(&key);
    // A beacon that waits in the outbox would tell an older time than the next one.
    return len < 0
               ? err_set(e, E_FORMAT, "time beacon: %s", mote_status_text(len))
               : store_outbox_put(s, "time", signed_body, (size_t)len, true, now_ms + EVERY_MS, e);
}

void cvt_beacon_keep(struct cvt_beacon *b, const struct project *p, struct store *s)
{
    struct err e = {0};
    int64_t now_ms = clock_wall_ms();
    if (now_ms >= b->sent_ms && now_ms - b->sent_ms < EVERY_MS) {
        return;
    }
    b->sent_ms = now_ms;
    if (send_beacon(p, s, now_ms, &e) != OK && !b->complained) {
        b->complained = true;
        log_warn("no time beacon: %s", e.msg);
    }
}
