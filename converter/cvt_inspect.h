// A report about a model, as JSON that the command prints.
#ifndef CONVERTER_CVT_INSPECT_H
#define CONVERTER_CVT_INSPECT_H

#include "common/jx.h"

struct cvt_model;
struct err;

struct cvt_inspect_options {
    const char *board; // NULL: every board
    int64_t every_ms;
    double battery_mah;
};

// *report is the caller's (json_decref). A model that the runtime refuses is reported with the
// reason, as "refused"; only a file that is no .tflite is an error. E_NOT_FOUND for an unknown
// board.
int cvt_inspect(const struct cvt_model *m, const struct cvt_inspect_options *o, json_t **report,
                struct err *e) MUST_CHECK;
// For people, on standard output.
void cvt_inspect_print(const json_t *report, bool tensors);
void cvt_inspect_boards(void);

#endif
