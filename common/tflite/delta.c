// Deltas between models. See delta.h.
#include "common/tflite/delta.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/reader.h"
#include "firmware/core/pkg/mote_delta.h"

struct segments {
    struct mote_delta_segment s[MOTE_DELTA_SEGMENTS_MAX];
    size_t count;
};

// Where a constant's bytes lie in the new file and in the base.
struct pair {
    size_t at, base, len;
};

static int by_place(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

static const struct tflite_tensor *same_tensor(const struct tflite_graph *base,
                                               const struct tflite_tensor *t, size_t i)
{
    // Usually the graph is the same; otherwise by name.
    for (size_t k = 0; k < base->tensors; k++) {
        const struct tflite_tensor *o = &base->tensor[(i + k) % base->tensors];
        if (o->data && o->bytes == t->bytes && o->type == t->type &&
            strcmp(o->name, t->name) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool add(struct segments *g, enum mote_delta_kind kind, size_t base, size_t len)
{
    if (g->count == MOTE_DELTA_SEGMENTS_MAX) {
        return false;
    }
    g->s[g->count++] = (struct mote_delta_segment){(uint8_t)kind, (uint32_t)base, (uint32_t)len};
    return true;
}

// Segments for the whole file: what lies between constants is given anew.
static bool line_up(const struct tflite_bytes *base, const struct tflite_bytes *m,
                    const struct pair *p, size_t count, struct segments *g)
{
    size_t at = 0;
    bool fits = true;
    for (size_t i = 0; i < count && fits; i++) {
        if (p[i].at < at) {
            continue; // two tensors share their bytes
        }
        if (p[i].at > at) {
            fits = add(g, MOTE_DELTA_LITERAL, 0, p[i].at - at);
        }
        bool equal = memcmp(m->data + p[i].at, base->data + p[i].base, p[i].len) == 0;
        fits = fits && add(g, equal ? MOTE_DELTA_COPY : MOTE_DELTA_RESIDUAL, p[i].base, p[i].len);
        at = p[i].at + p[i].len;
    }
    return fits && (at == m->len || add(g, MOTE_DELTA_LITERAL, 0, m->len - at));
}

static int tensor_segments(const struct tflite_bytes *base, const struct tflite_bytes *m,
                           struct segments *g, struct err *e)
{
    struct tflite_model from, to = {0};
    size_t count = 0;
    int rc = tflite_read(&from, base->data, base->len, e);
    rc = rc == OK ? tflite_read(&to, m->data, m->len, e) : rc;
    struct pair *p = rc == OK ? calloc(to.graph.tensors + 1, sizeof *p) : NULL;
    if (rc == OK && !p) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; rc == OK && i < to.graph.tensors; i++) {
        const struct tflite_tensor *t = &to.graph.tensor[i],
                                   *o = t->data ? same_tensor(&from.graph, t, i) : NULL;
        if (o) {
            p[count++] = (struct pair){(size_t)((const uint8_t *)t->data - m->data),
                                       (size_t)((const uint8_t *)o->data - base->data), t->bytes};
        }
    }
    if (count) {
        qsort(p, count, sizeof *p, by_place);
    }
    if (rc == OK && !line_up(base, m, p, count, g)) {
        g->count = 0; // too many pieces: then byte by byte
    }
    free(p);
    tflite_model_release(&to);
    tflite_model_release(&from);
    return rc;
}

static int read_bytes(void *ctx, uint32_t at, void *buf, uint32_t len)
{
    memcpy(buf, (const uint8_t *)ctx + at, len);
    return MOTE_OK;
}

// Applies the payload as a device does and compares.
static int check(const struct tflite_bytes *base, const struct tflite_bytes *m,
                 const uint8_t *payload, size_t len, struct err *e)
{
    struct mote_delta d;
    uint8_t piece[512];
    int status = mote_delta_open(&d, read_bytes, (void *)(uintptr_t)payload, (uint32_t)len,
                                 read_bytes, (void *)(uintptr_t)base->data, (uint32_t)base->len,
                                 (uint32_t)m->len);
    for (size_t at = 0; at < m->len && status == MOTE_OK; at += sizeof piece) {
        uint32_t n = (uint32_t)(m->len - at < sizeof piece ? m->len - at : sizeof piece);
        status = mote_delta_next(&d, piece, n);
        if (status == MOTE_OK && memcmp(piece, m->data + at, n) != 0) {
            status = MOTE_E_CORRUPT;
        }
    }
    return status == MOTE_OK
               ? OK
               : err_set(e, E_FORMAT, "delta: %s", mote_status_text(status));
}

int tflite_delta_build(const struct tflite_bytes *base, const struct tflite_bytes *m,
                       struct buf *out, struct err *e)
{
    struct segments *g = calloc(1, sizeof *g);
    size_t cap = 2 * m->len + 65536;
    uint8_t *a = malloc(cap), *b = malloc(cap), *c = malloc(cap);
    int rc = g && a && b && c ? tensor_segments(base, m, g, e) : err_set(e, E_MEM, "out of memory");
    if (rc == OK) {
        int by_tensor = g->count ? mote_delta_build(a, cap, base->data, base->len, m->data, m->len,
                                                    g->s, g->count)
                                 : MOTE_E_LIMIT;
        int by_byte = mote_delta_build(b, cap, base->data, base->len, m->data, m->len, NULL, 0);
        // A model with many zeros or few distinct weights codes well by itself, whatever is replaced.
        const struct mote_delta_segment all = {MOTE_DELTA_LITERAL, 0, (uint32_t)m->len};
        int anew = mote_delta_build(c, cap, base->data, base->len, m->data, m->len, &all, 1);
        if (anew > 0 && (by_byte <= 0 || anew < by_byte)) {
            memcpy(b, c, (size_t)anew);
            by_byte = anew;
        }
        bool tensor_wins = by_tensor > 0 && (by_byte <= 0 || by_tensor <= by_byte);
        const uint8_t *payload = tensor_wins ? a : b;
        int len = tensor_wins ? by_tensor : by_byte;
        rc = len > 0 ? check(base, m, payload, (size_t)len, e)
                     : err_set(e, E_FORMAT, "delta: %s", mote_status_text(len));
        if (rc == OK && buf_put(out, payload, (size_t)len) != OK) {
            rc = err_set(e, E_MEM, "out of memory");
        }
    }
    free(a);
    free(b);
    free(c);
    free(g);
    return rc;
}
