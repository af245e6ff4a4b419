// Reads a rollout, its release and its devices from the store, and writes back what changed.
#include "common/err.h"
#include "common/store/store_outbox.h"
#include "common/store/store_page.h"
#include "common/store/store_release.h"
#include "converter/roll_priv.h"

#define COMMIT_EVERY 250 // devices to a transaction, so that it stays short

void roll_job_release(struct roll_job *j)
{
    buf_release(&j->signed_manifest);
    free(j->device);
    *j = (struct roll_job){0};
}

struct loading {
    struct roll_job *j;
    struct err *e;
};

static int take_rollout(void *ctx, const struct store_rollout *r)
{
    struct loading *l = ctx;
    struct roll_job *j = l->j;
    j->rollout_id = r->rollout_id;
    j->release_id = r->release_id;
    j->stage = r->stage;
    j->changed_ms = r->changed_ms;
    (void)snprintf(j->state, sizeof j->state, "%s", r->state);
    (void)snprintf(j->reason, sizeof j->reason, "%s", r->reason);
    int rc = roll_policy_read(&j->policy, r->policy, l->e);
    return rc == OK && (j->stage < 0 || (size_t)j->stage >= j->policy.stages)
               ? err_set(l->e, E_FORMAT, "stage %lld is not there", (long long)j->stage)
               : rc;
}

static int take_release(void *ctx, const struct store_release *r)
{
    struct loading *l = ctx;
    l->j->seq = r->seq;
    (void)snprintf(l->j->name, sizeof l->j->name, "%s", r->name);
    (void)snprintf(l->j->digest, sizeof l->j->digest, "%s", r->manifest_digest);
    return buf_put(&l->j->signed_manifest, r->manifest, r->manifest_len) == OK
               ? OK
               : err_set(l->e, E_MEM, "out of memory");
}

int roll_job_load(struct roll_job *j, struct store *s, int64_t rollout_id, struct err *e)
{
    struct loading l = {j, e};
    char id[24];
    *j = (struct roll_job){.s = s};
    int rc = store_rollout_find(s, rollout_id, take_rollout, &l, e);
    if (rc == OK) {
        (void)snprintf(id, sizeof id, "%lld", (long long)j->release_id);
        rc = store_release_find(s, id, take_release, &l, e);
    }
    if (rc != OK) {
        roll_job_release(j);
        return err_wrap(e, "rollout %lld", (long long)rollout_id);
    }
    return OK;
}

// --- devices -----------------------------------------------------------------------------------
struct stream_row {
    char device[ROLL_ID_MAX], name[MOTE_NAME_MAX + 1];
};

struct gather {
    struct roll_job *j;
    const struct mote_manifest *m;
    struct stream_row *stream; // sorted by device
    size_t streams, stream_cap, cap;
    int64_t now_ms;
    struct err *e;
};

static int grow(void **array, size_t *cap, size_t count, size_t size, struct err *e)
{
    if (count < *cap) {
        return OK;
    }
    size_t wanted = *cap ? 2 * *cap : 64;
    void *p = realloc(*array, wanted * size);
    if (!p) {
        return err_set(e, E_MEM, "out of memory");
    }
    *array = p;
    *cap = wanted;
    return OK;
}

static int take_stream(void *ctx, const struct store_stream *st)
{
    struct gather *g = ctx;
    if (!mote_str_is(g->m->stream, st->name)) {
        return 0;
    }
    int rc = grow((void **)&g->stream, &g->stream_cap, g->streams, sizeof *g->stream, g->e);
    if (rc == OK) {
        struct stream_row *row = &g->stream[g->streams++];
        (void)snprintf(row->device, sizeof row->device, "%s", st->device);
        (void)snprintf(row->name, sizeof row->name, "%s", st->name);
    }
    return rc;
}

static int by_device(const void *a, const void *b)
{
    return strcmp(((const struct stream_row *)a)->device, ((const struct stream_row *)b)->device);
}

// What the device said last about this release, as a state; ROLL_NONE where it said nothing final.
static enum roll_state reported_state(const struct store_device *d, const struct roll_job *j)
{
    if (strcmp(d->rel_manifest, j->digest) != 0) {
        return ROLL_NONE;
    }
    enum roll_state state = roll_state_parse(d->rel_state);
    return state == ROLL_ACTIVE || state == ROLL_REFUSED || state == ROLL_ROLLED_BACK ? state
                                                                                      : ROLL_NONE;
}

static int take_device(void *ctx, const struct store_device *d)
{
    struct gather *g = ctx;
    struct roll_job *j = g->j;
    if (d->removed_ms || (j->policy.group[0] && strcmp(j->policy.group, d->grp) != 0) ||
        strlen(d->id) >= ROLL_ID_MAX) {
        return 0;
    }
    int rc = grow((void **)&j->device, &g->cap, j->devices, sizeof *j->device, g->e);
    if (rc != OK) {
        return rc;
    }
    struct roll_device *r = &j->device[j->devices++];
    struct stream_row key;
    *r = (struct roll_device){.online = d->online};
    (void)snprintf(r->id, sizeof r->id, "%s", d->id);
    (void)snprintf(key.device, sizeof key.device, "%s", d->id);
    const struct stream_row *found =
        g->streams ? bsearch(&key, g->stream, g->streams, sizeof key, by_device) : NULL;
    roll_fit(g->m, d, found ? found->name : "", r->reason, sizeof r->reason);
    r->fit = r->reason[0] == '\0';
    // Until the rollout's own rows are read, state holds what the device reported.
    r->state = reported_state(d, j);
    if (strcmp(d->rel_manifest, j->digest) == 0) {
        r->heard_ms = d->reported_ms;
        if (r->state != ROLL_NONE) {
            (void)snprintf(r->reason, sizeof r->reason, "%s",
                           roll_failed(r->state) ? d->rel_reason : "");
        }
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct roll_device *)a)->id, ((const struct roll_device *)b)->id);
}

// Joins what the rollout knew with what the device reported.
static int take_row(void *ctx, const struct store_rollout_device *row)
{
    struct gather *g = ctx;
    struct roll_device key = {0};
    (void)snprintf(key.id, sizeof key.id, "%s", row->device);
    struct roll_device *r =
        g->j->devices ? bsearch(&key, g->j->device, g->j->devices, sizeof key, by_id) : NULL;
    if (!r) {
        return 0; // removed, or in another group now
    }
    enum roll_state known = roll_state_parse(row->state), reported = r->state;
    r->stage = row->stage;
    r->offered_ms = row->offered_ms;
    r->changed_ms = row->changed_ms;
    if (known == ROLL_UNFIT || known == ROLL_NONE) {
        // settle_new makes it unfit where it does not fit; written where that differs from the row.
        bool fit = known == ROLL_NONE;
        r->dirty =
            reported != ROLL_NONE || fit != r->fit || (!fit && strcmp(row->reason, r->reason) != 0);
        return 0;
    }
    if (reported != ROLL_NONE && reported != known) {
        r->changed_ms = g->now_ms;
        r->dirty = true;
    } else if (reported == ROLL_NONE && known == ROLL_TIMEOUT && r->heard_ms > row->changed_ms) {
        r->state = ROLL_OFFERED; // it speaks again
        r->changed_ms = g->now_ms;
        r->reason[0] = '\0';
        r->dirty = true;
    } else {
        r->state = known;
        (void)snprintf(r->reason, sizeof r->reason, "%s", row->reason);
    }
    return 0;
}

// Devices without a row: unfit ones get one, so that people see why they are left out; those that
// answered the same release before keep their answer.
static void settle_new(struct gather *g)
{
    for (size_t i = 0; i < g->j->devices; i++) {
        struct roll_device *r = &g->j->device[i];
        if (r->changed_ms == 0) { // no row yet
            r->dirty = r->state != ROLL_NONE || !r->fit;
            r->changed_ms = g->now_ms;
        }
        if (r->state == ROLL_NONE && !r->fit) {
            r->state = ROLL_UNFIT;
        }
    }
}

int roll_job_devices(struct roll_job *j, const struct mote_manifest *m, int64_t now_ms,
                     struct err *e)
{
    struct gather g = {.j = j, .m = m, .now_ms = now_ms, .e = e};
    int rc = store_page_streams(j->s, NULL, take_stream, &g, e);
    if (rc == OK && g.streams) {
        qsort(g.stream, g.streams, sizeof *g.stream, by_device);
    }
    rc = rc == OK ? store_device_walk(j->s, NULL, take_device, &g, e) : rc;
    if (rc == OK && j->devices) {
        qsort(j->device, j->devices, sizeof *j->device, by_id);
    }
    rc = rc == OK ? store_rollout_device_walk(j->s, j->rollout_id, take_row, &g, e) : rc;
    if (rc == OK) {
        settle_new(&g);
    }
    free(g.stream);
    return rc;
}

// --- writing -------------------------------------------------------------------------------------
static int put_desired(struct roll_job *j, const char *device, bool withdraw, struct err *e)
{
    struct mote_desired desired = {.seq = (uint32_t)j->seq};
    uint8_t body[128];
    char topic[64];
    int len = 0;
    if (!withdraw) {
        if (hex_decode(desired.manifest_digest, sizeof desired.manifest_digest, j->digest) != OK) {
            return err_set(e, E_FORMAT, "release '%s' has no digest", j->digest);
        }
        len = mote_desired_encode(body, sizeof body, &desired);
        if (len < 0) {
            return err_set(e, E_FORMAT, "desired state: %s", mote_status_text(len));
        }
    }
    (void)snprintf(topic, sizeof topic, "d/%s/desired", device);
    return store_outbox_put(j->s, topic, body, (size_t)len, true, 0, e);
}

static int put_row(struct roll_job *j, const struct roll_device *r, struct err *e)
{
    struct store_rollout_device row = {.rollout_id = j->rollout_id,
                                       .stage = r->stage,
                                       .offered_ms = r->offered_ms,
                                       .changed_ms = r->changed_ms,
                                       .device = r->id,
                                       .state = roll_state_text(r->state),
                                       .reason = r->reason};
    return store_rollout_device_put(j->s, &row, e);
}

static int take_changed(void *ctx, const struct store_rollout *r)
{
    *(int64_t *)ctx = r->changed_ms;
    return 0;
}

int roll_job_unchanged(const struct roll_job *j, struct err *e)
{
    int64_t changed_ms = 0;
    int rc = store_rollout_find(j->s, j->rollout_id, take_changed, &changed_ms, e);
    return rc == OK && changed_ms != j->changed_ms
               ? err_set(e, E_CONFLICT, "rollout %lld was changed meanwhile",
                         (long long)j->rollout_id)
               : rc;
}

// One transaction over the dirty ones among `count` devices.
static int save_part(struct roll_job *j, struct roll_device *device, size_t count, int64_t now_ms,
                     struct err *e)
{
    int rc = store_begin(j->s, e);
    if (rc != OK) {
        return rc;
    }
    rc = roll_job_unchanged(j, e);
    for (size_t i = 0; i < count && rc == OK; i++) {
        struct roll_device *r = &device[i];
        if (r->dirty) {
            rc = put_row(j, r, e);
            if (rc == OK && r->state == ROLL_OFFERED && r->offered_ms == now_ms) {
                rc = put_desired(j, r->id, false, e);
            }
            r->dirty = false;
        }
    }
    rc = rc == OK ? store_commit(j->s, e) : rc;
    if (rc != OK) {
        store_rollback(j->s);
    }
    return rc;
}

int roll_job_save_devices(struct roll_job *j, int64_t now_ms, struct err *e)
{
    int rc = OK;
    for (size_t at = 0; at < j->devices && rc == OK; at += COMMIT_EVERY) {
        size_t count = j->devices - at < COMMIT_EVERY ? j->devices - at : COMMIT_EVERY;
        bool dirty = false;
        for (size_t i = at; i < at + count; i++) {
            dirty |= j->device[i].dirty;
        }
        rc = dirty ? save_part(j, &j->device[at], count, now_ms, e) : OK;
    }
    return rc;
}

int roll_job_save(const struct roll_job *j, struct err *e)
{
    char policy[1024];
    int rc = roll_policy_write(&j->policy, policy, sizeof policy);
    struct store_rollout row = {.rollout_id = j->rollout_id,
                                .release_id = j->release_id,
                                .stage = j->stage,
                                .state = j->state,
                                .policy = policy,
                                .reason = j->reason};
    return rc == OK ? store_rollout_put(j->s, &row, e)
                    : err_set(e, rc, "the rollout's policy is too long");
}

int roll_job_withdraw(struct roll_job *j, int64_t now_ms, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < j->devices && rc == OK; i++) {
        struct roll_device *r = &j->device[i];
        if (r->state == ROLL_OFFERED || r->state == ROLL_TIMEOUT) {
            rc = put_desired(j, r->id, true, e);
            (void)snprintf(r->reason, sizeof r->reason, "withdrawn");
            r->state = ROLL_NONE;
            r->changed_ms = now_ms;
            rc = rc == OK ? put_row(j, r, e) : rc;
        }
    }
    return rc;
}
