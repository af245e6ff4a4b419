// The demo's releases: staged rollouts, and two attacks that devices must refuse.
#include "common/buf.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "common/store/store_release.h"
#include "firmware/core/wire/mote_wire.h"
#include "ops/demo.h"
#include "ops/ops_proc.h"

int demo_release(struct demo *d, const char *model, int64_t *release_id, struct err *e)
{
    struct buf out = {0};
    // Health of the trial is seconds of the device's clock, which runs fast here.
    const char *argv[] = {"moteloop-converter", "release", model,    "--project", d->p.dir,
                          "--health",           "10",      "--json", NULL};
    int rc = proc_run_ok(argv, &out, 60000, e);
    json_t *made = rc == OK ? jx_parse(out.data ? out.data : "", out.len, e) : NULL;
    if (rc == OK) {
        rc = made ? jx_get_i64(made, "release", 1, INT64_MAX, release_id, e) : e->code;
    }
    json_decref(made);
    buf_release(&out);
    return rc;
}

struct progress_of {
    int64_t rollout;
    char state[16], reason[200];
    int64_t stage;
    int active, refused;
};
static int take_rollout(void *ctx, const struct store_rollout *r)
{
    struct progress_of *o = ctx;
    snprintf(o->state, sizeof(o->state), "%s", r->state);
    snprintf(o->reason, sizeof(o->reason), "%s", r->reason);
    o->stage = r->stage;
    return 0;
}
static int take_rollout_device(void *ctx, const struct store_rollout_device *rd)
{
    struct progress_of *o = ctx;
    o->active += strcmp(rd->state, "active") == 0;
    o->refused += strcmp(rd->state, "refused") == 0;
    return 0;
}
static int rollout_done(struct demo *d, void *ctx, struct err *e)
{
    struct progress_of *o = ctx;
    o->active = o->refused = 0;
    int rc = store_rollout_find(d->store, o->rollout, take_rollout, o, e);
    if (rc == OK) {
        rc = store_rollout_device_walk(d->store, o->rollout, take_rollout_device, o, e);
    }
    snprintf(d->note, sizeof(d->note), "stage %lld, %d of %d devices run it",
             (long long)o->stage + 1, o->active, DEMO_DEVICES);
    if (rc == OK && (strcmp(o->state, "paused") == 0 || strcmp(o->state, "aborted") == 0)) {
        return err_set(e, E_STATE, "the rollout is %s: %s", o->state, o->reason);
    }
    return rc ? rc : strcmp(o->state, "done") == 0;
}

int demo_rollout(struct demo *d, int64_t release_id, struct err *e)
{
    char id[24];
    struct buf out = {0};
    struct progress_of o = {0};
    snprintf(id, sizeof(id), "%lld", (long long)release_id);
    const char *argv[] = {
        "moteloop-converter", "rollout",  "start",  id,       "--project", d->p.dir, "--canary",
        d->dev[0].id,         "--stages", "1,100%", "--wait", "300ms",     "--json", NULL};
    int rc = proc_run_ok(argv, &out, 30000, e);
    json_t *made = rc == OK ? jx_parse(out.data ? out.data : "", out.len, e) : NULL;
    if (rc == OK) {
        rc = made ? jx_get_i64(made, "rollout", 1, INT64_MAX, &o.rollout, e) : e->code;
    }
    json_decref(made);
    buf_release(&out);
    if (rc == OK) {
        rc = demo_wait(d, rollout_done, &o, 60000, "the rollout", e);
    }
    if (rc == OK && o.active != DEMO_DEVICES) {
        rc = err_set(e, E_STATE, "the rollout ended with %d of %d devices", o.active, DEMO_DEVICES);
    }
    return rc;
}

struct signed_manifest {
    uint8_t bytes[16384];
    size_t len;
    int64_t seq;
    char digest[STORE_DIGEST_TEXT];
};
static int take_manifest(void *ctx, const struct store_release *r)
{
    struct signed_manifest *m = ctx;
    if (r->manifest_len == 0 || r->manifest_len > sizeof(m->bytes)) {
        return E_LIMIT;
    }
    memcpy(m->bytes, r->manifest, r->manifest_len);
    m->len = r->manifest_len;
    m->seq = r->seq;
    snprintf(m->digest, sizeof(m->digest), "%s", r->manifest_digest);
    return 0;
}

static int desire(struct demo *d, const char *device, int64_t seq,
                  const uint8_t digest[MOTE_DIGEST_LEN], struct err *e)
{
    uint8_t bytes[96];
    char topic[64];
    struct mote_desired want = {.seq = (uint32_t)seq};
    memcpy(want.manifest_digest, digest, MOTE_DIGEST_LEN);
    int n = mote_desired_encode(bytes, sizeof(bytes), &want);
    snprintf(topic, sizeof(topic), "d/%s/desired", device);
    return n < 0 ? err_set(e, E_FORMAT, "cannot encode what a device is to run")
                 : store_outbox_put(d->store, topic, bytes, (size_t)n, true, 0, e);
}

// One payload block is replaced by other bytes, as a man in the middle or a bad disk would.
static int damage_payload(struct demo *d, const struct signed_manifest *m, struct err *e)
{
    uint8_t other[MOTE_PAYLOAD_BLOCK]; // as long as the true one: only the digest can tell
    char topic[128];
    for (size_t i = 0; i < sizeof(other); i++) {
        other[i] = (uint8_t)(i * 37);
    }
    snprintf(topic, sizeof(topic), "r/%s/b/0/0", m->digest);
    return store_outbox_put(d->store, topic, other, sizeof(other), true, 0, e);
}

// The same manifest with one bit of its signature turned over, published under its own digest.
static int forge_signature(struct demo *d, const struct signed_manifest *m,
                           uint8_t digest[HEX_DIGEST_LEN], struct err *e)
{
    struct signed_manifest forged = *m;
    char hex[HEX_DIGEST_TEXT], topic[128];
    forged.bytes[forged.len - 1] ^= 1;
    hex_sha256(digest, forged.bytes, forged.len);
    hex_encode(hex, digest, HEX_DIGEST_LEN);
    snprintf(topic, sizeof(topic), "r/%s/m", hex);
    return store_outbox_put(d->store, topic, forged.bytes, forged.len, true, 0, e);
}

struct refusals {
    const char *damaged, *forged; // devices
    char damaged_manifest[STORE_DIGEST_TEXT], forged_manifest[STORE_DIGEST_TEXT];
    char old_model[STORE_DIGEST_TEXT];
    int seen;
    struct demo *d;
};
static int take_refusal(void *ctx, const struct store_device *dev)
{
    struct refusals *r = ctx;
    bool damaged = strcmp(dev->id, r->damaged) == 0, forged = strcmp(dev->id, r->forged) == 0;
    if ((!damaged && !forged) || strcmp(dev->rel_state, "refused") != 0 ||
        strcmp(dev->rel_manifest, damaged ? r->damaged_manifest : r->forged_manifest) != 0) {
        return 0;
    }
    r->seen++;
    snprintf(damaged ? r->d->damaged_reason : r->d->forged_reason, sizeof(r->d->damaged_reason),
             "%s", dev->rel_reason);
    return strcmp(dev->active_model, r->old_model) == 0 ? 0 : E_STATE;
}
static int both_refused(struct demo *d, void *ctx, struct err *e)
{
    struct refusals *r = ctx;
    r->seen = 0;
    int rc = store_device_walk(d->store, NULL, take_refusal, r, e);
    snprintf(d->note, sizeof(d->note), "%d of 2 attacks refused", r->seen);
    return rc == E_STATE
               ? err_set(e, E_STATE, "a device that was attacked does not run its old model")
           : rc ? rc
                : r->seen == 2;
}

// `moteloop status` must show both reasons.
static int status_says(struct demo *d, struct err *e)
{
    struct buf out = {0};
    int rc = proc_run_ok((const char *[]){"moteloop", "status", d->p.dir, NULL}, &out, 20000, e);
    if (rc == OK && (!strstr(out.data, d->damaged_reason) || !strstr(out.data, d->forged_reason))) {
        rc = err_set(e, E_STATE, "'moteloop status' does not say why devices refused");
    }
    buf_release(&out);
    return rc;
}

int demo_attack(struct demo *d, const char *model, struct err *e)
{
    static struct signed_manifest m;
    uint8_t digest[HEX_DIGEST_LEN], forged[HEX_DIGEST_LEN];
    int64_t release = 0;
    char id[24];
    struct refusals r = {.damaged = d->dev[3].id, .forged = d->dev[4].id, .d = d};
    int rc = demo_release(d, model, &release, e);
    snprintf(id, sizeof(id), "%lld", (long long)release);
    if (rc == OK) {
        rc = store_release_find(d->store, id, take_manifest, &m, e);
    }
    if (rc == OK) {
        rc = damage_payload(d, &m, e);
    }
    if (rc == OK) {
        rc = forge_signature(d, &m, forged, e);
    }
    if (rc == OK && hex_decode(digest, sizeof(digest), m.digest)) {
        rc = err_set(e, E_FORMAT, "bad digest in the store");
    }
    if (rc == OK) {
        rc = desire(d, r.damaged, m.seq, digest, e);
    }
    if (rc == OK) {
        rc = desire(d, r.forged, m.seq, forged, e);
    }
    snprintf(r.damaged_manifest, sizeof(r.damaged_manifest), "%s", m.digest);
    hex_encode(r.forged_manifest, forged, sizeof(forged));
    snprintf(r.old_model, sizeof(r.old_model), "%s", model);
    if (rc == OK) {
        rc = demo_wait(d, both_refused, &r, 30000, "both devices to refuse", e);
    }
    return rc ? rc : status_says(d, e);
}
