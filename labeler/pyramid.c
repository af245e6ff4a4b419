// Pyramids. See pyramid.h.
#include "labeler/pyramid.h"

#include "common/err.h"
#include "common/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD (40 + 8 * PYRAMID_LEVELS)
#define RUN_BYTES (16 + 8 * PYRAMID_LEVELS)
#define SLICE_FRAMES ((int64_t)1 << 20) // loaded at a time
#define FILE_MAX ((size_t)1 << 30)

static const char *file_path(struct lab *lab, const struct sig_view *v, char path[IO_PATH_MAX])
{
    char name[64];
    (void)snprintf(name, sizeof(name), "cache/pyramid-%lld-%lld", (long long)v->rec_id,
                   (long long)v->stream_id);
    return project_path(&lab->project, path, name);
}

uint64_t pyramid_width(unsigned level)
{
    uint64_t frames = PYRAMID_BIN;
    while (level--) {
        frames *= PYRAMID_STEP;
    }
    return frames;
}

void pyramid_close(struct pyramid *p)
{
    if (p->map) {
        munmap((void *)(uintptr_t)p->map, p->size);
    }
    *p = (struct pyramid){0};
}

// Head and sizes; what lies inside runs is checked when they are read.
static int check_head(struct pyramid *p, const struct sig_view *v)
{
    const uint8_t *h = p->map;
    if (p->size < HEAD || memcmp(h, "MLPY\2\0\0\0", 8) != 0 ||
        mote_get32(h + 32) != PYRAMID_LEVELS) {
        return E_FORMAT;
    }
    p->frames = (int64_t)mote_get64(h + 8);
    p->end_us = (int64_t)mote_get64(h + 16);
    p->channels = mote_get32(h + 24);
    p->runs = mote_get32(h + 28);
    size_t at = HEAD + (size_t)p->runs * RUN_BYTES;
    if (p->channels != v->channels || p->channels == 0) {
        return E_FORMAT;
    }
    p->run = h + HEAD;
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        p->bins[k] = mote_get64(h + 40 + 8 * k);
        p->level[k] = h + (at < p->size ? at : 0);
        if (p->bins[k] > FILE_MAX) {
            return E_FORMAT;
        }
        at += (size_t)p->bins[k] * p->channels * 8;
    }
    return at == p->size ? OK : E_FORMAT;
}

int pyramid_open(struct lab *lab, const struct sig_view *v, struct pyramid *p)
{
    char path[IO_PATH_MAX];
    struct stat st;
    *p = (struct pyramid){0};
    int fd = open(file_path(lab, v, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return E_NOT_FOUND;
    }
    // A file is renamed into its place whole and never written again, so a mapping cannot lose its end.
    void *map = fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= FILE_MAX
                    ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    (void)close(fd);
    if (map == MAP_FAILED) {
        return E_FORMAT;
    }
    p->map = map;
    p->size = (size_t)st.st_size;
    int rc = check_head(p, v);
    if (rc) {
        pyramid_close(p);
    }
    return rc;
}

static uint64_t bins_of(uint64_t frames, unsigned level)
{
    return (frames + pyramid_width(level) - 1) / pyramid_width(level);
}

bool pyramid_run(const struct pyramid *p, uint32_t n, struct pyramid_run *out)
{
    if (n >= p->runs) {
        return false;
    }
    const uint8_t *r = p->run + (size_t)n * RUN_BYTES;
    out->start_us = (int64_t)mote_get64(r);
    out->frames = mote_get64(r + 8);
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        out->first_bin[k] = mote_get64(r + 16 + 8 * k);
        if (out->frames > (uint64_t)p->frames || out->first_bin[k] > p->bins[k] ||
            bins_of(out->frames, k) > p->bins[k] - out->first_bin[k]) {
            return false;
        }
    }
    return true;
}

uint32_t pyramid_find(const struct pyramid *p, const struct sig_view *v, int64_t t_us)
{
    uint32_t lo = 0, hi = p->runs;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const uint8_t *r = p->run + (size_t)mid * RUN_BYTES;
        double end = (double)(int64_t)mote_get64(r) +
                     (double)mote_get64(r + 8) * (double)v->interval_ns / 1000.0;
        if (end > (double)t_us) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return lo;
}

struct build {
    size_t channels;
    struct buf runs, values[PYRAMID_LEVELS];
    uint64_t bins[PYRAMID_LEVELS];
    float *bin[PYRAMID_LEVELS];        // channels x (least, greatest) of each level's open bin
    unsigned filled[PYRAMID_LEVELS];   // frames (level 0) or bins of the level below in it
    struct pyramid_run run;            // the one that grows
    uint32_t run_count;
    int64_t end_us;                    // where the run would go on
};

static void widen(struct build *b, unsigned level, const float *values)
{
    float *bin = b->bin[level];
    for (size_t i = 0; i < b->channels * 2; i += 2) {
        bin[i] = b->filled[level] == 0 || values[i] < bin[i] ? values[i] : bin[i];
        bin[i + 1] =
            b->filled[level] == 0 || values[i + 1] > bin[i + 1] ? values[i + 1] : bin[i + 1];
    }
    b->filled[level]++;
}

// Writes the open bin of a level away and adds it to the level above; closes that too where it is full.
static int close_bin(struct build *b, unsigned level)
{
    for (; level < PYRAMID_LEVELS && b->filled[level]; level++) {
        for (size_t i = 0; i < b->channels * 2; i++) {
            uint8_t raw[4];
            mote_putf(raw, b->bin[level][i]);
            if (buf_put(&b->values[level], raw, 4)) {
                return E_LIMIT;
            }
        }
        b->bins[level]++;
        b->filled[level] = 0;
        if (level + 1 < PYRAMID_LEVELS) {
            widen(b, level + 1, b->bin[level]);
            if (b->filled[level + 1] < PYRAMID_STEP) {
                break;
            }
        }
    }
    return OK;
}

static int close_run(struct build *b)
{
    uint8_t raw[RUN_BYTES];
    int rc = OK;
    if (b->run.frames == 0) {
        return OK;
    }
    for (unsigned k = 0; rc == OK && k < PYRAMID_LEVELS; k++) {
        rc = close_bin(b, k);
    }
    mote_put64(raw, (uint64_t)b->run.start_us);
    mote_put64(raw + 8, b->run.frames);
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        mote_put64(raw + 16 + 8 * k, b->run.first_bin[k]);
    }
    b->run_count++;
    b->run.frames = 0;
    return rc ? rc : buf_put(&b->runs, raw, sizeof(raw));
}

static int add_frames(struct build *b, const struct rec_samples *s, const struct rec_run *run)
{
    size_t size = mote_sample_size(s->type);
    const uint8_t *raw = s->raw + run->first_frame * size * s->channels;
    for (size_t f = 0; f < run->frames; f++) {
        float *bin = b->bin[0];
        for (unsigned c = 0; c < s->channels; c++, raw += size, bin += 2) {
            float v = sig_raw(raw, s->type);
            bin[0] = b->filled[0] == 0 || v < bin[0] ? v : bin[0];
            bin[1] = b->filled[0] == 0 || v > bin[1] ? v : bin[1];
        }
        b->run.frames++;
        if (++b->filled[0] == PYRAMID_BIN && close_bin(b, 0)) {
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
            rc = close_run(b);
            b->run = (struct pyramid_run){.start_us = s->run[i].start_us};
            memcpy(b->run.first_bin, b->bins, sizeof(b->bins));
        }
        rc = rc ? rc : add_frames(b, s, &s->run[i]);
        b->end_us = s->run[i].start_us + (int64_t)(s->interval_ns * s->run[i].frames / 1000);
    }
    return rc;
}

static int write_file(struct lab *lab, const struct sig_view *v, const struct build *b,
                      struct err *e)
{
    struct buf out = {0};
    uint8_t head[HEAD] = "MLPY\2";
    char path[IO_PATH_MAX];
    mote_put64(head + 8, (uint64_t)v->frames);
    mote_put64(head + 16, (uint64_t)b->end_us);
    mote_put32(head + 24, (uint32_t)v->channels);
    mote_put32(head + 28, b->run_count);
    mote_put32(head + 32, PYRAMID_LEVELS);
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        mote_put64(head + 40 + 8 * k, b->bins[k]);
    }
    int rc = buf_put(&out, head, sizeof(head));
    rc = rc ? rc : buf_put(&out, b->runs.data, b->runs.len);
    for (unsigned k = 0; rc == OK && k < PYRAMID_LEVELS; k++) {
        rc = buf_put(&out, b->values[k].data, b->values[k].len);
    }
    rc = rc ? err_set(e, rc, "the stream is too long to draw")
            : io_mkdirs(project_path(&lab->project, path, "cache"), 0700, e);
    rc = rc ? rc : io_write_atomic(file_path(lab, v, path), out.data, out.len, 0600, e);
    buf_release(&out);
    return rc;
}

int pyramid_build(struct lab *lab, const struct sig_view *v, struct err *e)
{
    struct build b = {.channels = (size_t)v->channels};
    int64_t slice_us = SLICE_FRAMES * v->interval_ns / 1000;
    int rc = v->interval_ns > 0 ? OK : err_set(e, E_STATE, "stream '%s' has no rate", v->stream);
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        b.bin[k] = calloc(b.channels * 2 + 1, sizeof(float));
        rc = rc || b.bin[k] ? rc : err_set(e, E_MEM, "out of memory");
    }
    for (int64_t t = v->stream_start_us; rc == OK && t < v->stream_end_us; t += slice_us) {
        struct rec_samples s = {0};
        rc = sig_view_load(lab, v, t, t + slice_us, &s, e);
        if (rc == OK && add_slice(&b, &s)) {
            rc = err_set(e, E_LIMIT, "the stream is too long to draw");
        }
        rec_release(&s);
    }
    if (rc == OK && close_run(&b)) {
        rc = err_set(e, E_LIMIT, "the stream is too long to draw");
    }
    rc = rc ? rc : write_file(lab, v, &b, e);
    buf_release(&b.runs);
    for (unsigned k = 0; k < PYRAMID_LEVELS; k++) {
        buf_release(&b.values[k]);
        free(b.bin[k]);
    }
    return rc;
}
