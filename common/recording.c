// A recording's samples, put together from its blocks. See recording.h.
#include "common/recording.h"

#include "common/err.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"

struct loader {
    struct rec_samples *out;
    struct err *e;
    const char *stream;
    int64_t stream_id; // 0 until it is found
    int64_t from_us, to_us;
    size_t max_frames, frame_bytes;
    size_t frame_cap, run_cap; // room in out->raw and out->run
    int64_t end_us;            // where the last run would go on
};

static int find_stream(void *ctx, const struct store_recording_stream *rs)
{
    struct loader *l = ctx;
    if (strcmp(rs->stream.name, l->stream) == 0) {
        l->stream_id = rs->stream.stream_id;
        snprintf(l->out->units, sizeof l->out->units, "%s", rs->stream.units);
    }
    return 0;
}

static int take_shape(struct loader *l, const struct mote_block *b)
{
    struct rec_samples *o = l->out;
    if (o->channels == 0) {
        o->type = b->type;
        o->channels = b->channels;
        o->scale = b->scale;
        o->interval_ns = b->interval_ns;
        o->width = b->width;
        o->height = b->height;
        l->frame_bytes = mote_sample_size(b->type) * b->channels;
        return OK;
    }
    if (o->type != b->type || o->channels != b->channels || o->interval_ns != b->interval_ns ||
        o->width != b->width || o->height != b->height ||
        memcmp(&o->scale, &b->scale, sizeof o->scale) != 0) {
        return err_set(l->e, E_FORMAT,
                       "block %llu has another rate, type or shape than those before it",
                       (unsigned long long)b->seq);
    }
    return OK;
}

// Microseconds from the first to the n-th frame, rounded down as devices do.
static int64_t span_us(uint64_t interval_ns, size_t frames)
{
    __extension__ unsigned __int128 ns = (unsigned __int128)interval_ns * frames;
    return ns / 1000 > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)(ns / 1000);
}

// Frames of a block that lie in the asked-for time: first and one past the last.
static void clip(const struct loader *l, const struct mote_block *b, size_t frames, size_t *first,
                 size_t *end)
{
    int64_t t = (int64_t)b->t_us;
    *first = 0;
    *end = frames;
    if (b->interval_ns == 0) {
        *end = t >= l->from_us && t < l->to_us ? frames : 0;
        return;
    }
    while (*first < *end && t + span_us(b->interval_ns, *first) < l->from_us) {
        ++*first;
    }
    while (*end > *first && t + span_us(b->interval_ns, *end - 1) >= l->to_us) {
        --*end;
    }
}

static int grow(void **p, size_t *cap, size_t need, size_t item)
{
    if (need <= *cap) {
        return OK;
    }
    size_t bigger = *cap ? *cap : 256;
    while (bigger < need) {
        bigger *= 2;
    }
    void *moved = reallocarray(*p, bigger, item);
    if (!moved) {
        return E_MEM;
    }
    *p = moved;
    *cap = bigger;
    return OK;
}

static bool continues(const struct loader *l, int64_t start_us)
{
    if (l->out->runs == 0) {
        return false;
    }
    // Parts of one picture carry its time; sampled frames may wander by rounding, less than one interval.
    if (l->out->interval_ns == 0) {
        return l->out->width > 0 && l->out->run[l->out->runs - 1].start_us == start_us;
    }
    int64_t slack = (int64_t)(l->out->interval_ns / 1500) + 1;
    return llabs(start_us - l->end_us) <= slack;
}

static int append(struct loader *l, const struct mote_block *b, size_t first, size_t end)
{
    struct rec_samples *o = l->out;
    int64_t start_us = (int64_t)b->t_us + span_us(b->interval_ns, first);
    size_t count = end - first;
    if (o->frames + count > l->max_frames) {
        return err_set(l->e, E_LIMIT, "more than %zu frames", l->max_frames);
    }
    if (grow((void **)&o->raw, &l->frame_cap, o->frames + count, l->frame_bytes) ||
        grow((void **)&o->run, &l->run_cap, o->runs + 1, sizeof *o->run)) {
        return err_set(l->e, E_MEM, "out of memory");
    }
    memcpy(o->raw + o->frames * l->frame_bytes, b->data + first * l->frame_bytes,
           count * l->frame_bytes);
    if (continues(l, start_us)) {
        o->run[o->runs - 1].frames += count;
    } else {
        o->run[o->runs++] = (struct rec_run){start_us, o->frames, count};
    }
    o->frames += count;
    l->end_us = (int64_t)b->t_us + span_us(b->interval_ns, end);
    return OK;
}

static int take_block(void *ctx, int64_t t_us, const void *bytes, size_t len)
{
    struct loader *l = ctx;
    struct mote_block b;
    (void)t_us;
    int status = mote_block_decode(&b, bytes, len);
    if (status != MOTE_OK || b.kind != MOTE_BLOCK_SAMPLES) {
        return err_set(l->e, E_FORMAT, "a stored block is no block of samples: %s",
                       mote_status_text(status));
    }
    int rc = take_shape(l, &b);
    if (rc) {
        return rc;
    }
    size_t first, end;
    clip(l, &b, b.data_len / l->frame_bytes, &first, &end);
    return first < end ? append(l, &b, first, end) : OK;
}

static int compare_runs(const void *a, const void *b)
{
    int64_t x = ((const struct rec_run *)a)->start_us, y = ((const struct rec_run *)b)->start_us;
    return x < y ? -1 : x > y;
}

int rec_load(struct store *s, int64_t rec_id, const char *stream, int64_t from_us, int64_t to_us,
             size_t max_frames, struct rec_samples *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    struct loader l = {.out = out,
                       .e = e,
                       .stream = stream,
                       .from_us = from_us,
                       .to_us = to_us,
                       .max_frames = max_frames};
    int rc = store_recording_streams(s, rec_id, find_stream, &l, e);
    if (!rc && !l.stream_id) {
        rc = err_set(e, E_NOT_FOUND, "it has no stream '%s'", stream);
    }
    if (!rc) {
        rc = store_recording_blocks(s, rec_id, l.stream_id, from_us, to_us, take_block, &l, e);
    }
    if (rc) {
        rec_release(out);
        return err_wrap(e, "recording %lld", (long long)rec_id);
    }
    if (out->runs > 1) {
        qsort(out->run, out->runs, sizeof *out->run, compare_runs);
    }
    return OK;
}

void rec_release(struct rec_samples *r)
{
    free(r->raw);
    free(r->run);
    memset(r, 0, sizeof *r);
}

float rec_value(const struct rec_samples *r, size_t frame, unsigned channel)
{
    size_t size = mote_sample_size(r->type);
    const uint8_t *p = r->raw + (frame * r->channels + channel) * size;
    switch (r->type) {
    case MOTE_U8:
        return (float)p[0] * r->scale;
    case MOTE_I8:
        return (float)(int8_t)p[0] * r->scale;
    case MOTE_I16:
        return (float)(int16_t)mote_get16(p) * r->scale;
    case MOTE_I32:
        return (float)(int32_t)mote_get32(p) * r->scale;
    default:
        return mote_getf(p) * r->scale;
    }
}
