// Float weights beside a model. See weights.h; little-endian:
//
//   0  8  "MLWEIGH1"   8  4 labels   12  4 features   16  8 params   24  8 states   32  8 params of the last layer
//   40  then labels, a length byte and text each; offset, gain, param, state as float32
//   last 32 bytes: SHA-256 of everything before
#include "trainer/weights.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/io.h"

#define MAGIC "MLWEIGH1"
#define HEAD 40
#define BYTES_MAX ((size_t)1 << 30)

int weights_put(struct buf *out, const struct net *n, const struct features *f)
{
    const struct name_list *label = &f->w->label;
    const struct layer *last = &n->layer[n->layers - 1];
    uint8_t head[HEAD], digest[HEX_DIGEST_LEN];
    size_t features = f->offset ? f->count : 0;
    memcpy(head, MAGIC, 8);
    mote_put32(head + 8, (uint32_t)label->count);
    mote_put32(head + 12, (uint32_t)features);
    mote_put64(head + 16, n->params);
    mote_put64(head + 24, n->states);
    mote_put64(head + 32, last->w_len + last->b_len);
    int rc = buf_put(out, head, sizeof(head));
    for (size_t i = 0; i < label->count && rc == OK; i++) {
        uint8_t len = (uint8_t)strlen(label->name[i]);
        rc = buf_put(out, &len, 1);
        rc = rc ? rc : buf_put(out, label->name[i], len);
    }
    const struct {
        const float *p;
        size_t n;
    } part[] = {
        {f->offset, features}, {f->gain, features}, {n->param, n->params}, {n->state, n->states}};
    for (size_t i = 0; i < ARRAY_LEN(part) && rc == OK; i++) {
        rc = part[i].n ? buf_put(out, part[i].p, part[i].n * sizeof(float)) : OK;
    }
    if (rc == OK) {
        hex_sha256(digest, out->data, out->len);
        rc = buf_put(out, digest, sizeof(digest));
    }
    return rc;
}

static float *take(const uint8_t **at, size_t n)
{
    float *v = malloc((n + 1) * sizeof(float));
    for (size_t i = 0; v && i < n; i++) {
        v[i] = mote_getf(*at + 4 * i);
    }
    *at += 4 * n;
    return v;
}

static int parse(struct weights *w, const uint8_t *p, size_t len, const char *path, struct err *e)
{
    uint8_t digest[HEX_DIGEST_LEN];
    if (len < HEAD + HEX_DIGEST_LEN || memcmp(p, MAGIC, 8) != 0) {
        return err_set(e, E_FORMAT, "'%s' holds no weights", path);
    }
    size_t end = len - HEX_DIGEST_LEN;
    hex_sha256(digest, p, end);
    if (memcmp(digest, p + end, sizeof(digest)) != 0) {
        return err_set(e, E_FORMAT, "'%s' is damaged", path);
    }
    uint32_t labels = mote_get32(p + 8);
    w->features = mote_get32(p + 12);
    w->params = mote_get64(p + 16);
    w->states = mote_get64(p + 24);
    w->last = mote_get64(p + 32);
    const uint8_t *at = p + HEAD;
    for (uint32_t i = 0; i < labels; i++) {
        char name[256];
        size_t left = (size_t)(p + end - at);
        if (left < 1 || left < 1u + at[0]) {
            return err_set(e, E_FORMAT, "'%s' is cut off", path);
        }
        snprintf(name, sizeof(name), "%.*s", (int)at[0], (const char *)at + 1);
        at += 1 + at[0];
        if (name_add(&w->label, name) != (int)i) {
            return err_set(e, E_FORMAT, "'%s' names a label twice", path);
        }
    }
    size_t limit = BYTES_MAX / 4;
    bool sane =
        w->params < limit && w->states < limit && w->features < limit && w->last <= w->params;
    if (!sane || (size_t)(p + end - at) != 4 * (2 * w->features + w->params + w->states)) {
        return err_set(e, E_FORMAT, "'%s' is cut off", path);
    }
    w->offset = take(&at, w->features);
    w->gain = take(&at, w->features);
    w->param = take(&at, w->params);
    w->state = take(&at, w->states);
    return w->offset && w->gain && w->param && w->state ? OK : err_set(e, E_MEM, "out of memory");
}

int weights_load(struct weights *w, const char *path, struct err *e)
{
    *w = (struct weights){0};
    struct buf b;
    buf_init(&b, BYTES_MAX);
    int rc = io_read_file(path, BYTES_MAX, &b, e);
    rc = rc ? rc : parse(w, (const uint8_t *)b.data, b.len, path, e);
    buf_release(&b);
    if (rc) {
        weights_release(w);
    }
    return rc;
}

void weights_release(struct weights *w)
{
    name_release(&w->label);
    free(w->offset);
    free(w->gain);
    free(w->param);
    free(w->state);
    *w = (struct weights){0};
}

int weights_apply(const struct weights *w, struct net *n, struct err *e)
{
    const struct layer *last = &n->layer[n->layers - 1];
    size_t body = n->params - last->w_len - last->b_len, new_out = (size_t)last->units;
    size_t in = new_out ? last->w_len / new_out : 0;
    size_t old_out = in + (last->b_len > 0) ? w->last / (in + (last->b_len > 0)) : 0;
    if (w->params - w->last != body || w->states != n->states || old_out > new_out ||
        old_out * (in + (last->b_len > 0)) != w->last) {
        return err_set(
            e, E_CONFLICT,
            "the recipe's network (%zu parameters) is not that of the earlier model (%zu)",
            n->params, w->params);
    }
    memcpy(n->param, w->param, body * sizeof(float));
    memcpy(n->state, w->state, w->states * sizeof(float));
    const float *old = w->param + body;
    float *now = n->param + last->w;
    for (size_t i = 0; i < in; i++) {
        memcpy(now + i * new_out, old + i * old_out, old_out * sizeof(float));
    }
    if (last->b_len) {
        memcpy(n->param + last->b, old + in * old_out, old_out * sizeof(float));
    }
    return OK;
}
