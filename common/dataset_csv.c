// CSV files of datasets: columns are channels, rows are frames (or each row an item). See dataset.h.
#include "common/dataset_priv.h"
#include "common/parse.h"
#include "firmware/core/mote_port.h"

#include <math.h>

enum { MAX_COLUMNS = 4096 };

struct csv {
    struct ds_file *f;
    struct buf text;
    char delimiter;
    char **heading; // NULL where the file has none
    size_t columns;
    size_t *channel; // columns that are channels
    size_t channels;
    int time, label, group, split; // columns, -1 none
    size_t line;
    // the item that is being put together
    float *frame; // frames * channels
    size_t frames, cap;
    struct ds_region *region;
    size_t regions, region_cap;
    char group_now[DS_TEXT], split_now[DS_TEXT];
    double time_first, time_last;
};

static int grow(void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) {
        return OK;
    }
    size_t n = *cap ? *cap * 2 : 1024;
    n = n < need ? need : n;
    void *q = realloc(*p, n * size);
    if (!q) {
        return E_MEM;
    }
    *p = q;
    *cap = n;
    return OK;
}

static int column_of(const struct csv *c, const char *name)
{
    int64_t number = 0;
    for (size_t i = 0; c->heading && i < c->columns; i++) {
        if (strcmp(c->heading[i], name) == 0) {
            return (int)i;
        }
    }
    return parse_i64(name, 1, (int64_t)c->columns, &number) == OK ? (int)number - 1 : -1;
}

static int named_column(const struct csv *c, const char *name, int *out, struct err *e)
{
    *out = *name ? column_of(c, name) : -1;
    return *name && *out < 0 ? err_set(e, E_FORMAT, "'%s' has no column '%s'", c->f->name, name)
                             : OK;
}

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    while (*end == ' ') {
        end++;
    }
    return end != text && *end == 0;
}

static bool taken(const struct csv *c, size_t column)
{
    int i = (int)column;
    return i == c->time || i == c->label || i == c->group || i == c->split;
}

static int add_channel(struct csv *c, size_t column)
{
    for (size_t i = 0; i < c->channels; i++) {
        if (c->channel[i] == column) {
            return OK;
        }
    }
    c->channel[c->channels++] = column;
    return OK;
}

// Named channels; without names, every column that is not spoken for and starts with a number.
static int choose_channels(struct csv *c, char **first_row, struct err *e)
{
    const struct ds_words *want = &c->f->w->map->channels;
    for (size_t k = 0; k < want->count; k++) {
        size_t len = strlen(want->word[k]);
        bool wildcard = len && want->word[k][len - 1] == '*';
        int column = wildcard ? -1 : column_of(c, want->word[k]);
        bool any = column >= 0;
        if (any) {
            (void)add_channel(c, (size_t)column);
        }
        for (size_t i = 0; wildcard && c->heading && i < c->columns; i++) {
            if (strncmp(c->heading[i], want->word[k], len - 1) == 0 && !taken(c, i)) {
                (void)add_channel(c, i);
                any = true;
            }
        }
        if (!any) {
            return err_set(e, E_FORMAT, "'%s' has no column '%s'", c->f->name, want->word[k]);
        }
    }
    for (size_t i = 0; !want->count && i < c->columns; i++) {
        bool time_like = c->heading && (strcasecmp(c->heading[i], "timestamp") == 0 ||
                                        strcasecmp(c->heading[i], "time") == 0);
        if (!taken(c, i) && !time_like && is_number(first_row[i])) {
            (void)add_channel(c, i);
        }
    }
    if (!c->channels) {
        return err_set(e, E_FORMAT, "'%s' has no column of numbers", c->f->name);
    }
    if (c->channels > DS_MAX_CHANNELS && !c->f->w->map->row_is_item) {
        return err_set(e, E_LIMIT,
                       "'%s' has %zu channels, %d are the ceiling: choose with [csv] channels",
                       c->f->name, c->channels, DS_MAX_CHANNELS);
    }
    return OK;
}

static void channel_names(const struct csv *c, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; c->heading && i < c->channels && n < cap; i++) {
        int k = snprintf(out + n, cap - n, "%s%s", i ? "," : "", c->heading[c->channel[i]]);
        n += k > 0 ? (size_t)k : 0;
    }
}

static uint64_t interval_of(const struct csv *c)
{
    const struct ds_map *m = c->f->w->map;
    static const double seconds[] = {1, 1e-3, 1e-6};
    if (m->rate > 0) {
        return (uint64_t)llround(1e9 / m->rate);
    }
    if (c->time >= 0 && c->frames > 1 && c->time_last > c->time_first) {
        return (uint64_t)llround((c->time_last - c->time_first) / (double)(c->frames - 1) *
                                 seconds[m->time_unit] * 1e9);
    }
    return 0;
}

static int flush(struct csv *c, struct err *e)
{
    if (!c->frames) {
        return OK;
    }
    const struct ds_map *m = c->f->w->map;
    char name[1100], names[2048];
    bool numbered = c->split >= 0 || m->row_is_item || c->group >= 0;
    if (m->row_is_item) {
        snprintf(name, sizeof(name), "%s#%zu", c->f->name, c->line);
    } else if (numbered && *c->split_now) {
        snprintf(name, sizeof(name), "%s#%s", c->f->name, c->split_now);
    } else {
        snprintf(name, sizeof(name), "%s", c->f->name);
    }
    channel_names(c, names, sizeof(names));
    // One label from the first frame to the last is a label of the whole.
    if (c->regions == 1 && c->region[0].start == 0 && c->region[0].end == c->frames) {
        c->region[0].whole = true;
    }
    struct ds_item item = {.name = name,
                           .group = c->group_now,
                           .stream = *m->stream ? m->stream : "csv",
                           .units = m->units,
                           .channel_names = names,
                           .type = MOTE_F32,
                           .channels = m->row_is_item ? 1 : (unsigned)c->channels,
                           .scale = m->scale != 0 ? (float)m->scale : 1.0f,
                           .interval_ns = interval_of(c),
                           .raw = c->frame,
                           .frames = m->row_is_item ? c->frames * c->channels : c->frames};
    int rc = ds_give(c->f, &item, c->region, c->regions, e);
    c->frames = c->regions = 0;
    return rc;
}

static int note_label(struct csv *c, const char *id, struct err *e)
{
    const char *name = ds_label_name(c->f->w, id);
    struct ds_region *last = c->regions ? &c->region[c->regions - 1] : NULL;
    if (last && last->end == c->frames && strncmp(last->label, name, DS_TEXT - 1) == 0) {
        last->end++;
        return OK;
    }
    if (!*name) {
        return OK;
    }
    if (c->regions == DS_MAX_REGIONS ||
        grow((void **)&c->region, &c->region_cap, c->regions + 1, sizeof(*c->region))) {
        return err_set(e, E_LIMIT, "'%s' has more than %d labelled pieces", c->f->name,
                       DS_MAX_REGIONS);
    }
    c->region[c->regions] = (struct ds_region){.start = c->frames, .end = c->frames + 1};
    snprintf(c->region[c->regions++].label, DS_TEXT, "%s", name);
    return OK;
}

static bool changed(char *now, const char *cell)
{
    bool differs = strncmp(now, cell, DS_TEXT - 1) != 0;
    snprintf(now, DS_TEXT, "%s", cell);
    return differs;
}

static int take_row(struct csv *c, char **field, struct err *e)
{
    bool cut = c->split >= 0 && changed(c->split_now, field[c->split]);
    char group_before[DS_TEXT];
    memcpy(group_before, c->group_now, sizeof(group_before));
    bool regroup = c->group >= 0 && changed(c->group_now, field[c->group]);
    if ((cut || regroup) && c->frames) {
        char group_new[DS_TEXT];
        memcpy(group_new, c->group_now, sizeof(group_new));
        memcpy(c->group_now, group_before,
               sizeof(group_before)); // what is flushed belongs to the old one
        int rc = flush(c, e);
        memcpy(c->group_now, group_new, sizeof(group_new));
        if (rc) {
            return rc;
        }
    }
    if (c->frames >= DS_MAX_FRAMES ||
        grow((void **)&c->frame, &c->cap, (c->frames + 1) * c->channels, sizeof(*c->frame))) {
        return err_set(e, E_LIMIT, "'%s' has more than %zu rows", c->f->name, DS_MAX_FRAMES);
    }
    int rc = c->label >= 0 ? note_label(c, field[c->label], e) : OK;
    for (size_t i = 0; rc == OK && i < c->channels; i++) {
        const char *cell = field[c->channel[i]];
        float *to = &c->frame[c->frames * c->channels + i];
        char *end;
        *to = strtof(cell, &end);
        if (end == cell) { // an empty cell is a missing value
            *to = NAN;
            end += strspn(end, " ");
            rc = *end && strcasecmp(end, "nan") != 0 && strcasecmp(end, "null") != 0
                     ? err_set(e, E_FORMAT, "'%s' line %zu: '%.40s' is not a number", c->f->name,
                               c->line, cell)
                     : OK;
        }
    }
    if (rc == OK && c->time >= 0) {
        double t = strtod(field[c->time], NULL);
        c->time_first = c->frames ? c->time_first : t;
        c->time_last = t;
    }
    c->frames++;
    return rc == OK && c->f->w->map->row_is_item ? flush(c, e) : rc;
}

// Reads the heading where there is one, and decides which column is what.
static int start(struct csv *c, char **rest, char **field, struct err *e)
{
    const struct ds_map *m = c->f->w->map;
    char *first = strsep(rest, "\n");
    first[strcspn(first, "\r")] = 0;
    if (strncmp(first, "\xef\xbb\xbf", 3) == 0) {
        first += 3; // byte order mark
    }
    char delimiter = m->delimiter;
    if (!delimiter) {
        size_t commas = 0, semicolons = 0, tabs = 0;
        for (const char *p = first; *p; p++) {
            commas += *p == ',';
            semicolons += *p == ';';
            tabs += *p == '\t';
        }
        delimiter = semicolons > commas && semicolons >= tabs ? ';' : tabs > commas ? '\t' : ',';
    }
    c->delimiter = delimiter;
    c->columns = ds_split_line(first, delimiter, field, MAX_COLUMNS);
    bool header = m->header == 1;
    for (size_t i = 0; m->header < 0 && i < c->columns; i++) {
        header = header || (*field[i] && !is_number(field[i]));
    }
    c->line = 1;
    c->channel = calloc(c->columns, sizeof(*c->channel));
    if (!c->channel) {
        return err_set(e, E_MEM, "out of memory");
    }
    char *row = first;
    if (header) {
        c->heading = calloc(c->columns, sizeof(*c->heading));
        if (!c->heading) {
            return err_set(e, E_MEM, "out of memory");
        }
        memcpy(c->heading, field, c->columns * sizeof(*field));
        row = *rest ? strsep(rest, "\n") : NULL;
        if (!row || !*row) {
            return err_set(e, E_FORMAT, "'%s' has a heading and nothing below it", c->f->name);
        }
        row[strcspn(row, "\r")] = 0;
        c->line = 2;
        if (ds_split_line(row, delimiter, field, MAX_COLUMNS) != c->columns) {
            return err_set(e, E_FORMAT,
                           "'%s' line 2 has another number of columns than its heading",
                           c->f->name);
        }
    }
    int rc = named_column(c, m->time_column, &c->time, e);
    rc = rc ? rc : named_column(c, m->label_column, &c->label, e);
    rc = rc ? rc : named_column(c, m->group_column, &c->group, e);
    rc = rc ? rc : named_column(c, m->split_column, &c->split, e);
    rc = rc ? rc : choose_channels(c, field, e);
    return rc ? rc : take_row(c, field, e);
}

int ds_read_csv(struct ds_file *f, struct err *e)
{
    struct csv c = {.f = f};
    char **field = calloc(MAX_COLUMNS, sizeof(*field));
    int rc = field ? ds_read_text(f->path, &c.text, e) : err_set(e, E_MEM, "out of memory");
    char *rest = c.text.data;
    if (rc == OK && (!c.text.len || memchr(c.text.data, 0, c.text.len))) {
        rc = err_set(e, E_FORMAT, "'%s' is empty or is not text", f->name);
    }
    snprintf(c.group_now, sizeof(c.group_now), "%s", f->group);
    rc = rc ? rc : start(&c, &rest, field, e);
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        c.line++;
        line[strcspn(line, "\r")] = 0;
        if (!*line) {
            continue;
        }
        size_t n = ds_split_line(line, c.delimiter, field, MAX_COLUMNS);
        rc = n == c.columns ? take_row(&c, field, e)
                            : err_set(e, E_FORMAT, "'%s' line %zu has %zu columns instead of %zu",
                                      f->name, c.line, n, c.columns);
    }
    rc = rc ? rc : flush(&c, e);
    free(c.frame);
    free(c.region);
    free(c.channel);
    free(c.heading);
    free(field);
    buf_release(&c.text);
    return rc;
}
