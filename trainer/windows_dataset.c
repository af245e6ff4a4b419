// Windows of a dataset version: an immutable list of labelled stretches of recordings, each on a side of its own.
//
// A stretch as long as the recipe's window is one window; a longer one, as the page makes of whole labelled pieces, is
// cut by window and stride and stays on its side; a shorter one gives nothing, unless it is a whole recording and the
// recipe fills such up.
#include "common/err.h"
#include "common/store/store_dataset.h"
#include "common/store/store_label.h"
#include "trainer/windows.h"

#include <math.h>

#define FRAMES_MAX ((size_t)1 << 27) // of one recording

struct item {
    int64_t rec_id, start_us, end_us;
    char label[STORE_LABEL_MAX + 1], group[128];
    uint8_t split;
};
struct item_list {
    struct item *i;
    size_t count;
    const char *digest, *stream;
    struct err *e;
};

static int side_of(const char *name)
{
    for (int s = SPLIT_TRAIN; s <= SPLIT_TEST; s++) {
        if (strcmp(name, split_name((enum split)s)) == 0) {
            return s;
        }
    }
    return -1;
}

static int on_item(void *ctx, const struct store_dataset_item *d)
{
    struct item_list *l = ctx;
    int side = side_of(d->split);
    if (strcmp(d->stream, l->stream) != 0) {
        return err_set(l->e, E_CONFLICT, "dataset %.12s has windows of stream '%s', not of '%s'",
                       l->digest, d->stream, l->stream);
    }
    if (side < 0) {
        return err_set(
            l->e, E_FORMAT,
            "dataset %.12s has windows of split '%s', which is none of train, validation, test",
            l->digest, d->split);
    }
    if ((l->count & (l->count - 1)) == 0) {
        struct item *grown = realloc(l->i, (l->count ? 2 * l->count : 1) * sizeof(*grown));
        if (!grown) {
            return err_set(l->e, E_MEM, "out of memory");
        }
        l->i = grown;
    }
    struct item *x = &l->i[l->count++];
    *x = (struct item){
        .rec_id = d->rec_id, .start_us = d->start_us, .end_us = d->end_us, .split = (uint8_t)side};
    snprintf(x->label, sizeof(x->label), "%s", d->label);
    snprintf(x->group, sizeof(x->group), "%s", d->grp);
    return 0;
}

// The stretch that an item is of these samples.
static struct labelled stretch_of(const struct windows *w, const struct rec_samples *s,
                                  const struct item *i)
{
    struct labelled l = {.start_us = i->start_us, .end_us = i->end_us};
    double frame_us = (double)s->interval_ns / 1000.0;
    double frames = frame_us > 0 ? (double)(i->end_us - i->start_us) / frame_us : 0;
    if (s->runs == 1) { // only what is whole is filled up
        double end = (double)s->run[0].start_us + ((double)s->run[0].frames - 0.5) * frame_us;
        l.whole = i->start_us <= s->run[0].start_us && (double)i->end_us >= end;
    }
    // 33.6 frames are a window of 34, wherever between two frames they start
    if (fabs(frames - round(frames)) > 0.02 &&
        llround(frames) == recipe_frames(&w->r->window, s->interval_ns)) {
        l.end_us += (int64_t)(frame_us / 2);
    }
    snprintf(l.label, sizeof(l.label), "%s", i->label);
    return l;
}

// Items of one recording lie side by side: they were cut from it one after another.
static int add_items(struct windows *w, struct store *s, const struct item *i, size_t count,
                     struct err *e)
{
    struct rec_samples samples = {0};
    int rc = rec_load(s, i->rec_id, w->r->stream, INT64_MIN, INT64_MAX, FRAMES_MAX, &samples, e);
    for (size_t k = 0; k < count && rc == OK; k++) {
        struct labelled l = stretch_of(w, &samples, &i[k]);
        size_t before = w->count;
        rc = windows_add(w, &samples, i->rec_id, &l, 1, i[k].group, e);
        for (size_t n = before; n < w->count; n++) {
            w->w[n].split = i[k].split;
        }
        w->recordings -=
            rc == OK && samples.frames > 0 && k + 1 < count; // one recording, however many windows
    }
    rec_release(&samples);
    return rc;
}

// Not one window: the longest stretch against what the recipe asks for.
static int nothing_fits(const struct windows *w, const struct item_list *l, struct err *e)
{
    int64_t longest = 0;
    for (size_t i = 0; i < l->count; i++) {
        int64_t us = l->i[i].end_us - l->i[i].start_us;
        longest = us > longest ? us : longest;
    }
    double window = (double)w->window * (double)w->interval_ns / 1e9;
    if (w->skipped_short == 0 || (double)longest / 1e6 >= window) {
        return OK; // labels that are left out: windows_finish says so
    }
    return err_set(e, E_CONFLICT,
                   "dataset %.12s has windows of %.6g s at most, [data] window asks for %.6g s: "
                   "shorten it, or make "
                   "a version with longer windows",
                   l->digest, (double)longest / 1e6, window);
}

int windows_from_dataset(struct windows *w, struct store *s, const char *digest, const char *split,
                         struct err *e)
{
    struct item_list l = {.digest = digest, .stream = w->r->stream, .e = e};
    int rc = store_dataset_items(s, digest, split, on_item, &l, e);
    if (rc == OK && l.count == 0) {
        rc = err_set(e, E_NOT_FOUND, "dataset %.12s has no windows%s%s", digest,
                     split ? " of split " : "", split ? split : "");
    }
    for (size_t at = 0, n; at < l.count && rc == OK; at += n) {
        for (n = 1; at + n < l.count && l.i[at + n].rec_id == l.i[at].rec_id; n++) {
        }
        rc = add_items(w, s, l.i + at, n, e);
    }
    if (rc == OK && w->count == 0) {
        rc = nothing_fits(w, &l, e);
    }
    free(l.i);
    return rc;
}

struct search {
    const char *start;
    char *digest; // STORE_DIGEST_TEXT
    int found;
};

static int on_dataset(void *ctx, const struct store_dataset *d)
{
    struct search *x = ctx;
    if (strncmp(d->digest, x->start, strlen(x->start)) == 0) {
        snprintf(x->digest, STORE_DIGEST_TEXT, "%s", d->digest);
        x->found++;
    }
    return 0;
}

int windows_find_dataset(struct store *s, const char *start, char digest[STORE_DIGEST_TEXT],
                         struct err *e)
{
    struct search x = {.start = start, .digest = digest};
    int rc = store_dataset_walk(s, on_dataset, &x, e);
    if (rc == OK && x.found == 0) {
        rc = err_set(
            e, E_NOT_FOUND,
            "[data] dataset: no dataset version of this project has a digest that begins with '%s'",
            start);
    } else if (rc == OK && x.found > 1) {
        rc = err_set(e, E_CONFLICT,
                     "[data] dataset: %d dataset versions begin with '%s': give more of the digest",
                     x.found, start);
    }
    return rc;
}
