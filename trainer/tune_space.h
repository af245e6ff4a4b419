// A search space: a recipe in which values name several possibilities, such as "type = mlp | cnn1d".
//
// A value is a choice where " | " (with a blank on both sides) stands in it. A candidate is one recipe of those that
// the text describes; keys of [features] that its block does not use are left out of it.
#ifndef TRAINER_TUNE_SPACE_H
#define TRAINER_TUNE_SPACE_H

struct buf;
struct err;
struct rng;

#define TUNE_CHOICES_MAX 24
#define TUNE_OPTIONS_MAX 16

struct tune_slice {
    size_t at, len; // in the text
};

struct tune_choice {
    char section[16], key[24];
    struct tune_slice name, value; // the key, and the whole value
    struct tune_slice option[TUNE_OPTIONS_MAX];
    size_t options;
};

struct tune_space {
    const char *text; // the caller's, kept
    size_t len;
    struct tune_choice choice[TUNE_CHOICES_MAX];
    size_t choices;
    double size; // candidates in all
};

// text must outlive the space. name: for errors. E_FORMAT where nothing is to choose or a choice is malformed.
int tune_space_read(struct tune_space *s, const char *name, const char *text, size_t len,
                    struct err *e) MUST_CHECK;
// One option of every choice by chance.
void tune_space_draw(const struct tune_space *s, struct rng *g, uint8_t pick[TUNE_CHOICES_MAX]);
// Candidate `index` of all, in a fixed order; for spaces small enough to try whole.
void tune_space_at(const struct tune_space *s, uint64_t index, uint8_t pick[TUNE_CHOICES_MAX]);
// The plain recipe of a candidate. epochs: in place of the recipe's, 0 leaves it; board: for its cost, NULL leaves it.
int tune_space_write(const struct tune_space *s, const uint8_t pick[TUNE_CHOICES_MAX],
                     int64_t epochs, const char *board, struct buf *out, struct err *e) MUST_CHECK;
// "type mlp, fft 64": what makes a candidate different, cut to cap.
void tune_space_describe(const struct tune_space *s, const uint8_t pick[TUNE_CHOICES_MAX],
                         char *out, size_t cap);

#endif
