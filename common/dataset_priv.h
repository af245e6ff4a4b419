// Inside common/dataset_*.c only: the mapping, and what its parts share.
#ifndef COMMON_DATASET_PRIV_H
#define COMMON_DATASET_PRIV_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/dataset.h"
#include "common/err.h"

#define DS_WORDS 64
struct ds_words { // blank-separated words of a value
    char *text;
    const char *word[DS_WORDS];
    size_t count;
};
int ds_words_split(struct ds_words *w, const char *value) MUST_CHECK; // E_MEM, E_LIMIT
void ds_words_release(struct ds_words *w);

enum ds_time_unit { DS_UNIT_S, DS_UNIT_MS, DS_UNIT_US, DS_UNIT_FRAME, DS_UNIT_FRAME1 };
enum ds_label_from { DS_LABEL_FOLDER, DS_LABEL_NONE, DS_LABEL_CONSTANT };

struct ds_map {
    struct conf conf; // every text below points into it
    struct ds_words match, skip;
    struct ds_words pattern; // the first that matches counts
    enum ds_label_from label_from;
    const char *label;   // of DS_LABEL_CONSTANT
    const char *stream, *units; // "" by kind of file
    double rate;         // 0: not said
    double scale;        // 0: not said
    struct ds_words
        channels; // of CSV: names, or numbers from 1; "f*" takes all with that beginning
    const char *time_column, *label_column, *group_column, *split_column;
    enum ds_time_unit time_unit;
    char delimiter;      // 0: found out
    int header;          // 1 yes, 0 no, -1 found out
    bool row_is_item;    // each row is a recording of one channel
    const char *labels_file, *key, *labels_label, *labels_start, *labels_end, *labels_group,
        *labels_box;
    enum ds_time_unit labels_unit;
    const char *names_file, *names_id, *names_name;
};

struct ds_table { // a small CSV in memory: label files and name tables
    struct buf text;
    char **cell; // rows * columns
    size_t rows, columns; // row 0 is the heading
};
int ds_table_load(struct ds_table *t, const char *path, struct err *e) MUST_CHECK;
void ds_table_release(struct ds_table *t);
// Column of a name, or of a number from 1; -1 where there is none.
int ds_table_column(const struct ds_table *t, const char *name);

// What one walk knows beside the map.
struct ds_walk_state {
    const struct ds_map *map;
    const struct ds_callbacks *cb;
    const char *root;
    struct ds_table labels, names;
    struct ds_label_index *index;
};
struct ds_file {
    struct ds_walk_state *w;
    const char *path; // to open
    const char *name; // below the root
    char label[DS_TEXT], group[DS_TEXT]; // from pattern, folder or constant
    bool first;       // no item of it was given yet
};

// dataset_labels.c
int ds_labels_open(struct ds_walk_state *w, struct err *e) MUST_CHECK;
void ds_labels_close(struct ds_walk_state *w);
// The name of an id by the names table or the [rename] section; the id itself where there is none.
const char *ds_label_name(const struct ds_walk_state *w, const char *id);
// Label and group by pattern, folder or constant.
int ds_file_label(struct ds_file *f, struct err *e) MUST_CHECK;
// Adds what the label file says of it, then gives the item to the callback. own: regions that the file
// itself brought.
int ds_give(struct ds_file *f, struct ds_item *item, const struct ds_region *own, size_t own_count,
            struct err *e) MUST_CHECK;

// Readers: decode a file and give its items. A callback's positive stop value is passed through.
int ds_read_csv(struct ds_file *f, struct err *e) MUST_CHECK;
int ds_read_sound(struct ds_file *f, struct err *e) MUST_CHECK;
int ds_read_png(struct ds_file *f, struct err *e) MUST_CHECK;
int ds_read_jpeg(struct ds_file *f, struct err *e) MUST_CHECK;

// A whole file that may be gzip, with a NUL behind it.
int ds_read_text(const char *path, struct buf *out, struct err *e) MUST_CHECK;
// Splits a line in place; quoted fields may hold the delimiter. Returns the number of fields.
size_t ds_split_line(char *line, char delimiter, char **field, size_t max);
// Matches "{label}_{group}_{*}" against a path; out fields may be NULL. The pattern is compared with as
// many of the path's last parts as it has.
bool ds_pattern_match(const char *pattern, const char *path, char *label, char *group);
// Copies a name without its known extension.
void ds_stem(char *out, size_t cap, const char *name);

#endif
