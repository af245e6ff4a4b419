// Labelled windows: cut from recordings of a store or from files in a folder, with the group that each belongs to.
#ifndef TRAINER_WINDOWS_H
#define TRAINER_WINDOWS_H

#include "common/recording.h"
#include "common/store/store.h"
#include "trainer/recipe.h"

struct err;

#define WINDOWS_MAX ((size_t)4 << 20)
#define WINDOWS_CLASSES_MAX MOTE_MAX_CLASSES

enum split { SPLIT_NONE, SPLIT_TRAIN, SPLIT_VALIDATE, SPLIT_TEST };
const char *split_name(enum split s);

struct piece { // samples without a gap
    uint8_t *raw;
    size_t frames;
    unsigned type;
    float scale;
    int64_t rec_id, start_us;
};
struct window {
    uint32_t piece, frame; // where its first frame is
    uint16_t label, group;
    uint8_t split;         // enum split
    uint32_t recording;    // number of its recording in this list: for results by recording
    float value;           // of regress: the number that its label is
};
struct box { // of an object in a picture, as shares of its sides
    uint32_t window;
    uint16_t label;
    float x, y, w, h;
};
struct name_list {
    char **name;
    size_t count;
};

struct windows {
    struct window *w;
    size_t count;
    struct piece *piece;
    size_t pieces, recordings;
    struct box *box; // of detect; in the order of windows
    size_t boxes;
    struct name_list label, group;
    size_t fixed_labels;     // the first of them, whose order stays
    unsigned channels;
    uint64_t interval_ns;
    uint32_t window, stride; // frames
    uint32_t width, height;  // of pictures
    uint64_t skipped_label, skipped_short,
        skipped_gap; // regions and recordings that gave nothing, by reason
    const struct recipe *r;
};

// What is labelled in one recording: microseconds of device time; whole: all of it.
struct labelled {
    char label[96];
    bool whole;
    int64_t start_us, end_us;
    bool has_box; // of a picture, in pixels
    double x, y, w, h;
};

void windows_init(struct windows *w, const struct recipe *r);
void windows_release(struct windows *w);
// Fixes the first classes and their order beforehand (a recipe's labels, or a model's). Others are added behind them
// where the recipe names none.
int windows_set_labels(struct windows *w, const char *const *label, size_t count,
                       struct err *e) MUST_CHECK;
// Cuts windows from one recording's samples. Takes nothing over.
int windows_add(struct windows *w, const struct rec_samples *s, int64_t rec_id,
                const struct labelled *l, size_t labels, const char *group,
                struct err *e) MUST_CHECK;
// Every labelled recording of the recipe's stream.
int windows_from_store(struct windows *w, struct store *s, struct err *e) MUST_CHECK;
// Every labelled recording of a folder (common/dataset.h), map: a mapping file or NULL. Files that cannot be read are
// counted in *bad, and the last one's error is left in bad_text (cap bytes).
int windows_from_folder(struct windows *w, const char *folder, const char *map, size_t *bad,
                        char *bad_text, size_t cap, struct err *e) MUST_CHECK;
// The classes that the recipe names, unless some are fixed already.
int windows_recipe_labels(struct windows *w, struct err *e) MUST_CHECK;
// The full digest of the dataset version that begins so. E_NOT_FOUND, or E_CONFLICT where several do.
int windows_find_dataset(struct store *s, const char *start, char digest[STORE_DIGEST_TEXT],
                         struct err *e) MUST_CHECK;
// The windows of one split of a dataset version (NULL: all of it), each with the split that it has there. E_NOT_FOUND
// where there are none; E_CONFLICT where they are of another stream or all are shorter than the recipe's window.
int windows_from_dataset(struct windows *w, struct store *s, const char *digest, const char *split,
                         struct err *e) MUST_CHECK;
// Labels in the order of their names where the recipe gave none; checks that there is something to learn.
int windows_finish(struct windows *w, struct err *e) MUST_CHECK;
// Whether windows of this class are learned from: an anomaly model learns its first class alone; of detectors all
// windows count as the first.
bool windows_learns(const struct windows *w, size_t label);

// Index of a name, or -1.
int name_find(const struct name_list *l, const char *name);
// Index of a name that is added where it is new, or a negative status.
int name_add(struct name_list *l, const char *name);
void name_release(struct name_list *l);

#endif
