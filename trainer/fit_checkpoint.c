// Checkpoints of a training run: written beside and renamed, so a killed run finds the last whole one.
//
//   0  8  "MLCKPT01"     8  32 identity (recipe, data, seed, program)   40  8 x 8 counters and doubles
//   104  then float32 arrays: param, state, m, v, best, best_state, average where there is one
//   last 32 bytes: SHA-256 of everything before. Little-endian, as the machines are that train.
#include "trainer/fit_priv.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"

#define MAGIC "MLCKPT01"
#define HEAD 104

struct part {
    float *p;
    size_t n;
};
#define PARTS 7

static void parts_of(const struct fit_state *s, struct part out[PARTS])
{
    size_t p = s->net->params, t = s->net->states;
    struct part all[PARTS] = {{s->net->param, p}, {s->net->state, t}, {s->m, p}, {s->v, p},
                              {s->best, p}, {s->best_state, t}, {s->average, s->average ? p : 0}};
    memcpy(out, all, sizeof(all));
}

static size_t size_of(const struct part *part)
{
    size_t n = HEAD + HEX_DIGEST_LEN;
    for (int i = 0; i < PARTS; i++) {
        n += part[i].n * sizeof(float);
    }
    return n;
}

int fit_checkpoint_save(const struct fit_state *s, const struct fit_options *o, struct err *e)
{
    struct part part[PARTS];
    parts_of(s, part);
    struct buf b;
    buf_init(&b, (size_t)4 << 30);
    int64_t head[8] = {s->step, s->epoch, s->best_epoch, s->since_best, 0, 0, s->samples, 0};
    memcpy(&head[4], &s->best_loss, 8);
    memcpy(&head[5], &s->best_accuracy, 8);
    int rc = buf_reserve(&b, size_of(part));
    rc = rc ? rc : buf_put(&b, MAGIC, 8);
    rc = rc ? rc : buf_put(&b, o->identity, sizeof(o->identity));
    rc = rc ? rc : buf_put(&b, head, sizeof(head));
    for (int i = 0; i < PARTS && rc == OK; i++) {
        rc = part[i].n ? buf_put(&b, part[i].p, part[i].n * sizeof(float)) : OK;
    }
    uint8_t digest[HEX_DIGEST_LEN];
    if (rc == OK) {
        hex_sha256(digest, b.data, b.len);
        rc = buf_put(&b, digest, sizeof(digest));
    }
    rc = rc ? err_set(e, rc, "out of memory")
            : io_write_atomic(o->checkpoint, b.data, b.len, 0644, e);
    buf_release(&b);
    return rc ? err_wrap(e, "write checkpoint") : OK;
}

int fit_checkpoint_load(struct fit_state *s, const struct fit_options *o, struct err *e)
{
    if (!io_exists(o->checkpoint)) {
        return E_NOT_FOUND;
    }
    struct part part[PARTS];
    parts_of(s, part);
    struct buf b;
    buf_init(&b, (size_t)4 << 30);
    int rc = io_read_file(o->checkpoint, size_of(part), &b, e);
    uint8_t digest[HEX_DIGEST_LEN];
    if (rc == OK) {
        // a checkpoint of another run, another recipe or a torn disk is no error: the run starts anew
        bool fits = b.len == size_of(part) && memcmp(b.data, MAGIC, 8) == 0 &&
                    memcmp(b.data + 8, o->identity, 32) == 0;
        if (fits) {
            hex_sha256(digest, b.data, b.len - sizeof(digest));
            fits = memcmp(digest, b.data + b.len - sizeof(digest), sizeof(digest)) == 0;
        }
        rc = fits ? OK : E_NOT_FOUND;
    } else if (e->code == E_LIMIT) {
        rc = E_NOT_FOUND;
    }
    if (rc == OK) {
        int64_t head[8];
        memcpy(head, b.data + 40, sizeof(head));
        s->step = head[0];
        s->epoch = (int)head[1];
        s->best_epoch = (int)head[2];
        s->since_best = (int)head[3];
        memcpy(&s->best_loss, &head[4], 8);
        memcpy(&s->best_accuracy, &head[5], 8);
        s->samples = head[6];
        const char *at = b.data + HEAD;
        for (int i = 0; i < PARTS; i++) {
            if (part[i].n) {
                memcpy(part[i].p, at, part[i].n * sizeof(float));
            }
            at += part[i].n * sizeof(float);
        }
    }
    buf_release(&b);
    return rc;
}
