// Cuts a model in two: the head computes the first operators, the tail the rest; what the tail
// needs of the head's tensors and of the model's inputs are its inputs, in the order of their first
// use.
#ifndef CONVERTER_CVT_SPLIT_H
#define CONVERTER_CVT_SPLIT_H

#include "common/tflite/reader.h"

struct buf;
struct err;

// A cut behind operator `after`: what goes over it.
struct cvt_cut {
    size_t after;
    size_t tensors;
    uint64_t bytes;
    bool whole; // streaming state stays in one half, and the head has something to give
};
void cvt_cut_describe(const struct tflite_graph *g, size_t after, struct cvt_cut *out);

// Writes both halves as .tflite files (buffers must be empty). The pipeline, which says how to feed
// the model, goes with the head. E_REFUSED where the cut leaves a half empty or parts a state.
int cvt_split(const struct tflite_graph *g, size_t after, struct buf *head, struct buf *tail,
              struct err *e) MUST_CHECK;

#endif
