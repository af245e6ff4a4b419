// Labels in the files of other programs: CSV, Label Studio's JSON, Edge Impulse's side-cars, COCO, Pascal VOC, Audacity's track.
//
// A reader gives items that name their recording by number or by file name and their place in the file's own unit; the
// import (api_import.c) finds the recording and turns units into device time and pixels. Readers are bounded and take
// hostile bytes; what they do not know they leave out, what is malformed they refuse with its place.
#ifndef LABELER_LABEL_FILE_H
#define LABELER_LABEL_FILE_H

#include "common/buf.h"
#include "labeler/api.h"

enum label_format {
    LABEL_CSV,
    LABEL_STUDIO,
    LABEL_EI_INFO,       // info.labels: whole labels and boxes
    LABEL_EI_STRUCTURED, // structured_labels.labels: pieces that cover every frame
    LABEL_EI_BOXES,      // bounding_boxes.labels
    LABEL_COCO,
    LABEL_VOC,           // one picture
    LABEL_AUDACITY,      // one recording
    LABEL_FORMATS
};
enum label_unit {
    LABEL_US,
    LABEL_SECONDS,
    LABEL_FRAMES
}; // device time; from the recording's start; frame numbers
#define LABEL_ITEMS_MAX 1000000
#define LABEL_GAP                                                                                  \
    "unlabelled" // what fills the frames between pieces in structured labels, and is no label when
                 // read

struct label_item {
    int64_t rec;     // 0: not known, found by file
    char file[200];
    char label[64], region[41]; // region "": made from the label and its place
    bool whole, has_box, percent,
        model; // percent: the box is in hundredths of the picture; model: a proposal
    enum label_unit unit;
    double start, end;
    double x, y, w, h;
};
struct label_items {
    struct label_item *item;
    size_t count, cap;
};

// The format of that name, LABEL_FORMATS where there is none.
enum label_format label_format_of(const char *name);
// E_FORMAT where body is none. Accepts the zeroed list; release in any case.
int label_read(enum label_format f, const char *body, size_t len, struct label_items *out,
               struct err *e) MUST_CHECK;
void label_items_release(struct label_items *l);
// For readers: a new zeroed item; NULL beyond LABEL_ITEMS_MAX or without memory.
struct label_item *label_add(struct label_items *l);
int label_read_csv(const char *body, size_t len, struct label_items *out, struct err *e) MUST_CHECK;
int label_read_track(const char *body, size_t len, struct label_items *out,
                     struct err *e) MUST_CHECK;
int label_read_voc(const char *body, size_t len, struct label_items *out, struct err *e) MUST_CHECK;

#endif
