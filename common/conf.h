// Configuration text: "[section]" headings, "key = value" lines, "#" comments; used by the project's
// configuration, by recipes and by mapping files. The reader keeps order, line numbers and repeats.
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

struct err;

struct conf_entry {
    const char *section; // "" before the first heading
    const char *key;
    const char *value; // trimmed; quotes are not special
    int line;
    bool used; // set by conf_get*; conf_check_used complains about the others
};

struct conf {
    struct conf_entry *entry;
    size_t count;
    char *name; // for error messages
    char *text; // private
};

#define CONF_MAX_BYTES ((size_t)1 << 20)

// Zeroed struct conf is empty. Errors say name and line.
int conf_parse(struct conf *c, const char *name, const char *text, size_t len,
               struct err *e) MUST_CHECK;
int conf_load(struct conf *c, const char *path, struct err *e) MUST_CHECK;
void conf_release(struct conf *c);

// The last entry of that section and key, marked as used; NULL where there is none.
const struct conf_entry *conf_find(struct conf *c, const char *section, const char *key);
// The value, or fallback where it is absent.
const char *conf_str(struct conf *c, const char *section, const char *key, const char *fallback);
// As above with the type checked; *out keeps its value where the key is absent.
int conf_i64(struct conf *c, const char *section, const char *key, int64_t lo, int64_t hi,
             int64_t *out, struct err *e) MUST_CHECK;
int conf_f64(struct conf *c, const char *section, const char *key, double lo, double hi,
             double *out, struct err *e) MUST_CHECK;
int conf_bool(struct conf *c, const char *section, const char *key, bool *out,
              struct err *e) MUST_CHECK; // yes/no, true/false, on/off
// E_FORMAT for the first entry that nothing asked for, naming the nearest of the known "key" names.
int conf_check_used(const struct conf *c, const char *const *known, size_t known_count,
                    struct err *e) MUST_CHECK;
// An error about one entry: "fan.recipe:12: [train] epochs: ..."; returns E_FORMAT.
int conf_bad(const struct conf *c, const struct conf_entry *entry, struct err *e, const char *fmt,
             ...) PRINTF_LIKE(4, 5);

#endif
