// Power over time and frequency of long streams, in a file, so that the spectrogram of an hour is drawn from a few thousand columns.
//
// PROJECT/cache/spectro-REC-STREAM_ID-CHANNEL: derived, made by the background writer (derive.h). Layout, little-endian:
// "MLSP", version u32 = 1, stream frames i64, start of column 0 i64 (device µs), columns per level u64 [SPECTRO_LEVELS],
// then each level's columns of SPECTRO_ROWS bytes, lowest frequency first. A column of level k stands for SPECTRO_HOP *
// SPECTRO_STEP^k frames and holds the greatest power of its transforms (Hann, 2 * SPECTRO_ROWS points): 0 no samples,
// otherwise 1 + (dB relative to a full-scale sine - SPECTRO_LOW) / SPECTRO_DB, at most 255.
#ifndef LABELER_SPECTRO_FILE_H
#define LABELER_SPECTRO_FILE_H

#include "labeler/plot_spectro.h"
#include "labeler/sig_view.h"

#define SPECTRO_HOP 1024
#define SPECTRO_STEP 4
#define SPECTRO_LEVELS 5
#define SPECTRO_ROWS 256
#define SPECTRO_LOW (-140.0f)
#define SPECTRO_DB 0.75f
#define SPECTRO_LEAST ((int64_t)1 << 20) // frames of a stretch that is drawn from the file

struct spectro_file {
    const uint8_t *map; // NULL: closed
    size_t size;
    int64_t frames, start_us;
    uint64_t columns[SPECTRO_LEVELS];
    const uint8_t *level[SPECTRO_LEVELS];
};
// Maps the file. E_NOT_FOUND where there is none or it is of a shorter stream, E_FORMAT where it is damaged.
int spectro_open(struct lab *lab, const struct sig_view *v, int64_t channel,
                 struct spectro_file *f) MUST_CHECK;
void spectro_close(struct spectro_file *f); // accepts the zeroed struct
// Draws p's stretch as palette numbers (width * height, zeroed by the caller), as plot_spectro_draw does.
void spectro_draw(const struct spectro_file *f, const struct sig_view *v,
                  const struct plot_spectro *p, uint8_t *pixels);
// Makes the file; for the background writer.
int spectro_build(struct lab *lab, const struct sig_view *v, int64_t channel,
                  struct err *e) MUST_CHECK;

#endif
