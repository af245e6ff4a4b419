// The payload of a release as differences to a model that devices have:
// firmware/core/pkg/mote_delta.h applied to .tflite files, tensor by tensor.
#ifndef CONVERTER_CVT_DELTA_H
#define CONVERTER_CVT_DELTA_H

struct buf;
struct cvt_model;
struct err;

// Appends the smaller of two payloads: tensors lined up by name and size, or the files byte by
// byte. Applied again and compared before it is returned.
int cvt_delta_build(const struct cvt_model *base, const struct cvt_model *m, struct buf *out,
                    struct err *e) MUST_CHECK;

#endif
