// Cutting windows. See windows.h.
#include "trainer/windows.h"
#include "common/err.h"
#include "common/parse.h"

#include <math.h>

const char *split_name(enum split s)
{
    static const char *const names[] = {"none", "train", "validation", "test"};
    return names[s];
}

int name_find(const struct name_list *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->name[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int name_add(struct name_list *l, const char *name)
{
    int at = name_find(l, name);
    if (at >= 0) {
        return at;
    }
    if (l->count == UINT16_MAX) {
        return E_LIMIT;
    }
    char **grown = realloc(l->name, (l->count + 1) * sizeof(*grown));
    char *copy = strdup(name);
    if (!grown || !copy) {
        l->name = grown ? grown : l->name;
        free(copy);
        return E_MEM;
    }
    l->name = grown;
    l->name[l->count] = copy;
    return (int)l->count++;
}

void name_release(struct name_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->name[i]);
    }
    free(l->name);
    *l = (struct name_list){0};
}

void windows_init(struct windows *w, const struct recipe *r)
{
    *w = (struct windows){.r = r};
}

void windows_release(struct windows *w)
{
    for (size_t i = 0; i < w->pieces; i++) {
        free(w->piece[i].raw);
    }
    free(w->piece);
    free(w->w);
    free(w->box);
    name_release(&w->label);
    name_release(&w->group);
    *w = (struct windows){0};
}

int windows_set_labels(struct windows *w, const char *const *label, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        int at = name_add(&w->label, label[i]);
        if (at < 0) {
            return err_set(e, at, "out of memory");
        }
        if ((size_t)at != i) {
            return err_set(e, E_FORMAT, "label '%s' is named twice", label[i]);
        }
    }
    w->fixed_labels = count;
    return OK;
}

static bool in_list(const char *list, const char *name)
{
    char buf[RECIPE_TEXT], *word[RECIPE_LIST];
    size_t n = recipe_words(list, buf, word, RECIPE_LIST);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// The class of a label by the recipe's rename, drop and labels; -1: left out; other negatives are errors. Of regress
// every label that is a number belongs to the one output, and the number goes to *value.
static int class_of(struct windows *w, const char *label, float *value)
{
    double number = 0;
    char buf[RECIPE_TEXT], *word[RECIPE_LIST];
    const char *name = label;
    size_t n = recipe_words(w->r->rename, buf, word, RECIPE_LIST), len = strlen(label);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(word[i], label, len) == 0 && word[i][len] == '=') {
            name = word[i] + len + 1;
        }
    }
    if (*name == 0 || in_list(w->r->drop, name)) {
        return -1;
    }
    *value = 0;
    if (w->r->task == TASK_REGRESS) {
        if (parse_f64(name, -1e30, 1e30, &number)) {
            return -1;
        }
        *value = (float)number;
        return w->label.count ? 0 : name_add(&w->label, w->r->labels[0] ? w->r->labels : "value");
    }
    return w->r->labels[0] ? name_find(&w->label, name) : name_add(&w->label, name);
}

static int settle_format(struct windows *w, const struct rec_samples *s, struct err *e)
{
    const struct recipe *r = w->r;
    if (w->channels == 0) {
        w->channels = s->channels;
        w->interval_ns = s->interval_ns;
        w->width = s->width;
        w->height = s->height;
        bool whole =
            s->width > 0 || r->window.frames == RECIPE_WHOLE; // a picture, or a table's row
        int64_t window = s->width > 0 ? (int64_t)s->width * s->height
                         : whole      ? (int64_t)s->frames
                                      : recipe_frames(&r->window, s->interval_ns);
        int64_t stride = whole || r->stride.frames == RECIPE_WHOLE
                             ? window
                             : recipe_frames(&r->stride, s->interval_ns);
        if (window < 1 || window > INT32_MAX / 64 || stride < 1 || stride > INT32_MAX / 64) {
            return err_set(e, E_FORMAT,
                           "a window of %lld and a stride of %lld frames cannot be (streams "
                           "without a rate need "
                           "'frames')",
                           (long long)window, (long long)stride);
        }
        w->window = (uint32_t)window;
        w->stride = (uint32_t)stride;
        return OK;
    }
    double drift = (double)s->interval_ns / (double)(w->interval_ns ? w->interval_ns : 1);
    bool same_rate = s->interval_ns == w->interval_ns || fabs(drift - 1) < 0.02;
    if (s->channels != w->channels || s->width != w->width || s->height != w->height ||
        !same_rate) {
        return err_set(e, E_CONFLICT,
                       "%u channels every %llu ns, %u x %u, while earlier recordings have %u every "
                       "%llu ns, %u x %u: give "
                       "them another stream name or leave them out",
                       s->channels, (unsigned long long)s->interval_ns, s->width, s->height,
                       w->channels, (unsigned long long)w->interval_ns, w->width, w->height);
    }
    return OK;
}

static int put_piece(struct windows *w, struct piece p, const void *raw, size_t bytes, size_t room)
{
    if ((w->pieces & (w->pieces - 1)) == 0) { // full at powers of two
        struct piece *grown = realloc(w->piece, (w->pieces ? 2 * w->pieces : 1) * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        w->piece = grown;
    }
    p.raw = calloc(1, room > bytes ? room : bytes + 1);
    if (!p.raw) {
        return E_MEM;
    }
    memcpy(p.raw, raw, bytes);
    w->piece[w->pieces++] = p;
    return OK;
}

static int put_window(struct windows *w, struct window x)
{
    if (w->count >= WINDOWS_MAX) {
        return E_LIMIT;
    }
    if ((w->count & (w->count - 1)) == 0) {
        struct window *grown = realloc(w->w, (w->count ? 2 * w->count : 1) * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        w->w = grown;
    }
    w->w[w->count++] = x;
    return OK;
}

// Microseconds to frames of a run, rounded.
static int64_t frame_at(const struct windows *w, const struct rec_run *run, int64_t t_us)
{
    return w->interval_ns
               ? llround((double)(t_us - run->start_us) * 1000.0 / (double)w->interval_ns)
               : 0;
}

// A region as frames of a run, cut to it; false where they do not meet.
static bool region_in_run(const struct windows *w, const struct rec_run *run,
                          const struct labelled *l, int64_t *from, int64_t *to)
{
    *from = l->whole ? 0 : frame_at(w, run, l->start_us);
    *to = l->whole ? (int64_t)run->frames : frame_at(w, run, l->end_us);
    *from = *from < 0 ? 0 : *from;
    *to = *to > (int64_t)run->frames ? (int64_t)run->frames : *to;
    return *to > *from;
}

// Whether another label covers more of the window than this one does (or, by rule, too much at all).
static bool is_contested(struct windows *w, const struct rec_run *run, const struct labelled *l,
                         size_t labels, size_t own, int64_t at)
{
    int64_t from, to, mine = 0;
    if (region_in_run(w, run, &l[own], &from, &to)) {
        int64_t a = from > at ? from : at, b = to < at + w->window ? to : at + w->window;
        mine = b - a;
    }
    for (size_t i = 0; i < labels; i++) {
        if (i == own || strcmp(l[i].label, l[own].label) == 0 ||
            !region_in_run(w, run, &l[i], &from, &to)) {
            continue;
        }
        int64_t a = from > at ? from : at, b = to < at + w->window ? to : at + w->window,
                theirs = b - a;
        bool too_much = (double)theirs > (1 - w->r->inside) * w->window;
        if (theirs > 0 &&
            (w->r->conflict == CONFLICT_DROP ? too_much
                                             : theirs > mine || (theirs == mine && i < own))) {
            return true;
        }
    }
    return false;
}

struct cut { // one recording at work
    const struct rec_samples *s;
    const struct labelled *l;
    size_t labels;
    uint32_t recording;
    uint16_t group;
    float value; // of the label at work
    int64_t taken;
};

static int cut_region(struct windows *w, struct cut *c, const struct rec_run *run, uint32_t piece,
                      size_t own, int label)
{
    int64_t from, to;
    if (!region_in_run(w, run, &c->l[own], &from, &to)) {
        return OK;
    }
    int64_t outside = (int64_t)((1 - w->r->inside) * w->window);
    int64_t at = from - outside < 0 ? 0 : from - outside;
    int64_t end = to + outside > (int64_t)run->frames ? (int64_t)run->frames : to + outside;
    int64_t before = c->taken;
    for (; at + w->window <= end; at += w->stride) {
        if (w->r->per_recording > 0 && c->taken >= w->r->per_recording) {
            return OK;
        }
        if (c->labels > 1 && is_contested(w, run, c->l, c->labels, own, at)) {
            continue;
        }
        int rc = put_window(w, (struct window){.piece = piece,
                                               .frame = (uint32_t)at,
                                               .label = (uint16_t)label,
                                               .group = c->group,
                                               .recording = c->recording,
                                               .value = c->value});
        if (rc) {
            return rc;
        }
        c->taken++;
    }
    w->skipped_short += c->taken == before;
    return OK;
}

static size_t frame_bytes(const struct rec_samples *s)
{
    return s->channels * mote_sample_size(s->type);
}

// A recording shorter than a window, filled up: zeros around it, or itself again and again.
static int pad_region(struct windows *w, struct cut *c, const struct rec_run *run, int64_t rec_id,
                      int64_t from, int64_t to, int label)
{
    size_t size = frame_bytes(c->s), have = (size_t)(to - from);
    const uint8_t *raw = c->s->raw + (run->first_frame + (size_t)from) * size;
    struct piece p = {.frames = w->window,
                      .type = c->s->type,
                      .scale = c->s->scale,
                      .rec_id = rec_id,
                      .start_us = run->start_us + from * (int64_t)(w->interval_ns / 1000)};
    int rc = put_piece(w, p, raw, have * size, w->window * size);
    if (rc) {
        return rc;
    }
    uint8_t *to_raw = w->piece[w->pieces - 1].raw;
    if (w->r->pad == PAD_REPEAT) {
        for (size_t i = have; i < w->window; i++) {
            memcpy(to_raw + i * size, to_raw + (i - have) * size, size);
        }
    } else {
        size_t lead = (w->window - have) / 2;
        memmove(to_raw + lead * size, to_raw, have * size);
        memset(to_raw, 0, lead * size);
    }
    c->taken++;
    return put_window(w, (struct window){.piece = (uint32_t)w->pieces - 1,
                                         .label = (uint16_t)label,
                                         .group = c->group,
                                         .recording = c->recording,
                                         .value = c->value});
}

// The piece that holds this run already: a dataset's windows are added one by one, many from one recording.
static int64_t piece_of(const struct windows *w, const struct rec_run *run, int64_t rec_id)
{
    for (size_t i = w->pieces; rec_id > 0 && i > 0 && w->piece[i - 1].rec_id == rec_id; i--) {
        if (w->piece[i - 1].start_us == run->start_us && w->piece[i - 1].frames == run->frames) {
            return (int64_t)i - 1;
        }
    }
    return -1;
}

static int cut_run(struct windows *w, struct cut *c, const struct rec_run *run, int64_t rec_id)
{
    size_t size = frame_bytes(c->s);
    int64_t kept = piece_of(w, run, rec_id); // that holds the run, once a region has needed it
    for (size_t i = 0; i < c->labels; i++) {
        int64_t from, to;
        int label = class_of(w, c->l[i].label, &c->value);
        if (label < -1) {
            return label;
        }
        if (label < 0 || !region_in_run(w, run, &c->l[i], &from, &to)) {
            w->skipped_label += label < 0;
            continue;
        }
        int rc = OK;
        if (c->l[i].whole && to - from < w->window && w->r->pad != PAD_NONE &&
            to - from >= w->window / 16) {
            rc = pad_region(w, c, run, rec_id, from, to, label);
        } else {
            if (kept < 0) {
                struct piece p = {.frames = run->frames,
                                  .type = c->s->type,
                                  .scale = c->s->scale,
                                  .rec_id = rec_id,
                                  .start_us = run->start_us};
                rc = put_piece(w, p, c->s->raw + run->first_frame * size, run->frames * size, 0);
                kept = (int64_t)w->pieces - 1;
            }
            rc = rc ? rc : cut_region(w, c, run, (uint32_t)kept, i, label);
        }
        if (rc) {
            return rc;
        }
    }
    return OK;
}

static int put_box(struct windows *w, struct box b)
{
    if ((w->boxes & (w->boxes - 1)) == 0) {
        struct box *grown = realloc(w->box, (w->boxes ? 2 * w->boxes : 1) * sizeof(*grown));
        if (!grown) {
            return E_MEM;
        }
        w->box = grown;
    }
    w->box[w->boxes++] = b;
    return OK;
}

// A detector's picture: one window, and the boxes whose middle lies in it. One without boxes shows nothing.
static int add_picture(struct windows *w, const struct rec_samples *s, int64_t rec_id,
                       const struct labelled *l, size_t labels, uint16_t group)
{
    struct piece p = {.frames = s->run[0].frames,
                      .type = s->type,
                      .scale = s->scale,
                      .rec_id = rec_id,
                      .start_us = s->run[0].start_us};
    if (s->width == 0 || p.frames < w->window) {
        w->skipped_short++;
        return OK;
    }
    int rc = put_piece(w, p, s->raw + s->run[0].first_frame * frame_bytes(s),
                       p.frames * frame_bytes(s), 0);
    rc = rc ? rc
            : put_window(w, (struct window){.piece = (uint32_t)w->pieces - 1,
                                            .group = group,
                                            .recording = (uint32_t)w->recordings++});
    for (size_t i = 0; i < labels && rc == OK; i++) {
        float none;
        int label = l[i].has_box ? class_of(w, l[i].label, &none) : -1;
        struct box b = {.window = (uint32_t)w->count - 1,
                        .label = (uint16_t)label,
                        .x = (float)(l[i].x / s->width),
                        .y = (float)(l[i].y / s->height),
                        .w = (float)(l[i].w / s->width),
                        .h = (float)(l[i].h / s->height)};
        float mx = b.x + b.w / 2, my = b.y + b.h / 2;
        bool inside = mx >= 0 && mx < 1 && my >= 0 && my < 1;
        w->skipped_label += l[i].has_box && (label < 0 || !inside);
        rc = label < -1 ? label : label >= 0 && inside ? put_box(w, b) : OK;
    }
    return rc;
}

int windows_add(struct windows *w, const struct rec_samples *s, int64_t rec_id,
                const struct labelled *l, size_t labels, const char *group, struct err *e)
{
    if (s->frames == 0) {
        w->skipped_short++;
        return OK;
    }
    int rc = settle_format(w, s, e);
    int at = rc ? rc : name_add(&w->group, group);
    if (at < 0) {
        return rc ? rc : err_set(e, at, "too many groups");
    }
    if (w->r->task == TASK_DETECT) {
        rc = add_picture(w, s, rec_id, l, labels, (uint16_t)at);
        return rc ? err_set(e, rc, "out of memory, or too many labels") : OK;
    }
    struct cut c = {.s = s,
                    .l = l,
                    .labels = labels,
                    .recording = (uint32_t)w->recordings++,
                    .group = (uint16_t)at};
    w->skipped_gap += s->runs > 1 ? s->runs - 1 : 0;
    for (size_t i = 0; i < s->runs && rc == OK; i++) {
        rc = cut_run(w, &c, &s->run[i], rec_id);
    }
    return rc ? err_set(e, rc,
                        rc == E_LIMIT ? "too many windows (over %zu) or labels" : "out of memory",
                        WINDOWS_MAX)
              : OK;
}
