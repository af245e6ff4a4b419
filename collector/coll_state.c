// What a device says of itself: descriptor, presence, release state. Retained, so the last word counts.
#include "collector/coll_fleet.h"
#include "collector/coll_ingest.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/store_device.h"
#include "common/store/store_sample.h"

#define TEXT_MAX 256

// A borrowed string as C text, cut at the end of out.
static const char *text(char *out, size_t cap, struct mote_str s)
{
    snprintf(out, cap, "%.*s", (int)(s.len < cap ? s.len : cap - 1), s.len ? s.p : "");
    return out;
}

static int put_streams(struct coll_ingest *in, const char *device, const struct mote_hello *h,
                       struct err *e)
{
    for (size_t i = 0; i < h->stream_count; i++) {
        char name[MOTE_NAME_MAX + 1], units[32];
        struct store_stream st = {.device = device,
                                  .name = text(name, sizeof name, h->stream[i].name),
                                  .units = text(units, sizeof units, h->stream[i].units),
                                  .type = h->stream[i].type,
                                  .channels = h->stream[i].channels,
                                  .scale = (double)h->stream[i].scale,
                                  .interval_ns = (int64_t)h->stream[i].interval_ns};
        bool room = true;
        int rc = store_stream_room(in->store, device, name, (int64_t)in->max_streams, &room, e);
        if (!rc && !room) {
            return err_set(
                e, E_LIMIT,
                "device '%s' has %zu streams already ([limits] streams in moteloop.conf)", device,
                in->max_streams);
        }
        rc = rc ? rc : store_stream_put(in->store, &st, e);
        if (rc) {
            return rc;
        }
    }
    return OK;
}

int coll_state_hello(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                     size_t len, struct err *e)
{
    struct mote_hello h;
    int status = mote_hello_decode(&h, p, len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a descriptor", status);
    }
    if (!coll_fleet_device(in->fleet, t->device, e)) {
        return e->code;
    }
    char board[TEXT_MAX], isa[TEXT_MAX], runtime[TEXT_MAX], ops[2048], variant[TEXT_MAX],
        model[TEXT_MAX];
    char digest[HEX_DIGEST_TEXT] = "", full_isa[2 * TEXT_MAX], extensions[TEXT_MAX];
    text(isa, sizeof isa, h.isa);
    text(extensions, sizeof extensions, h.extensions);
    snprintf(full_isa, sizeof full_isa, "%s%s%s", isa, extensions[0] ? " " : "", extensions);
    if (h.model.len) {
        hex_encode(digest, h.model_digest, sizeof h.model_digest);
    }
    struct store_device d = {.id = t->device,
                             .board = text(board, sizeof board, h.board),
                             .isa = full_isa,
                             .runtime = text(runtime, sizeof runtime, h.runtime),
                             .ops = text(ops, sizeof ops, h.ops),
                             .dsp_variant = text(variant, sizeof variant, h.dsp_variant),
                             .model = text(model, sizeof model, h.model),
                             .model_digest = digest,
                             .ram = h.ram,
                             .arena = h.arena,
                             .slots = h.slots,
                             .slot_bytes = h.slot_bytes,
                             .device_class = h.capability_class,
                             .simulated = h.simulated};
    int rc = store_device_set_hello(in->store, &d, e);
    return rc ? rc : put_streams(in, t->device, &h, e);
}

int coll_state_status(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                      size_t len, struct err *e)
{
    struct mote_device_status s;
    char reason[TEXT_MAX];
    int status = mote_device_status_decode(&s, p, len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a status", status);
    }
    struct coll_device *d = coll_fleet_device(in->fleet, t->device, e);
    if (!d) {
        return e->code;
    }
    coll_clock_presence(&d->clock, s.online, clock_mono_us());
    return store_device_set_status(in->store, t->device, s.online, s.boot_count,
                                   text(reason, sizeof reason, s.reason), e);
}

static void digest_text(char out[HEX_DIGEST_TEXT], bool there,
                        const uint8_t digest[MOTE_DIGEST_LEN])
{
    out[0] = 0;
    if (there) {
        hex_encode(out, digest, MOTE_DIGEST_LEN);
    }
}

int coll_state_reported(struct coll_ingest *in, const struct mote_topic *t, const uint8_t *p,
                        size_t len, struct err *e)
{
    struct mote_reported r;
    int status = mote_reported_decode(&r, p, len);
    if (status != MOTE_OK) {
        return coll_refuse(e, "not a release state", status);
    }
    if (!coll_fleet_device(in->fleet, t->device, e)) {
        return e->code;
    }
    static const uint8_t none[MOTE_DIGEST_LEN] = {0};
    char manifest[HEX_DIGEST_TEXT], active[HEX_DIGEST_TEXT], said[TEXT_MAX], reason[TEXT_MAX + 32];
    digest_text(manifest, memcmp(r.manifest_digest, none, sizeof none) != 0, r.manifest_digest);
    digest_text(active, memcmp(r.active_model, none, sizeof none) != 0, r.active_model);
    text(said, sizeof said, r.reason);
    if (r.status != MOTE_OK) {
        snprintf(reason, sizeof reason, "%s%s%s", mote_status_text(r.status), said[0] ? ": " : "",
                 said);
    } else {
        snprintf(reason, sizeof reason, "%s", said);
    }
    struct store_device d = {.id = t->device,
                             .rel_state = mote_release_state_text(r.state),
                             .rel_seq = r.seq,
                             .rel_manifest = manifest,
                             .rel_reason = reason,
                             .active_seq = r.active_seq,
                             .active_model = active,
                             .fetched = r.fetched,
                             .total = r.total};
    return store_device_set_reported(in->store, &d, e);
}
