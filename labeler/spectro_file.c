// Stored spectrograms. See spectro_file.h.
#include "labeler/spectro_file.h"

#include "common/err.h"
#include "common/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD (24 + 8 * SPECTRO_LEVELS)
#define FILE_MAX ((size_t)512 << 20)
#define SLICE_COLUMNS 1024 // loaded at a time

static const char *file_path(struct lab *lab, const struct sig_view *v, int64_t channel,
                             char path[IO_PATH_MAX])
{
    char name[96];
    (void)snprintf(name, sizeof(name), "cache/spectro-%lld-%lld-%lld", (long long)v->rec_id,
                   (long long)v->stream_id, (long long)channel);
    return project_path(&lab->project, path, name);
}

void spectro_close(struct spectro_file *f)
{
    if (f->map) {
        munmap((void *)(uintptr_t)f->map, f->size);
    }
    *f = (struct spectro_file){0};
}

static int check_head(struct spectro_file *f, const struct sig_view *v)
{
    const uint8_t *h = f->map;
    size_t at = HEAD;
    if (f->size < HEAD || memcmp(h, "MLSP\1\0\0\0", 8) != 0) {
        return E_FORMAT;
    }
    f->frames = (int64_t)mote_get64(h + 8);
    f->start_us = (int64_t)mote_get64(h + 16);
    for (unsigned k = 0; k < SPECTRO_LEVELS; k++) {
        f->columns[k] = mote_get64(h + 24 + 8 * k);
        if (f->columns[k] == 0 || f->columns[k] > FILE_MAX / SPECTRO_ROWS || at >= f->size) {
            return E_FORMAT;
        }
        f->level[k] = h + at;
        at += (size_t)f->columns[k] * SPECTRO_ROWS;
    }
    return at != f->size ? E_FORMAT : f->frames != v->frames ? E_NOT_FOUND : OK;
}

int spectro_open(struct lab *lab, const struct sig_view *v, int64_t channel, struct spectro_file *f)
{
    char path[IO_PATH_MAX];
    struct stat st;
    *f = (struct spectro_file){0};
    int fd = open(file_path(lab, v, channel, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return E_NOT_FOUND;
    }
    void *map = fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= FILE_MAX
                    ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    (void)close(fd);
    if (map == MAP_FAILED) {
        return E_FORMAT;
    }
    f->map = map;
    f->size = (size_t)st.st_size;
    int rc = check_head(f, v);
    if (rc) {
        spectro_close(f);
    }
    return rc;
}

static double column_us(const struct sig_view *v, unsigned level)
{
    double us = (double)v->interval_ns * SPECTRO_HOP / 1000.0;
    while (level--) {
        us *= SPECTRO_STEP;
    }
    return us;
}

// The greatest of columns first..last (inclusive), row by row.
static void pool(const struct spectro_file *f, unsigned level, uint64_t first, uint64_t last,
                 uint8_t out[SPECTRO_ROWS])
{
    const uint8_t *column = f->level[level] + first * SPECTRO_ROWS;
    memcpy(out, column, SPECTRO_ROWS);
    for (uint64_t c = first + 1; c <= last; c++) {
        column += SPECTRO_ROWS;
        for (unsigned r = 0; r < SPECTRO_ROWS; r++) {
            out[r] = column[r] > out[r] ? column[r] : out[r];
        }
    }
}

void spectro_draw(const struct spectro_file *f, const struct sig_view *v,
                  const struct plot_spectro *p, uint8_t *pixels)
{
    uint8_t colours[256] = {0}, rows[SPECTRO_ROWS];
    uint16_t row[PLOT_HEIGHT_MAX + 1];
    double pixel_us = (double)(p->to_us - p->from_us) / (double)p->width;
    unsigned level = 0;
    while (level + 1 < SPECTRO_LEVELS && column_us(v, level + 1) <= pixel_us) {
        level++;
    }
    plot_rows(p->height < PLOT_HEIGHT_MAX ? p->height : PLOT_HEIGHT_MAX, SPECTRO_ROWS, row);
    for (int i = 1; i < 256; i++) {
        colours[i] = plot_colour_of(p, SPECTRO_LOW + SPECTRO_DB * (float)(i - 1));
    }
    for (uint32_t x = 0; x < p->width; x++) {
        double at = (double)(p->from_us - f->start_us) + pixel_us * x;
        int64_t first = (int64_t)(at / column_us(v, level)),
                last = (int64_t)((at + pixel_us) / column_us(v, level)) - 1;
        last = last < first ? first : last;
        if (first < 0 || (uint64_t)first >= f->columns[level]) {
            continue;
        }
        pool(f, level, (uint64_t)first,
             (uint64_t)last < f->columns[level] ? (uint64_t)last : f->columns[level] - 1, rows);
        for (uint32_t y = 0; y < p->height && y < PLOT_HEIGHT_MAX; y++) {
            unsigned lo = row[y + 1], hi = row[y];
            uint8_t most = rows[lo];
            for (unsigned k = lo + 1; k < hi; k++) {
                most = rows[k] > most ? rows[k] : most;
            }
            pixels[(size_t)y * p->width + x] = colours[most];
        }
    }
}

static uint8_t code_of(float db)
{
    float code = 1.5f + (db - SPECTRO_LOW) / SPECTRO_DB;
    return (uint8_t)(code < 1 ? 1 : code > 255 ? 255 : code);
}

// Adds the transforms that start in a run to the columns that hold their middle.
static void add_run(struct plot_transform *t, const struct sig_view *v, const struct rec_samples *s,
                    const struct rec_run *run, int64_t channel, uint8_t *columns, uint64_t count)
{
    double frame_us = (double)v->interval_ns / 1000.0;
    for (size_t at = 0; at + t->fft <= run->frames; at += t->fft) {
        double middle =
            (double)(run->start_us - v->stream_start_us) + ((double)at + t->fft / 2.0) * frame_us;
        uint64_t c = middle < 0 ? count : (uint64_t)(middle / column_us(v, 0));
        if (c >= count) {
            continue;
        }
        plot_transform_run(t, s, run->first_frame + at, (unsigned)channel);
        for (unsigned r = 0; r < SPECTRO_ROWS; r++) {
            uint8_t code = code_of(plot_decibel(t->power[r] / t->reference + 1e-14f)),
                    *to = &columns[c * SPECTRO_ROWS + r];
            *to = code > *to ? code : *to;
        }
    }
}

static int fill_columns(struct lab *lab, const struct sig_view *v, int64_t channel,
                        uint8_t *columns, uint64_t count, struct err *e)
{
    struct plot_transform t;
    int rc = plot_transform_init(&t, 2 * SPECTRO_ROWS, sig_full_scale(v))
                 ? err_set(e, E_MEM, "out of memory")
                 : OK;
    int64_t slice_us = (int64_t)(column_us(v, 0) * SLICE_COLUMNS);
    for (int64_t at = v->stream_start_us; rc == OK && at < v->stream_end_us; at += slice_us) {
        struct rec_samples s = {0};
        rc = sig_view_load(lab, v, at, at + slice_us, &s, e);
        for (size_t i = 0; rc == OK && i < s.runs; i++) {
            add_run(&t, v, &s, &s.run[i], channel, columns, count);
        }
        rec_release(&s);
    }
    plot_transform_release(&t);
    return rc;
}

static void fill_levels(uint8_t *data, const uint64_t *columns)
{
    for (unsigned k = 1; k < SPECTRO_LEVELS; k++) {
        uint8_t *above = data + columns[k - 1] * SPECTRO_ROWS;
        for (uint64_t c = 0; c < columns[k - 1]; c++) {
            const uint8_t *from = data + c * SPECTRO_ROWS;
            uint8_t *to = above + c / SPECTRO_STEP * SPECTRO_ROWS;
            for (unsigned r = 0; r < SPECTRO_ROWS; r++) {
                to[r] = from[r] > to[r] ? from[r] : to[r];
            }
        }
        data = above;
    }
}

int spectro_build(struct lab *lab, const struct sig_view *v, int64_t channel, struct err *e)
{
    uint64_t columns[SPECTRO_LEVELS], all = 0;
    char path[IO_PATH_MAX];
    if (v->interval_ns <= 0 || channel < 0 || channel >= v->channels) {
        return err_set(e, E_STATE, "stream '%s' has no spectrogram", v->stream);
    }
    for (unsigned k = 0; k < SPECTRO_LEVELS; k++) {
        columns[k] =
            k ? (columns[k - 1] + SPECTRO_STEP - 1) / SPECTRO_STEP
              : (uint64_t)((double)(v->stream_end_us - v->stream_start_us) / column_us(v, 0)) + 1;
        all += columns[k];
    }
    if (all > (FILE_MAX - HEAD) / SPECTRO_ROWS) {
        return err_set(e, E_LIMIT, "stream '%s' is too long for a spectrogram", v->stream);
    }
    uint8_t *data = calloc(HEAD + all * SPECTRO_ROWS, 1);
    int rc = data ? io_mkdirs(project_path(&lab->project, path, "cache"), 0700, e)
                  : err_set(e, E_MEM, "out of memory");
    rc = rc ? rc : fill_columns(lab, v, channel, data + HEAD, columns[0], e);
    if (rc == OK) {
        fill_levels(data + HEAD, columns);
        memcpy(data, "MLSP\1", 5);
        mote_put64(data + 8, (uint64_t)v->frames);
        mote_put64(data + 16, (uint64_t)v->stream_start_us);
        for (unsigned k = 0; k < SPECTRO_LEVELS; k++) {
            mote_put64(data + 24 + 8 * k, columns[k]);
        }
        rc = io_write_atomic(file_path(lab, v, channel, path), data, HEAD + all * SPECTRO_ROWS,
                             0600, e);
    }
    free(data);
    return rc;
}
