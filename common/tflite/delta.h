// A model as differences to another that devices have: firmware/core/pkg/mote_delta.h applied to
// .tflite files, tensor by tensor. What releases send, and what fine-tuning reports.
#ifndef COMMON_TFLITE_DELTA_H
#define COMMON_TFLITE_DELTA_H

struct buf;
struct err;

struct tflite_bytes { // a file; borrowed, 4-byte aligned
    const uint8_t *data;
    size_t len;
};

// Appends the smallest of three payloads: tensors lined up by name and size, the files byte by
// byte, or the model coded by itself. Applied again and compared before it is returned. E_FORMAT
// where a file cannot be read or a payload not be built, E_MEM.
int tflite_delta_build(const struct tflite_bytes *base, const struct tflite_bytes *m,
                       struct buf *out, struct err *e) MUST_CHECK;

#endif
