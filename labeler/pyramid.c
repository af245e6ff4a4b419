// Pyramids. See pyramid.h.
#include "labeler/pyramid.h"

#include "common/err.h"
#include "common/io.h"

#include <pthread.h>

#define HEAD 32
#define RUN_BYTES 24
#define SLICE_FRAMES ((int64_t)1 << 20) // loaded at a time
#define FILE_MAX ((size_t)512 << 20)

static pthread_mutex_t building = PTHREAD_MUTEX_INITIALIZER;

void pyramid_release(struct pyramid *p)
{
    free(p->run);
    free(p->value);
    *p = (struct pyramid){0};
}

static const char *file_path(struct lab *lab, const struct sig_view *v, char path[IO_PATH_MAX])
{
    char name[64];
    (void)snprintf(name, sizeof(name), "cache/pyramid-%lld-%lld", (long long)v->rec_id, (long long)v->stream_id);
    return project_path(&lab->project, path, name);
}

// E_FORMAT where the bytes are not a pyramid of this stream as it is now.
static int decode(struct pyramid *p, const struct buf *b, const struct sig_view *v)
{
    const uint8_t *h = (const uint8_t *)b->data;
    if (b->len < HEAD || memcmp(h, "MLPY\1\0\0\0", 8) != 0 || (int64_t)mote_get64(h + 8) != v->frames) {
        return E_FORMAT;
    }
    p->channels = mote_get32(h + 16);
    p->runs = mote_get32(h + 20);
    p->bins = mote_get64(h + 24);
    if (p->channels != v->channels || p->bins > FILE_MAX || (size_t)p->runs > FILE_MAX ||
        b->len != HEAD + (size_t)p->runs * RUN_BYTES + (size_t)p->bins * p->channels * 8) {
        return E_FORMAT;
    }
    p->run = calloc(p->runs + 1, sizeof(*p->run));
    p->value = malloc((size_t)p->bins * p->channels * 8 + 1);
    if (!p->run || !p->value) {
        return E_MEM;
    }
    uint64_t next = 0;
    for (uint32_t i = 0; i < p->runs; i++) {
        const uint8_t *r = h + HEAD + (size_t)i * RUN_BYTES;
        p->run[i] = (struct pyramid_run){(int64_t)mote_get64(r), mote_get64(r + 8), mote_get64(r + 16)};
        if (p->run[i].first_bin != next || p->run[i].frames > (uint64_t)v->frames) {
            return E_FORMAT;
        }
        next += (p->run[i].frames + PYRAMID_BIN - 1) / PYRAMID_BIN;
    }
    const uint8_t *values = h + HEAD + (size_t)p->runs * RUN_BYTES;
    for (size_t i = 0; i < (size_t)p->bins * p->channels * 2; i++) {
        p->value[i] = mote_getf(values + i * 4);
    }
    return next == p->bins ? OK : E_FORMAT;
}

struct build {
    struct buf runs, values;
    struct pyramid_run run; // the one that grows
    uint64_t bins;
    float *bin;             // channels x (least, greatest) of the open bin
    unsigned filled;        // frames in it
    uint32_t run_count;
    int64_t end_us;         // where the run would go on
};

static int close_bin(struct build *b, size_t channels)
{
    if (b->filled == 0) {
        return OK;
    }
    b->bins++;
    b->filled = 0;
    for (size_t i = 0; i < channels * 2; i++) {
        uint8_t raw[4];
        mote_putf(raw, b->bin[i]);
        if (buf_put(&b->values, raw, 4)) {
            return E_LIMIT;
        }
    }
    return OK;
}

static int close_run(struct build *b, size_t channels)
{
    uint8_t raw[RUN_BYTES];
    int rc = close_bin(b, channels);
    if (rc || b->run.frames == 0) {
        return rc;
    }
    mote_put64(raw, (uint64_t)b->run.start_us);
    mote_put64(raw + 8, b->run.frames);
    mote_put64(raw + 16, b->run.first_bin);
    b->run_count++;
    b->run.frames = 0;
    return buf_put(&b->runs, raw, sizeof(raw));
}

static int add_frames(struct build *b, const struct rec_samples *s, const struct rec_run *run)
{
    size_t size = mote_sample_size(s->type);
    const uint8_t *raw = s->raw + run->first_frame * size * s->channels;
    for (size_t f = 0; f < run->frames; f++) {
        for (unsigned c = 0; c < s->channels; c++, raw += size) {
            float v = sig_raw(raw, s->type), *bin = b->bin + c * 2;
            bin[0] = b->filled == 0 || v < bin[0] ? v : bin[0];
            bin[1] = b->filled == 0 || v > bin[1] ? v : bin[1];
        }
        b->run.frames++;
        if (++b->filled == PYRAMID_BIN && close_bin(b, s->channels)) {
            return E_LIMIT;
        }
    }
    return OK;
}

static int add_slice(struct build *b, const struct rec_samples *s)
{
    int rc = OK;
    for (size_t i = 0; rc == OK && i < s->runs; i++) {
        int64_t step = (int64_t)(s->interval_ns / 1000);
        int64_t gap = s->run[i].start_us - b->end_us;
        if (b->run.frames == 0 || gap > step + 1 || gap < -step - 1) {
            rc = close_run(b, s->channels);
            b->run = (struct pyramid_run){s->run[i].start_us, 0, b->bins};
        }
        rc = rc ? rc : add_frames(b, s, &s->run[i]);
        b->end_us = s->run[i].start_us + (int64_t)(s->interval_ns * s->run[i].frames / 1000);
    }
    return rc;
}

static int write_file(struct lab *lab, const struct sig_view *v, const struct build *b, struct err *e)
{
    struct buf out = {0};
    uint8_t head[HEAD] = "MLPY\1";
    char path[IO_PATH_MAX];
    mote_put64(head + 8, (uint64_t)v->frames);
    mote_put32(head + 16, (uint32_t)v->channels);
    mote_put32(head + 20, b->run_count);
    mote_put64(head + 24, b->bins);
    int rc = buf_put(&out, head, sizeof(head));
    rc = rc ? rc : buf_put(&out, b->runs.data, b->runs.len);
    rc = rc ? rc : buf_put(&out, b->values.data, b->values.len);
    rc = rc ? err_set(e, rc, "the stream is too long to draw") : io_mkdirs(project_path(&lab->project, path, "cache"), 0700, e);
    rc = rc ? rc : io_write_atomic(file_path(lab, v, path), out.data, out.len, 0600, e);
    buf_release(&out);
    return rc;
}

static int build_file(struct lab *lab, const struct sig_view *v, struct err *e)
{
    struct build b = {.bin = calloc((size_t)v->channels * 2 + 1, sizeof(float))};
    int64_t slice_us = SLICE_FRAMES * v->interval_ns / 1000;
    int rc = b.bin ? OK : err_set(e, E_MEM, "out of memory");
    for (int64_t t = v->stream_start_us; rc == OK && t < v->stream_end_us; t += slice_us) {
        struct rec_samples s = {0};
        rc = sig_view_load(lab, v, t, t + slice_us, &s, e);
        if (rc == OK && add_slice(&b, &s)) {
            rc = err_set(e, E_LIMIT, "the stream is too long to draw");
        }
        rec_release(&s);
    }
    if (rc == OK && close_run(&b, (size_t)v->channels)) {
        rc = err_set(e, E_LIMIT, "the stream is too long to draw");
    }
    rc = rc ? rc : write_file(lab, v, &b, e);
    buf_release(&b.runs);
    buf_release(&b.values);
    free(b.bin);
    return rc;
}

static int read_file(struct lab *lab, const struct sig_view *v, struct pyramid *p)
{
    struct buf b = {0};
    struct err unused = {0};
    char path[IO_PATH_MAX];
    *p = (struct pyramid){0};
    int rc = io_read_file(file_path(lab, v, path), FILE_MAX, &b, &unused);
    rc = rc ? rc : decode(p, &b, v);
    buf_release(&b);
    if (rc) {
        pyramid_release(p);
    }
    return rc;
}

int pyramid_open(struct lab *lab, const struct sig_view *v, struct pyramid *p, struct err *e)
{
    if (read_file(lab, v, p) == OK) {
        return OK;
    }
    pthread_mutex_lock(&building);
    int rc = OK;
    if (read_file(lab, v, p)) { // nobody built it while this one waited
        rc = build_file(lab, v, e);
        if (rc == OK && read_file(lab, v, p)) {
            rc = err_set(e, E_IO, "cannot read back the pyramid of recording %lld", (long long)v->rec_id);
        }
    }
    pthread_mutex_unlock(&building);
    return rc;
}
