// Labelled files of a folder: WAV, FLAC, CSV (plain or gzip), PNG, JPEG, with labels from a label file,
// from folder names or from a pattern on file names, as a small mapping file says. Used by import, by
// `eval --data`, and by the device that replays recordings. docs/formats/dataset.md has the mapping file.
#ifndef COMMON_DATASET_H
#define COMMON_DATASET_H

struct err;
struct ds_map;

#define DS_TEXT 96          // longest label, group or column name
#define DS_MAX_CHANNELS 32  // MOTE_MAX_CHANNELS
#define DS_MAX_FRAMES ((size_t)1 << 27)
#define DS_MAX_REGIONS 100000

struct ds_region {
    char label[DS_TEXT];
    bool whole;            // of the whole item: start and end are not set
    size_t start, end;     // frames, end exclusive
    bool has_box;          // of a picture, in pixels
    double x, y, w, h;
};

// One recording. Everything is borrowed until the callback returns.
struct ds_item {
    const char *path;      // of the file it comes from
    const char *name;      // path below the folder; "#N" behind it where a file holds several
    const char *group;     // user or speaker that splits keep on one side; "" unknown
    const char *stream;    // name for the store: "acc", "mic", "picture", ...
    const char *units;
    const char *channel_names; // comma between
    unsigned type;         // enum mote_sample_type
    unsigned channels;
    float scale;           // physical value = raw * scale
    uint64_t interval_ns;  // 0: values without a rate
    uint32_t width, height; // of a picture: frames is width * height, channels its colour planes
    const void *raw;       // little-endian interleaved frames
    size_t frames;
    const struct ds_region *region;
    size_t regions;
    bool first_of_file;
    const char *meta;      // JSON object of strings that its recording keeps; NULL: none
};

// path NULL: a map of defaults (labels from folder names). Errors name file and line.
int ds_map_load(struct ds_map **m, const char *path, struct err *e) MUST_CHECK;
void ds_map_free(struct ds_map *m);

struct ds_callbacks {
    void *ctx;
    // Non-zero stops the walk, which returns it.
    int (*item)(void *ctx, const struct ds_item *item);
    // A file that could not be read; the walk goes on. May be NULL: the walk then fails.
    void (*bad)(void *ctx, const char *path, const struct err *e);
    // Before a file is read; n of total. Non-zero: skip it. May be NULL.
    int (*file)(void *ctx, const char *path, size_t n, size_t total);
};
// A folder (walked in order of names, hidden files left out) or a single file. E_NOT_FOUND where nothing
// in it is of a known kind.
int ds_walk(const char *path, const struct ds_map *m, const struct ds_callbacks *cb,
            struct err *e) MUST_CHECK;

// A file's bytes instead, through a temporary one below folder. name: without folders; its ending tells the kind.
int ds_walk_bytes(const char *folder, const char *name, const void *data, size_t len,
                  const struct ds_callbacks *cb, struct err *e) MUST_CHECK;

#endif
