// What is asked of devices, awake or not. See ask.h.
#include "common/ask.h"

#include "common/ask_settings.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"
#include "firmware/core/mote_config.h"

#define REFRESH_MAX 64
#define DURATION_MAX_MS 3600000 // what devices take

// --- the message -------------------------------------------------------------------------------

struct listing {
    struct mote_device_config config;
    char text[MOTE_CONFIG_RECORDINGS][2][MOTE_NAME_MAX + 1];
};

static struct mote_str keep(char out[MOTE_NAME_MAX + 1], const char *text)
{
    snprintf(out, MOTE_NAME_MAX + 1, "%s", text);
    return (struct mote_str){.p = out, .len = strlen(out)};
}

static int list_one(void *ctx, const struct store_command *c)
{
    struct listing *l = ctx;
    size_t i = l->config.recordings;
    if (i == MOTE_CONFIG_RECORDINGS) {
        return 1; // the rest waits until one of these is over
    }
    l->config.recording[i] = (struct mote_asked){.id = (uint64_t)c->command_id,
                                                 .expires_s = (uint64_t)(c->expires_ms / 1000),
                                                 .stream = keep(l->text[i][0], c->stream),
                                                 .label = keep(l->text[i][1], c->label),
                                                 .duration_ms = (uint64_t)c->duration_ms};
    l->config.recordings++;
    return 0;
}

struct row {
    int64_t revision;
    json_t *settings;
    int rc;
};

static int take_row(void *ctx, const struct store_config *c)
{
    struct row *r = ctx;
    struct err e = {0};
    r->revision = c->revision;
    r->settings = jx_parse(c->settings, strlen(c->settings), &e);
    return 0;
}

// Inside a transaction: the retained message from what the store says now.
static int publish(struct store *s, const char *device, struct err *e)
{
    struct listing l = {0};
    struct row row = {0};
    uint8_t bytes[MOTE_CONFIG_MAX];
    char topic[64];
    int rc = store_config_get(s, device, take_row, &row, e);
    rc = rc ? rc : store_asked_walk(s, device, list_one, &l, e);
    rc = rc < 0 ? rc : ask_settings_read(row.settings, &l.config, e);
    l.config.revision = (uint64_t)row.revision;
    int n = rc ? 0 : mote_device_config_encode(bytes, sizeof(bytes), &l.config);
    json_decref(row.settings); // names in the configuration are its strings
    if (rc) {
        return rc;
    }
    if (n < 0) {
        return err_set(
            e, E_LIMIT,
            "what '%s' is asked for does not fit a message: fewer recordings, rates or triggers",
            device);
    }
    snprintf(topic, sizeof(topic), "d/%s/config", device);
    rc = store_outbox_put(s, topic, bytes, (size_t)n, true, 0, e);
    return rc ? rc : store_config_fresh(s, device, e);
}

static int finish(struct store *s, int rc, struct err *e)
{
    if (rc) {
        store_rollback(s);
        return rc;
    }
    return store_commit(s, e);
}

// --- asking ------------------------------------------------------------------------------------

static int count_one(void *ctx, const struct store_command *c)
{
    (void)c;
    ++*(int *)ctx;
    return 0;
}

static int check(const struct ask_recording *r, struct err *e)
{
    if (r->duration_ms < 1 || r->duration_ms > DURATION_MAX_MS) {
        return err_set(e, E_USAGE, "a recording lasts from 1 ms to an hour");
    }
    if (strlen(r->label) > MOTE_NAME_MAX || strlen(r->stream) > MOTE_NAME_MAX) {
        return err_set(e, E_USAGE, "label and stream have at most %d bytes", MOTE_NAME_MAX);
    }
    if (r->stream[0] &&
        strspn(r->stream, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(r->stream)) {
        return err_set(e, E_USAGE, "'%s' is not a stream's name", r->stream);
    }
    return OK;
}

static int put_recording(struct store *s, const char *device, const struct ask_recording *r,
                         int64_t *command_id, struct err *e)
{
    int listed = 0;
    struct store_command c = {.device = device,
                              .kind = "record",
                              .stream = r->stream,
                              .label = r->label,
                              .author = r->author,
                              .duration_ms = r->duration_ms,
                              .expires_ms = r->expires_ms,
                              .via = "config"};
    int rc = store_asked_walk(s, device, count_one, &listed, e);
    if (!rc && listed >= MOTE_CONFIG_RECORDINGS) {
        rc = err_set(e, E_LIMIT,
                     "device '%s' has %d recordings to make already: wait for it, or stop them",
                     device, listed);
    }
    rc = rc ? rc : store_command_put(s, &c, e);
    *command_id = c.command_id;
    rc = rc ? rc : store_config_put(s, device, NULL, r->author, e);
    return rc ? rc : publish(s, device, e);
}

int ask_record(struct store *s, const char *device, const struct ask_recording *r,
               int64_t *command_id, struct err *e)
{
    int rc = check(r, e);
    rc = rc ? rc : store_begin(s, e);
    return rc ? rc : finish(s, put_recording(s, device, r, command_id, e), e);
}

static int withdraw(struct store *s, const char *device, const char *author, int64_t *count,
                    struct err *e)
{
    int rc = store_asked_withdraw(s, device, count, e);
    rc = rc ? rc : store_config_put(s, device, NULL, author, e);
    return rc ? rc : publish(s, device, e);
}

int ask_stop(struct store *s, const char *device, const char *author, int64_t *count, struct err *e)
{
    int rc = store_begin(s, e);
    rc = rc ? rc : finish(s, withdraw(s, device, author, count, e), e);
    // Recordings that a command or a trigger began are on no list.
    struct store_command c = {.device = device,
                              .kind = "stop",
                              .stream = "",
                              .label = "",
                              .author = author,
                              .expires_ms = clock_wall_ms() + 60000};
    return rc ? rc : command_send(s, &c, e);
}

static int merge(struct store *s, const char *device, const json_t *settings, const char *author,
                 struct err *e)
{
    struct row row = {0};
    struct buf text = {0};
    int rc = store_config_get(s, device, take_row, &row, e);
    if (rc) {
        return rc;
    }
    json_t *all = row.settings ? row.settings : json_object();
    rc = json_object_update(all, (json_t *)(uintptr_t)settings) || jx_write(all, &text)
             ? err_set(e, E_MEM, "out of memory")
             : OK;
    rc = rc ? rc : store_config_put(s, device, text.data, author, e);
    rc = rc ? rc : publish(s, device, e);
    json_decref(all);
    buf_release(&text);
    return rc;
}

int ask_set(struct store *s, const char *device, const json_t *settings, const char *author,
            struct err *e)
{
    struct mote_device_config probe = {0};
    int rc = ask_settings_read(settings, &probe, e);
    rc = rc ? rc : store_begin(s, e);
    return rc ? rc : finish(s, merge(s, device, settings, author, e), e);
}

// --- keeping up ----------------------------------------------------------------------------------

struct names {
    char id[REFRESH_MAX][40];
    size_t count;
};

static int take_name(void *ctx, const char *name)
{
    struct names *n = ctx;
    snprintf(n->id[n->count++], sizeof(n->id[0]), "%s", name);
    return 0;
}

int ask_refresh(struct store *s, struct err *e)
{
    struct names n = {.count = 0};
    int rc = store_config_stale(s, REFRESH_MAX, take_name, &n, e);
    if (rc || n.count == 0) {
        return rc;
    }
    rc = store_begin(s, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < n.count && !rc; i++) {
        rc = publish(s, n.id[i], e);
    }
    return finish(s, rc, e);
}

const char *ask_state(const struct store_command *c, int64_t now_ms)
{
    if (c->replied_ms) {
        return c->status == 0 ? "done" : c->withdrawn_ms ? "withdrawn" : "failed";
    }
    bool expired = c->expires_ms && c->expires_ms < now_ms;
    return c->began_ms       ? "recording"
           : c->withdrawn_ms ? "withdrawn"
           : expired         ? "expired"
                             : "asked";
}

// --- whom ------------------------------------------------------------------------------------------

struct finding {
    struct ask_targets *t;
    const char *word;
    bool by_id, found;
    int rc;
};

static int add_target(struct ask_targets *t, const char *id)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->id[i], id) == 0) {
            return OK;
        }
    }
    char **more = reallocarray(t->id, t->count + 1, sizeof(*more));
    if (!more) {
        return E_MEM;
    }
    t->id = more;
    t->id[t->count] = strdup(id);
    return t->id[t->count] ? (t->count++, OK) : E_MEM;
}

static int match(void *ctx, const struct store_device *d)
{
    struct finding *f = ctx;
    bool all = strcmp(f->word, "all") == 0;
    bool hit = !d->removed_ms &&
               (f->by_id ? strcmp(d->id, f->word) == 0 : all || strcmp(d->grp, f->word) == 0);
    f->found |= hit;
    f->rc = hit && !f->rc ? add_target(f->t, d->id) : f->rc;
    return 0;
}

int ask_targets_find(struct store *s, const char *const *words, size_t count, struct ask_targets *t,
                     struct err *e)
{
    *t = (struct ask_targets){0};
    for (size_t i = 0; i < count; i++) {
        struct finding f = {.t = t, .word = words[i], .by_id = true};
        int rc = words[i][0] ? store_device_walk(s, NULL, match, &f, e) : OK;
        if (!rc && !f.found && words[i][0]) {
            f.by_id = false; // a device's id comes before a group of that name
            rc = store_device_walk(s, NULL, match, &f, e);
        }
        if (rc || f.rc) {
            return rc ? rc : err_set(e, E_MEM, "out of memory");
        }
        if (!f.found) {
            return err_set(e, E_NOT_FOUND, "'%.60s' is neither a device nor a group", words[i]);
        }
    }
    return OK;
}

void ask_targets_release(struct ask_targets *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->id[i]);
    }
    free(t->id);
    *t = (struct ask_targets){0};
}
