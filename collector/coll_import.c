// See coll_import.h. The walk over files is common/dataset's, the rows are common/intake's.
#include "collector/coll_import.h"

#include "common/dataset.h"
#include "common/err.h"
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

static int walk(struct import *im, const char *path)
{
    struct ds_map *map = NULL;
    int rc = ds_map_load(&map, im->o->map, im->e);
    if (!rc) {
        struct ds_callbacks cb = {.ctx = im, .item = take_item, .bad = take_bad, .file = take_file};
        rc = ds_walk(path, map, &cb, im->e);
    }
    if (!rc) {
        rc = intake_finish(im->intake, im->e);
    }
    ds_map_free(map);
    return rc;
}

int import_path(struct store *s, const char *path, const struct import_options *o, struct import_result *r,
                import_bad_fn bad, void *ctx, struct err *e)
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
