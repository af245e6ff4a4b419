// The mapping file of a dataset. See dataset.h; docs/formats/dataset.md explains every key.
#include "common/dataset_priv.h"

int ds_words_split(struct ds_words *w, const char *value)
{
    *w = (struct ds_words){.text = strdup(value)};
    if (!w->text) {
        return E_MEM;
    }
    char *rest = w->text;
    for (char *s; (s = strsep(&rest, " \t"));) {
        if (*s) {
            if (w->count == DS_WORDS) {
                return E_LIMIT;
            }
            w->word[w->count++] = s;
        }
    }
    return OK;
}

void ds_words_release(struct ds_words *w)
{
    free(w->text);
    *w = (struct ds_words){0};
}

static int words_of(struct ds_map *m, const char *section, const char *key, struct ds_words *out,
                    struct err *e)
{
    const struct conf_entry *entry = conf_find(&m->conf, section, key);
    if (!entry) {
        return OK;
    }
    int rc = ds_words_split(out, entry->value);
    return rc ? conf_bad(&m->conf, entry, e, "more than %d words", DS_WORDS) : OK;
}

// One of a list of words, by its position.
static int choice_of(struct ds_map *m, const char *section, const char *key,
                     const char *const *names, size_t count, int *out, struct err *e)
{
    const struct conf_entry *entry = conf_find(&m->conf, section, key);
    if (!entry) {
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entry->value, names[i]) == 0) {
            *out = (int)i;
            return OK;
        }
    }
    char all[120] = "";
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(all);
        snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", names[i]);
    }
    return conf_bad(&m->conf, entry, e, "'%s' is none of: %s", entry->value, all);
}

static const char *const units[] = {"s", "ms", "us", "frame", "frame1"}; // enum ds_time_unit

static int read_csv_keys(struct ds_map *m, struct err *e)
{
    static const char *const delimiters[] = {"comma", "semicolon", "tab", "space"};
    static const char *const layouts[] = {"frames", "items"};
    int delimiter = -1, layout = 0, unit = DS_UNIT_S;
    bool header = true;
    const struct conf_entry *says_header = conf_find(&m->conf, "csv", "header");
    int rc = words_of(m, "csv", "channels", &m->channels, e);
    rc = rc ? rc
            : choice_of(m, "csv", "delimiter", delimiters, ARRAY_LEN(delimiters), &delimiter, e);
    rc = rc ? rc : choice_of(m, "csv", "rows", layouts, ARRAY_LEN(layouts), &layout, e);
    rc = rc ? rc : choice_of(m, "csv", "time_unit", units, DS_UNIT_US + 1, &unit, e);
    rc = rc ? rc : conf_bool(&m->conf, "csv", "header", &header, e);
    m->time_unit = (enum ds_time_unit)unit;
    m->header = says_header ? header : -1;
    m->delimiter = delimiter < 0 ? 0 : ",;\t "[delimiter];
    m->row_is_item = layout == 1;
    m->time_column = conf_str(&m->conf, "csv", "time", "");
    m->label_column = conf_str(&m->conf, "csv", "label", "");
    m->group_column = conf_str(&m->conf, "csv", "group", "");
    m->split_column = conf_str(&m->conf, "csv", "split", "");
    return rc;
}

static int read_label_keys(struct ds_map *m, struct err *e)
{
    int unit = DS_UNIT_S;
    int rc = choice_of(m, "labels", "unit", units, ARRAY_LEN(units), &unit, e);
    m->labels_unit = (enum ds_time_unit)unit;
    m->labels_file = conf_str(&m->conf, "labels", "file", "");
    m->key = conf_str(&m->conf, "labels", "key", "{file}");
    m->labels_label = conf_str(&m->conf, "labels", "label", "label");
    m->labels_start = conf_str(&m->conf, "labels", "start", "start");
    m->labels_end = conf_str(&m->conf, "labels", "end", "end");
    m->labels_group = conf_str(&m->conf, "labels", "group", "group");
    m->labels_box = conf_str(&m->conf, "labels", "box", "box");
    m->names_file = conf_str(&m->conf, "names", "file", "");
    m->names_id = conf_str(&m->conf, "names", "id", "id");
    m->names_name = conf_str(&m->conf, "names", "name", "name");
    return rc;
}

static int read_keys(struct ds_map *m, struct err *e)
{
    int rc = words_of(m, "files", "match", &m->match, e);
    rc = rc ? rc : words_of(m, "files", "skip", &m->skip, e);
    rc = rc ? rc : words_of(m, "files", "pattern", &m->pattern, e);
    const char *label = conf_str(&m->conf, "files", "label", "folder");
    m->label = label;
    m->label_from = strcmp(label, "folder") == 0 ? DS_LABEL_FOLDER
                    : strcmp(label, "none") == 0 ? DS_LABEL_NONE
                                                 : DS_LABEL_CONSTANT;
    m->stream = conf_str(&m->conf, "stream", "name", "");
    m->units = conf_str(&m->conf, "stream", "units", "");
    rc = rc ? rc : conf_f64(&m->conf, "stream", "rate", 1e-6, 1e9, &m->rate, e);
    rc = rc ? rc : conf_f64(&m->conf, "stream", "scale", -1e30, 1e30, &m->scale, e);
    rc = rc ? rc : read_csv_keys(m, e);
    return rc ? rc : read_label_keys(m, e);
}

int ds_map_load(struct ds_map **out, const char *path, struct err *e)
{
    static const char *const known[] = {
        "match",    "skip",      "pattern", "label",     "name",   "units", "rate",  "scale",
        "channels", "delimiter", "rows",    "time_unit", "header", "time",  "group", "split",
        "unit",     "file",      "key",     "start",     "end",    "box",   "id"};
    struct ds_map *m = calloc(1, sizeof(*m));
    if (!m) {
        return err_set(e, E_MEM, "out of memory");
    }
    int rc = path ? conf_load(&m->conf, path, e) : conf_parse(&m->conf, "defaults", "", 0, e);
    rc = rc ? rc : read_keys(m, e);
    for (size_t i = 0; rc == OK && i < m->conf.count;
         i++) { // [rename] holds whatever labels there are
        m->conf.entry[i].used =
            m->conf.entry[i].used || strcmp(m->conf.entry[i].section, "rename") == 0;
    }
    rc = rc ? rc : conf_check_used(&m->conf, known, ARRAY_LEN(known), e);
    if (rc) {
        ds_map_free(m);
        return rc;
    }
    *out = m;
    return OK;
}

void ds_map_free(struct ds_map *m)
{
    if (m) {
        ds_words_release(&m->match);
        ds_words_release(&m->skip);
        ds_words_release(&m->pattern);
        ds_words_release(&m->channels);
        conf_release(&m->conf);
        free(m);
    }
}
