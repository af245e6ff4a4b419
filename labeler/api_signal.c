// Samples of a recording for plots: single frames, or least and greatest value per bin.
//
// A gap is a gap: each run of frames without a hole is an entry of its own, with the device time of its
// first frame and the step between entries in µs, so that nothing is drawn between two runs.
//
// A long stretch of a long stream comes from its pyramid; what the stream grew since that was made is read from its blocks.
// Where there is none yet, "rough" says that entries are samples of their stretch: asked again, it will be exact.
#include "labeler/api.h"

#include "common/err.h"
#include "labeler/derive.h"
#include "labeler/pyramid.h"
#include "labeler/sig_view.h"

#include <math.h>

#define POINTS_MAX 8000
#define EXACT_FRAMES                                                                               \
    ((int64_t)1 << 20) // most that a request reads where the pyramid is missing or ends early
#define ROUGH_POINTS 64 // of a stretch without pyramid
#define ROUGH_FRAMES 64 // that each is taken from
#define CSV_FRAMES_MAX ((int64_t)2 << 20)

static int put_number(struct buf *b, bool first, double v)
{
    return isfinite(v) ? buf_printf(b, first ? "%.6g" : ",%.6g", v)
                       : buf_puts(b, first ? "null" : ",null");
}

struct bins {
    const struct rec_samples *s;
    const struct rec_run *run;
    size_t bin;   // frames in one
    size_t count; // of the run
};

// One channel of a run: which 0 the frames or least values, 1 the greatest.
static int put_channel(struct buf *b, const struct bins *x, unsigned channel, int which)
{
    const struct rec_samples *s = x->s;
    size_t size = mote_sample_size(s->type), stride = size * s->channels;
    const uint8_t *base = s->raw + x->run->first_frame * stride + channel * size;
    int rc = buf_puts(b, "[");
    for (size_t i = 0; rc == OK && i < x->count; i++) {
        size_t first = i * x->bin,
               last = first + x->bin < x->run->frames ? first + x->bin : x->run->frames;
        float best = sig_raw(base + first * stride, s->type);
        for (size_t f = first + 1; f < last; f++) {
            float v = sig_raw(base + f * stride, s->type);
            if (which ? v > best : v < best) {
                best = v;
            }
        }
        rc = put_number(b, i == 0, (double)best * (double)s->scale);
    }
    return rc ? rc : buf_puts(b, "]");
}

static int put_channels(struct buf *b, const struct bins *x, const char *name, int which)
{
    int rc = buf_printf(b, ",\"%s\":[", name);
    for (unsigned c = 0; rc == OK && c < x->s->channels; c++) {
        rc = c ? buf_puts(b, ",") : OK;
        rc = rc ? rc : put_channel(b, x, c, which);
    }
    return rc ? rc : buf_puts(b, "]");
}

static int put_run(struct buf *b, const struct rec_samples *s, const struct rec_run *run,
                   size_t bin, bool first)
{
    struct bins x = {s, run, bin, (run->frames + bin - 1) / bin};
    double step = (double)s->interval_ns * (double)bin / 1000.0;
    int rc = buf_printf(b, "%s{\"t_us\":%lld,\"step_us\":%.9g,\"count\":%zu", first ? "" : ",",
                        (long long)run->start_us, step, x.count);
    if (bin == 1) {
        rc = rc ? rc : put_channels(b, &x, "values", 0);
    } else {
        rc = rc ? rc : put_channels(b, &x, "min", 0);
        rc = rc ? rc : put_channels(b, &x, "max", 1);
    }
    return rc ? rc : buf_puts(b, "}");
}

static int put_head(struct buf *b, const struct sig_view *v, size_t bin)
{
    json_t *head =
        json_pack("{s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "stream", api_text(v->stream),
                  "units", api_text(v->units), "channel_names", api_words(v->channel_names),
                  "channels", (json_int_t)v->channels, "interval_ns", (json_int_t)v->interval_ns,
                  "from", (json_int_t)v->from_us, "to", (json_int_t)v->to_us, "start_us",
                  (json_int_t)v->stream_start_us, "end_us", (json_int_t)v->stream_end_us, "frames",
                  (json_int_t)v->frames, "bin", (json_int_t)bin);
    char *text = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    size_t len = text ? strlen(text) : 0;
    int rc = text ? buf_put(b, text, len - 1) : E_MEM; // without its '}'
    free(text);
    return rc ? rc : buf_puts(b, ",\"runs\":[");
}

// The bins first..last of a pyramid's run at one level, "group" of them to an entry.
struct slice {
    const struct pyramid *p;
    unsigned level;
    uint64_t base, first, last, group;
    double scale;
};

static int put_slice_side(struct buf *b, const struct slice *x, const char *name, unsigned which)
{
    int rc = buf_printf(b, ",\"%s\":[", name);
    for (uint32_t c = 0; rc == OK && c < x->p->channels; c++) {
        rc = buf_puts(b, c ? ",[" : "[");
        for (uint64_t i = x->first; rc == OK && i < x->last; i += x->group) {
            float best = pyramid_value(x->p, x->level, x->base + i, c, which);
            for (uint64_t k = i + 1; k < i + x->group && k < x->last; k++) {
                float next = pyramid_value(x->p, x->level, x->base + k, c, which);
                best = which ? (next > best ? next : best) : (next < best ? next : best);
            }
            rc = put_number(b, i == x->first, (double)best * x->scale);
        }
        rc = rc ? rc : buf_puts(b, "]");
    }
    return rc ? rc : buf_puts(b, "]");
}

// How a stretch is cut into entries: so many frames each, from the widest level that is not wider.
struct cut {
    unsigned level;
    uint64_t group; // bins of that level to an entry
};

static struct cut cut_of(const struct sig_view *v, int64_t points)
{
    uint64_t frames = (uint64_t)(sig_view_frames(v) / points) + 1;
    struct cut c = {0};
    while (c.level + 1 < PYRAMID_LEVELS && pyramid_width(c.level + 1) <= frames) {
        c.level++;
    }
    c.group = (frames + pyramid_width(c.level) - 1) / pyramid_width(c.level);
    return c;
}

static int put_pyramid_runs(struct buf *b, const struct sig_view *v, const struct pyramid *p,
                            struct cut cut, bool *any)
{
    double bin_us = (double)v->interval_ns * (double)pyramid_width(cut.level) / 1000.0;
    struct pyramid_run run;
    int rc = OK;
    for (uint32_t i = pyramid_find(p, v, v->from_us);
         rc == OK && pyramid_run(p, i, &run) && run.start_us < v->to_us; i++) {
        uint64_t bins = (run.frames + pyramid_width(cut.level) - 1) / pyramid_width(cut.level);
        double a = (double)(v->from_us - run.start_us) / bin_us,
               z = (double)(v->to_us - run.start_us) / bin_us;
        struct slice x = {p,
                          cut.level,
                          run.first_bin[cut.level],
                          a > 0 ? (uint64_t)a / cut.group * cut.group : 0,
                          0,
                          cut.group,
                          v->scale};
        x.last = z < 0 ? 0 : (uint64_t)z + 1 > bins ? bins : (uint64_t)z + 1;
        if (x.first >= x.last) {
            continue;
        }
        int64_t t = run.start_us + (int64_t)((double)x.first * bin_us);
        rc = buf_printf(b, "%s{\"t_us\":%lld,\"step_us\":%.9g,\"count\":%llu", *any ? "," : "",
                        (long long)t, bin_us * (double)cut.group,
                        (unsigned long long)((x.last - x.first + cut.group - 1) / cut.group));
        rc = rc ? rc : put_slice_side(b, &x, "min", 0);
        rc = rc ? rc : put_slice_side(b, &x, "max", 1);
        rc = rc ? rc : buf_puts(b, "}");
        *any = true;
    }
    return rc;
}

// The pyramid, then what the stream grew since.
static int put_pyramid(struct lab *lab, struct buf *b, const struct sig_view *v,
                       const struct pyramid *p, int64_t points, struct err *e)
{
    struct cut cut = cut_of(v, points);
    struct rec_samples s = {0};
    bool any = false;
    int rc = put_head(b, v, (size_t)(cut.group * pyramid_width(cut.level)));
    rc = rc ? rc : put_pyramid_runs(b, v, p, cut, &any);
    if (rc == OK && v->to_us > p->end_us && p->frames != v->frames) {
        rc =
            sig_view_load(lab, v, v->from_us > p->end_us ? v->from_us : p->end_us, v->to_us, &s, e);
    }
    for (size_t i = 0; rc == OK && i < s.runs; i++) {
        rc = put_run(b, &s, &s.run[i], (size_t)(cut.group * pyramid_width(cut.level)), !any);
        any = true;
    }
    rec_release(&s);
    return rc ? rc : buf_puts(b, "]}");
}

// A few short looks at a long stretch, each standing for its part of it.
static int put_rough(struct lab *lab, struct buf *b, const struct sig_view *v, struct err *e)
{
    double step = (double)(v->to_us - v->from_us) / ROUGH_POINTS;
    int64_t look_us = ROUGH_FRAMES * v->interval_ns / 1000 + 1;
    bool any = false;
    int rc = put_head(b, v, (size_t)(step * 1000.0 / (double)v->interval_ns) + 1);
    for (int i = 0; rc == OK && i < ROUGH_POINTS; i++) {
        struct rec_samples s = {0};
        int64_t t = v->from_us + (int64_t)(step * i), middle = t + (int64_t)(step / 2);
        rc = sig_view_load(lab, v, middle, middle + look_us, &s, e);
        if (rc == OK && s.runs) {
            struct bins x = {&s, &s.run[0], s.run[0].frames, 1};
            rc = buf_printf(b, "%s{\"t_us\":%lld,\"step_us\":%.9g,\"count\":1", any ? "," : "",
                            (long long)t, step);
            rc = rc ? rc : put_channels(b, &x, "min", 0);
            rc = rc ? rc : put_channels(b, &x, "max", 1);
            rc = rc ? rc : buf_puts(b, "}");
            any = true;
        }
        rec_release(&s);
    }
    return rc ? rc : buf_puts(b, "],\"rough\":true}");
}

static int put_exact(struct lab *lab, struct buf *b, const struct sig_view *v, int64_t points,
                     struct err *e)
{
    struct rec_samples s = {0};
    int rc = sig_view_load(lab, v, v->from_us, v->to_us, &s, e);
    size_t bin = s.frames > (size_t)points ? (s.frames + (size_t)points - 1) / (size_t)points : 1;
    rc = rc ? rc : put_head(b, v, bin);
    for (size_t i = 0; rc == OK && i < s.runs; i++) {
        rc = put_run(b, &s, &s.run[i], bin, i == 0);
    }
    rec_release(&s);
    return rc ? rc : buf_puts(b, "]}");
}

// Whether a stretch of the view reaches so far beyond what the pyramid holds that reading it would take long.
static bool ends_early(const struct sig_view *v, const struct pyramid *p)
{
    struct sig_view tail = *v;
    tail.from_us = v->from_us > p->end_us ? v->from_us : p->end_us;
    return p->frames != v->frames && tail.to_us > tail.from_us &&
           sig_view_frames(&tail) > EXACT_FRAMES;
}

// OK: open, and it does for this view. A pyramid that the stream outgrew does where the rest is short.
static int open_pyramid(struct lab *lab, const struct sig_view *v, struct pyramid *p)
{
    bool small = sig_view_frames(v) <= EXACT_FRAMES;
    int rc = pyramid_open(lab, v, p);
    if (rc == OK && !ends_early(v, p)) {
        if (p->frames != v->frames) {
            (void)!derive_ask(lab, DERIVE_PYRAMID, v, 0, 0); // for the next request
        }
        return OK;
    }
    pyramid_close(p);
    if (derive_ask(lab, DERIVE_PYRAMID, v, 0, small ? 0 : DERIVE_WAIT_MS)) {
        return E_BUSY;
    }
    rc = pyramid_open(lab, v, p);
    if (rc == OK && ends_early(v, p)) {
        pyramid_close(p);
        rc = E_BUSY;
    }
    return rc;
}

int api_signals(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    struct pyramid p = {0};
    int64_t points = 1500;
    int rc = sig_view_read(lab, q, &v, e);
    rc = rc ? rc : lab_req_param_i64(q, "points", 2, POINTS_MAX, &points, e);
    if (rc) {
        return rc;
    }
    int64_t frames = sig_view_frames(&v);
    bool coarse = v.interval_ns > 0 && v.frames >= PYRAMID_LEAST && frames / points >= PYRAMID_BIN;
    r->type = "application/json";
    if (coarse && open_pyramid(lab, &v, &p) == OK) {
        rc = put_pyramid(lab, &r->body, &v, &p, points, e);
    } else if (coarse && frames > EXACT_FRAMES) {
        r->cache = "no-store";
        rc = put_rough(lab, &r->body, &v, e);
    } else {
        rc = put_exact(lab, &r->body, &v, points, e);
    }
    pyramid_close(&p);
    return rc && !e->code ? err_set(e, rc, "the answer grew too large; ask for fewer points") : rc;
}

static int put_csv_head(struct buf *b, const struct sig_view *v)
{
    json_t *names = api_words(v->channel_names);
    int rc = buf_puts(b, "t_us");
    for (int64_t c = 0; rc == OK && c < v->channels; c++) {
        const char *name = json_string_value(json_array_get(names, (size_t)c));
        bool plain =
            name &&
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                strlen(name);
        rc = plain ? buf_printf(b, ",%s", name) : buf_printf(b, ",channel_%lld", (long long)c);
    }
    json_decref(names);
    return rc ? rc : buf_puts(b, "\n");
}

int api_samples_csv(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    struct rec_samples s = {0};
    int rc = sig_view_read(lab, q, &v, e);
    if (rc == OK && v.frames > CSV_FRAMES_MAX) {
        rc = err_set(e, E_LIMIT, "more than %lld frames; use `moteloop export`",
                     (long long)CSV_FRAMES_MAX);
    }
    rc = rc ? rc : sig_view_load(lab, &v, v.from_us, v.to_us, &s, e);
    rc = rc ? rc : put_csv_head(&r->body, &v);
    for (size_t i = 0; rc == OK && i < s.runs; i++) {
        for (size_t f = 0; rc == OK && f < s.run[i].frames; f++) {
            int64_t t = s.run[i].start_us + (int64_t)(s.interval_ns * f / 1000);
            rc = buf_printf(&r->body, "%lld", (long long)t);
            for (unsigned c = 0; rc == OK && c < s.channels; c++) {
                rc = buf_printf(&r->body, ",%.9g",
                                (double)rec_value(&s, s.run[i].first_frame + f, c));
            }
            rc = rc ? rc : buf_puts(&r->body, "\n");
        }
    }
    rec_release(&s);
    r->type = "text/csv; charset=utf-8";
    return rc;
}
