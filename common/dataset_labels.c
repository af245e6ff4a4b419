// Labels of dataset files: by label file, pattern, folder or constant. See dataset.h.
#include "common/dataset_priv.h"
#include "common/io.h"
#include "common/parse.h"

// Rows of the label file sorted by the file that they are about, so that each file finds its own.
struct ds_label_row {
    char key[256];
    size_t row;
};
struct ds_label_index {
    struct ds_label_row *row;
    size_t count;
    int label, start, end, group, box, x, y, w, h;
};

static int by_key(const void *a, const void *b)
{
    const struct ds_label_row *p = a, *q = b;
    int c = strcmp(p->key, q->key);
    return c ? c : (p->row > q->row) - (p->row < q->row);
}

// "exp{exp:2}_user{user:2}" with a row's cells; ":2" pads a number with zeros.
static int fill_key(char *out, size_t cap, const char *template, const struct ds_table *t,
                    size_t row, struct err *e)
{
    size_t n = 0;
    for (const char *p = template; *p && n + 1 < cap;) {
        if (*p != '{') {
            out[n++] = *p++;
            continue;
        }
        char name[DS_TEXT];
        size_t len = strcspn(p + 1, ":}");
        int64_t width = 0;
        snprintf(name, sizeof(name), "%.*s", (int)len, p + 1);
        p += 1 + len;
        if (*p == ':') {
            width = p[1] >= '1' && p[1] <= '9' ? p[1] - '0' : 0;
            p += strcspn(p, "}");
        }
        int column = ds_table_column(t, name);
        if (*p != '}' || column < 0) {
            return err_set(e, E_FORMAT, "[labels] key: the label file has no column '%s'", name);
        }
        p++;
        const char *cell = t->cell[row * t->columns + (size_t)column];
        int64_t number = 0;
        int k = width && parse_i64(cell, 0, INT64_MAX, &number) == OK
                    ? snprintf(out + n, cap - n, "%0*lld", (int)width, (long long)number)
                    : snprintf(out + n, cap - n, "%s", cell);
        n += k < 0 ? 0 : (size_t)k < cap - n ? (size_t)k : cap - n - 1;
    }
    out[n] = 0;
    return OK;
}

static int index_labels(struct ds_walk_state *w, struct err *e)
{
    const struct ds_map *m = w->map;
    struct ds_table *t = &w->labels;
    struct ds_label_index *x = calloc(1, sizeof(*x));
    w->index = x;
    if (!x || !(x->row = calloc(t->rows + 1, sizeof(*x->row)))) {
        return err_set(e, E_MEM, "out of memory");
    }
    x->label = ds_table_column(t, m->labels_label);
    x->start = ds_table_column(t, m->labels_start);
    x->end = ds_table_column(t, m->labels_end);
    x->group = ds_table_column(t, m->labels_group);
    x->box = ds_table_column(t, m->labels_box);
    x->x = ds_table_column(t, "x");
    x->y = ds_table_column(t, "y");
    x->w = ds_table_column(t, "width");
    x->h = ds_table_column(t, "height");
    if (x->label < 0) {
        return err_set(e, E_FORMAT, "the label file has no column '%s'", m->labels_label);
    }
    for (size_t r = 1; r < t->rows; r++) {
        char key[256];
        int rc = fill_key(key, sizeof(key), m->key, t, r, e);
        if (rc) {
            return rc;
        }
        ds_stem(x->row[x->count].key, sizeof(x->row[0].key), key);
        x->row[x->count++].row = r;
    }
    qsort(x->row, x->count, sizeof(*x->row), by_key);
    return OK;
}

// Without being told, a "labels.csv" with columns file and label is taken for what it looks like.
static int find_labels(struct ds_walk_state *w, struct err *e)
{
    char path[IO_PATH_MAX];
    const char *named = w->map->labels_file;
    if (io_join(path, sizeof(path), w->root, *named ? named : "labels.csv") ||
        (!*named && !io_exists(path))) {
        return OK;
    }
    int rc = ds_table_load(&w->labels, path, e);
    if (rc == OK && !*named &&
        (ds_table_column(&w->labels, "file") < 0 || ds_table_column(&w->labels, "label") < 0)) {
        ds_table_release(&w->labels);
        return OK;
    }
    return rc ? rc : index_labels(w, e);
}

int ds_labels_open(struct ds_walk_state *w, struct err *e)
{
    char path[IO_PATH_MAX];
    int rc = OK;
    if (*w->map->names_file) {
        rc = io_join(path, sizeof(path), w->root, w->map->names_file)
                 ? err_set(e, E_LIMIT, "path is too long")
                 : ds_table_load(&w->names, path, e);
        if (rc == OK && (ds_table_column(&w->names, w->map->names_id) < 0 ||
                         ds_table_column(&w->names, w->map->names_name) < 0)) {
            rc = err_set(e, E_FORMAT, "'%s' has no column '%s' or '%s'", path, w->map->names_id,
                         w->map->names_name);
        }
    }
    return rc ? rc : find_labels(w, e);
}

void ds_labels_close(struct ds_walk_state *w)
{
    if (w->index) {
        free(w->index->row);
        free(w->index);
    }
    ds_table_release(&w->labels);
    ds_table_release(&w->names);
}

const char *ds_label_name(const struct ds_walk_state *w, const char *id)
{
    const struct conf *c = &w->map->conf;
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->entry[i].section, "rename") == 0 && strcmp(c->entry[i].key, id) == 0) {
            return c->entry[i].value;
        }
    }
    int from = w->names.rows ? ds_table_column(&w->names, w->map->names_id) : -1;
    int to = from < 0 ? -1 : ds_table_column(&w->names, w->map->names_name);
    for (size_t r = 1; to >= 0 && r < w->names.rows; r++) {
        if (strcmp(w->names.cell[r * w->names.columns + (size_t)from], id) == 0) {
            return w->names.cell[r * w->names.columns + (size_t)to];
        }
    }
    return id;
}

int ds_file_label(struct ds_file *f, struct err *e)
{
    const struct ds_map *m = f->w->map;
    char found[DS_TEXT] = "";
    size_t k = 0;
    while (k < m->pattern.count &&
           !ds_pattern_match(m->pattern.word[k], f->name, found, f->group)) {
        k++;
    }
    if (m->pattern.count && k == m->pattern.count) {
        return err_set(e, E_FORMAT, "'%s' does not match the pattern '%s'", f->name,
                       m->pattern.word[0]);
    }
    if (*found == 0 && m->label_from == DS_LABEL_CONSTANT) {
        snprintf(found, sizeof(found), "%s", m->label);
    }
    if (*found == 0 && m->label_from == DS_LABEL_FOLDER && !f->w->index && !*m->label_column) {
        const char *end = strrchr(f->name, '/');
        const char *start = end;
        while (start && start > f->name && start[-1] != '/') {
            start--;
        }
        if (end) {
            snprintf(found, sizeof(found), "%.*s", (int)(end - start), start);
        }
    }
    snprintf(f->label, sizeof(f->label), "%s", ds_label_name(f->w, found));
    return OK;
}

static double to_frames(const struct ds_item *item, enum ds_time_unit unit, double v)
{
    double rate = item->interval_ns ? 1e9 / (double)item->interval_ns : 1;
    switch (unit) {
    case DS_UNIT_S:
        return v * rate;
    case DS_UNIT_MS:
        return v * rate / 1e3;
    case DS_UNIT_US:
        return v * rate / 1e6;
    case DS_UNIT_FRAME:
    case DS_UNIT_FRAME1:
        break;
    }
    return v;
}

static double number_at(const struct ds_walk_state *w, size_t row, int column, double absent)
{
    double v = absent;
    return column >= 0 && parse_f64(w->labels.cell[row * w->labels.columns + (size_t)column], -1e15,
                                    1e15, &v) == OK
               ? v
               : absent;
}

static bool read_box(const struct ds_walk_state *w, size_t row, struct ds_region *r)
{
    const struct ds_label_index *x = w->index;
    if (x->box >= 0) {
        return sscanf(w->labels.cell[row * w->labels.columns + (size_t)x->box], "%lf %lf %lf %lf",
                      &r->x, &r->y, &r->w, &r->h) == 4;
    }
    r->x = number_at(w, row, x->x, -1);
    r->y = number_at(w, row, x->y, -1);
    r->w = number_at(w, row, x->w, -1);
    r->h = number_at(w, row, x->h, -1);
    return x->x >= 0 && r->w > 0 && r->h > 0;
}

static int region_of_row(const struct ds_walk_state *w, const struct ds_item *item, size_t row,
                         struct ds_region *r, struct err *e)
{
    const struct ds_label_index *x = w->index;
    enum ds_time_unit unit = w->map->labels_unit;
    *r = (struct ds_region){0};
    snprintf(r->label, sizeof(r->label), "%s",
             ds_label_name(w, w->labels.cell[row * w->labels.columns + (size_t)x->label]));
    r->has_box = item->width && read_box(w, row, r);
    double start = to_frames(item, unit, number_at(w, row, x->start, -1)),
           end = to_frames(item, unit, number_at(w, row, x->end, -1));
    r->whole = r->has_box || x->start < 0 || start < 0 || end < 0;
    if (r->whole) {
        return OK;
    }
    if (unit == DS_UNIT_FRAME1) { // 1-based, both inclusive
        start -= 1;
    }
    end = end > (double)item->frames ? (double)item->frames : end;
    if (start >= end) {
        return err_set(e, E_FORMAT,
                       "label row %zu: its start %g is not before its end %g of %zu frames",
                       row + 1, start, end, item->frames);
    }
    r->start = (size_t)(start + 0.5);
    r->end = (size_t)(end + 0.5);
    return OK;
}

static size_t lower_bound(const struct ds_label_index *x, const char *key)
{
    size_t lo = 0, hi = x->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(x->row[mid].key, key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

struct region_list {
    struct ds_region *r;
    size_t count, max;
};

static int rows_with_key(struct ds_file *f, struct ds_item *item, const char *key,
                         struct region_list *out, struct err *e)
{
    const struct ds_label_index *x = f->w->index;
    for (size_t i = lower_bound(x, key); i < x->count && strcmp(x->row[i].key, key) == 0; i++) {
        size_t row = x->row[i].row;
        if (out->count == out->max) {
            return err_set(e, E_LIMIT, "'%s' has more than %zu labels", item->name, out->max);
        }
        int rc = region_of_row(f->w, item, row, &out->r[out->count], e);
        if (rc) {
            return rc;
        }
        out->count++;
        if (x->group >= 0) {
            item->group = f->w->labels.cell[row * f->w->labels.columns + (size_t)x->group];
        }
    }
    return OK;
}

// Rows of the label file that are about this item, by its path below the folder or by its name alone.
static int rows_of(struct ds_file *f, struct ds_item *item, struct region_list *out, struct err *e)
{
    char name[512], base[512];
    const char *slash = strrchr(item->name, '/');
    if (!f->w->index) {
        return OK;
    }
    ds_stem(name, sizeof(name), item->name);
    ds_stem(base, sizeof(base), slash ? slash + 1 : item->name);
    int rc = rows_with_key(f, item, name, out, e);
    return rc || !slash ? rc : rows_with_key(f, item, base, out, e);
}

int ds_give(struct ds_file *f, struct ds_item *item, const struct ds_region *own, size_t own_count,
            struct err *e)
{
    size_t max = own_count + 1 + (f->w->index ? f->w->index->count : 0);
    struct region_list list = {.max = max < DS_MAX_REGIONS ? max : DS_MAX_REGIONS};
    list.r = calloc(list.max, sizeof(*list.r));
    if (!list.r) {
        return err_set(e, E_MEM, "out of memory");
    }
    item->path = f->path;
    item->first_of_file = f->first;
    f->first = false;
    if (!item->group || !*item->group) {
        item->group = f->group;
    }
    for (size_t i = 0; i < own_count && list.count < list.max; i++) {
        list.r[list.count++] = own[i];
    }
    if (!own_count && *f->label) {
        list.r[0].whole = true;
        snprintf(list.r[0].label, sizeof(list.r[0].label), "%s", f->label);
        list.count = 1;
    }
    int rc = rows_of(f, item, &list, e);
    if (rc == OK) {
        item->region = list.r;
        item->regions = list.count;
        rc = f->w->cb->item(f->w->cb->ctx, item);
    }
    free(list.r);
    return rc;
}
