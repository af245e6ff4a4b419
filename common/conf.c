// Sectioned "key = value" text. See conf.h.
#include "common/conf.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/parse.h"

#include <ctype.h>
#include <stdarg.h>

static char *trim(char *s)
{
    while (isspace((unsigned char)*s)) {
        s++;
    }
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1])) {
        *--end = 0;
    }
    return s;
}

// A comment starts at '#' at the start of the line or behind white space, so that values may hold one.
static void cut_comment(char *s)
{
    for (char *p = s; *p; p++) {
        if (*p == '#' && (p == s || isspace((unsigned char)p[-1]))) {
            *p = 0;
            return;
        }
    }
}

static int add(struct conf *c, const char *section, char *key, char *value, int line)
{
    struct conf_entry *grown = realloc(c->entry, (c->count + 1) * sizeof(*grown));
    if (!grown) {
        return E_MEM;
    }
    c->entry = grown;
    c->entry[c->count++] =
        (struct conf_entry){.section = section, .key = key, .value = value, .line = line};
    return OK;
}

int conf_parse(struct conf *c, const char *name, const char *text, size_t len, struct err *e)
{
    *c = (struct conf){.name = strdup(name), .text = malloc(len + 1)};
    if (!c->name || !c->text) {
        conf_release(c);
        return err_set(e, E_MEM, "out of memory");
    }
    memcpy(c->text, text, len);
    c->text[len] = 0;
    if (len > CONF_MAX_BYTES || strlen(c->text) != len) {
        conf_release(c);
        return err_set(e, E_FORMAT, "%s: too large, or holds a zero byte", name);
    }
    const char *section = "";
    int line = 0;
    int rc = OK;
    for (char *next, *p = c->text; p && *p && rc == OK; p = next) {
        next = strchr(p, '\n');
        if (next) {
            *next++ = 0;
        }
        line++;
        cut_comment(p);
        char *s = trim(p);
        if (*s == 0) {
            continue;
        }
        if (*s == '[') {
            char *end = strchr(s, ']');
            if (!end || end[1]) {
                rc = err_set(e, E_FORMAT, "%s:%d: a heading is '[name]'", name, line);
                break;
            }
            *end = 0;
            section = trim(s + 1);
            continue;
        }
        char *equals = strchr(s, '=');
        if (!equals || equals == s) {
            rc = err_set(e, E_FORMAT, "%s:%d: expected 'key = value'", name, line);
            break;
        }
        *equals = 0;
        rc = add(c, section, trim(s), trim(equals + 1), line);
        if (rc) {
            err_set(e, rc, "out of memory");
        }
    }
    if (rc) {
        conf_release(c);
    }
    return rc;
}

int conf_load(struct conf *c, const char *path, struct err *e)
{
    struct buf b = {0};
    *c = (struct conf){0};
    int rc = io_read_file(path, CONF_MAX_BYTES, &b, e);
    if (rc == OK) {
        const char *slash = strrchr(path, '/');
        rc = conf_parse(c, slash ? slash + 1 : path, b.data ? b.data : "", b.len, e);
    }
    buf_release(&b);
    return rc;
}

void conf_release(struct conf *c)
{
    free(c->entry);
    free(c->name);
    free(c->text);
    *c = (struct conf){0};
}

const struct conf_entry *conf_find(struct conf *c, const char *section, const char *key)
{
    struct conf_entry *found = NULL;
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->entry[i].section, section) == 0 && strcmp(c->entry[i].key, key) == 0) {
            found = &c->entry[i];
            found->used = true;
        }
    }
    return found;
}

const char *conf_str(struct conf *c, const char *section, const char *key, const char *fallback)
{
    const struct conf_entry *entry = conf_find(c, section, key);
    return entry ? entry->value : fallback;
}

int conf_bad(const struct conf *c, const struct conf_entry *entry, struct err *e, const char *fmt,
             ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(e, E_FORMAT, "%s:%d: %s%s%s%s: %s", c->name, entry->line,
                   *entry->section ? "[" : "", entry->section, *entry->section ? "] " : "",
                   entry->key, text);
}

int conf_i64(struct conf *c, const char *section, const char *key, int64_t lo, int64_t hi,
             int64_t *out, struct err *e)
{
    const struct conf_entry *entry = conf_find(c, section, key);
    if (entry && parse_i64(entry->value, lo, hi, out)) {
        return conf_bad(c, entry, e, "'%s' is not a whole number of %lld to %lld", entry->value,
                        (long long)lo, (long long)hi);
    }
    return OK;
}

int conf_f64(struct conf *c, const char *section, const char *key, double lo, double hi,
             double *out, struct err *e)
{
    const struct conf_entry *entry = conf_find(c, section, key);
    if (entry && parse_f64(entry->value, lo, hi, out)) {
        return conf_bad(c, entry, e, "'%s' is not a number of %g to %g", entry->value, lo, hi);
    }
    return OK;
}

int conf_bool(struct conf *c, const char *section, const char *key, bool *out, struct err *e)
{
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    const struct conf_entry *entry = conf_find(c, section, key);
    if (!entry) {
        return OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcmp(entry->value, yes[i]) == 0 || strcmp(entry->value, no[i]) == 0) {
            *out = strcmp(entry->value, yes[i]) == 0;
            return OK;
        }
    }
    return conf_bad(c, entry, e, "'%s' is not yes or no", entry->value);
}

int conf_check_used(const struct conf *c, const char *const *known, size_t known_count,
                    struct err *e)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!c->entry[i].used) {
            const char *near = parse_nearest(c->entry[i].key, known, known_count);
            return near ? conf_bad(c, &c->entry[i], e, "unknown key, did you mean '%s'?", near)
                        : conf_bad(c, &c->entry[i], e, "unknown key");
        }
    }
    return OK;
}
