// See coll_muster.h.
#include "collector/coll_muster.h"

#include "collector/coll_mqtt.h"
#include "common/err.h"
#include "common/log.h"
#include "common/names.h"
#include "common/store/store_device.h"

enum { HELLO = 1, STATUS = 2, REPORTED = 4, LEAVES = 3 };
static const char *const leaf_names[LEAVES] = {"hello", "status", "reported"};

struct member {
    char id[MOTE_DEVICE_MAX + 1];
    uint8_t heard, expected, tries; // tries: that are left
    uint8_t known;                  // leaves that were there before, so that they must be somewhere
};

enum muster_state { IDLE, LISTENING, ASKING, WAITING, DONE };
struct coll_muster {
    enum muster_state state;
    struct name_set index;
    struct member *member;
    size_t count, cap;
    int64_t heard_us, asked_us, answer_us; // answer_us: of the SUBACK, 0 none yet
    size_t at, group;                      // next to look at; size of groups in this round
    size_t wait[MUSTER_GROUP], waiting;
    bool group_heard;                      // something came since it was asked
    int mid;
    struct coll_muster_report report;
};

struct coll_muster *coll_muster_new(void)
{
    return calloc(1, sizeof(struct coll_muster));
}

void coll_muster_free(struct coll_muster *m)
{
    if (m) {
        name_set_release(&m->index);
        free(m->member);
        free(m);
    }
}

void coll_muster_begin(struct coll_muster *m, int64_t now_us)
{
    for (size_t i = 0; i < m->count; i++) {
        m->member[i].heard = m->member[i].expected = m->member[i].known = m->member[i].tries = 0;
    }
    m->state = LISTENING;
    m->heard_us = now_us;
    m->waiting = 0;
    m->report = (struct coll_muster_report){0};
}

void coll_muster_lost(struct coll_muster *m)
{
    m->state = IDLE;
}

static struct member *member_of(struct coll_muster *m, const char *device)
{
    size_t at = name_set_find(&m->index, device);
    if (at != NAME_NONE) {
        return &m->member[at];
    }
    if (m->count == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 256;
        struct member *grown = reallocarray(m->member, cap, sizeof *grown);
        if (!grown) {
            return NULL;
        }
        m->member = grown;
        m->cap = cap;
    }
    if (name_set_put(&m->index, device, m->count)) {
        return NULL;
    }
    struct member *one = &m->member[m->count++];
    *one = (struct member){0};
    snprintf(one->id, sizeof one->id, "%s", device);
    return one;
}

int coll_muster_heard(struct coll_muster *m, const char *device, int leaf, int64_t now_us)
{
    struct member *one = member_of(m, device);
    if (!one) {
        return E_MEM;
    }
    one->heard |= leaf == MOTE_LEAF_HELLO      ? HELLO
                  : leaf == MOTE_LEAF_STATUS   ? STATUS
                  : leaf == MOTE_LEAF_REPORTED ? REPORTED
                                               : 0;
    m->heard_us = now_us;
    m->group_heard = true;
    return OK;
}

void coll_muster_subscribed(struct coll_muster *m, int mid, int64_t now_us)
{
    if (m->state == WAITING && mid == m->mid) {
        m->answer_us = now_us;
    }
}

static int expect(void *ctx, const struct store_device *d)
{
    struct coll_muster *m = ctx;
    struct member *one = d->removed_ms ? NULL : member_of(m, d->id);
    if (d->removed_ms) {
        return 0;
    }
    if (!one) {
        return E_MEM;
    }
    one->known = (uint8_t)((d->hello_ms ? HELLO : 0) | (d->status_ms ? STATUS : 0) |
                           (d->reported_ms ? REPORTED : 0));
    one->expected = HELLO | STATUS | REPORTED; // its first words of a kind may be what was dropped
    one->tries = MUSTER_TRIES;
    return 0;
}

static bool lacks(const struct member *one)
{
    return (one->expected & ~one->heard) != 0;
}

static int ask(struct coll_muster *m, struct coll_mqtt *mqtt, int64_t now_us)
{
    static char text[MUSTER_GROUP * LEAVES][MOTE_DEVICE_MAX + 16];
    const char *topic[MUSTER_GROUP * LEAVES];
    size_t topics = 0;
    for (size_t i = 0; i < m->waiting; i++) {
        const struct member *one = &m->member[m->wait[i]];
        for (unsigned leaf = 0; leaf < LEAVES; leaf++) {
            if ((one->expected & ~one->heard) >> leaf & 1) {
                snprintf(text[topics], sizeof text[topics], "d/%s/%s", one->id, leaf_names[leaf]);
                topic[topics] = text[topics];
                topics++;
            }
        }
    }
    int rc = coll_mqtt_ask(mqtt, topic, topics, &m->mid);
    m->asked_us = m->heard_us = now_us;
    m->group_heard = false;
    m->answer_us = 0;
    m->state = rc ? IDLE : WAITING; // without a connection: the next one begins anew
    return rc == E_STATE ? OK : rc;
}

// Ends the subscriptions of a group: the wildcards have what comes later. A group of which nothing came, though the
// broker answered, has nothing: one that does not fit its queue would have come in part. So names that nobody has
// taken yet are asked for once, and in smaller groups only beside others that answered.
static void dismiss(struct coll_muster *m, struct coll_mqtt *mqtt)
{
    bool nothing = m->answer_us && !m->group_heard;
    for (size_t i = 0; i < m->waiting; i++) {
        struct member *one = &m->member[m->wait[i]];
        one->tries = nothing && !(one->known & ~one->heard) ? 0 : (uint8_t)(one->tries - 1);
        for (unsigned leaf = 0; leaf < LEAVES; leaf++) {
            char topic[MOTE_DEVICE_MAX + 16];
            if (one->expected >> leaf & 1) {
                snprintf(topic, sizeof topic, "d/%s/%s", one->id, leaf_names[leaf]);
                coll_mqtt_forget(mqtt, topic);
            }
        }
    }
    m->waiting = 0;
    m->state = ASKING;
}

static bool group_is_over(const struct coll_muster *m, int64_t now_us)
{
    bool all = true;
    for (size_t i = 0; i < m->waiting; i++) {
        all = all && !lacks(&m->member[m->wait[i]]);
    }
    int64_t last = m->answer_us > m->heard_us ? m->answer_us : m->heard_us;
    return (all && m->answer_us) || (m->answer_us && now_us - last > MUSTER_ANSWER_US) ||
           now_us - m->asked_us > MUSTER_PATIENCE_US;
}

static void finish(struct coll_muster *m)
{
    size_t missing = 0;
    const char *first = "";
    for (size_t i = 0; i < m->count; i++) {
        if (m->member[i].known & ~m->member[i].heard) {
            first = missing++ ? first : m->member[i].id;
        }
    }
    m->report.missing = missing;
    m->report.done = true;
    m->state = DONE;
    if (missing) {
        log_warn("the broker has no retained state of %zu devices that had one ('%s' is the "
                 "first): they say it again when they connect",
                 missing, first);
    } else if (m->report.asked) {
        log_info("the fleet's state is complete: %zu devices were asked for singly",
                 m->report.asked);
    }
}

// The next group; after a round over all with tries left, another in smaller groups.
static int next_group(struct coll_muster *m, struct coll_mqtt *mqtt, int64_t now_us)
{
    for (int round = 0; round < 2; round++) {
        for (; m->at < m->count && m->waiting < m->group; m->at++) {
            if (m->member[m->at].tries > 0 && lacks(&m->member[m->at])) {
                m->wait[m->waiting++] = m->at;
            }
        }
        if (m->waiting) {
            m->report.asked += m->waiting;
            return ask(m, mqtt, now_us);
        }
        m->at = 0;
        m->group = m->group > 8 ? m->group / 8 : 1;
    }
    finish(m);
    return OK;
}

int coll_muster_step(struct coll_muster *m, struct store *s, struct coll_mqtt *mqtt, int64_t now_us,
                     struct err *e)
{
    int rc = OK;
    if (m->state == LISTENING && now_us - m->heard_us > MUSTER_QUIET_US) {
        rc = store_device_walk(s, NULL, expect, m, e);
        m->state = ASKING;
        m->at = 0;
        m->group = MUSTER_GROUP;
    } else if (m->state == WAITING && group_is_over(m, now_us)) {
        dismiss(m, mqtt);
    }
    if (rc == OK && m->state == ASKING) {
        rc = next_group(m, mqtt, now_us);
        rc = rc ? err_set(e, rc, "cannot ask the broker for the state of devices") : OK;
    }
    return rc;
}

struct coll_muster_report coll_muster_report(const struct coll_muster *m)
{
    return m->report;
}
