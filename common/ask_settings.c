// Recording rates and triggers, from JSON to the wire's struct. See ask_settings.h.
#include "common/ask_settings.h"

#include <math.h>

#include "common/err.h"
#include "common/jx.h"
#include "common/parse.h"

#define HZ_MIN 0.001
#define HZ_MAX 1e6

static int get_name(const json_t *o, const char *key, bool needed, struct mote_str *out,
                    struct err *e)
{
    const char *text = "";
    *out = (struct mote_str){.p = "", .len = 0};
    if (!needed && !json_object_get(o, key)) {
        return OK;
    }
    int rc = jx_get_str(o, key, MOTE_NAME_MAX, &text, e);
    if (!rc) {
        *out = (struct mote_str){.p = text, .len = strlen(text)};
    }
    return rc || out->len || !needed ? rc : err_set(e, E_USAGE, "'%s' is empty", key);
}

static int read_rate(const json_t *o, struct mote_rate *r, struct err *e)
{
    double hz = 0;
    int rc = get_name(o, "stream", true, &r->stream, e);
    rc = rc ? rc : jx_get_f64(o, "hz", &hz, e);
    if (rc == OK && !(hz >= HZ_MIN && hz <= HZ_MAX)) {
        rc = err_set(e, E_USAGE, "'hz' is %g to %g", HZ_MIN, HZ_MAX);
    }
    r->interval_ns = rc ? 0 : (uint64_t)llround(1e9 / hz);
    return rc;
}

static int get_ms(const json_t *o, const char *key, double lo, double hi, uint64_t *ms,
                  struct err *e)
{
    double seconds = 0;
    int rc = jx_get_f64(o, key, &seconds, e);
    if (rc == OK && !(seconds >= lo && seconds <= hi)) {
        rc = err_set(e, E_USAGE, "'%s' is %g to %g", key, lo, hi);
    }
    *ms = rc ? 0 : (uint64_t)llround(seconds * 1000);
    return rc;
}

static int read_trigger(const json_t *o, struct mote_trigger *t, struct err *e)
{
    const char *kind = "";
    double over = 0;
    int rc = jx_get_str(o, "kind", 16, &kind, e);
    if (rc == OK && strcmp(kind, "level") != 0 && strcmp(kind, "class") != 0) {
        rc = err_set(e, E_USAGE, "'kind' is \"level\" or \"class\"");
    }
    t->kind = strcmp(kind, "class") == 0 ? MOTE_TRIGGER_CLASS : MOTE_TRIGGER_LEVEL;
    rc = rc ? rc : get_name(o, "stream", t->kind == MOTE_TRIGGER_LEVEL, &t->stream, e);
    rc = rc ? rc : get_name(o, "class", t->kind == MOTE_TRIGGER_CLASS, &t->when, e);
    rc = rc ? rc : get_name(o, "label", false, &t->label, e);
    rc = rc ? rc : jx_get_f64(o, "over", &over, e);
    rc = rc ? rc : get_ms(o, "seconds", 0.001, 3600, &t->duration_ms, e);
    if (rc == OK && json_object_get(o, "gap_seconds")) {
        rc = get_ms(o, "gap_seconds", 0, 4000000, &t->gap_ms, e);
    }
    t->threshold = (float)over;
    return rc;
}

typedef int (*element_fn)(const json_t *o, struct mote_device_config *c, size_t i, struct err *e);

static int rate_at(const json_t *o, struct mote_device_config *c, size_t i, struct err *e)
{
    return read_rate(o, &c->rate[i], e);
}

static int trigger_at(const json_t *o, struct mote_device_config *c, size_t i, struct err *e)
{
    return read_trigger(o, &c->trigger[i], e);
}

static int read_list(const json_t *settings, const char *key, size_t max, element_fn fn,
                     struct mote_device_config *c, size_t *count, struct err *e)
{
    const json_t *list = json_object_get(settings, key);
    *count = json_array_size(list);
    if (list && !json_is_array(list)) {
        return err_set(e, E_USAGE, "'%s' is not a list", key);
    }
    if (*count > max) {
        return err_set(e, E_LIMIT, "at most %zu %s", max, key);
    }
    int rc = OK;
    for (size_t i = 0; i < *count && !rc; i++) {
        rc = fn(json_array_get(list, i), c, i, e);
        rc = rc == E_FORMAT || rc == E_LIMIT ? (e->code = E_USAGE) : rc;
    }
    return rc ? err_wrap(e, "%s", key) : OK;
}

int ask_settings_read(const json_t *settings, struct mote_device_config *c, struct err *e)
{
    if (settings && !json_is_object(settings)) {
        return err_set(e, E_USAGE, "settings are not an object");
    }
    int rc = read_list(settings, "rates", MOTE_CONFIG_RATES, rate_at, c, &c->rates, e);
    return rc ? rc
              : read_list(settings, "triggers", MOTE_CONFIG_TRIGGERS, trigger_at, c, &c->triggers,
                          e);
}

// --- words -----------------------------------------------------------------------------------------

// Cuts a word at a sign: the name before it and the number behind it.
static int cut(const char *word, char sign, char name[64], double *number, struct err *e)
{
    const char *at = strchr(word, sign);
    size_t len = at ? (size_t)(at - word) : 0;
    if (!at || len == 0 || len >= 64 || parse_f64(at + 1, -1e30, 1e30, number)) {
        return err_set(e, E_USAGE, "'%.80s' is not NAME%cNUMBER", word, sign);
    }
    memcpy(name, word, len);
    name[len] = 0;
    return OK;
}

static int append(json_t *list, json_t *item, struct err *e)
{
    return item && json_array_append_new(list, item) == 0
               ? OK
               : err_set(e, E_USAGE, "a name is not UTF-8");
}

int ask_rate_word(json_t *rates, const char *word, struct err *e)
{
    char name[64];
    double hz = 0;
    int rc = cut(word, '=', name, &hz, e);
    return rc ? rc : append(rates, json_pack("{s:s,s:f}", "stream", name, "hz", hz), e);
}

int ask_trigger_word(json_t *triggers, const char *word, const char *label, int64_t duration_ms,
                     int64_t gap_ms, struct err *e)
{
    char name[64];
    double over = 0;
    bool is_class = strncmp(word, "class:", 6) == 0;
    int rc = cut(is_class ? word + 6 : word, '>', name, &over, e);
    return rc ? rc
              : append(triggers,
                       json_pack("{s:s,s:s,s:f,s:s,s:f,s:f}", "kind", is_class ? "class" : "level",
                                 is_class ? "class" : "stream", name, "over", over, "label", label,
                                 "seconds", (double)duration_ms / 1000, "gap_seconds",
                                 (double)gap_ms / 1000),
                       e);
}
