// Text of datasets: files that may be gzip, CSV lines, small tables, patterns of file names.
#include "common/dataset_priv.h"
#include "common/parse.h"

#include <zlib.h>

#define TEXT_MAX ((size_t)1 << 30)
#define TABLE_COLUMNS 256

int ds_read_text(const char *path, struct buf *out, struct err *e)
{
    gzFile f = gzopen(path, "rbe"); // reads plain files as they are
    if (!f) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    buf_init(out, TEXT_MAX);
    (void)gzbuffer(f, 1 << 17); // a smaller buffer is only slower
    int rc = OK, n = 1;
    while (rc == OK && n > 0) {
        rc = buf_reserve(out, 1 << 17);
        n = rc ? 0 : gzread(f, out->data + out->len, 1 << 17);
        if (n > 0) {
            out->len += (size_t)n;
        }
    }
    int zerr = Z_OK;
    const char *why = gzerror(f, &zerr);
    if (rc) {
        err_set(e, rc, "'%s' is larger than %zu bytes", path, TEXT_MAX);
    } else if (n < 0 || (zerr != Z_OK && zerr != Z_STREAM_END)) {
        rc = err_set(e, E_FORMAT, "cannot read '%s': %s", path, why && *why ? why : "damaged");
    } else {
        out->data[out->len] = 0;
    }
    gzclose(f);
    return rc;
}

size_t ds_split_line(char *line, char delimiter, char **field, size_t max)
{
    size_t n = 0;
    char *p = line;
    while (n < max) {
        while (delimiter == ' ' ? *p == ' ' : false) {
            p++;
        }
        if (*p == '"') {
            char *to = ++p;
            field[n++] = to;
            while (*p && !(p[0] == '"' && p[1] != '"')) {
                p += p[0] == '"'; // a doubled quote stands for one
                *to++ = *p++;
            }
            p += *p == '"';
            char *end = to;
            bool more = *p == delimiter;
            p += more;
            *end = 0;
            if (!more) {
                return n;
            }
            continue;
        }
        field[n++] = p;
        p = strchr(p, delimiter);
        if (!p) {
            return n;
        }
        *p++ = 0;
    }
    return n;
}

static char guess_delimiter(const char *line)
{
    static const char candidates[] = ",;\t";
    char best = ',';
    size_t most = 0;
    for (size_t i = 0; i + 1 < sizeof(candidates); i++) {
        size_t n = 0;
        for (const char *p = line; *p && *p != '\n'; p++) {
            n += *p == candidates[i];
        }
        if (n > most) {
            most = n;
            best = candidates[i];
        }
    }
    return best;
}

int ds_table_load(struct ds_table *t, const char *path, struct err *e)
{
    *t = (struct ds_table){0};
    int rc = ds_read_text(path, &t->text, e);
    size_t lines = 1;
    for (size_t i = 0; rc == OK && i < t->text.len; i++) {
        lines += t->text.data[i] == '\n';
    }
    char *rest = t->text.data;
    char delimiter = rc == OK ? guess_delimiter(rest) : ',';
    for (char *line; rc == OK && rest && (line = strsep(&rest, "\n"));) {
        char *field[TABLE_COLUMNS];
        line[strcspn(line, "\r")] = 0;
        if (!*line) {
            continue;
        }
        size_t n = ds_split_line(line, delimiter, field, TABLE_COLUMNS);
        if (!t->cell) {
            t->columns = n;
            t->cell = calloc(lines * n, sizeof(*t->cell));
            rc = t->cell ? OK : err_set(e, E_MEM, "out of memory");
        }
        if (rc == OK && n != t->columns) {
            rc = err_set(e, E_FORMAT, "'%s' row %zu has %zu columns, its heading %zu", path,
                         t->rows + 1, n, t->columns);
        }
        for (size_t i = 0; rc == OK && i < n; i++) {
            t->cell[t->rows * n + i] = field[i];
        }
        t->rows += rc == OK;
    }
    if (rc) {
        ds_table_release(t);
    }
    return rc;
}

void ds_table_release(struct ds_table *t)
{
    free(t->cell);
    buf_release(&t->text);
    *t = (struct ds_table){0};
}

int ds_table_column(const struct ds_table *t, const char *name)
{
    int64_t number = 0;
    for (size_t i = 0; t->rows && i < t->columns; i++) {
        if (strcmp(t->cell[i], name) == 0) {
            return (int)i;
        }
    }
    return parse_i64(name, 1, (int64_t)t->columns, &number) == OK ? (int)number - 1 : -1;
}

void ds_stem(char *out, size_t cap, const char *name)
{
    static const char *const known[] = {".csv.gz", ".csv", ".tsv", ".txt", ".wav",
                                        ".flac",   ".png", ".jpg", ".jpeg"};
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        size_t k = strlen(known[i]);
        if (n > k && strcasecmp(name + n - k, known[i]) == 0) {
            n -= k;
            break;
        }
    }
    snprintf(out, cap, "%.*s", (int)n, name);
}

// One field takes the shortest text up to the literal that follows it; the last one takes the rest.
static bool match_here(const char *pattern, const char *text, char *label, char *group)
{
    const char *p = pattern, *t = text;
    while (*p) {
        if (*p != '{') {
            if (*p++ != *t++) {
                return false;
            }
            continue;
        }
        const char *close = strchr(p, '}');
        if (!close) {
            return false;
        }
        const char *literal = close + 1;
        size_t literal_len = strcspn(literal, "{");
        const char *end = t + strlen(t);
        if (literal_len) {
            end = t;
            while (*end && strncmp(end, literal, literal_len) != 0) {
                end++;
            }
            if (literal[literal_len] ==
                0) { // the pattern ends with it: it must end the text as well
                size_t n = strlen(t);
                end = n >= literal_len ? t + n - literal_len : t;
            }
        }
        char *to = strncmp(p, "{label}", 7) == 0   ? label
                   : strncmp(p, "{group}", 7) == 0 ? group
                                                   : NULL;
        if (end == t || memchr(t, '/', (size_t)(end - t))) {
            return false;
        }
        if (to) {
            snprintf(to, DS_TEXT, "%.*s", (int)(end - t), t);
        }
        t = end;
        p = literal;
    }
    return *t == 0;
}

bool ds_pattern_match(const char *pattern, const char *path, char *label, char *group)
{
    char stem[1024];
    const char *tail = path + strlen(path);
    size_t parts = 1;
    for (const char *p = pattern; *p; p++) {
        parts += *p == '/';
    }
    while (tail > path && parts) {
        tail--;
        parts -= *tail == '/';
    }
    tail += *tail == '/' && parts == 0;
    ds_stem(stem, sizeof(stem), tail); // the pattern may leave the extension out
    return match_here(pattern, stem, label, group) || match_here(pattern, tail, label, group);
}
