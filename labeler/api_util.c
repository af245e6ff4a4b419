// What the handlers share. See api.h.
#include "labeler/api.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_label.h"

int api_answer(struct lab_res *r, json_t *v, struct err *e)
{
    if (!v) {
        return err_set(e, E_MEM, "out of memory");
    }
    json_decref(r->json);
    r->json = v;
    return OK;
}

json_t *api_text(const char *text)
{
    json_t *v = json_string(text ? text : "");
    if (v) {
        return v;
    }
    char *copy = strdup(text);
    for (char *p = copy; p && *p; p++) {
        if ((unsigned char)*p >= 0x80) {
            *p = '?';
        }
    }
    v = json_string(copy ? copy : "");
    free(copy);
    return v;
}

json_t *api_embedded(const char *text)
{
    struct err unused = {0};
    json_t *v = text && *text ? jx_parse(text, strlen(text), &unused) : NULL;
    return v ? v : json_object();
}

json_t *api_time(int64_t ms)
{
    return ms ? json_integer(ms) : json_null();
}

json_t *api_words(const char *text)
{
    json_t *a = json_array();
    for (const char *p = text ? text : ""; *p;) {
        size_t len = strcspn(p, ",");
        if (len) {
            json_array_append_new(a, json_stringn(p, len));
        }
        p += len + (p[len] == ',');
    }
    return a;
}

static bool is_there(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v && !json_is_null(v);
}

int api_opt_str(const json_t *o, const char *key, size_t max, const char **out, struct err *e)
{
    return is_there(o, key) ? jx_get_str(o, key, max, out, e) : OK;
}

int api_opt_i64(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *out,
                struct err *e)
{
    return is_there(o, key) ? jx_get_i64(o, key, lo, hi, out, e) : OK;
}

int api_opt_f64(const json_t *o, const char *key, double *out, struct err *e)
{
    return is_there(o, key) ? jx_get_f64(o, key, out, e) : OK;
}

int api_opt_bool(const json_t *o, const char *key, bool *out, struct err *e)
{
    return is_there(o, key) ? jx_get_bool(o, key, out, e) : OK;
}

int api_check_label(const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len == 0 || !lab_text_ok(name, STORE_LABEL_MAX, false) || strchr(name, ',') ||
        name[0] == ' ' || name[len - 1] == ' ') {
        return err_set(e, E_FORMAT,
                       "a label's name has 1 to %d bytes, no comma, and no blank at its ends",
                       STORE_LABEL_MAX);
    }
    return OK;
}
