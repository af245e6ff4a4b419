// A release, step by step: keys and manifest, fit, payload blocks, digests, golden windows, switch,
// trial, confirm or back. mote_slot keeps what must survive a cut; this file is started again from
// `desired`, which is retained, and goes on where the slot says it stopped.
//
//   IDLE -desired-> MANIFEST -verified, fits-> BLOCKS -all there-> WORK -digests-> TRY -golden->
//   TRIAL
//
// A release is refused once: its manifest's digest is remembered (by the slot beyond a boot where a
// download had begun), and only a newer key set makes the device look at its signature again. What
// the network fails to deliver is asked for again for ever, with longer and longer pauses, and
// said; a block that comes but is of another length, for the BAD_BLOCKS_MAXth time, refuses the
// release.
#include "firmware/core/agent/agent_priv.h"

#define PATIENCE_MAX_MS 60000u
#define BAD_BLOCKS_MAX                                                                             \
    3 // one may be somebody's slip that is mended; the same again and again is not

static bool same_digest(const uint8_t *x, const uint8_t *y)
{
    return memcmp(x, y, MOTE_DIGEST_LEN) == 0;
}

// Which release a state is about: the one in use, or the one wanted. They differ where another was
// wished for during a trial. What is rolled back is named by who rolls it back.
static void name_release(struct mote_agent *a, enum mote_release_state state)
{
    struct mote_agent_update *u = &a->update;
    struct mote_slot_file f;
    if (state == MOTE_REL_ROLLED_BACK) {
        return;
    }
    bool active = state == MOTE_REL_TRIAL || state == MOTE_REL_ACTIVE;
    if (active && mote_slot_active(&a->slot, 0, &f) == MOTE_OK) {
        u->about.seq = f.seq;
        memcpy(u->about.manifest_digest, f.manifest_digest, MOTE_DIGEST_LEN);
    } else {
        u->about = u->desired;
    }
}

static void report(struct mote_agent *a, enum mote_release_state state, int status,
                   const char *reason)
{
    struct mote_agent_update *u = &a->update;
    struct agent_text t;
    char copy[MOTE_AGENT_TEXT]; // reason may be u->reason itself
    agent_text_init(&t, copy, sizeof(copy));
    agent_text_put(&t, reason);
    memcpy(u->reason, copy, sizeof(copy));
    name_release(a, state);
    u->state = (uint8_t)state;
    u->status = status;
    a->send_reported = true;
    char line[MOTE_AGENT_TEXT + 64];
    agent_text_init(&t, line, sizeof(line));
    agent_text_put(&t, "release ");
    agent_text_num(&t, u->about.seq);
    agent_text_put(&t, " ");
    agent_text_put(&t, mote_release_state_text(state));
    agent_text_put(&t, reason[0] ? ": " : "");
    agent_text_put(&t, reason);
    agent_log(a, line);
}

// --- topics of the release that is wanted ------------------------------------------------------
static int release_topic(const struct mote_agent *a, char out[MOTE_TOPIC_MAX], enum mote_leaf leaf,
                         uint32_t group)
{
    struct mote_topic t = {.leaf = leaf, .group = group};
    memcpy(t.digest, a->update.desired.manifest_digest, MOTE_DIGEST_LEN);
    int len = mote_topic_format(out, MOTE_TOPIC_MAX, a->config.prefix, &t);
    if (len > 0 && leaf == MOTE_LEAF_PAYLOAD) { // .../b/GROUP/0 -> .../b/GROUP/+
        out[len - 1] = '+';
    }
    return len;
}

static bool subscribe(struct mote_agent *a, enum mote_leaf leaf, uint32_t group)
{
    char topic[MOTE_TOPIC_MAX];
    return release_topic(a, topic, leaf, group) > 0 &&
           mote_link_subscribe(&a->link, topic, 1, NULL) == MOTE_OK;
}

static void unsubscribe(struct mote_agent *a, enum mote_leaf leaf, uint32_t group)
{
    char topic[MOTE_TOPIC_MAX];
    if (release_topic(a, topic, leaf, group) > 0) {
        int status = mote_link_unsubscribe(&a->link, topic);
        if (status && status != MOTE_E_STATE) { // a subscription too many costs little
            agent_log_why(a, "cannot unsubscribe", mote_status_text(status));
        }
    }
}

static void leave_topics(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    if (u->step == MOTE_UPDATE_MANIFEST) {
        unsubscribe(a, MOTE_LEAF_MANIFEST, 0);
    }
    if (u->group != AGENT_NONE) {
        unsubscribe(a, MOTE_LEAF_PAYLOAD, u->group);
    }
    u->group = AGENT_NONE;
}

static void enter(struct mote_agent *a, enum mote_update_step step)
{
    struct mote_agent_update *u = &a->update;
    leave_topics(a);
    u->step = (uint8_t)step;
    u->asked_us = 0;
    u->patience_ms = agent_or(a->config.group_timeout_ms, 5000);
    u->bad_blocks = 0;
    u->oversized = a->link.oversized;
}

// --- ends ------------------------------------------------------------------------------------
static void reopen_model(struct mote_agent *a)
{
    char words[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, words, sizeof(words));
    int status = agent_model_open(a, &t);
    if (status && status != MOTE_E_NOT_FOUND) {
        agent_log_why(a, "cannot open the model in use", words);
    }
    a->send_hello = true;
}

static void refuse(struct mote_agent *a, int status, const char *reason)
{
    struct mote_agent_update *u = &a->update;
    enter(a, MOTE_UPDATE_IDLE);
    memcpy(u->refused, u->desired.manifest_digest, MOTE_DIGEST_LEN);
    u->refused_known = true;
    u->manifest_len = 0;
    if (u->place >= 0) {
        int failed = mote_slot_abandon(&a->slot, (unsigned)u->place, status);
        if (failed) {
            agent_log_why(a, "cannot empty the slot", mote_status_text(failed));
        }
        u->place = -1;
    }
    report(a, MOTE_REL_REFUSED, status, reason);
}

static void start_trial(struct mote_agent *a)
{
    char words[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, words, sizeof(words));
    enter(a, MOTE_UPDATE_TRIAL);
    a->update.trial_us = agent_now(a);
    int status = agent_model_open(a, &t);
    if (status) {
        agent_update_model_failed(a, status, words);
        return;
    }
    a->send_hello = true;
    report(a, MOTE_REL_TRIAL, MOTE_OK, "");
}

// What a status means that the slot remembered from an earlier boot.
static const char *remembered(int status)
{
    switch (status) {
    case MOTE_E_CORRUPT:
        return "payload digest does not match";
    case MOTE_E_MISMATCH:
        return "golden window: outputs differ";
    case MOTE_E_TIMEOUT:
        return "trial was not confirmed";
    default:
        return "refused before";
    }
}

// --- what is wanted --------------------------------------------------------------------------
static void consider(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    const struct mote_slot_record *r = &a->slot.record[0];
    struct mote_slot_file f;
    if (!u->desired_known || u->step == MOTE_UPDATE_TRIAL) {
        return; // a trial ends first
    }
    enter(a, MOTE_UPDATE_IDLE);
    u->manifest_len = 0;
    const uint8_t *want = u->desired.manifest_digest;
    if (mote_slot_active(&a->slot, 0, &f) == MOTE_OK && same_digest(f.manifest_digest, want)) {
        report(a, MOTE_REL_ACTIVE, MOTE_OK, "");
    } else if (u->refused_known && same_digest(u->refused, want)) {
        report(a, MOTE_REL_REFUSED, u->status, u->reason);
    } else if (r->failed_seq && memcmp(r->failed_digest, want, sizeof(r->failed_digest)) == 0) {
        u->about = u->desired;
        report(a, r->failed_status == MOTE_E_TIMEOUT ? MOTE_REL_ROLLED_BACK : MOTE_REL_REFUSED,
               r->failed_status, remembered(r->failed_status));
    } else {
        enter(a, MOTE_UPDATE_MANIFEST);
        report(a, MOTE_REL_FETCHING, MOTE_OK, "");
    }
}

void agent_on_desired(struct mote_agent *a, const uint8_t *p, size_t len)
{
    struct mote_agent_update *u = &a->update;
    struct mote_desired d;
    if (len == 0) { // withdrawn
        if (u->step != MOTE_UPDATE_TRIAL) {
            enter(a, MOTE_UPDATE_IDLE);
        }
        u->desired_known = false;
        return;
    }
    int status = mote_desired_decode(&d, p, len);
    if (status) {
        agent_log_why(a, "desired release not understood", mote_status_text(status));
        return;
    }
    if (u->desired_known && d.seq == u->desired.seq &&
        same_digest(d.manifest_digest, u->desired.manifest_digest)) {
        return;
    }
    if (u->step != MOTE_UPDATE_TRIAL) {
        leave_topics(a); // of the one wanted before
    }
    u->desired = d;
    u->desired_known = true;
    consider(a);
}

// Another key may vouch for what was refused.
void agent_update_keys_changed(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    if (u->refused_known && u->status == MOTE_E_AUTH) {
        u->refused_known = false;
        consider(a);
    }
}

// --- manifest --------------------------------------------------------------------------------
static void try_manifest(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    const uint8_t *body;
    size_t len;
    char words[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, words, sizeof(words));
    int status = mote_cose_verify(a->config.manifest, u->manifest_len, u->keys.key, u->keys.count,
                                  MOTE_KEY_RELEASE, &body, &len);
    if (status) {
        refuse(a, status,
               status == MOTE_E_AUTH ? "manifest signature is not by a known release key"
                                     : "manifest is not a signed message");
        return;
    }
    status = mote_manifest_decode(&u->manifest, body, len);
    if (status) {
        refuse(a, status, "manifest is malformed");
        return;
    }
    if (u->manifest.seq != u->desired.seq) {
        refuse(a, MOTE_E_MISMATCH, "manifest has another sequence number than the release wanted");
        return;
    }
    status = agent_fits(a, &u->manifest, &t);
    if (status) {
        refuse(a, status, words);
        return;
    }
    status = mote_slot_begin(&a->slot, &u->manifest, u->desired.manifest_digest);
    if (status < 0) {
        refuse(a, status, "cannot begin the download");
        return;
    }
    u->place = status;
    enter(a, MOTE_UPDATE_BLOCKS);
    report(a, MOTE_REL_FETCHING, MOTE_OK, "");
}

void agent_on_manifest(struct mote_agent *a, const uint8_t digest[MOTE_DIGEST_LEN],
                       const uint8_t *p, size_t len)
{
    struct mote_agent_update *u = &a->update;
    uint8_t got[MOTE_DIGEST_LEN];
    if (u->step != MOTE_UPDATE_MANIFEST || u->manifest_len || !len ||
        !same_digest(digest, u->desired.manifest_digest)) {
        return;
    }
    mote_sha256(got, p, len);
    if (!same_digest(got, digest)) {
        refuse(a, MOTE_E_CORRUPT, "manifest digest does not match");
    } else if (len > a->config.manifest_len) {
        refuse(a, MOTE_E_SPACE, "manifest is longer than this device takes");
    } else {
        memcpy(a->config.manifest, p, len);
        u->manifest_len =
            len; // verified in the next step: key set and manifest may come in any order
    }
}

static bool wait_over(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    if (agent_net(a) - u->asked_us < 1000ull * u->patience_ms) {
        return false;
    }
    u->patience_ms = u->patience_ms > PATIENCE_MAX_MS / 2 ? PATIENCE_MAX_MS : 2 * u->patience_ms;
    return true;
}

static bool step_manifest(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    if (u->manifest_len && u->keys_known) {
        try_manifest(a);
        return true;
    }
    if (!mote_link_is_up(&a->link)) {
        return false;
    }
    bool again = u->asked_us && wait_over(a);
    if (again) {
        const char *what = u->manifest_len ? "waiting for the key set" : "waiting for the manifest";
        if (!agent_same(agent_str(u->reason), what)) {
            report(a, MOTE_REL_FETCHING, MOTE_E_AGAIN, what);
        }
        unsubscribe(a, MOTE_LEAF_MANIFEST, 0);
    }
    if ((!u->asked_us || again) && subscribe(a, MOTE_LEAF_MANIFEST, 0)) {
        u->asked_us = agent_net(a);
    }
    return false;
}

// --- payload ---------------------------------------------------------------------------------
static void bad_block(struct mote_agent *a, int status, const char *what, uint32_t block)
{
    char words[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, words, sizeof(words));
    agent_text_put(&t, what);
    agent_text_num(&t, block);
    if (++a->update.bad_blocks >= BAD_BLOCKS_MAX) {
        refuse(a, status, words);
    } else {
        agent_log_why(a, words, mote_status_text(status));
    }
}

void agent_on_payload(struct mote_agent *a, const struct mote_topic *t, const uint8_t *p,
                      size_t len)
{
    struct mote_agent_update *u = &a->update;
    if (u->step != MOTE_UPDATE_BLOCKS || !same_digest(t->digest, u->desired.manifest_digest) ||
        !len || t->group > UINT32_MAX / MOTE_GROUP_BLOCKS - 1) {
        return;
    }
    uint32_t block = t->group * MOTE_GROUP_BLOCKS + t->block;
    int status = mote_slot_put(&a->slot, block, p, len);
    if (status == MOTE_E_IO) {
        refuse(a, status, "flash failed");
    } else if (status == MOTE_E_FORMAT) {
        bad_block(a, status, "length differs from the manifest: payload block ", block);
    } else if (status) {
        agent_log_why(a, "payload block left out", mote_status_text(status));
    } else {
        u->asked_us = agent_net(a);
        u->patience_ms = agent_or(a->config.group_timeout_ms, 5000);
    }
}

static bool step_blocks(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    int missing = mote_slot_missing(&a->slot, 0);
    if (missing < 0) {
        enter(a, MOTE_UPDATE_WORK);
        report(a, MOTE_REL_VERIFYING, MOTE_OK, "");
        return true;
    }
    if (!mote_link_is_up(&a->link)) {
        return false;
    }
    uint32_t group = (uint32_t)missing / MOTE_GROUP_BLOCKS;
    bool other = group != u->group, again = !other && wait_over(a);
    if (again && a->link.oversized != u->oversized) { // the link leaves out what it cannot hold
        u->oversized = a->link.oversized;
        bad_block(a, MOTE_E_FORMAT, "longer than this device takes: payload block after ",
                  (uint32_t)missing);
        if (u->step != MOTE_UPDATE_BLOCKS) {
            return true;
        }
    }
    if (again && u->status != MOTE_E_AGAIN) {
        report(a, MOTE_REL_FETCHING, MOTE_E_AGAIN, "waiting for payload blocks");
    }
    if (other || again) {
        if (u->group != AGENT_NONE) {
            unsubscribe(a, MOTE_LEAF_PAYLOAD, u->group);
        }
        u->group = AGENT_NONE;
        if (subscribe(a, MOTE_LEAF_PAYLOAD, group)) {
            u->group = group;
            u->asked_us = agent_net(a);
            a->send_reported = true; // progress
        }
    }
    return false;
}

static bool step_work(struct mote_agent *a)
{
    int status = mote_slot_work(&a->slot);
    if (status == MOTE_E_AGAIN) {
        return true;
    }
    if (status == MOTE_E_STATE) { // a block went missing again: fetch it
        enter(a, MOTE_UPDATE_BLOCKS);
    } else if (status) {
        refuse(a, status,
               status == MOTE_E_CORRUPT ? "payload digest does not match"
                                        : mote_status_text(status));
    } else {
        enter(a, MOTE_UPDATE_TRY);
    }
    return true;
}

static bool step_try(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    struct mote_slot_file f;
    char words[MOTE_AGENT_TEXT];
    struct agent_text t;
    agent_text_init(&t, words, sizeof(words));
    agent_model_close(a); // the arena is one
    int status = mote_slot_other(&a->slot, (unsigned)u->place, &f);
    if (status == MOTE_OK) {
        status = agent_try_model(a, &f, &u->manifest, &t);
    }
    if (status == MOTE_OK) {
        status = mote_slot_switch(&a->slot, (unsigned)u->place);
        agent_text_put(&t, status ? "cannot switch" : "");
    }
    if (status) {
        refuse(a, status, words[0] ? words : mote_status_text(status));
        reopen_model(a);
        return true;
    }
    u->place = -1;
    start_trial(a);
    return true;
}

// --- trial -----------------------------------------------------------------------------------
void agent_update_model_failed(struct mote_agent *a, int status, const char *why)
{
    struct mote_agent_update *u = &a->update;
    if (u->step != MOTE_UPDATE_TRIAL) {
        return;
    }
    struct mote_slot_file f;
    u->step = MOTE_UPDATE_IDLE;
    agent_model_close(a);
    if (mote_slot_active(&a->slot, 0, &f) == MOTE_OK) {
        u->about.seq = f.seq;
        memcpy(u->about.manifest_digest, f.manifest_digest, MOTE_DIGEST_LEN);
    }
    int failed = mote_slot_rollback(&a->slot, 0, status);
    if (failed) {
        agent_log_why(a, "cannot roll back", mote_status_text(failed));
    }
    report(a, MOTE_REL_ROLLED_BACK, status, why);
    reopen_model(a);
    if (!same_digest(u->about.manifest_digest, u->desired.manifest_digest)) {
        consider(a); // another was wished for meanwhile
    }
}

static bool step_trial(struct mote_agent *a)
{
    const struct mote_agent_infer *f = &a->infer;
    bool works = !f->wanted || f->inferences > 0;
    if (!works || !mote_link_is_up(&a->link) ||
        agent_now(a) - a->update.trial_us < f->file.health_us) {
        return false;
    }
    int status = mote_slot_confirm(&a->slot, 0);
    if (status) {
        agent_update_model_failed(a, status, "cannot confirm");
        return true;
    }
    enter(a, MOTE_UPDATE_IDLE);
    report(a, MOTE_REL_ACTIVE, MOTE_OK, "");
    a->send_hello = true;
    consider(a); // another may have been wished for meanwhile
    return true;
}

// --- start and step --------------------------------------------------------------------------
void agent_update_start(struct mote_agent *a)
{
    struct mote_agent_update *u = &a->update;
    const struct mote_slot_record *r = &a->slot.record[0];
    u->group = AGENT_NONE;
    u->place = -1;
    agent_trust_restore(a);
    if (r->active_state == MOTE_SLOT_TRIAL) {
        start_trial(a);
        return;
    }
    reopen_model(a);
    if (r->failed_seq > r->confirmed_seq && r->failed_status == MOTE_E_TIMEOUT) {
        a->update.about.seq =
            r->failed_seq; // the rest of its digest comes with the wish, which is retained
        memcpy(a->update.about.manifest_digest, r->failed_digest, sizeof(r->failed_digest));
        report(a, MOTE_REL_ROLLED_BACK, r->failed_status, remembered(r->failed_status));
    } else {
        report(a, r->active_state == MOTE_SLOT_CONFIRMED ? MOTE_REL_ACTIVE : MOTE_REL_IDLE, MOTE_OK,
               "");
    }
}

void agent_update_link_up(struct mote_agent *a)
{
    a->update.group = AGENT_NONE; // subscriptions ended with the session
    a->update.asked_us = 0;
}

bool agent_update_step(struct mote_agent *a)
{
    switch (a->update.step) {
    case MOTE_UPDATE_MANIFEST:
        return step_manifest(a);
    case MOTE_UPDATE_BLOCKS:
        return step_blocks(a);
    case MOTE_UPDATE_WORK:
        return step_work(a);
    case MOTE_UPDATE_TRY:
        return step_try(a);
    case MOTE_UPDATE_TRIAL:
        return step_trial(a);
    default:
        return false;
    }
}
