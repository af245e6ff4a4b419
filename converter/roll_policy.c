// Rollout policy. See roll_policy.h.
#include "converter/roll_policy.h"

#include "common/err.h"
#include "common/parse.h"

static const char *const state_text[] = {
    [ROLL_NONE] = "waiting",   [ROLL_UNFIT] = "unfit",     [ROLL_OFFERED] = "offered",
    [ROLL_ACTIVE] = "active",  [ROLL_REFUSED] = "refused", [ROLL_ROLLED_BACK] = "rolled-back",
    [ROLL_TIMEOUT] = "timeout"};

const char *roll_state_text(enum roll_state state)
{
    return state_text[state];
}

enum roll_state roll_state_parse(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(state_text); i++) {
        if (strcmp(text, state_text[i]) == 0) {
            return (enum roll_state)i;
        }
    }
    return ROLL_NONE;
}

bool roll_failed(enum roll_state state)
{
    return state == ROLL_REFUSED || state == ROLL_ROLLED_BACK || state == ROLL_TIMEOUT;
}

static int parse_stage(struct roll_stage *s, const char *text, size_t len, struct err *e)
{
    char word[16];
    bool percent = len && text[len - 1] == '%';
    size_t digits = percent ? len - 1 : len;
    if (digits < sizeof word) {
        memcpy(word, text, digits);
        word[digits] = '\0';
        if (parse_i64(word, 1, percent ? 100 : 1000000, &s->value) == OK) {
            s->percent = percent;
            return OK;
        }
    }
    return err_set(e, E_USAGE, "stage '%.*s' is not a number of devices or a percentage (1 to 100)",
                   (int)(len < 40 ? len : 40), text);
}

int roll_parse_stages(struct roll_policy *p, const char *text, struct err *e)
{
    p->stages = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        if (p->stages == ROLL_STAGES_MAX) {
            return err_set(e, E_LIMIT, "more than %d stages", ROLL_STAGES_MAX);
        }
        struct roll_stage *s = &p->stage[p->stages];
        if (parse_stage(s, at, len, e) != OK) {
            return e->code;
        }
        if (p->stages && s->percent == s[-1].percent && s->value <= s[-1].value) {
            return err_set(e, E_USAGE, "stages '%s' must grow", text);
        }
        p->stages++;
        at += len;
        if (!*at) {
            return OK;
        }
    }
}

int roll_parse_percent(const char *text, int64_t *out, struct err *e)
{
    struct roll_stage s;
    size_t len = strlen(text);
    if (strcmp(text, "0") == 0 || strcmp(text, "0%") == 0) {
        *out = 0;
        return OK;
    }
    if (parse_stage(&s, text, len, e) != OK || s.value > 100) {
        return err_set(e, E_USAGE, "'%.40s' is not a percentage (0 to 100)", text);
    }
    *out = s.value;
    return OK;
}

size_t roll_target(const struct roll_policy *p, size_t stage, size_t fit)
{
    const struct roll_stage *s = &p->stage[stage];
    size_t value = (size_t)s->value;
    size_t target = s->percent ? (fit * value + 99) / 100 : value;
    return target < fit ? target : fit;
}

// FNV-1a of salt and id: an order that differs from release to release.
static uint32_t rank_of(uint32_t salt, const char *id)
{
    uint32_t h = 2166136261u ^ salt;
    for (; *id; id++) {
        h = (h ^ (uint8_t)*id) * 16777619u;
    }
    return h;
}

static void change(struct roll_device *d, enum roll_state state, int64_t now_ms, const char *reason)
{
    d->state = state;
    d->changed_ms = now_ms;
    d->dirty = true;
    (void)snprintf(d->reason, sizeof d->reason, "%s", reason);
}

static void time_out(const struct roll_policy *p, int64_t now_ms, struct roll_device *device,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct roll_device *d = &device[i];
        int64_t heard = d->heard_ms > d->offered_ms ? d->heard_ms : d->offered_ms;
        if (d->state == ROLL_OFFERED && now_ms - heard > p->timeout_ms) {
            char reason[ROLL_REASON_MAX];
            (void)snprintf(reason, sizeof reason, "silent for %lld s%s",
                           (long long)((now_ms - heard) / 1000), d->online ? "" : ", offline");
            change(d, ROLL_TIMEOUT, now_ms, reason);
        }
    }
}

struct tally {
    size_t fit, offered, active, failed, open;
    int64_t last_change;
    const struct roll_device *example; // a device that failed
};

static struct tally count_states(const struct roll_device *device, size_t count)
{
    struct tally t = {0};
    for (size_t i = 0; i < count; i++) {
        const struct roll_device *d = &device[i];
        bool offered = d->state != ROLL_NONE && d->state != ROLL_UNFIT;
        t.fit += d->fit || offered;
        t.offered += offered;
        t.active += d->state == ROLL_ACTIVE;
        t.open += d->state == ROLL_OFFERED;
        if (roll_failed(d->state)) {
            t.failed++;
            t.example = !t.example || d->changed_ms > t.example->changed_ms ? d : t.example;
        }
        if (offered && d->changed_ms > t.last_change) {
            t.last_change = d->changed_ms;
        }
    }
    return t;
}

// A candidate for the release, with its place in the order worked out once.
struct candidate {
    struct roll_device *device;
    bool canary;
    uint32_t rank;
};

// Whether a is to be offered the release before b.
static int by_turn(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->canary != b->canary) {
        return a->canary ? -1 : 1;
    }
    if (a->device->online != b->device->online) {
        return a->device->online ? -1 : 1;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    return strcmp(a->device->id, b->device->id);
}

// Offers the release to `wanted` devices, as many as there are. Returns how many; none where memory
// is short.
static size_t offer(const struct roll_policy *p, size_t stage, int64_t now_ms, uint32_t salt,
                    struct roll_device *device, size_t count, size_t wanted)
{
    size_t n = 0;
    struct candidate *c = wanted ? malloc(count * sizeof *c) : NULL;
    for (size_t i = 0; c && i < count; i++) {
        if (device[i].fit && device[i].state == ROLL_NONE) {
            c[n++] = (struct candidate){&device[i], strcmp(device[i].id, p->canary) == 0,
                                        rank_of(salt, device[i].id)};
        }
    }
    if (n) {
        qsort(c, n, sizeof *c, by_turn);
    }
    n = n < wanted ? n : wanted;
    for (size_t i = 0; i < n; i++) {
        c[i].device->stage = (int64_t)stage;
        c[i].device->offered_ms = now_ms;
        change(c[i].device, ROLL_OFFERED, now_ms, "");
    }
    free(c);
    return n;
}

static void too_many(struct roll_result *out, const struct roll_policy *p, const struct tally *t)
{
    out->action = ROLL_PAUSE;
    (void)snprintf(out->reason, sizeof out->reason,
                   "%zu of %zu devices failed, over %lld%%; '%s' %s: %.100s", t->failed, t->offered,
                   (long long)p->abort_over, t->example->id, roll_state_text(t->example->state),
                   t->example->reason);
}

// The canary, where one is named and cannot be offered the release.
static const struct roll_device *lame_canary(const struct roll_policy *p,
                                             const struct roll_device *device, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct roll_device *d = &device[i];
        if (strcmp(d->id, p->canary) == 0) {
            return !d->fit && (d->state == ROLL_NONE || d->state == ROLL_UNFIT) ? d : NULL;
        }
    }
    return NULL;
}

void roll_step(const struct roll_policy *p, size_t stage, int64_t now_ms, uint32_t salt,
               struct roll_device *device, size_t count, struct roll_result *out)
{
    *out = (struct roll_result){.action = ROLL_WAIT};
    time_out(p, now_ms, device, count);
    struct tally t = count_states(device, count);
    out->target = roll_target(p, stage, t.fit);
    const struct roll_device *lame = lame_canary(p, device, count);
    int64_t failed = (int64_t)t.failed - p->accepted;
    if (failed > 0 && failed * 100 > p->abort_over * (int64_t)t.offered) {
        too_many(out, p, &t);
    } else if (lame) {
        out->action = ROLL_PAUSE;
        (void)snprintf(out->reason, sizeof out->reason, "canary '%s' does not fit: %.160s",
                       lame->id, lame->reason);
    } else if (!t.fit) {
        out->action = ROLL_PAUSE;
        (void)snprintf(out->reason, sizeof out->reason, "no device fits this release");
    } else {
        size_t offered = t.offered < out->target
                             ? offer(p, stage, now_ms, salt, device, count, out->target - t.offered)
                             : 0;
        t.offered += offered;
        t.open += offered;
        if (!t.open && now_ms - t.last_change >= p->wait_ms) {
            out->action = stage + 1 < p->stages ? ROLL_ADVANCE : ROLL_DONE;
        }
    }
    out->offered = t.offered;
    out->active = t.active;
    out->failed = t.failed;
}
