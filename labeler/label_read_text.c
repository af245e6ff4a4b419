// Readers of labels in text: CSV with a head line (RFC 4180), Audacity's label track, Pascal VOC's XML. See label_file.h.
#include "labeler/label_file.h"

#include "common/err.h"
#include "common/parse.h"

#define COLUMNS_MAX 32
#define FIELD_MAX 256

// One field from *p on; *end: it was the last of its line. False: a quote that does not close, or too long.
static bool take_field(const char **p, const char *stop, char out[FIELD_MAX], bool *end)
{
    size_t n = 0;
    bool quoted = *p < stop && **p == '"';
    const char *at = *p + quoted;
    for (;; at++) {
        if (at == stop) {
            break;
        }
        if (quoted && *at == '"') {
            if (at + 1 < stop && at[1] == '"') {
                at++;
            } else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (*at == ',' || *at == '\n' || *at == '\r')) {
            break;
        }
        if (n + 1 >= FIELD_MAX || *at == 0) {
            return false;
        }
        out[n++] = *at;
    }
    out[n] = 0;
    *end = at == stop || *at != ',';
    at += at < stop && *at == '\r';
    at += at < stop && (*at == ',' || *at == '\n');
    *p = at;
    return !quoted;
}

struct row {
    char field[COLUMNS_MAX][FIELD_MAX];
    int fields;
};

static bool take_row(const char **p, const char *stop, struct row *r)
{
    bool end = false;
    for (r->fields = 0; !end; r->fields++) {
        if (r->fields == COLUMNS_MAX || !take_field(p, stop, r->field[r->fields], &end)) {
            return false;
        }
    }
    return true;
}

static const char *column(const struct row *head, const struct row *r, const char *name)
{
    for (int i = 0; i < head->fields && i < r->fields; i++) {
        if (strcmp(head->field[i], name) == 0) {
            return r->field[i];
        }
    }
    return "";
}

static bool number(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == 0;
}

static int csv_item(const struct row *head, const struct row *r, struct label_item *item)
{
    const char *rec = column(head, r, "recording"), *start = column(head, r, "start_us"),
               *box = column(head, r, "box");
    const char *file = column(head, r, "file");
    file += *file == ' '; // put before what a spreadsheet would take for a formula
    (void)snprintf(item->file, sizeof(item->file), "%.199s", file);
    const char *label = column(head, r, "label");
    (void)snprintf(item->label, sizeof(item->label), "%.63s", label + (*label == ' '));
    (void)snprintf(item->region, sizeof(item->region), "%.40s", column(head, r, "region"));
    if (*rec && parse_i64(rec, 1, INT64_MAX, &item->rec)) {
        return E_FORMAT;
    }
    if (*start) {
        item->whole = false;
        item->unit = LABEL_US;
        if (!number(start, &item->start) || !number(column(head, r, "end_us"), &item->end)) {
            return E_FORMAT;
        }
    }
    if (*box) {
        item->has_box = sscanf(box, "%lf %lf %lf %lf", &item->x, &item->y, &item->w, &item->h) == 4;
        return item->has_box ? OK : E_FORMAT;
    }
    return OK;
}

int label_read_csv(const char *body, size_t len, struct label_items *out, struct err *e)
{
    const char *p = body, *stop = body + len;
    struct row *row = calloc(2, sizeof(*row));
    int rc = row ? OK : err_set(e, E_MEM, "out of memory");
    if (rc == OK && (!take_row(&p, stop, &row[0]) || (!*column(&row[0], &row[0], "label")))) {
        rc = err_set(
            e, E_FORMAT,
            "the first line must name the columns, 'label' and 'recording' or 'file' among them");
    }
    for (size_t line = 2; rc == OK && p < stop; line++) {
        if (!take_row(&p, stop, &row[1])) {
            rc = err_set(e, E_FORMAT, "line %zu is malformed", line);
        } else if (row[1].fields > 1 || row[1].field[0][0]) {
            struct label_item *item = label_add(out);
            rc = !item ? err_set(e, E_LIMIT, "more than %d labels in one file", LABEL_ITEMS_MAX)
                 : csv_item(&row[0], &row[1], item)
                     ? err_set(e, E_FORMAT, "line %zu has a number that is none", line)
                     : OK;
        }
    }
    free(row);
    return rc;
}

int label_read_track(const char *body, size_t len, struct label_items *out, struct err *e)
{
    const char *stop = body + len;
    size_t line = 0;
    for (const char *p = body; p < stop;) {
        const char *end = memchr(p, '\n', (size_t)(stop - p));
        size_t n = end ? (size_t)(end - p) : (size_t)(stop - p);
        char text[400];
        line++;
        if (n >= sizeof(text)) {
            return err_set(e, E_FORMAT, "line %zu is too long", line);
        }
        memcpy(text, p, n);
        text[n] = 0;
        p += n + (end != NULL);
        text[strcspn(text, "\r")] = 0;
        if (!text[0] || text[0] == '\\') { // the second line of a label with frequencies
            continue;
        }
        char *first = text, *second = strchr(text, '\t'),
             *label = second ? strchr(second + 1, '\t') : NULL;
        struct label_item item = {.unit = LABEL_SECONDS};
        if (second) {
            *second++ = 0;
        }
        if (label) {
            *label++ = 0;
        }
        if (!second || !number(first, &item.start) || !number(second, &item.end)) {
            return err_set(e, E_FORMAT, "line %zu is not 'start TAB end TAB label'", line);
        }
        struct label_item *to = label && *label ? label_add(out) : NULL;
        if (to) {
            *to = item;
            (void)snprintf(to->label, sizeof(to->label), "%.63s", label);
        }
    }
    return OK;
}

// The text between <name> and </name> within from..stop; NULL where it is absent. *inner_end: where it ends.
static const char *element(const char *from, const char *stop, const char *name,
                           const char **inner_end)
{
    char open[40], close[40];
    int o = snprintf(open, sizeof(open), "<%s>", name),
        c = snprintf(close, sizeof(close), "</%s>", name);
    const char *a = memmem(from, (size_t)(stop - from), open, (size_t)o);
    const char *z = a ? memmem(a, (size_t)(stop - a), close, (size_t)c) : NULL;
    *inner_end = z;
    return z ? a + o : NULL;
}

static void decode_text(const char *from, const char *stop, char *out, size_t cap)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    size_t n = 0;
    while (from < stop && n + 1 < cap) {
        char c = *from;
        size_t len = 1;
        for (size_t i = 0; c == '&' && i < ARRAY_LEN(entities); i++) {
            size_t l = strlen(entities[i].name);
            if ((size_t)(stop - from) >= l && memcmp(from, entities[i].name, l) == 0) {
                c = entities[i].c;
                len = l;
                break;
            }
        }
        out[n++] = c;
        from += len;
    }
    out[n] = 0;
}

static bool text_in(const char *from, const char *stop, const char *name, char *out, size_t cap)
{
    const char *end, *at = element(from, stop, name, &end);
    out[0] = 0;
    if (at) {
        decode_text(at, end, out, cap);
    }
    return at != NULL;
}

static bool number_in(const char *from, const char *stop, const char *name, double *out)
{
    char text[40];
    return text_in(from, stop, name, text, sizeof(text)) && number(text, out);
}

int label_read_voc(const char *body, size_t len, struct label_items *out, struct err *e)
{
    const char *stop = body + len, *end, *at;
    char file[200];
    if (!element(body, stop, "annotation", &end) ||
        !text_in(body, stop, "filename", file, sizeof(file))) {
        return err_set(e, E_FORMAT, "the file has no <annotation> with a <filename>");
    }
    while ((at = element(body, stop, "object", &end)) != NULL) {
        double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
        struct label_item *item = label_add(out);
        if (!item) {
            return err_set(e, E_LIMIT, "more than %d labels in one file", LABEL_ITEMS_MAX);
        }
        (void)snprintf(item->file, sizeof(item->file), "%s",
                       strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
        if (!text_in(at, end, "name", item->label, sizeof(item->label)) ||
            !number_in(at, end, "xmin", &x0) || !number_in(at, end, "ymin", &y0) ||
            !number_in(at, end, "xmax", &x1) || !number_in(at, end, "ymax", &y1)) {
            return err_set(e, E_FORMAT, "object %zu has no name or box", out->count);
        }
        // Corners are pixels from 1, both inside (the VOC development kit, section 9).
        item->has_box = true;
        item->x = x0 - 1;
        item->y = y0 - 1;
        item->w = x1 - x0 + 1;
        item->h = y1 - y0 + 1;
        body = end;
    }
    return OK;
}
