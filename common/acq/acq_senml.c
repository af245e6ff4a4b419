// SenML (RFC 8428), JSON and CBOR: a list of records whose base fields hold until they are replaced.
// Names become channels, times become frames: every channel needs a value at every time, and times that
// are apart by the same interval (to a tenth).
#include <math.h>

#include "common/acq/acq_priv.h"
#include "common/err.h"
#include "common/jx.h"
#include "firmware/core/wire/mote_cbor.h"

#define NAME_MAX_LEN 128

struct value {
    double t;
    float v;
    unsigned channel;
};

struct acq_senml {
    char bn[NAME_MAX_LEN], bu[32];
    double bt, bv;
    char name[ACQ_CHANNELS_MAX][NAME_MAX_LEN], unit[ACQ_CHANNELS_MAX][32];
    size_t channels;
    struct value *value;
    size_t count, cap;
};

struct acq_senml *acq_senml_new(void)
{
    return calloc(1, sizeof(struct acq_senml));
}

void acq_senml_free(struct acq_senml *s)
{
    if (s) {
        free(s->value);
        free(s);
    }
}

static int find_channel(struct acq_senml *s, const char *name, const char *unit, unsigned *channel,
                        struct err *e)
{
    for (size_t i = 0; i < s->channels; i++) {
        if (strcmp(s->name[i], name) == 0) {
            *channel = (unsigned)i;
            return OK;
        }
    }
    if (s->channels == ACQ_CHANNELS_MAX) {
        return err_set(e, E_LIMIT, "more than %d names", ACQ_CHANNELS_MAX);
    }
    *channel = (unsigned)s->channels;
    snprintf(s->name[s->channels], NAME_MAX_LEN, "%.127s", name); // checked to fit
    snprintf(s->unit[s->channels++], sizeof s->unit[0], "%s", unit);
    return OK;
}

static int add_value(struct acq_senml *s, double t, double v, unsigned channel, struct err *e)
{
    if (!isfinite(t) || !isfinite(v)) {
        return err_set(e, E_FORMAT, "a value or time is not finite");
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        void *more = cap > ACQ_BYTES_MAX / sizeof *s->value
                         ? NULL
                         : reallocarray(s->value, cap, sizeof *s->value);
        if (!more) {
            return err_set(e, E_LIMIT, "more than %zu values", s->count);
        }
        s->value = more;
        s->cap = cap;
    }
    s->value[s->count++] = (struct value){t, (float)v, channel};
    return OK;
}

int acq_senml_add(struct acq_senml *s, const struct acq_senml_record *r, struct err *e)
{
    char name[2 * NAME_MAX_LEN], unit[32];
    unsigned channel = 0;
    if (r->bn) {
        snprintf(s->bn, sizeof s->bn, "%.*s",
                 (int)(r->bn_len < NAME_MAX_LEN ? r->bn_len : NAME_MAX_LEN - 1), r->bn);
    }
    if (r->bu) {
        snprintf(s->bu, sizeof s->bu, "%.*s", (int)(r->bu_len < 32 ? r->bu_len : 31), r->bu);
    }
    s->bt = r->has_bt ? r->bt : s->bt;
    s->bv = r->has_bv ? r->bv : s->bv;
    if (!r->has_v && !r->has_bv) {
        return OK; // a record of base fields, or of a string or flag, which is no sample
    }
    int n = snprintf(name, sizeof name, "%s%.*s", s->bn,
                     (int)(r->n_len < NAME_MAX_LEN ? r->n_len : NAME_MAX_LEN), r->n ? r->n : "");
    if (n <= 0 || n >= NAME_MAX_LEN || strchr(name, ',')) {
        return err_set(e, E_FORMAT, "a record has no usable name");
    }
    snprintf(unit, sizeof unit, "%.*s", r->u ? (int)(r->u_len < 32 ? r->u_len : 31) : 31,
             r->u ? r->u : s->bu);
    int rc = find_channel(s, name, unit, &channel, e);
    return rc ? rc
              : add_value(s, s->bt + (r->has_t ? r->t : 0), s->bv + (r->has_v ? r->v : 0), channel,
                          e);
}

// By time, then channel; the order of arrival does not matter.
static int compare_values(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    return x->t < y->t               ? -1
           : x->t > y->t             ? 1
           : x->channel < y->channel ? -1
                                     : x->channel > y->channel;
}

static int make_frames(struct acq_senml *s, struct acq_values *v, double *interval_ms,
                       struct err *e)
{
    size_t frames = s->count / s->channels;
    qsort(s->value, s->count, sizeof *s->value, compare_values);
    for (size_t i = 0; i < s->count; i++) {
        size_t first = i / s->channels * s->channels;
        if (s->value[i].channel != i % s->channels ||
            fabs(s->value[i].t - s->value[first].t) > 1e-9 || s->count % s->channels) {
            return err_set(e, E_FORMAT, "'%.64s' has no value at a time when others have",
                           s->name[i % s->channels]);
        }
        int rc = acq_values_add(v, (double)s->value[i].v, e);
        if (rc) {
            return rc;
        }
    }
    double mean =
        frames > 1 ? (s->value[s->count - 1].t - s->value[0].t) / (double)(frames - 1) : 0;
    for (size_t i = 1; i < frames; i++) {
        double step = s->value[i * s->channels].t - s->value[(i - 1) * s->channels].t;
        if (step <= 0 || fabs(step - mean) > 0.1 * mean) {
            return err_set(e, E_FORMAT, "times are not evenly apart (frame %zu)", i);
        }
    }
    *interval_ms = mean * 1000;
    return OK;
}

// The part of the names that is the same up to the last of ':' and '/' is the device.
static void name_sensors(struct acq_senml *s, struct acq *a, struct acq_sensors *out)
{
    size_t cut = 0;
    for (size_t k = 0; s->name[0][k]; k++) {
        bool same = true;
        for (size_t i = 1; i < s->channels && same; i++) {
            same = strncmp(s->name[i], s->name[0], k + 1) == 0;
        }
        if (same && (s->name[0][k] == ':' || s->name[0][k] == '/') && s->name[0][k + 1]) {
            cut = k + 1;
        }
    }
    snprintf(a->device, sizeof a->device, "%.*s", (int)(cut ? cut - 1 : 0), s->name[0]);
    out->count = s->channels;
    for (size_t i = 0; i < s->channels; i++) {
        snprintf(out->name[i], sizeof out->name[i], "%.63s", s->name[i] + cut);
        snprintf(out->units[i], sizeof out->units[i], "%s", s->unit[i]);
    }
}

int acq_senml_finish(struct acq_senml *s, struct acq *a, struct err *e)
{
    struct acq_values v = {0};
    struct acq_sensors sensors = {.count = 0};
    double interval_ms = 0;
    if (s->count == 0) {
        return err_set(e, E_FORMAT, "the pack holds no numbers");
    }
    int rc = make_frames(s, &v, &interval_ms, e);
    if (!rc) {
        name_sensors(s, a, &sensors);
        rc = acq_finish(a, &sensors, &v, interval_ms, e);
    }
    acq_values_release(&v);
    return rc;
}

// --- JSON ----------------------------------------------------------------------------------------------

static bool json_number_of(const json_t *o, const char *key, double *out)
{
    const json_t *v = json_object_get(o, key);
    *out = json_is_number(v) ? json_number_value(v) : 0;
    return json_is_number(v);
}

static const char *json_text_of(const json_t *o, const char *key, size_t *len)
{
    const json_t *v = json_object_get(o, key);
    *len = json_string_length(v);
    return json_string_value(v);
}

static int json_record(struct acq_senml *s, json_t *o, struct err *e)
{
    struct acq_senml_record r = {0};
    const char *key;
    json_t *value;
    if (!json_is_object(o)) {
        return err_set(e, E_FORMAT, "a record is not an object");
    }
    json_object_foreach(o, key, value)
    {
        size_t len = strlen(key);
        if (len > 0 && key[len - 1] == '_') { // RFC 8428, section 4.4: must be understood
            return err_set(e, E_FORMAT, "label '%.32s' is not understood", key);
        }
    }
    double version;
    if (json_number_of(o, "bver", &version) && version > 10) {
        return err_set(e, E_FORMAT, "SenML version %g is not known", version);
    }
    r.bn = json_text_of(o, "bn", &r.bn_len);
    r.bu = json_text_of(o, "bu", &r.bu_len);
    r.n = json_text_of(o, "n", &r.n_len);
    r.u = json_text_of(o, "u", &r.u_len);
    r.has_bt = json_number_of(o, "bt", &r.bt);
    r.has_bv = json_number_of(o, "bv", &r.bv);
    r.has_v = json_number_of(o, "v", &r.v);
    r.has_t = json_number_of(o, "t", &r.t);
    return acq_senml_add(s, &r, e);
}

int acq_read_senml_json(struct acq *a, const uint8_t *p, size_t len, struct err *e)
{
    *a = (struct acq){0};
    json_t *root = jx_parse((const char *)p, len, e);
    struct acq_senml *s = acq_senml_new();
    int rc = !root                 ? e->code
             : !s                  ? err_set(e, E_MEM, "out of memory")
             : json_is_array(root) ? OK
                                   : err_set(e, E_FORMAT, "not a list of records");
    for (size_t i = 0; !rc && i < json_array_size(root); i++) {
        rc = json_record(s, json_array_get(root, i), e);
    }
    if (!rc) {
        rc = acq_senml_finish(s, a, e);
    }
    acq_senml_free(s);
    json_decref(root);
    if (rc) {
        acq_release(a);
    }
    return rc;
}

// --- CBOR ------------------------------------------------------------------------------------------------

static double cbor_number(struct mote_cbor_reader *r)
{
    double v = 0;
    int64_t i = 0;
    enum mote_cbor_type t = mote_cbor_peek(r);
    if (t == MOTE_CBOR_UINT || t == MOTE_CBOR_NINT) {
        mote_cbor_get_int(r, &i);
        return (double)i;
    }
    mote_cbor_get_double(r, &v);
    return v;
}

enum {
    L_BVER = -1,
    L_BN = -2,
    L_BT = -3,
    L_BU = -4,
    L_BV = -5,
    L_N = 0,
    L_U = 1,
    L_V = 2,
    L_T = 6
};

static void cbor_field(struct mote_cbor_reader *r, int64_t label, struct acq_senml_record *out)
{
    switch (label) {
    case L_BVER:
        if (cbor_number(r) > 10) {
            mote_cbor_fail(r, MOTE_E_UNSUPPORTED);
        }
        break;
    case L_BN:
        mote_cbor_get_text(r, &out->bn, &out->bn_len);
        break;
    case L_BU:
        mote_cbor_get_text(r, &out->bu, &out->bu_len);
        break;
    case L_N:
        mote_cbor_get_text(r, &out->n, &out->n_len);
        break;
    case L_U:
        mote_cbor_get_text(r, &out->u, &out->u_len);
        break;
    case L_BT:
        out->bt = cbor_number(r);
        out->has_bt = true;
        break;
    case L_BV:
        out->bv = cbor_number(r);
        out->has_bv = true;
        break;
    case L_V:
        out->v = cbor_number(r);
        out->has_v = true;
        break;
    case L_T:
        out->t = cbor_number(r);
        out->has_t = true;
        break;
    default:
        mote_cbor_skip(r);
    }
}

static int cbor_record(struct mote_cbor_reader *r, struct acq_senml *s, struct err *e)
{
    struct acq_senml_record rec = {0};
    size_t pairs = 0, len;
    const char *text;
    mote_cbor_get_map(r, &pairs);
    for (size_t i = 0; i < pairs && r->status == MOTE_OK; i++) {
        int64_t label = 0;
        if (mote_cbor_peek(r) == MOTE_CBOR_TEXT) { // a label without a number
            if (mote_cbor_get_text(r, &text, &len) == MOTE_OK && len > 0 && text[len - 1] == '_') {
                return err_set(e, E_FORMAT, "label '%.*s' is not understood",
                               (int)(len < 32 ? len : 32), text);
            }
            mote_cbor_skip(r);
        } else if (mote_cbor_get_int(r, &label) == MOTE_OK) {
            cbor_field(r, label, &rec);
        }
    }
    return r->status == MOTE_OK ? acq_senml_add(s, &rec, e) : OK;
}

int acq_read_senml_cbor(struct acq *a, const uint8_t *p, size_t len, struct err *e)
{
    struct mote_cbor_reader r;
    size_t count = 0;
    *a = (struct acq){0};
    mote_cbor_reader_init(&r, p, len);
    r.lenient = true;
    struct acq_senml *s = acq_senml_new();
    int rc = s ? OK : err_set(e, E_MEM, "out of memory");
    mote_cbor_get_array(&r, &count);
    for (size_t i = 0; i < count && !rc && r.status == MOTE_OK; i++) {
        rc = cbor_record(&r, s, e);
    }
    if (!rc && mote_cbor_end(&r) != MOTE_OK) {
        rc = err_set(e, E_FORMAT, "not SenML in CBOR (at byte %zu)", (size_t)(r.p - p));
    }
    if (!rc) {
        rc = acq_senml_finish(s, a, e);
    }
    acq_senml_free(s);
    if (rc) {
        acq_release(a);
    }
    return rc;
}
