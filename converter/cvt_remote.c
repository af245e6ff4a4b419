// Input tensors to a device, and its answer. See cvt_remote.h.
#include "converter/cvt_remote.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/project.h"
#include "common/store/store_device.h"
#include "common/store/store_outbox.h"
#include "converter/cvt_model.h"
#include "firmware/core/wire/mote_wire.h"

#define LOOK_NS 50000000L // between two looks for the answer

struct job {
    const struct cvt_model *m;
    const struct cvt_remote *r;
    struct store *s;
    struct err *e;
    int64_t command, expires_ms;
};

static int put_part(struct job *j, size_t at, size_t len, const uint8_t *checks, size_t checks_len)
{
    uint8_t bytes[MOTE_TENSORS_MAX + 4 * MOTE_TENSORS_CHECKS + 128];
    char topic[64];
    struct mote_tensors t = {.id = (uint64_t)j->command,
                             .total = (uint32_t)j->r->in_len,
                             .at = (uint32_t)at,
                             .data = (const uint8_t *)j->r->in + at,
                             .len = len,
                             .checks = checks,
                             .checks_len = checks_len};
    memcpy(t.model, j->m->digest, sizeof t.model);
    int n = mote_tensors_encode(bytes, sizeof bytes, &t);
    if (n < 0) {
        return err_set(j->e, E_LIMIT, "a part of the input: %s", mote_status_text(n));
    }
    (void)snprintf(topic, sizeof topic, "d/%s/split/in", j->r->device);
    return store_outbox_put(j->s, topic, bytes, (size_t)n, false, j->expires_ms, j->e);
}

// The command's row and its parts; the last one is checks alone.
static int put_all(struct job *j)
{
    uint8_t checks[4 * MOTE_TENSORS_CHECKS];
    struct store_command c = {.device = j->r->device,
                              .kind = "infer",
                              .stream = "",
                              .label = "",
                              .author = "moteloop",
                              .expires_ms = j->expires_ms};
    if (j->r->checks > MOTE_TENSORS_CHECKS) {
        return err_set(j->e, E_LIMIT, "the model has more than %d operators", MOTE_TENSORS_CHECKS);
    }
    int rc = store_command_put(j->s, &c, j->e);
    j->command = c.command_id;
    for (size_t at = 0; at < j->r->in_len && rc == OK; at += MOTE_TENSORS_MAX) {
        size_t left = j->r->in_len - at;
        rc = put_part(j, at, left < MOTE_TENSORS_MAX ? left : MOTE_TENSORS_MAX, NULL, 0);
    }
    for (size_t i = 0; i < j->r->checks; i++) {
        mote_put32(checks + 4 * i, j->r->check[i]);
    }
    return rc == OK ? put_part(j, j->r->in_len, 0, checks, 4 * j->r->checks) : rc;
}

struct answer {
    bool there;
    int64_t status;
    char text[256];
};

static int take_answer(void *ctx, const struct store_command *c)
{
    struct answer *a = ctx;
    a->there = c->replied_ms > 0;
    a->status = c->status;
    (void)snprintf(a->text, sizeof a->text, "%s", c->reply ? c->reply : "");
    return 1; // one command was looked for
}

static int wait_for(struct job *j, struct answer *a)
{
    int64_t until = clock_mono_us() + 1000 * j->r->timeout_ms;
    int rc = OK;
    do {
        rc = store_command_walk(j->s, j->r->device, j->command - 1, take_answer, a, j->e);
        if (rc >= 0 && !a->there) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
        }
    } while (rc >= 0 && !a->there && clock_mono_us() < until);
    if (rc < 0) {
        return rc;
    }
    return a->there ? OK
                    : err_set(j->e, E_BUSY,
                              "device '%s' did not answer within %lld s: is it online, and does "
                              "'moteloop up' run?",
                              j->r->device, (long long)(j->r->timeout_ms / 1000));
}

static int read_answer(struct job *j, const struct answer *a, struct cvt_remote_result *out)
{
    unsigned long long us, arena, stack, operators, last;
    char differs[24];
    if (a->status != MOTE_OK) {
        return err_set(j->e, E_STATE, "device '%s': %s", j->r->device,
                       a->text[0] ? a->text : mote_status_text((int)a->status));
    }
    if (sscanf(a->text, "us %llu arena %llu stack %llu operators %llu differs %23s last %llu", &us,
               &arena, &stack, &operators, differs, &last) != 6) {
        return err_set(j->e, E_FORMAT, "device '%s' answered '%.80s'", j->r->device, a->text);
    }
    *out = (struct cvt_remote_result){.us = us, .arena = arena, .stack = stack, .differs = -1};
    if (strcmp(differs, "none") != 0) {
        out->differs = strtoll(differs, NULL, 10);
    } else if (j->r->checks > 0 && last != j->r->check[j->r->checks - 1]) {
        return err_set(j->e, E_FORMAT, "device '%s' contradicts itself: '%.80s'", j->r->device,
                       a->text);
    }
    return OK;
}

static int note_device(void *ctx, const struct store_device *d)
{
    *(bool *)ctx = d->removed_ms == 0;
    return OK;
}

int cvt_remote_run(const struct cvt_model *m, const struct cvt_remote *r,
                   struct cvt_remote_result *out, struct err *e)
{
    static struct project p;
    struct job j = {.m = m, .r = r, .e = e, .expires_ms = clock_wall_ms() + r->timeout_ms};
    struct answer a = {0};
    bool there = false;
    int rc = project_open(&p, r->project, e);
    rc = rc == OK ? store_open(&j.s, p.dir, STORE_WRITE, e) : rc;
    if (rc != OK) {
        return rc;
    }
    rc = store_device_walk(j.s, r->device, note_device, &there, e);
    if (rc == OK && !there) {
        rc = err_set(e, E_NOT_FOUND, "device '%s' was removed", r->device);
    }
    rc = rc == OK ? store_begin(j.s, e) : rc;
    if (rc == OK) {
        rc = put_all(&j);
        if (rc == OK) {
            rc = store_commit(j.s, e);
        } else {
            store_rollback(j.s);
        }
    }
    rc = rc == OK ? wait_for(&j, &a) : rc;
    rc = rc == OK ? read_answer(&j, &a, out) : rc;
    store_close(j.s);
    return rc;
}
