// The quantized graph in plain integer arithmetic, written from TensorFlow Lite's specification and shared with
// nothing: what the trainer expects a device to answer, compared with what its runtime answers.
#ifndef TRAINER_QUANT_SIM_H
#define TRAINER_QUANT_SIM_H

#include "trainer/graph.h"

struct err;
struct quant_sim;

// g must be quantized and outlive it. NULL with *e set on failure.
struct quant_sim *quant_sim_new(const struct graph *g, struct err *e);
void quant_sim_free(struct quant_sim *s);
// in: the input tensor's values, int8_t or, where it is wide, int16_t; returns the output tensor's likewise, valid until
// the next call.
const void *quant_sim_run(struct quant_sim *s, const void *in);

#endif
