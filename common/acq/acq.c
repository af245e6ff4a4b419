// What the acquisition formats share: values to a recording, signatures, which format it is.
#include <ctype.h>
#include <math.h>
#include <sodium.h>

#include "common/acq/acq_priv.h"
#include "common/err.h"
#include "common/hex.h"
#include "firmware/core/wire/mote_wire.h"

#define VALUES_MAX (ACQ_BYTES_MAX / 4)

int acq_values_add(struct acq_values *a, double v, struct err *e)
{
    if (!isfinite(v)) {
        return err_set(e, E_FORMAT, "value %zu is not a finite number", a->count);
    }
    if (a->count == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 1024;
        float *more = a->count >= VALUES_MAX ? NULL : reallocarray(a->v, cap, sizeof *more);
        if (!more) {
            return err_set(e, E_LIMIT, "more than %zu values", a->count);
        }
        a->v = more;
        a->cap = cap;
    }
    a->v[a->count++] = (float)v;
    return OK;
}

void acq_values_release(struct acq_values *a)
{
    free(a->v);
    *a = (struct acq_values){0};
}

// What the names begin with in common, in letters, digits and '_': accX, accY, accZ are stream "acc".
static void name_stream(struct acq *a, const struct acq_sensors *s)
{
    size_t len = strlen(s->name[0]), out = 0;
    for (size_t i = 1; i < s->count; i++) {
        size_t same = 0;
        while (same < len && s->name[i][same] == s->name[0][same]) {
            same++;
        }
        len = same;
    }
    for (size_t i = 0; i < len && out < MOTE_NAME_MAX; i++) {
        char c = (char)tolower((unsigned char)s->name[0][i]);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
            a->stream[out++] = c;
        }
    }
    while (out > 0 && a->stream[out - 1] == '_') {
        out--;
    }
    a->stream[out] = 0;
    if (strcmp(a->stream, "audio") == 0) {
        snprintf(a->stream, sizeof a->stream, "mic");
    } else if (out < 2 || strcmp(a->stream, "event") == 0 || strcmp(a->stream, "health") == 0 ||
               strcmp(a->stream, "reply") == 0) {
        snprintf(a->stream, sizeof a->stream, "data");
    }
}

static int fill(struct acq *a, const struct acq_sensors *s, unsigned type, size_t values,
                double interval_ms, struct err *e)
{
    if (s->count == 0 || values == 0 || values % s->count) {
        return err_set(e, E_FORMAT, "%zu values do not make rows of %zu sensors", values, s->count);
    }
    if (!(interval_ms >= 0) || interval_ms > 1e10) {
        return err_set(e, E_FORMAT, "interval_ms is out of range");
    }
    size_t at = 0;
    for (size_t i = 0; i < s->count && at < sizeof a->channel_names; i++) {
        at += (size_t)snprintf(a->channel_names + at, sizeof a->channel_names - at, "%s%s",
                               i ? "," : "", s->name[i]);
    }
    snprintf(a->units, sizeof a->units, "%s", strcmp(s->units[0], "N/A") == 0 ? "" : s->units[0]);
    name_stream(a, s);
    a->item = (struct ds_item){.path = "",
                               .name = "",
                               .group = "",
                               .stream = a->stream,
                               .units = a->units,
                               .channel_names = a->channel_names,
                               .type = type,
                               .channels = (unsigned)s->count,
                               .scale = 1.0f,
                               .interval_ns = (uint64_t)llround(interval_ms * 1e6),
                               .raw = a->raw,
                               .frames = values / s->count,
                               .first_of_file = true};
    return OK;
}

int acq_finish(struct acq *a, const struct acq_sensors *s, struct acq_values *v, double interval_ms,
               struct err *e)
{
    uint8_t *raw = (uint8_t *)v->v;
    for (size_t i = 0; i < v->count; i++) {
        float f = v->v[i];
        mote_putf(raw + 4 * i, f); // in place: the same bytes on a little-endian host
    }
    a->raw = raw;
    size_t count = v->count;
    *v = (struct acq_values){0};
    return fill(a, s, MOTE_F32, count, interval_ms, e);
}

// Types that a block does not have (u16, u32) widen: u16 to i32, u32 to float32.
int acq_finish_raw(struct acq *a, const struct acq_sensors *s, const uint8_t *tail, size_t len,
                   unsigned type, double interval_ms, struct err *e)
{
    static const size_t sizes[] = {1, 1, 2, 4, 4, 2, 4};
    static const unsigned becomes[] = {MOTE_U8,  MOTE_I8,  MOTE_I16, MOTE_I32,
                                       MOTE_F32, MOTE_I32, MOTE_F32};
    size_t values = len / sizes[type];
    if (len == 0 || len % sizes[type]) {
        return err_set(e, E_FORMAT, "%zu bytes of samples are not a whole number of them", len);
    }
    a->raw = malloc(values * mote_sample_size(becomes[type]));
    if (!a->raw) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < values && type > MOTE_F32; i++) {
        if (type == 5) {
            mote_put32(a->raw + 4 * i, mote_get16(tail + 2 * i));
        } else {
            mote_putf(a->raw + 4 * i, (float)mote_get32(tail + 4 * i));
        }
    }
    if (type <= MOTE_F32) {
        memcpy(a->raw, tail, len);
    }
    return fill(a, s, becomes[type], values, interval_ms, e);
}

int acq_binary_type(const char *text, size_t len)
{
    static const char *const types[] = {"u8",  "i8",  "i16", "i32",
                                        "f32", "u16", "u32"}; // the first are enum mote_sample_type
    while (len > 0 && text[len - 1] == ' ') {
        len--; // padding for alignment
    }
    if (len < 13 || strncasecmp(text, "Ref-BINARY-", 11) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (strlen(types[i]) == len - 11 && strncmp(text + 11, types[i], len - 11) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int acq_check_signature(const uint8_t *p, size_t len, size_t sig, const char *key, struct err *e)
{
    static const uint8_t zeros[ACQ_SIGNATURE] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    uint8_t given[32], digest[32];
    char text[ACQ_SIGNATURE + 1];
    crypto_auth_hmacsha256_state h;
    snprintf(text, sizeof text, "%.*s", ACQ_SIGNATURE, (const char *)p + sig);
    if (hex_decode(given, sizeof given, text)) {
        return err_set(e, E_AUTH, "the signature is not 64 hex digits");
    }
    crypto_auth_hmacsha256_init(&h, (const uint8_t *)key, strlen(key));
    crypto_auth_hmacsha256_update(&h, p, sig);
    crypto_auth_hmacsha256_update(&h, zeros, ACQ_SIGNATURE);
    crypto_auth_hmacsha256_update(&h, p + sig + ACQ_SIGNATURE, len - sig - ACQ_SIGNATURE);
    crypto_auth_hmacsha256_final(&h, digest);
    return sodium_memcmp(given, digest, sizeof digest) == 0
               ? OK
               : err_set(e, E_AUTH, "the signature does not fit");
}

int acq_read(struct acq *a, const uint8_t *p, size_t len, const char *key, struct err *e)
{
    size_t at = 0;
    if (len > ACQ_BYTES_MAX) {
        return err_set(e, E_LIMIT, "more than %zu bytes", ACQ_BYTES_MAX);
    }
    while (at < len && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r' || p[at] == '\n')) {
        at++;
    }
    if (at < len && p[at] == '{') {
        return acq_read_ei_json(a, p, len, key, e);
    }
    if (at < len && p[at] == '[') {
        return acq_read_senml_json(a, p, len, e);
    }
    // Major types of CBOR: maps are 0xa0 to 0xbf, arrays 0x80 to 0x9f.
    if (len > 0 && p[0] >= 0xa0 && p[0] <= 0xbf) {
        return acq_read_ei_cbor(a, p, len, key, e);
    }
    if (len > 0 && p[0] >= 0x80 && p[0] <= 0x9f) {
        return acq_read_senml_cbor(a, p, len, e);
    }
    return err_set(e, E_FORMAT, "neither an acquisition nor SenML, in JSON or CBOR");
}

void acq_release(struct acq *a)
{
    free(a->raw);
    *a = (struct acq){0};
}
