// The runner's pass over the rollouts. See roll_run.h.
#include "converter/roll_run.h"

#include "common/err.h"
#include "common/log.h"
#include "common/store/store_release.h"
#include "converter/cvt_release.h"
#include "converter/roll_priv.h"

#define ROLLOUTS_MAX 256 // that one pass looks at: the newest
#define NAMES_MAX 64     // slot names of a project

struct row {
    int64_t rollout_id, release_id;
    char state[16];
};

struct newest { // finished rollout of a slot name; 0: none yet
    char name[MOTE_NAME_MAX + 1];
    int64_t rollout_id, release_id;
};

struct pass {
    const struct project *p;
    struct store *s;
    int64_t now_ms;
    struct mote_keyset set;
    struct row row[ROLLOUTS_MAX];
    size_t rows;
    struct newest done[NAMES_MAX];
    size_t names;
    struct roll_totals *totals;
};

static int take_row(void *ctx, const struct store_rollout *r)
{
    struct pass *pass = ctx;
    struct row *row = &pass->row[pass->rows++];
    *row = (struct row){.rollout_id = r->rollout_id, .release_id = r->release_id};
    (void)snprintf(row->state, sizeof row->state, "%s", r->state);
    return pass->rows == ROLLOUTS_MAX;
}

static void set_state(struct roll_job *j, const char *state, const char *reason)
{
    (void)snprintf(j->state, sizeof j->state, "%s", state);
    (void)snprintf(j->reason, sizeof j->reason, "%s", reason);
    log_info("rollout %lld of '%s' number %lld: %s%s%s", (long long)j->rollout_id, j->name,
             (long long)j->seq, state, reason[0] ? ": " : "", reason);
}

static int save_row(struct roll_job *j, struct err *e)
{
    int rc = store_begin(j->s, e);
    if (rc != OK) {
        return rc;
    }
    rc = roll_job_unchanged(j, e);
    rc = rc == OK ? roll_job_save(j, e) : rc;
    rc = rc == OK ? store_commit(j->s, e) : rc;
    if (rc != OK) {
        store_rollback(j->s);
    }
    return rc;
}

static void tell(const struct roll_job *j)
{
    for (size_t i = 0; i < j->devices; i++) {
        const struct roll_device *d = &j->device[i];
        if (d->dirty && d->state != ROLL_UNFIT && d->state != ROLL_NONE) {
            log_info("rollout %lld: '%s' %s%s%s", (long long)j->rollout_id, d->id,
                     roll_state_text(d->state), d->reason[0] ? ": " : "", d->reason);
        }
    }
}

// Steps until the policy waits, so that a stage which is over at once costs no pass of its own.
static bool step(struct roll_job *j, int64_t now_ms, uint32_t salt)
{
    for (;;) {
        struct roll_result r;
        roll_step(&j->policy, (size_t)j->stage, now_ms, salt, j->device, j->devices, &r);
        switch (r.action) {
        case ROLL_WAIT:
            return false;
        case ROLL_ADVANCE:
            j->stage++;
            log_info("rollout %lld: stage %lld of %zu", (long long)j->rollout_id,
                     (long long)j->stage + 1, j->policy.stages);
            break;
        case ROLL_PAUSE:
            set_state(j, "paused", r.reason);
            return true;
        case ROLL_DONE:
            set_state(j, "done", "");
            return true;
        }
    }
}

// Offers a finished release to devices that came later, where its last stage was everybody.
static void offer_late(struct roll_job *j, int64_t now_ms)
{
    const struct roll_stage *last = &j->policy.stage[j->policy.stages - 1];
    for (size_t i = 0; i < j->devices && last->percent && last->value == 100; i++) {
        struct roll_device *d = &j->device[i];
        if (d->state == ROLL_NONE && d->fit) {
            d->state = ROLL_OFFERED;
            d->stage = j->stage;
            d->offered_ms = d->changed_ms = now_ms;
            d->dirty = true;
        }
    }
}

static int count_dirty(const struct roll_job *j)
{
    int n = 0;
    for (size_t i = 0; i < j->devices; i++) {
        n += j->device[i].dirty;
    }
    return n;
}

static int run_job(struct pass *pass, struct roll_job *j, const struct mote_manifest *m,
                   bool newest_done, struct err *e)
{
    int64_t stage = j->stage;
    bool ended = false;
    int rc = roll_job_devices(j, m, pass->now_ms, e);
    if (rc != OK) {
        return rc;
    }
    if (strcmp(j->state, "running") == 0) {
        pass->totals->running++;
        uint32_t salt = 0;
        (void)sscanf(j->digest, "%8x", &salt);
        ended = step(j, pass->now_ms, salt);
    } else if (newest_done) {
        offer_late(j, pass->now_ms);
    }
    tell(j);
    pass->totals->changed += count_dirty(j) + ended + (stage != j->stage);
    rc = roll_job_save_devices(j, pass->now_ms, e);
    return rc == OK && (ended || stage != j->stage) ? save_row(j, e) : rc;
}

// The place of a slot name among the finished ones; NULL where there are too many names.
static struct newest *newest_of(struct pass *pass, const char *name)
{
    for (size_t i = 0; i < pass->names; i++) {
        if (strcmp(pass->done[i].name, name) == 0) {
            return &pass->done[i];
        }
    }
    if (pass->names == NAMES_MAX) {
        return NULL;
    }
    struct newest *n = &pass->done[pass->names++];
    (void)snprintf(n->name, sizeof n->name, "%s", name);
    return n;
}

static int one_rollout(struct pass *pass, const struct row *row, struct err *e)
{
    struct roll_job j;
    struct mote_manifest m;
    bool running = strcmp(row->state, "running") == 0, done = strcmp(row->state, "done") == 0,
         newest = false;
    int rc = roll_job_load(&j, pass->s, row->rollout_id, e);
    if (rc != OK) {
        return rc;
    }
    if (done) { // rows come newest first
        struct newest *n = newest_of(pass, j.name);
        newest = n && n->rollout_id == 0;
        if (newest) {
            n->rollout_id = j.rollout_id;
            n->release_id = j.release_id;
        }
    }
    if (running || newest || strcmp(row->state, "paused") == 0) {
        rc = cvt_unpack(&m, j.signed_manifest.data, j.signed_manifest.len, &pass->set, e);
        if (rc == OK) {
            rc = run_job(pass, &j, &m, newest, e);
        } else if (running) { // its key was revoked since
            set_state(&j, "paused", e->msg);
            rc = save_row(&j, e);
        } else {
            rc = OK;
        }
    }
    roll_job_release(&j);
    return rc == E_CONFLICT ? OK : rc; // the next pass sees what it was changed to
}

// --- withdrawing old releases --------------------------------------------------------------------
struct old {
    int64_t release_id, bytes, block, newest_rollout;
    char digest[HEX_DIGEST_TEXT];
};

struct sweep {
    struct pass *pass;
    struct old old[ROLLOUTS_MAX];
    size_t count;
};

static int take_old(void *ctx, const struct store_release *r)
{
    struct sweep *sw = ctx;
    struct pass *pass = sw->pass;
    for (size_t i = 0; i < pass->names && !r->swept_ms; i++) {
        if (strcmp(pass->done[i].name, r->name) == 0 && r->release_id < pass->done[i].release_id) {
            struct old *o = &sw->old[sw->count++];
            *o = (struct old){.release_id = r->release_id,
                              .bytes = r->payload_bytes,
                              .block = MOTE_PAYLOAD_BLOCK,
                              .newest_rollout = pass->done[i].rollout_id};
            (void)snprintf(o->digest, sizeof o->digest, "%s", r->manifest_digest);
        }
    }
    return sw->count == ROLLOUTS_MAX;
}

static bool in_use(const struct pass *pass, int64_t release_id)
{
    for (size_t i = 0; i < pass->rows; i++) {
        if (pass->row[i].release_id == release_id && (strcmp(pass->row[i].state, "running") == 0 ||
                                                      strcmp(pass->row[i].state, "paused") == 0)) {
            return true;
        }
    }
    return false;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct roll_device *)a)->id, ((const struct roll_device *)b)->id);
}

// Devices that still wait for the old release and are not offered the new one must not wait for
// messages that are about to go: their desired state is withdrawn.
static int withdraw_left(struct pass *pass, int64_t old_rollout, int64_t newest_rollout,
                         struct err *e)
{
    struct roll_job old = {0}, newest = {0};
    struct mote_manifest none = {0}; // fitness does not matter
    int rc = roll_job_load(&old, pass->s, old_rollout, e);
    rc = rc == OK ? roll_job_load(&newest, pass->s, newest_rollout, e) : rc;
    rc = rc == OK ? roll_job_devices(&old, &none, pass->now_ms, e) : rc;
    rc = rc == OK ? roll_job_devices(&newest, &none, pass->now_ms, e) : rc;
    for (size_t i = 0; i < old.devices && rc == OK; i++) {
        const struct roll_device *d = newest.devices ? bsearch(&old.device[i], newest.device,
                                                               newest.devices, sizeof *d, by_id)
                                                     : NULL;
        if (d && d->offered_ms) {
            old.device[i].state = ROLL_NONE; // the new one replaced it
        }
    }
    rc = rc == OK ? store_begin(pass->s, e) : rc;
    if (rc == OK) {
        rc = roll_job_withdraw(&old, pass->now_ms, e);
        rc = rc == OK ? store_commit(pass->s, e) : rc;
        if (rc != OK) {
            store_rollback(pass->s);
        }
    }
    roll_job_release(&old);
    roll_job_release(&newest);
    return rc;
}

static int sweep_one(struct pass *pass, const struct old *o, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < pass->rows && rc == OK; i++) {
        if (pass->row[i].release_id == o->release_id) {
            rc = withdraw_left(pass, pass->row[i].rollout_id, o->newest_rollout, e);
        }
    }
    log_info("release %lld is withdrawn from the broker", (long long)o->release_id);
    return rc == OK ? cvt_release_sweep(pass->s, o->release_id, o->digest, o->bytes, o->block, e)
                    : rc;
}

static int sweep(struct pass *pass, struct err *e)
{
    struct sweep *sw = calloc(1, sizeof *sw);
    if (!sw) {
        return err_set(e, E_MEM, "out of memory");
    }
    sw->pass = pass;
    int rc = store_release_walk(pass->s, take_old, sw, e);
    rc = rc > 0 ? OK : rc;
    for (size_t i = 0; i < sw->count && rc == OK; i++) {
        rc = in_use(pass, sw->old[i].release_id) ? OK : sweep_one(pass, &sw->old[i], e);
    }
    free(sw);
    return rc;
}

int roll_pass(const struct project *p, struct store *s, int64_t now_ms, struct roll_totals *out,
              struct err *e)
{
    struct pass *pass = calloc(1, sizeof *pass);
    *out = (struct roll_totals){0};
    if (!pass) {
        return err_set(e, E_MEM, "out of memory");
    }
    pass->p = p;
    pass->s = s;
    pass->now_ms = now_ms;
    pass->totals = out;
    int rc = store_rollout_walk(s, NULL, take_row, pass, e);
    rc = rc > 0 ? OK : rc;
    rc = rc == OK && pass->rows ? cvt_keyset_load(&pass->set, p, NULL, e) : rc;
    for (size_t i = 0; i < pass->rows && rc == OK; i++) {
        rc = one_rollout(pass, &pass->row[i], e);
    }
    rc = rc == OK && pass->names ? sweep(pass, e) : rc;
    free(pass);
    return rc;
}
