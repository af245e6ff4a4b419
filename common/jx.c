// Thin layer over jansson. See jx.h.
#include "common/jx.h"
#include "common/buf.h"
#include "common/err.h"

json_t *jx_parse(const char *text, size_t len, struct err *e)
{
    if (len > JX_MAX) {
        err_set(e, E_LIMIT, "JSON is larger than %zu bytes", JX_MAX);
        return NULL;
    }
    json_error_t je;
    json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
    if (!v) {
        err_set(e, E_FORMAT, "bad JSON at line %d column %d: %s", je.line, je.column, je.text);
    }
    return v;
}

static const json_t *member(const json_t *o, const char *key, struct err *e)
{
    const json_t *v = json_is_object(o) ? json_object_get(o, key) : NULL;
    if (!v) {
        err_set(e, E_FORMAT, "'%s' is missing", key);
    }
    return v;
}

int jx_get_str(const json_t *o, const char *key, size_t max, const char **out, struct err *e)
{
    const json_t *v = member(o, key, e);
    if (!v) {
        return e->code;
    }
    if (!json_is_string(v)) {
        return err_set(e, E_FORMAT, "'%s' is not a string", key);
    }
    if (json_string_length(v) > max || strlen(json_string_value(v)) != json_string_length(v)) {
        return err_set(e, E_LIMIT, "'%s' is longer than %zu bytes or holds a zero byte", key, max);
    }
    *out = json_string_value(v);
    return OK;
}

int jx_get_i64(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *out,
               struct err *e)
{
    const json_t *v = member(o, key, e);
    if (!v) {
        return e->code;
    }
    if (!json_is_integer(v)) {
        return err_set(e, E_FORMAT, "'%s' is not a whole number", key);
    }
    int64_t n = json_integer_value(v);
    if (n < lo || n > hi) {
        return err_set(e, E_LIMIT, "'%s' is outside %lld..%lld", key, (long long)lo, (long long)hi);
    }
    *out = n;
    return OK;
}

int jx_get_f64(const json_t *o, const char *key, double *out, struct err *e)
{
    const json_t *v = member(o, key, e);
    if (!v) {
        return e->code;
    }
    if (!json_is_number(v)) {
        return err_set(e, E_FORMAT, "'%s' is not a number", key);
    }
    *out = json_number_value(v);
    return OK;
}

int jx_get_bool(const json_t *o, const char *key, bool *out, struct err *e)
{
    const json_t *v = member(o, key, e);
    if (!v) {
        return e->code;
    }
    if (!json_is_boolean(v)) {
        return err_set(e, E_FORMAT, "'%s' is not true or false", key);
    }
    *out = json_is_true(v);
    return OK;
}

static int to_buf(const char *data, size_t len, void *out)
{
    return buf_put(out, data, len) ? -1 : 0;
}

int jx_write(const json_t *v, struct buf *out)
{
    return json_dump_callback(v, to_buf, out, JSON_COMPACT | JSON_ENCODE_ANY) ? E_LIMIT : OK;
}

void jx_print(json_t *v)
{
    json_dumpf(v, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    fputc('\n', stdout);
    json_decref(v);
}
