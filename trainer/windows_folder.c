// Windows from labelled files in a folder. See windows.h.
#include "common/dataset.h"
#include "common/err.h"
#include "trainer/windows.h"

struct reading {
    struct windows *w;
    struct err *e;
    size_t *bad;
    char *bad_text;
    size_t cap;
    char other[64]; // a stream that is there but was not asked for
    size_t items;
};

static int add_item(struct reading *r, const struct ds_item *it)
{
    struct rec_run run = {.frames = it->frames};
    struct rec_samples s = {.type = it->type,
                            .channels = it->channels,
                            .scale = it->scale,
                            .interval_ns = it->interval_ns,
                            .width = it->width,
                            .height = it->height,
                            .frames = it->frames,
                            .run = &run,
                            .runs = 1};
    // windows_add only reads: the const of borrowed bytes is kept
    union {
        const void *in;
        uint8_t *raw;
    } bytes = {.in = it->raw};
    s.raw = bytes.raw;
    struct labelled *l = calloc(it->regions + 1, sizeof(*l));
    if (!l) {
        return err_set(r->e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < it->regions; i++) {
        double us = (double)it->interval_ns / 1000.0;
        l[i] = (struct labelled){.whole = it->region[i].whole,
                                 .start_us = (int64_t)((double)it->region[i].start * us + 0.5),
                                 .end_us = (int64_t)((double)it->region[i].end * us + 0.5)};
        l[i].has_box = it->region[i].has_box;
        l[i].x = it->region[i].x;
        l[i].y = it->region[i].y;
        l[i].w = it->region[i].w;
        l[i].h = it->region[i].h;
        snprintf(l[i].label, sizeof(l[i].label), "%s", it->region[i].label);
    }
    bool grouped = it->group && *it->group && r->w->r->group != GROUP_RECORDING;
    int rc = windows_add(r->w, &s, (int64_t)r->items, l, it->regions,
                         grouped ? it->group : it->name, r->e);
    free(l);
    return rc == OK ? OK : err_wrap(r->e, "%s", it->name);
}

static int on_item(void *ctx, const struct ds_item *it)
{
    struct reading *r = ctx;
    if (strcmp(it->stream, r->w->r->stream) != 0) {
        snprintf(r->other, sizeof(r->other), "%s", it->stream);
        return OK;
    }
    if (it->regions == 0) {
        return OK;
    }
    r->items++;
    return add_item(r, it);
}

static void on_bad(void *ctx, const char *path, const struct err *why)
{
    struct reading *r = ctx;
    (*r->bad)++;
    snprintf(r->bad_text, r->cap, "%s: %s", path, why->msg);
}

int windows_from_folder(struct windows *w, const char *folder, const char *map, size_t *bad,
                        char *bad_text, size_t cap, struct err *e)
{
    struct ds_map *m = NULL;
    struct reading r = {.w = w, .e = e, .bad = bad, .bad_text = bad_text, .cap = cap};
    *bad = 0;
    int rc = ds_map_load(&m, map, e);
    struct ds_callbacks cb = {.ctx = &r, .item = on_item, .bad = on_bad};
    rc = rc ? rc : ds_walk(folder, m, &cb, e);
    ds_map_free(m);
    if (rc == OK && r.items == 0) {
        rc = r.other[0]
                 ? err_set(e, E_NOT_FOUND,
                           "'%s' holds stream '%s', the model listens to '%s': name it so in the "
                           "mapping "
                           "file ([stream] name)",
                           folder, r.other, w->r->stream)
                 : err_set(e, E_NOT_FOUND,
                           "'%s' holds no labelled recordings (%zu files could not be read%s%s)",
                           folder, *bad, *bad ? ", the last: " : "", bad_text);
    }
    return rc;
}
