// The payload of a release as differences to a model that devices have: common/tflite/delta.h for
// models of the converter.
#ifndef CONVERTER_CVT_DELTA_H
#define CONVERTER_CVT_DELTA_H

struct buf;
struct cvt_model;
struct err;

// Appends the smallest payload, as tflite_delta_build does; its errors name the new model.
int cvt_delta_build(const struct cvt_model *base, const struct cvt_model *m, struct buf *out,
                    struct err *e) MUST_CHECK;

#endif
