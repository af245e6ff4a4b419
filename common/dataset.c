// Walks a folder of labelled files. See dataset.h.
#include "common/dataset_priv.h"
#include "common/io.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>

typedef int (*reader_fn)(struct ds_file *f, struct err *e);

static reader_fn reader_of(const char *name)
{
    static const struct {
        const char *end;
        reader_fn read;
    } kinds[] = {{".wav", ds_read_sound},  {".flac", ds_read_sound}, {".csv", ds_read_csv},
                 {".csv.gz", ds_read_csv}, {".tsv", ds_read_csv},    {".png", ds_read_png},
                 {".jpg", ds_read_jpeg},   {".jpeg", ds_read_jpeg}};
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t k = strlen(kinds[i].end);
        if (n > k && strcasecmp(name + n - k, kinds[i].end) == 0) {
            return kinds[i].read;
        }
    }
    return NULL;
}

static bool is_one_of(const struct ds_words *w, const char *name, const char *base)
{
    for (size_t i = 0; i < w->count; i++) {
        if (fnmatch(w->word[i], name, 0) == 0 || fnmatch(w->word[i], base, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool wanted(const struct ds_map *m, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    if (!reader_of(name) || is_one_of(&m->skip, name, base) || strcmp(name, m->labels_file) == 0 ||
        strcmp(name, m->names_file) == 0 || (!*m->labels_file && strcmp(name, "labels.csv") == 0)) {
        return false;
    }
    return !m->match.count || is_one_of(&m->match, name, base);
}

struct names {
    char **name;
    size_t count;
};

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int find_files(const char *root, const struct ds_map *m, struct names *out, struct err *e)
{
    char *top = strdup(root);
    char *roots[] = {top, NULL};
    // Links are followed: data folders are often put together from links.
    FTS *f = top ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    int rc = f ? OK : err_errno(e, E_IO, "cannot walk '%s'", root);
    size_t skip = strlen(root);
    for (FTSENT *x; rc == OK && (x = fts_read(f));) {
        if (x->fts_level > 0 && x->fts_name[0] == '.') {
            (void)fts_set(f, x, FTS_SKIP);
            continue;
        }
        const char *name = x->fts_path + skip;
        name += *name == '/';
        if (x->fts_info != FTS_F || !wanted(m, name)) {
            continue;
        }
        if (out->count % 256 == 0) {
            char **grown = realloc(out->name, (out->count + 256) * sizeof(*grown));
            rc = grown ? OK : err_set(e, E_MEM, "out of memory");
            out->name = grown ? grown : out->name;
        }
        if (rc == OK && !(out->name[out->count] = strdup(name))) {
            rc = err_set(e, E_MEM, "out of memory");
        }
        out->count += rc == OK;
    }
    if (f) {
        fts_close(f);
    }
    free(top);
    return rc;
}

static int read_file(struct ds_walk_state *w, const char *path, const char *name, struct err *e)
{
    struct ds_file f = {.w = w, .path = path, .name = name, .first = true};
    int rc = ds_file_label(&f, e);
    return rc ? rc : reader_of(path)(&f, e);
}

static int read_all(struct ds_walk_state *w, const struct names *names, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < names->count && rc == OK; i++) {
        char path[IO_PATH_MAX];
        struct err bad = {0};
        if (io_join(path, sizeof(path), w->root, names->name[i])) {
            return err_set(e, E_LIMIT, "path of '%s' is too long", names->name[i]);
        }
        if (w->cb->file && w->cb->file(w->cb->ctx, path, i, names->count)) {
            continue;
        }
        rc = read_file(w, path, names->name[i], &bad);
        // A reader fills bad where the file is at fault; a callback that stopped the walk does not.
        if (rc && bad.code == rc && w->cb->bad && rc != E_MEM) {
            w->cb->bad(w->cb->ctx, path, &bad);
            rc = OK;
        } else if (rc && bad.code) {
            *e = bad;
        }
    }
    return rc;
}

int ds_walk(const char *path, const struct ds_map *m, const struct ds_callbacks *cb, struct err *e)
{
    char dir[IO_PATH_MAX];
    struct ds_walk_state w = {.map = m, .cb = cb, .root = path};
    struct names names = {0};
    int rc = OK;
    if (!io_exists(path)) {
        return err_errno(e, E_NOT_FOUND, "cannot open '%s'", path);
    }
    if (io_is_dir(path)) {
        rc = find_files(path, m, &names, e);
        if (rc == OK && !names.count) {
            rc = err_set(e, E_NOT_FOUND,
                         "'%s' holds no WAV, FLAC, CSV, PNG or JPEG file that the map wants", path);
        }
    } else if (!reader_of(path)) {
        rc = err_set(e, E_FORMAT, "'%s' is none of WAV, FLAC, CSV, PNG or JPEG", path);
    } else { // one file: labels and names lie beside it
        snprintf(dir, sizeof(dir), "%s", path);
        char *slash = strrchr(dir, '/');
        const char *base = slash ? slash + 1 : path;
        names.name = calloc(1, sizeof(*names.name));
        names.count = names.name && (names.name[0] = strdup(base)) ? 1 : 0;
        rc = names.count ? OK : err_set(e, E_MEM, "out of memory");
        if (slash) {
            *slash = 0;
        }
        w.root = slash ? dir : ".";
    }
    rc = rc ? rc : ds_labels_open(&w, e);
    rc = rc ? rc : read_all(&w, &names, e);
    ds_labels_close(&w);
    for (size_t i = 0; i < names.count; i++) {
        free(names.name[i]);
    }
    free(names.name);
    return rc;
}
