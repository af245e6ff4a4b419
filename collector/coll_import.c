// See coll_import.h. The walk over files is common/dataset's, the rows are common/intake's. Acquisition
// files (*.json, *.cbor) are looked for by a walk of their own; JSON that does not claim to be one is left alone.
#include "collector/coll_import.h"

#include <dirent.h>

#include "common/acq/acq.h"
#include "common/buf.h"
#include "common/dataset.h"
#include "common/err.h"
#include "common/io.h"
#include "common/progress.h"

struct import {
    struct intake *intake;
    const struct import_options *o;
    struct import_result *r;
    import_bad_fn bad;
    void *bad_ctx;
    struct err *e;
    struct progress bar;
};

static void take_bad(void *ctx, const char *path, const struct err *why)
{
    struct import *im = ctx;
    bool on = im->bar.on;
    im->r->broken++;
    progress_end(&im->bar); // the line that follows must not be drawn into it
    if (im->bad) {
        im->bad(im->bad_ctx, path, why);
    }
    im->bar.on = on;
}

static int take_item(void *ctx, const struct ds_item *item)
{
    struct import *im = ctx;
    int rc = intake_item(im->intake, item, im->e);
    if (rc == E_FORMAT) {
        take_bad(im, item->path, im->e);
        return OK;
    }
    return rc;
}

static int take_file(void *ctx, const char *path, size_t n, size_t total)
{
    struct import *im = ctx;
    (void)path;
    im->r->files++;
    im->bar.total = (int64_t)total;
    progress_set(&im->bar, (int64_t)n, NULL);
    return 0;
}

// The last part of a path, without slashes behind it and without its extension.
static void base_name(char *out, size_t cap, const char *path)
{
    const char *end = path + strlen(path);
    while (end > path && end[-1] == '/') {
        end--;
    }
    const char *start = end;
    while (start > path && start[-1] != '/') {
        start--;
    }
    size_t len = 0;
    while (start + len < end && start[len] != '.') {
        len++;
    }
    snprintf(out, cap, "%.*s", (int)len, start);
}

#define FOLDERS_DEEP 16

static bool has_end(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n > k && strcasecmp(name + n - k, end) == 0;
}

static bool is_acquisition(const char *name)
{
    return has_end(name, ".json") || has_end(name, ".cbor");
}

// The label of an acquisition is its file's name up to the first dot, as its makers have it.
static int take_acquisition(struct import *im, const char *path, const char *name)
{
    struct buf b = {0};
    struct err why = {0};
    struct acq a = {0};
    struct ds_region label = {.whole = true};
    int rc = io_read_file(path, ACQ_BYTES_MAX, &b, &why);
    if (!rc && has_end(name, ".json") &&
        !memmem(b.data ? b.data : "", b.len, "\"protected\"", 11)) {
        buf_release(&b);
        return OK; // labels of something else, settings
    }
    im->r->files++;
    rc = rc ? rc : acq_read(&a, (const uint8_t *)(b.data ? b.data : ""), b.len, NULL, &why);
    buf_release(&b);
    if (rc) {
        err_wrap(&why, "'%.200s'", name);
        take_bad(im, path, &why);
        return OK;
    }
    a.item.name = name;
    a.item.path = path;
    snprintf(label.label, sizeof label.label, "%.*s", (int)strcspn(name, "."), name);
    if (!im->o->label && label.label[0]) {
        a.item.region = &label;
        a.item.regions = 1;
    }
    rc = take_item(im, &a.item);
    acq_release(&a);
    return rc;
}

// Files in order of their names, so that the same folder gives the same numbers.
static int find_acquisitions(struct import *im, const char *dir, int depth)
{
    struct dirent **entry = NULL;
    int count = scandir(dir, &entry, NULL, alphasort), rc = OK;
    for (int i = 0; i < count; i++) {
        char path[IO_PATH_MAX];
        const char *name = entry[i]->d_name;
        if (!rc && name[0] != '.' && io_join(path, sizeof path, dir, name) == OK) {
            if (io_is_dir(path)) {
                rc = depth < FOLDERS_DEEP ? find_acquisitions(im, path, depth + 1) : OK;
            } else if (is_acquisition(name)) {
                rc = take_acquisition(im, path, name);
            }
        }
        free(entry[i]);
    }
    free(entry);
    return rc;
}

static int walk(struct import *im, const char *path)
{
    struct ds_map *map = NULL;
    const char *slash = strrchr(path, '/');
    if (is_acquisition(path) && !io_is_dir(path)) {
        int failed = take_acquisition(im, path, slash ? slash + 1 : path);
        return failed ? failed : intake_finish(im->intake, im->e);
    }
    int64_t before = im->r->files;
    int rc = io_is_dir(path) && !im->o->map ? find_acquisitions(im, path, 0) : OK;
    if (!rc) {
        rc = ds_map_load(&map, im->o->map, im->e);
    }
    if (!rc) {
        struct ds_callbacks cb = {.ctx = im, .item = take_item, .bad = take_bad, .file = take_file};
        rc = ds_walk(path, map, &cb, im->e);
        rc = rc == E_NOT_FOUND && im->r->files > before ? OK : rc; // acquisitions alone are fine
    }
    if (!rc) {
        rc = intake_finish(im->intake, im->e);
    }
    ds_map_free(map);
    return rc;
}

int import_path(struct store *s, const char *path, const struct import_options *o,
                struct import_result *r, import_bad_fn bad, void *ctx, struct err *e)
{
    struct import im = {.o = o, .r = r, .bad = bad, .bad_ctx = ctx, .e = e};
    char name[128], device[INTAKE_DEVICE_MAX];
    base_name(name, sizeof name, path);
    intake_name_device(device, "import-", o->device ? o->device : name);
    int rc = intake_open(&im.intake, s, device, o->label, &r->in, e);
    if (rc) {
        return rc;
    }
    if (!o->quiet) {
        progress_start(&im.bar, "import", 1);
    }
    rc = walk(&im, path);
    progress_end(&im.bar);
    intake_close(im.intake);
    return rc;
}
