// The page that says how good a model is: one HTML file with its plots inside, made from the
// figures of `moteloop eval --json` alone.
#ifndef TRAINER_REPORT_H
#define TRAINER_REPORT_H

#include <jansson.h>

struct buf;
struct err;

// report: what eval prints as JSON, with curves (docs/formats/metrics.md). Appends to out.
int report_html(const json_t *report, struct buf *out, struct err *e) MUST_CHECK;

#endif
