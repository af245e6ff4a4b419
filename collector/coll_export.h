// Recordings and labels out of the store into a folder of files that other tools read.
#ifndef COLL_EXPORT_H
#define COLL_EXPORT_H

struct err;
struct store;

struct export_options {
    const char *format; // auto, csv, wav, flac, npy, png, ei
    const char *labels; // csv, audacity, labelstudio, none
    const char *device, *label, *stream; // NULL: any
};
struct export_result {
    int64_t recordings, files, kept, labels;
};

// Makes dir; DEVICE/REC-STREAM.EXT below it, labels beside them or in one file, manifest.sha256 with a
// line for each file, as sha256sum checks it. A file that an earlier run wrote whole is kept.
int export_folder(struct store *s, const char *dir, const struct export_options *o,
                  struct export_result *r, struct err *e) MUST_CHECK;

#endif
