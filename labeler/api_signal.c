// Samples of a recording for plots: single frames, or least and greatest value per bin.
//
// A gap is a gap: each run of frames without a hole is an entry of its own, with the device time of its
// first frame and the step between entries in µs, so that nothing is drawn between two runs.
#include "labeler/api.h"

#include "common/err.h"
#include "labeler/pyramid.h"
#include "labeler/sig_view.h"

#include <math.h>

#define POINTS_MAX 8000
#define EXACT_FRAMES ((int64_t)1 << 20) // longer stretches are drawn from the pyramid
#define CSV_FRAMES_MAX ((int64_t)2 << 20)

static int put_number(struct buf *b, bool first, double v)
{
    return isfinite(v) ? buf_printf(b, first ? "%.6g" : ",%.6g", v) : buf_puts(b, first ? "null" : ",null");
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
        size_t first = i * x->bin, last = first + x->bin < x->run->frames ? first + x->bin : x->run->frames;
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

static int put_run(struct buf *b, const struct rec_samples *s, const struct rec_run *run, size_t bin, bool first)
{
    struct bins x = {s, run, bin, (run->frames + bin - 1) / bin};
    double step = (double)s->interval_ns * (double)bin / 1000.0;
    int rc = buf_printf(b, "%s{\"t_us\":%lld,\"step_us\":%.9g,\"count\":%zu", first ? "" : ",", (long long)run->start_us, step, x.count);
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
    json_t *head = json_pack("{s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "stream", api_text(v->stream), "units",
                             api_text(v->units), "channel_names", api_words(v->channel_names), "channels", (json_int_t)v->channels,
                             "interval_ns", (json_int_t)v->interval_ns, "from", (json_int_t)v->from_us, "to", (json_int_t)v->to_us,
                             "start_us", (json_int_t)v->stream_start_us, "end_us", (json_int_t)v->stream_end_us, "frames",
                             (json_int_t)v->frames, "bin", (json_int_t)bin);
    char *text = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    size_t len = text ? strlen(text) : 0;
    int rc = text ? buf_put(b, text, len - 1) : E_MEM; // without its '}'
    free(text);
    return rc ? rc : buf_puts(b, ",\"runs\":[");
}

// The bins first..last of a pyramid's run, "group" of them to an entry.
struct slice {
    const struct pyramid *p;
    const struct pyramid_run *run;
    uint64_t first, last, group;
    double scale;
};

static int put_slice_side(struct buf *b, const struct slice *x, const char *name, int which)
{
    int rc = buf_printf(b, ",\"%s\":[", name);
    for (uint32_t c = 0; rc == OK && c < x->p->channels; c++) {
        rc = buf_puts(b, c ? ",[" : "[");
        for (uint64_t i = x->first; rc == OK && i < x->last; i += x->group) {
            const float *v = x->p->value + ((x->run->first_bin + i) * x->p->channels + c) * 2 + which;
            float best = *v;
            for (uint64_t k = 1; k < x->group && i + k < x->last; k++) {
                float next = v[k * x->p->channels * 2];
                best = which ? (next > best ? next : best) : (next < best ? next : best);
            }
            rc = put_number(b, i == x->first, (double)best * x->scale);
        }
        rc = rc ? rc : buf_puts(b, "]");
    }
    return rc ? rc : buf_puts(b, "]");
}

static int put_pyramid(struct buf *b, const struct sig_view *v, const struct pyramid *p, uint64_t group)
{
    double bin_us = (double)v->interval_ns * PYRAMID_BIN / 1000.0;
    int rc = put_head(b, v, (size_t)group * PYRAMID_BIN);
    bool any = false;
    for (uint32_t i = 0; rc == OK && i < p->runs; i++) {
        uint64_t bins = (p->run[i].frames + PYRAMID_BIN - 1) / PYRAMID_BIN;
        double a = (double)(v->from_us - p->run[i].start_us) / bin_us, z = (double)(v->to_us - p->run[i].start_us) / bin_us;
        struct slice x = {p, &p->run[i], a > 0 ? (uint64_t)a / group * group : 0, 0, group, v->scale};
        x.last = z < 0 ? 0 : (uint64_t)z + 1 > bins ? bins : (uint64_t)z + 1;
        if (x.first >= x.last) {
            continue;
        }
        int64_t t = p->run[i].start_us + (int64_t)((double)x.first * bin_us);
        rc = buf_printf(b, "%s{\"t_us\":%lld,\"step_us\":%.9g,\"count\":%llu", any ? "," : "", (long long)t, bin_us * (double)group,
                        (unsigned long long)((x.last - x.first + group - 1) / group));
        rc = rc ? rc : put_slice_side(b, &x, "min", 0);
        rc = rc ? rc : put_slice_side(b, &x, "max", 1);
        rc = rc ? rc : buf_puts(b, "}");
        any = true;
    }
    return rc ? rc : buf_puts(b, "]}");
}

static int put_exact(struct buf *b, const struct sig_view *v, const struct rec_samples *s, int64_t points)
{
    size_t bin = s->frames > (size_t)points ? (s->frames + (size_t)points - 1) / (size_t)points : 1;
    int rc = put_head(b, v, bin);
    for (size_t i = 0; rc == OK && i < s->runs; i++) {
        rc = put_run(b, s, &s->run[i], bin, i == 0);
    }
    return rc ? rc : buf_puts(b, "]}");
}

int api_signals(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct sig_view v;
    struct rec_samples s = {0};
    struct pyramid p = {0};
    int64_t points = 1500;
    int rc = sig_view_read(lab, q, &v, e);
    rc = rc ? rc : lab_req_param_i64(q, "points", 2, POINTS_MAX, &points, e);
    bool coarse = rc == OK && sig_view_frames(&v) > EXACT_FRAMES;
    rc = rc ? rc : coarse ? pyramid_open(lab, &v, &p, e) : sig_view_load(lab, &v, v.from_us, v.to_us, &s, e);
    if (rc) {
        return rc;
    }
    uint64_t bins = (uint64_t)(sig_view_frames(&v) / PYRAMID_BIN);
    rc = coarse ? put_pyramid(&r->body, &v, &p, (bins + (uint64_t)points - 1) / (uint64_t)points) : put_exact(&r->body, &v, &s, points);
    rec_release(&s);
    pyramid_release(&p);
    r->type = "application/json";
    return rc ? err_set(e, rc, "the answer grew too large; ask for fewer points") : OK;
}

static int put_csv_head(struct buf *b, const struct sig_view *v)
{
    json_t *names = api_words(v->channel_names);
    int rc = buf_puts(b, "t_us");
    for (int64_t c = 0; rc == OK && c < v->channels; c++) {
        const char *name = json_string_value(json_array_get(names, (size_t)c));
        bool plain = name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(name);
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
        rc = err_set(e, E_LIMIT, "more than %lld frames; use `moteloop export`", (long long)CSV_FRAMES_MAX);
    }
    rc = rc ? rc : sig_view_load(lab, &v, v.from_us, v.to_us, &s, e);
    rc = rc ? rc : put_csv_head(&r->body, &v);
    for (size_t i = 0; rc == OK && i < s.runs; i++) {
        for (size_t f = 0; rc == OK && f < s.run[i].frames; f++) {
            int64_t t = s.run[i].start_us + (int64_t)(s.interval_ns * f / 1000);
            rc = buf_printf(&r->body, "%lld", (long long)t);
            for (unsigned c = 0; rc == OK && c < s.channels; c++) {
                rc = buf_printf(&r->body, ",%.9g", (double)rec_value(&s, s.run[i].first_frame + f, c));
            }
            rc = rc ? rc : buf_puts(&r->body, "\n");
        }
    }
    rec_release(&s);
    r->type = "text/csv; charset=utf-8";
    return rc;
}
