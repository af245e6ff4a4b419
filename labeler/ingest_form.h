// multipart/form-data (RFC 7578) as uploaders send it: the files of a request, and the side-cars among
// them that label others. Everything is borrowed from the body.
#ifndef LABELER_INGEST_FORM_H
#define LABELER_INGEST_FORM_H

#include "common/dataset.h"

#include <jansson.h>

struct err;

struct form_part {
    char filename[256];
    char type[128]; // Content-Type, "" none
    const char *data;
    size_t len;
};
struct form {
    struct form_part *part;
    size_t parts;
    json_t *boxes, *structured; // of bounding_boxes.labels and structured_labels.labels; NULL: none
};

// The zeroed struct may be released. E_FORMAT where body or type are malformed or a side-car is.
int form_parse(struct form *f, const char *content_type, const char *body, size_t len,
               size_t max_parts, struct err *e) MUST_CHECK;
void form_release(struct form *f);
bool form_is_sidecar(const struct form_part *p);
// What the side-cars say of a file; *out is malloced (NULL: nothing). E_FORMAT where it does not fit.
int form_regions(const struct form *f, const char *name, size_t frames, struct ds_region **out,
                 size_t *count, struct err *e) MUST_CHECK;

#endif
