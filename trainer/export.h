// Graphs as .tflite files, float32 or full-integer int8, with the pipeline in their metadata.
#ifndef TRAINER_EXPORT_H
#define TRAINER_EXPORT_H

#include "trainer/graph.h"

struct buf;
struct err;

// int8: the graph must be quantized. pipeline: bytes for the metadata buffer MOTE_PIPE_METADATA, or NULL.
// Appends the file to out.
int export_tflite(const struct graph *g, bool int8, const char *description, const void *pipeline,
                  size_t pipeline_len, struct buf *out, struct err *e) MUST_CHECK;

#endif
