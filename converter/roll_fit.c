// Whether a device can take a release: the same questions that the device asks itself, asked before
// it is bothered.
#include "common/err.h"
#include "converter/roll_run.h"

// Whether the blank-separated list holds the word.
static bool has_word(const char *list, const char *word, size_t len)
{
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, len) == 0) {
            return true;
        }
        at += n;
        at += strspn(at, " ");
    }
    return false;
}

// The first operator of the manifest that the device has not linked; empty where it has all.
static struct mote_str missing_op(const struct mote_manifest *m, const char *ops)
{
    const char *end = m->ops.len ? m->ops.p + m->ops.len : NULL;
    for (const char *at = end ? m->ops.p : NULL; at < end;) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        size_t n = blank ? (size_t)(blank - at) : (size_t)(end - at);
        if (n && !has_word(ops, at, n)) {
            return (struct mote_str){at, n};
        }
        at += n + 1;
    }
    return (struct mote_str){"", 0};
}

static bool runs(const struct store_device *d, const uint8_t digest[MOTE_DIGEST_LEN])
{
    char text[HEX_DIGEST_TEXT];
    hex_encode(text, digest, MOTE_DIGEST_LEN);
    return strcmp(d->active_model, text) == 0;
}

void roll_fit(const struct mote_manifest *m, const struct store_device *d, const char *streams,
              char *reason, size_t cap)
{
    struct mote_str op = missing_op(m, d->ops);
    reason[0] = '\0';
    if (!d->hello_ms) {
        (void)snprintf(reason, cap, "has not said yet what it can do");
    } else if (d->device_class < (int64_t)m->min_class) {
        (void)snprintf(reason, cap, "capability class %lld, needs %u", (long long)d->device_class,
                       m->min_class);
    } else if (d->slot_bytes < (int64_t)m->size) {
        (void)snprintf(reason, cap, "slot of %lld bytes, needs %u", (long long)d->slot_bytes,
                       m->size);
    } else if (d->arena < (int64_t)m->arena) {
        (void)snprintf(reason, cap, "arena of %lld bytes, needs %u", (long long)d->arena, m->arena);
    } else if (op.len) {
        (void)snprintf(reason, cap, "lacks operator %.*s", (int)op.len, op.p);
    } else if (m->dsp_variant.len && !mote_str_is(m->dsp_variant, d->dsp_variant)) {
        (void)snprintf(reason, cap, "computes features as '%s', needs '%.*s'", d->dsp_variant,
                       (int)m->dsp_variant.len, m->dsp_variant.p);
    } else if (m->stream.len && !has_word(streams, m->stream.p, m->stream.len)) {
        (void)snprintf(reason, cap, "has no stream '%.*s'", (int)m->stream.len, m->stream.p);
    } else if (m->form != MOTE_FORM_WHOLE && !runs(d, m->base)) {
        (void)snprintf(reason, cap,
                       "runs another model than the one that the release differs from");
    } else if (mote_str_is(m->model, d->model) && d->active_seq > (int64_t)m->seq) {
        (void)snprintf(reason, cap, "runs the newer number %lld", (long long)d->active_seq);
    }
}
