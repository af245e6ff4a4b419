// Windows from the store's labelled recordings, and the order of the classes. See windows.h.
#include "common/err.h"
#include "common/store/store_label.h"
#include "common/store/store_sample.h"
#include "trainer/windows.h"

#define FRAMES_MAX ((size_t)1 << 27) // of one recording

struct found { // a labelled recording
    int64_t rec_id;
    char device[64], group[128];
};
struct found_list {
    struct found *r;
    size_t count;
    bool full;
};

static int on_recording(void *ctx, const struct store_recording *r)
{
    struct found_list *l = ctx;
    if (r->label_count == 0) {
        return 0;
    }
    if ((l->count & (l->count - 1)) == 0) {
        struct found *grown = realloc(l->r, (l->count ? 2 * l->count : 1) * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        l->r = grown;
    }
    struct found *f = &l->r[l->count++];
    *f = (struct found){.rec_id = r->rec_id};
    snprintf(f->device, sizeof(f->device), "%s", r->device ? r->device : "");
    snprintf(f->group, sizeof(f->group), "%s", r->grp ? r->grp : "");
    return 0;
}

struct labels {
    struct labelled *l;
    size_t count;
};

static int on_region(void *ctx, const struct store_region *r)
{
    struct labels *l = ctx;
    if (r->deleted || !r->label || !*r->label) {
        return 0;
    }
    struct labelled *grown = realloc(l->l, (l->count + 1) * sizeof(*grown));
    if (!grown) {
        return E_MEM;
    }
    l->l = grown;
    struct labelled *x = &l->l[l->count++];
    *x = (struct labelled){
        .whole = r->whole || !*r->region, .start_us = r->start_us, .end_us = r->end_us};
    x->has_box = r->has_box;
    x->x = r->x;
    x->y = r->y;
    x->w = r->w;
    x->h = r->h;
    snprintf(x->label, sizeof(x->label), "%s", r->label);
    return 0;
}

static const char *group_of(const struct recipe *r, const struct found *f, char *buf, size_t cap)
{
    if (r->group == GROUP_RECORDING) {
        snprintf(buf, cap, "recording %lld", (long long)f->rec_id);
        return buf;
    }
    return r->group == GROUP_DEVICE || (r->group == GROUP_AUTO && !f->group[0]) ? f->device
                                                                                : f->group;
}

static int add_recording(struct windows *w, struct store *s, const struct found *f, struct err *e)
{
    struct labels l = {0};
    struct rec_samples samples = {0};
    char buf[64];
    int rc = store_label_walk(s, f->rec_id, on_region, &l, e);
    if (rc == OK && l.count) {
        rc = rec_load(s, f->rec_id, w->r->stream, INT64_MIN, INT64_MAX, FRAMES_MAX, &samples, e);
        rc = rc ? rc
                : windows_add(w, &samples, f->rec_id, l.l, l.count,
                              group_of(w->r, f, buf, sizeof(buf)), e);
        rec_release(&samples);
    }
    free(l.l);
    return rc == OK || rc == E_MEM ? rc : err_wrap(e, "recording %lld", (long long)f->rec_id);
}

int windows_recipe_labels(struct windows *w, struct err *e)
{
    char buf[RECIPE_TEXT], *word[RECIPE_LIST];
    size_t n = recipe_words(w->r->labels, buf, word, RECIPE_LIST);
    return w->label.count == 0 ? windows_set_labels(w, (const char *const *)word, n, e) : OK;
}

int windows_from_store(struct windows *w, struct store *s, struct err *e)
{
    struct found_list list = {0};
    struct store_recording_filter filter = {.stream = w->r->stream};
    int rc = windows_recipe_labels(w, e);
    rc = rc ? rc : store_recording_walk(s, &filter, on_recording, &list, e);
    if (rc == OK && list.count == 0) {
        rc = err_set(e, E_REFUSED, "no labelled recordings of stream '%s': label some first",
                     w->r->stream);
    }
    for (size_t i = 0; i < list.count && rc == OK; i++) {
        rc = add_recording(w, s, &list.r[i], e);
    }
    free(list.r);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Class numbers follow the names, not the order in which recordings came; fixed ones stay where they are.
static int sort_labels(struct windows *w, struct err *e)
{
    struct name_list sorted = {0};
    char **order = calloc(w->label.count + 1, sizeof(*order));
    if (!order) {
        return err_set(e, E_MEM, "out of memory");
    }
    memcpy(order, w->label.name, w->label.count * sizeof(*order));
    qsort(order + w->fixed_labels, w->label.count - w->fixed_labels, sizeof(*order), by_name);
    int rc = OK;
    for (size_t i = 0; i < w->label.count && rc >= 0; i++) {
        rc = name_add(&sorted, order[i]);
    }
    free(order);
    for (size_t i = 0; i < w->count && rc >= 0; i++) {
        if (w->r->task != TASK_DETECT) {
            w->w[i].label = (uint16_t)name_find(&sorted, w->label.name[w->w[i].label]);
        }
    }
    for (size_t i = 0; i < w->boxes && rc >= 0; i++) {
        w->box[i].label = (uint16_t)name_find(&sorted, w->label.name[w->box[i].label]);
    }
    name_release(&w->label);
    w->label = sorted;
    return rc < 0 ? err_set(e, rc, "out of memory") : OK;
}

bool windows_learns(const struct windows *w, size_t label)
{
    return (w->r->task != TASK_ANOMALY && w->r->task != TASK_DETECT) || label == 0;
}

static int check_task(const struct windows *w, struct err *e)
{
    if (w->r->task == TASK_DETECT && w->boxes == 0) {
        return err_set(e, E_STATE, "no boxes: label objects in pictures by boxes first");
    }
    if (w->r->task == TASK_REGRESS && w->label.count > 1) {
        return err_set(e, E_FORMAT,
                       "a model of numbers has one output: [data] labels gives its name");
    }
    if (w->r->task != TASK_ANOMALY || w->label.count == 1 ||
        (w->r->labels[0] && w->label.count == 2)) {
        return OK;
    }
    return err_set(e, E_FORMAT,
                   "%zu classes: an anomaly model has the normal one and at most one more, named "
                   "in [data] labels "
                   "in this order ('rename' brings several faults under one name)",
                   w->label.count);
}

int windows_finish(struct windows *w, struct err *e)
{
    int rc = w->r->labels[0] ? OK : sort_labels(w, e);
    if (rc) {
        return rc;
    }
    if (w->count == 0) {
        return err_set(e, E_STATE,
                       "no windows: %llu labelled pieces are shorter than %u frames, %llu have "
                       "labels that the "
                       "recipe leaves out",
                       (unsigned long long)w->skipped_short, w->window,
                       (unsigned long long)w->skipped_label);
    }
    if (w->label.count > WINDOWS_CLASSES_MAX) {
        return err_set(e, E_LIMIT,
                       "%zu classes, at most %d are possible: name some in [data] labels",
                       w->label.count, WINDOWS_CLASSES_MAX);
    }
    rc = check_task(w, e);
    if (rc) {
        return rc;
    }
    for (size_t c = 0; c < w->label.count; c++) {
        size_t n = 0;
        for (size_t i = 0; i < w->count; i++) {
            n += w->w[i].label == c;
        }
        if (n == 0 && windows_learns(w, c)) {
            return err_set(e, E_STATE, "class '%s' has no windows", w->label.name[c]);
        }
    }
    return OK;
}
