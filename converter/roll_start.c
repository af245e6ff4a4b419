// Starting, pausing, resuming and aborting rollouts: what people ask for.
#include "common/clock.h"
#include "common/err.h"
#include "common/store/store_release.h"
#include "common/store/store_user.h"
#include "converter/cvt_pack.h"
#include "converter/roll_priv.h"

#define UNFINISHED_MAX 64

// Ids of rollouts that are running or paused.
struct unfinished {
    int64_t id[UNFINISHED_MAX];
    size_t count;
};

static int take_unfinished(void *ctx, const struct store_rollout *r)
{
    struct unfinished *u = ctx;
    if (u->count < UNFINISHED_MAX &&
        (strcmp(r->state, "running") == 0 || strcmp(r->state, "paused") == 0)) {
        u->id[u->count++] = r->rollout_id;
    }
    return 0;
}

static int end_rollout(struct roll_job *j, const char *reason, struct err *e)
{
    struct mote_manifest none = {0}; // the devices' fitness does not matter here
    int64_t now_ms = clock_wall_ms();
    int rc = roll_job_devices(j, &none, now_ms, e);
    rc = rc == OK ? roll_job_withdraw(j, now_ms, e) : rc;
    (void)snprintf(j->state, sizeof j->state, "aborted");
    (void)snprintf(j->reason, sizeof j->reason, "%s", reason);
    return rc == OK ? roll_job_save(j, e) : rc;
}

static int supersede(struct store *s, const char *name, int64_t by, int64_t *superseded,
                     struct err *e)
{
    struct unfinished u = {0};
    int rc = store_rollout_walk(s, NULL, take_unfinished, &u, e);
    for (size_t i = 0; i < u.count && rc == OK; i++) {
        struct roll_job old;
        char reason[64];
        if (u.id[i] == by) {
            continue;
        }
        rc = roll_job_load(&old, s, u.id[i], e);
        if (rc == OK && strcmp(old.name, name) == 0) {
            (void)snprintf(reason, sizeof reason, "superseded by rollout %lld", (long long)by);
            rc = end_rollout(&old, reason, e);
            (*superseded)++;
        }
        roll_job_release(&old);
    }
    return rc;
}

struct chosen {
    int64_t release_id;
    bool swept;
};
static int take_release_id(void *ctx, const struct store_release *r)
{
    struct chosen *c = ctx;
    c->release_id = r->release_id;
    c->swept = r->swept_ms != 0;
    return 0;
}

// The canary must be able to take the release now; and with what patience is known only from the
// manifest.
static int check(struct roll_job *j, const struct project *p, struct err *e)
{
    struct mote_keyset set;
    struct mote_manifest m;
    int rc = cvt_keyset_load(&set, p, NULL, e);
    rc = rc == OK ? cvt_unpack(&m, j->signed_manifest.data, j->signed_manifest.len, &set, e) : rc;
    rc = rc == OK ? roll_job_devices(j, &m, clock_wall_ms(), e) : rc;
    if (rc != OK) {
        return rc;
    }
    j->policy.timeout_ms += (int64_t)(m.health_us / 1000);
    for (size_t i = 0; i < j->devices; i++) {
        if (strcmp(j->device[i].id, j->policy.canary) == 0) {
            return j->device[i].fit
                       ? OK
                       : err_set(e, E_REFUSED, "canary '%s' cannot take release %lld: %s",
                                 j->policy.canary, (long long)j->release_id, j->device[i].reason);
        }
    }
    return j->policy.canary[0] ? err_set(e, E_NOT_FOUND, "there is no device '%s' to be the canary",
                                         j->policy.canary)
                               : OK;
}

static int audit(struct store *s, const char *who, const char *action, int64_t rollout_id,
                 struct err *e)
{
    char what[64];
    (void)snprintf(what, sizeof what, "rollout %lld: %s", (long long)rollout_id, action);
    return store_audit(s, who, what, e);
}

static int add(struct store *s, const struct project *p, int64_t release_id,
               const struct roll_policy *policy, int64_t *rollout_id, int64_t *superseded,
               struct err *e)
{
    char text[1024];
    struct roll_job j = {0};
    struct store_rollout row = {
        .release_id = release_id, .state = "running", .policy = text, .reason = ""};
    int rc = roll_policy_write(policy, text, sizeof text);
    rc = rc == OK ? store_rollout_put(s, &row, e)
                  : err_set(e, rc, "the rollout's policy is too long");
    rc = rc == OK ? roll_job_load(&j, s, row.rollout_id, e) : rc;
    rc = rc == OK ? check(&j, p, e) : rc;
    rc = rc == OK ? roll_job_save(&j, e) : rc;
    rc = rc == OK ? supersede(s, j.name, row.rollout_id, superseded, e) : rc;
    *rollout_id = row.rollout_id;
    roll_job_release(&j);
    return rc;
}

int roll_start(const struct project *p, struct store *s, const char *release,
               const struct roll_policy *policy, const char *who, int64_t *rollout_id,
               int64_t *superseded, struct err *e)
{
    struct chosen c = {0};
    *superseded = 0;
    int rc = store_release_find(s, release, take_release_id, &c, e);
    if (rc == OK && c.swept) {
        rc = err_set(e, E_STATE,
                     "release %lld was withdrawn after a newer one: release the model again",
                     (long long)c.release_id);
    }
    rc = rc == OK ? store_begin(s, e) : rc;
    if (rc != OK) {
        return rc;
    }
    rc = add(s, p, c.release_id, policy, rollout_id, superseded, e);
    rc = rc == OK ? audit(s, who, "start", *rollout_id, e) : rc;
    rc = rc == OK ? store_commit(s, e) : rc;
    if (rc != OK) {
        store_rollback(s);
    }
    return rc;
}

static int apply(struct roll_job *j, const char *action, const char *who, struct err *e)
{
    bool running = strcmp(j->state, "running") == 0, paused = strcmp(j->state, "paused") == 0;
    char reason[ROLL_REASON_MAX];
    if (strcmp(action, "abort") == 0 && (running || paused)) {
        (void)snprintf(reason, sizeof reason, "aborted by %.64s", who);
        return end_rollout(j, reason, e);
    }
    if (strcmp(action, "pause") == 0 && running) {
        (void)snprintf(j->state, sizeof j->state, "paused");
        (void)snprintf(j->reason, sizeof j->reason, "paused by %.64s", who);
        return roll_job_save(j, e);
    }
    if (strcmp(action, "resume") == 0 && paused) {
        struct mote_manifest none = {0};
        int rc = roll_job_devices(j, &none, clock_wall_ms(), e);
        j->policy.accepted = 0;
        for (size_t i = 0; i < j->devices; i++) {
            j->policy.accepted += roll_failed(j->device[i].state);
        }
        (void)snprintf(j->state, sizeof j->state, "running");
        j->reason[0] = '\0';
        return rc == OK ? roll_job_save(j, e) : rc;
    }
    return err_set(e, E_STATE, "rollout %lld is %s: cannot %s it", (long long)j->rollout_id,
                   j->state, action);
}

int roll_change(struct store *s, int64_t rollout_id, const char *action, const char *who,
                struct err *e)
{
    struct roll_job j = {0};
    int rc = store_begin(s, e);
    if (rc != OK) {
        return rc;
    }
    rc = roll_job_load(&j, s, rollout_id, e);
    rc = rc == OK ? apply(&j, action, who, e) : rc;
    rc = rc == OK ? audit(s, who, action, rollout_id, e) : rc;
    rc = rc == OK ? store_commit(s, e) : rc;
    if (rc != OK) {
        store_rollback(s);
    }
    roll_job_release(&j);
    return rc;
}
