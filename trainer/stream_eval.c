// Streams of decisions. See stream_eval.h.
#include "trainer/stream_eval.h"
#include "common/err.h"

static const int smooths[8] = {1, 2, 3, 4, 6, 8, 12, 16};
static const int suppresses[5] = {0, 2, 4, 8, 16};
#define THRESHOLDS 14 // 0, 0.3, 0.35 ... 0.9

void stream_track_release(struct stream_track *t)
{
    free(t->w);
    free(t->score);
    free(t->event);
    *t = (struct stream_track){0};
}

static int by_place(const void *a, const void *b)
{
    const struct stream_event *x = a, *y = b;
    if (x->piece != y->piece) {
        return x->piece < y->piece ? -1 : 1;
    }
    return x->from < y->from ? -1 : x->from > y->from;
}

// Labelled windows that follow or overlap each other and agree are one event.
static int find_events(struct stream_track *t, const struct windows *w, enum split split)
{
    t->event = calloc(w->count + 1, sizeof(*t->event));
    if (!t->event) {
        return E_MEM;
    }
    size_t n = 0, made = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (split == SPLIT_NONE || w->w[i].split == split) {
            t->event[n++] = (struct stream_event){w->w[i].piece, w->w[i].frame,
                                                  w->w[i].frame + w->window, w->w[i].label};
        }
    }
    qsort(t->event, n, sizeof(*t->event), by_place);
    for (size_t i = 0; i < n; i++) {
        const struct stream_event now = t->event[i];
        struct stream_event *last = made ? &t->event[made - 1] : NULL;
        if (last && last->piece == now.piece && last->label == now.label && now.from <= last->to) {
            last->to = now.to > last->to ? now.to : last->to;
        } else {
            t->event[made++] = now;
        }
    }
    t->events = made;
    for (size_t i = 0; i < made; i++) {
        t->hours += (double)(t->event[i].to - t->event[i].from) * t->frame_s / 3600;
    }
    return OK;
}

static bool touches(const struct stream_track *t, const struct stream_window *w,
                    const struct stream_event *e)
{
    return e->piece == w->piece && w->frame < e->to && e->from < w->frame + t->window;
}

// The first event that ends behind a window's start; events of a piece follow each other.
static size_t first_event(const struct stream_track *t, const struct stream_window *w)
{
    size_t lo = 0, hi = t->events;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const struct stream_event *e = &t->event[mid];
        bool before = e->piece < w->piece || (e->piece == w->piece && e->to <= w->frame);
        lo = before ? mid + 1 : lo;
        hi = before ? hi : mid;
    }
    return lo;
}

static int run_piece(struct stream_track *t, struct ship_runtime *r, const struct windows *w,
                     uint32_t piece, struct err *e)
{
    const struct piece *p = &w->piece[piece];
    size_t frame_bytes = w->channels * mote_sample_size(p->type);
    for (size_t at = 0; at + w->window <= p->frames; at += w->stride) {
        struct mote_pipe_result result;
        struct mote_nn_tensor output;
        int rc = ship_run(r, p->raw + at * frame_bytes, p->type, p->scale, &result, &output, e);
        if (rc) {
            return rc;
        }
        struct stream_window *s = &t->w[t->windows];
        *s = (struct stream_window){
            .piece = piece, .frame = (uint32_t)at, .novelty = result.novelty};
        size_t event = first_event(t, s);
        s->judged = event < t->events && touches(t, s, &t->event[event]);
        memcpy(t->score + t->windows++ * t->classes, result.score, t->classes * sizeof(float));
    }
    return OK;
}

static int make_room(struct stream_track *t, const struct windows *w, const bool *wanted)
{
    size_t most = 1;
    for (size_t i = 0; i < w->pieces; i++) {
        most += wanted[i] ? w->piece[i].frames / w->stride + 1 : 0;
    }
    t->w = calloc(most, sizeof(*t->w));
    t->score = calloc(most * t->classes, sizeof(float));
    return t->w && t->score ? OK : E_MEM;
}

int stream_collect(struct stream_track *t, struct ship_runtime *r, const struct windows *w,
                   enum split split, struct err *e)
{
    *t = (struct stream_track){.classes = ship_config(r)->classes,
                               .frame_s = (double)w->interval_ns / 1e9,
                               .window = w->window,
                               .stride = w->stride};
    bool *wanted = calloc(w->pieces + 1, sizeof(*wanted));
    int rc = wanted ? find_events(t, w, split) : E_MEM;
    for (size_t i = 0; rc == OK && i < t->events; i++) {
        wanted[t->event[i].piece] = true;
    }
    rc = rc ? rc : make_room(t, w, wanted);
    rc = rc ? err_set(e, E_MEM, "out of memory") : OK;
    for (uint32_t i = 0; i < w->pieces && rc == OK; i++) {
        rc = wanted[i] ? run_piece(t, r, w, i, e) : OK;
    }
    free(wanted);
    return rc;
}

// One decision against the events that its window touches.
static void judge_decision(const struct stream_track *t, const struct stream_window *w,
                           uint32_t class, bool *found, double *delay, struct stream_point *p)
{
    bool right = false, any = false;
    for (size_t i = first_event(t, w); i < t->events && touches(t, w, &t->event[i]); i++) {
        any = true;
        if (t->event[i].label == class) {
            right = true;
            if (!found[i]) {
                found[i] = true;
                p->found++;
                *delay += (double)(w->frame + t->window - t->event[i].from) * t->frame_s;
            }
        }
    }
    p->decisions++;
    p->wrong += any && !right;
    p->unjudged += !any;
}

int stream_measure(const struct stream_track *t, const struct mote_pipe_config *config,
                   struct stream_point *p, struct err *e)
{
    struct mote_pipe_config c = *config;
    c.smooth = (uint8_t)p->smooth;
    c.suppress = (uint8_t)p->suppress;
    c.threshold = p->threshold;
    float *ring = calloc(1, mote_pipe_post_size(&c) + 1);
    bool *found = calloc(t->events + 1, sizeof(*found));
    struct mote_pipe_post post = {0};
    double delay = 0;
    p->decisions = p->wrong = p->unjudged = p->found = 0;
    for (size_t i = 0; ring && found && i < t->windows; i++) {
        const struct stream_window *w = &t->w[i];
        if (i == 0 || w->piece != t->w[i - 1].piece) {
            mote_pipe_post_init(&post, &c, ring);
        }
        struct mote_pipe_result r = {.scores = (uint32_t)t->classes, .novelty = w->novelty};
        memcpy(r.score, t->score + i * t->classes, t->classes * sizeof(float));
        if (mote_pipe_post_step(&post, &r)) {
            judge_decision(t, w, r.class_index, found, &delay, p);
        }
    }
    p->false_per_hour = t->hours > 0 ? (double)p->wrong / t->hours : 0;
    p->missed = t->events ? 1 - (double)p->found / (double)t->events : 0;
    p->delay_s = p->found ? delay / (double)p->found : 0;
    int rc = ring && found ? OK : err_set(e, E_MEM, "out of memory");
    free(ring);
    free(found);
    return rc;
}

static bool beats(const struct stream_point *a, const struct stream_point *b)
{
    bool none_worse = a->false_per_hour <= b->false_per_hour && a->missed <= b->missed &&
                      a->delay_s <= b->delay_s;
    return none_worse && (a->false_per_hour < b->false_per_hour || a->missed < b->missed ||
                          a->delay_s < b->delay_s);
}

// In what order points are preferred under a limit of false alarms.
static bool better(const struct stream_point *a, const struct stream_point *b, double allowed)
{
    bool a_fits = a->false_per_hour <= allowed, b_fits = b->false_per_hour <= allowed;
    if (a_fits != b_fits) {
        return a_fits;
    }
    double first = a_fits ? a->missed - b->missed : a->false_per_hour - b->false_per_hour;
    double second = a_fits ? a->false_per_hour - b->false_per_hour : a->missed - b->missed;
    if (first < 0 || first > 0) {
        return first < 0;
    }
    return second < 0 || second > 0 ? second < 0 : a->delay_s < b->delay_s;
}

int stream_choose(const struct stream_track *t, const struct mote_pipe_config *config,
                  double allowed, struct stream_point grid[STREAM_GRID], size_t *count,
                  size_t *chosen, struct err *e)
{
    *count = *chosen = 0;
    for (size_t s = 0; s < ARRAY_LEN(smooths); s++) {
        for (int th = 0; th < THRESHOLDS; th++) {
            for (size_t q = 0; q < ARRAY_LEN(suppresses); q++) {
                struct stream_point *p = &grid[(*count)++];
                *p = (struct stream_point){.smooth = smooths[s],
                                           .suppress = suppresses[q],
                                           .threshold = th ? 0.25f + 0.05f * (float)th : 0};
                int rc = stream_measure(t, config, p, e);
                if (rc) {
                    return rc;
                }
            }
        }
    }
    for (size_t i = 0; i < *count; i++) {
        grid[i].on_front = grid[i].found > 0;
        for (size_t j = 0; j < *count && grid[i].on_front; j++) {
            grid[i].on_front = !(grid[j].found > 0 && beats(&grid[j], &grid[i]));
        }
    }
    for (size_t i = 0; i < *count; i++) {
        bool first = !grid[*chosen].on_front;
        if (grid[i].on_front && (first || better(&grid[i], &grid[*chosen], allowed))) {
            *chosen = i;
        }
    }
    return OK;
}

json_t *stream_point_json(const struct stream_point *p)
{
    return json_pack("{s:i, s:f, s:i, s:I, s:I, s:I, s:I, s:f, s:f, s:f}", "smooth", p->smooth,
                     "threshold", (double)p->threshold, "suppress", p->suppress, "decisions",
                     (json_int_t)p->decisions, "false_alarms", (json_int_t)p->wrong, "unjudged",
                     (json_int_t)p->unjudged, "events_found", (json_int_t)p->found,
                     "false_alarms_per_hour", p->false_per_hour, "missed", p->missed, "delay_s",
                     p->delay_s);
}
