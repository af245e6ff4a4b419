// Edge Impulse data acquisition, JSON and CBOR: a map of protected, signature, payload. The signature is
// HMAC-SHA256 over the received bytes with 64 zeros in its place, so it is checked on those and never on
// a re-encoding. In CBOR `values` may be an array of indefinite length; where its only value is the text
// "Ref-BINARY-i16" (or another type), raw little-endian samples of one sensor follow behind the map.
#include "common/acq/acq_priv.h"
#include "common/err.h"
#include "common/jx.h"
#include "firmware/core/wire/mote_cbor.h"

// --- JSON ----------------------------------------------------------------------------------------------

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static int json_sensors(const json_t *payload, struct acq_sensors *s, struct err *e)
{
    const json_t *list = json_object_get(payload, "sensors");
    s->count = json_array_size(list);
    if (s->count == 0 || s->count > ACQ_CHANNELS_MAX) {
        return err_set(e, E_FORMAT, "payload.sensors has not 1 to %d entries", ACQ_CHANNELS_MAX);
    }
    for (size_t i = 0; i < s->count; i++) {
        const json_t *o = json_array_get(list, i);
        if (!*text_of(o, "name") || strchr(text_of(o, "name"), ',')) {
            return err_set(e, E_FORMAT, "payload.sensors[%zu] has no usable name", i);
        }
        snprintf(s->name[i], sizeof s->name[i], "%s", text_of(o, "name"));
        snprintf(s->units[i], sizeof s->units[i], "%s", text_of(o, "units"));
    }
    return OK;
}

static int json_row(const json_t *row, size_t n, size_t sensors, struct acq_values *v,
                    struct err *e)
{
    if (json_is_number(row) && sensors == 1) {
        return acq_values_add(v, json_number_value(row), e);
    }
    if (json_array_size(row) != sensors) {
        return err_set(e, E_FORMAT, "payload.values[%zu] has not %zu numbers", n, sensors);
    }
    for (size_t i = 0; i < sensors; i++) {
        const json_t *value = json_array_get(row, i);
        if (!json_is_number(value)) {
            return err_set(e, E_FORMAT, "payload.values[%zu][%zu] is not a number", n, i);
        }
        int rc = acq_values_add(v, json_number_value(value), e);
        if (rc) {
            return rc;
        }
    }
    return OK;
}

static int json_signature(struct acq *a, const json_t *root, const uint8_t *p, size_t len,
                          const char *key, struct err *e)
{
    const char *alg = text_of(json_object_get(root, "protected"), "alg"),
               *sig = text_of(root, "signature");
    if (strcmp(alg, "none") == 0 || !key) {
        return OK;
    }
    if (strcmp(alg, "HS256") != 0 || strlen(sig) != ACQ_SIGNATURE) {
        return err_set(e, E_AUTH, "protected.alg is '%.16s': HS256 with 64 digits, or none", alg);
    }
    const uint8_t *name = memmem(p, len, "\"signature\"", 11);
    const uint8_t *at = name ? memmem(name, (size_t)(p + len - name), sig, ACQ_SIGNATURE) : NULL;
    if (!at) {
        return err_set(e, E_AUTH, "the signature is not written as plain digits");
    }
    int rc = acq_check_signature(p, len, (size_t)(at - p), key, e);
    a->is_signed = rc == OK;
    return rc;
}

static int json_payload(struct acq *a, const json_t *root, struct err *e)
{
    const json_t *payload = json_object_get(root, "payload"),
                 *values = json_object_get(payload, "values");
    struct acq_sensors s = {.count = 0};
    struct acq_values v = {0};
    if (strcmp(text_of(json_object_get(root, "protected"), "ver"), "v1") != 0) {
        return err_set(e, E_FORMAT, "protected.ver is not v1");
    }
    if (!json_is_number(json_object_get(payload, "interval_ms")) || !json_is_array(values)) {
        return err_set(e, E_FORMAT, "payload has no interval_ms or no values");
    }
    snprintf(a->device, sizeof a->device, "%s", text_of(payload, "device_name"));
    snprintf(a->device_type, sizeof a->device_type, "%s", text_of(payload, "device_type"));
    int rc = json_sensors(payload, &s, e);
    for (size_t i = 0; !rc && i < json_array_size(values); i++) {
        rc = json_row(json_array_get(values, i), i, s.count, &v, e);
    }
    if (!rc) {
        rc = acq_finish(a, &s, &v, json_number_value(json_object_get(payload, "interval_ms")), e);
    }
    acq_values_release(&v);
    return rc;
}

int acq_read_ei_json(struct acq *a, const uint8_t *p, size_t len, const char *key, struct err *e)
{
    *a = (struct acq){0};
    json_t *root = jx_parse((const char *)p, len, e);
    if (!root) {
        return e->code;
    }
    int rc = json_signature(a, root, p, len, key, e);
    if (!rc) {
        rc = json_payload(a, root, e);
    }
    json_decref(root);
    if (rc) {
        acq_release(a);
    }
    return rc;
}

// --- CBOR ------------------------------------------------------------------------------------------------

struct ei_cbor {
    struct mote_cbor_reader r;
    const uint8_t *start;
    struct acq *a;
    struct err *e;
    struct acq_sensors sensors;
    struct acq_values values;
    double interval_ms;
    bool has_version, has_values, has_interval;
    char alg[16];
    size_t signature; // where it starts; 0: none of 64 characters
    int binary;       // type of a binary tail; -1: none
};

static bool is_key(const char *p, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(p, name, len) == 0;
}

static void take_text(struct mote_cbor_reader *r, char *out, size_t cap)
{
    const char *p = NULL;
    size_t len = 0;
    mote_cbor_get_text(r, &p, &len);
    snprintf(out, cap, "%.*s", (int)(len < cap ? len : cap - 1), len ? p : "");
}

static double take_number(struct mote_cbor_reader *r)
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

static void read_protected(struct ei_cbor *c)
{
    size_t pairs = 0, len;
    const char *key;
    char version[8];
    mote_cbor_get_map(&c->r, &pairs);
    for (size_t i = 0; i < pairs && !mote_cbor_get_text(&c->r, &key, &len); i++) {
        if (is_key(key, len, "ver")) {
            take_text(&c->r, version, sizeof version);
            c->has_version = strcmp(version, "v1") == 0;
        } else if (is_key(key, len, "alg")) {
            take_text(&c->r, c->alg, sizeof c->alg);
        } else {
            mote_cbor_skip(&c->r);
        }
    }
}

static void read_sensors(struct ei_cbor *c)
{
    size_t count = 0, pairs = 0, len;
    const char *key;
    mote_cbor_get_array(&c->r, &count);
    if (count > ACQ_CHANNELS_MAX) {
        mote_cbor_fail(&c->r, MOTE_E_LIMIT);
        return;
    }
    for (size_t i = 0; i < count && !mote_cbor_get_map(&c->r, &pairs); i++) {
        for (size_t k = 0; k < pairs && !mote_cbor_get_text(&c->r, &key, &len); k++) {
            if (is_key(key, len, "name")) {
                take_text(&c->r, c->sensors.name[i], sizeof c->sensors.name[i]);
            } else if (is_key(key, len, "units")) {
                take_text(&c->r, c->sensors.units[i], sizeof c->sensors.units[i]);
            } else {
                mote_cbor_skip(&c->r);
            }
        }
        if (!c->sensors.name[i][0] || strchr(c->sensors.name[i], ',')) {
            mote_cbor_fail(&c->r, MOTE_E_FORMAT);
        }
    }
    c->sensors.count = count;
}

// One row, a single number of one sensor, or the word that announces a binary tail.
static int read_row(struct ei_cbor *c)
{
    enum mote_cbor_type t = mote_cbor_peek(&c->r);
    size_t count = 1, len;
    const char *text;
    if (t == MOTE_CBOR_TEXT) {
        if (mote_cbor_get_text(&c->r, &text, &len) == MOTE_OK) {
            c->binary = acq_binary_type(text, len);
        }
        return c->binary < 0
                   ? err_set(c->e, E_FORMAT, "a value is text, but not the mark of binary samples")
                   : OK;
    }
    if (t == MOTE_CBOR_ARRAY) {
        mote_cbor_get_array(&c->r, &count);
    }
    for (size_t i = 0; i < count && c->r.status == MOTE_OK; i++) {
        double v = take_number(&c->r);
        int rc = c->r.status == MOTE_OK ? acq_values_add(&c->values, v, c->e) : OK;
        if (rc) {
            return rc;
        }
    }
    return OK;
}

static int read_values(struct ei_cbor *c)
{
    struct mote_cbor_reader *r = &c->r;
    size_t count = 0;
    int rc = OK;
    c->has_values = true;
    if (r->p < r->end && *r->p == 0x9f) { // indefinite length: until 0xff
        r->p++;
        while (!rc && r->status == MOTE_OK && r->p < r->end && *r->p != 0xff) {
            rc = read_row(c);
        }
        if (!rc && (r->p >= r->end || r->status != MOTE_OK)) {
            mote_cbor_fail(r, MOTE_E_FORMAT);
            return OK;
        }
        r->p++;
        return rc;
    }
    mote_cbor_get_array(r, &count);
    for (size_t i = 0; i < count && !rc && r->status == MOTE_OK; i++) {
        rc = read_row(c);
    }
    return rc;
}

static int read_payload(struct ei_cbor *c)
{
    size_t pairs = 0, len;
    const char *key;
    int rc = OK;
    mote_cbor_get_map(&c->r, &pairs);
    for (size_t i = 0; i < pairs && !rc && !mote_cbor_get_text(&c->r, &key, &len); i++) {
        if (is_key(key, len, "device_name")) {
            take_text(&c->r, c->a->device, sizeof c->a->device);
        } else if (is_key(key, len, "device_type")) {
            take_text(&c->r, c->a->device_type, sizeof c->a->device_type);
        } else if (is_key(key, len, "interval_ms")) {
            c->interval_ms = take_number(&c->r);
            c->has_interval = true;
        } else if (is_key(key, len, "sensors")) {
            read_sensors(c);
        } else if (is_key(key, len, "values")) {
            rc = read_values(c);
        } else {
            mote_cbor_skip(&c->r);
        }
    }
    return rc;
}

static int read_root(struct ei_cbor *c)
{
    size_t pairs = 0, len, sig_len = 0;
    const char *key, *sig;
    int rc = OK;
    mote_cbor_get_map(&c->r, &pairs);
    for (size_t i = 0; i < pairs && !rc && !mote_cbor_get_text(&c->r, &key, &len); i++) {
        if (is_key(key, len, "protected")) {
            read_protected(c);
        } else if (is_key(key, len, "signature")) {
            if (mote_cbor_get_text(&c->r, &sig, &sig_len) == MOTE_OK && sig_len == ACQ_SIGNATURE) {
                c->signature = (size_t)((const uint8_t *)sig - c->start);
            }
        } else if (is_key(key, len, "payload")) {
            rc = read_payload(c);
        } else {
            mote_cbor_skip(&c->r);
        }
    }
    return rc;
}

static int finish_cbor(struct ei_cbor *c, size_t len, const char *key)
{
    size_t used = (size_t)(c->r.p - c->start);
    if (c->r.status != MOTE_OK || !c->has_version || !c->has_values || !c->has_interval) {
        return err_set(c->e, E_FORMAT, "not an acquisition in CBOR (at byte %zu)", used);
    }
    if (key && strcmp(c->alg, "none") != 0) {
        int rc = strcmp(c->alg, "HS256") != 0 || !c->signature
                     ? err_set(c->e, E_AUTH, "it is signed by '%s'", c->alg)
                     : acq_check_signature(c->start, len, c->signature, key, c->e);
        if (rc) {
            return rc;
        }
        c->a->is_signed = true;
    }
    if (c->binary >= 0) {
        if (c->sensors.count != 1 || c->values.count) {
            return err_set(c->e, E_FORMAT, "binary samples are of one sensor and the only values");
        }
        return acq_finish_raw(c->a, &c->sensors, c->start + used, len - used, (unsigned)c->binary,
                              c->interval_ms, c->e);
    }
    if (used != len) {
        return err_set(c->e, E_FORMAT, "%zu bytes behind the acquisition", len - used);
    }
    return acq_finish(c->a, &c->sensors, &c->values, c->interval_ms, c->e);
}

int acq_read_ei_cbor(struct acq *a, const uint8_t *p, size_t len, const char *key, struct err *e)
{
    *a = (struct acq){0};
    struct ei_cbor *c = calloc(1, sizeof *c);
    if (!c) {
        return err_set(e, E_MEM, "out of memory");
    }
    c->start = p;
    c->a = a;
    c->e = e;
    c->binary = -1;
    mote_cbor_reader_init(&c->r, p, len);
    c->r.lenient = true;
    int rc = read_root(c);
    if (!rc) {
        rc = finish_cbor(c, len, key);
    }
    acq_values_release(&c->values);
    free(c);
    if (rc) {
        acq_release(a);
    }
    return rc;
}
