// What classical learners know as graphs of ordinary operators, quantized by construction: every
// interpreter of .tflite runs them, and their integers mean exactly what they say here.
#ifndef TRAINER_CLASSIC_GRAPH_H
#define TRAINER_CLASSIC_GRAPH_H

#include "trainer/classic.h"
#include "trainer/graph.h"

struct err;

// Scale and zero point that cover the middle `share` of the training values, stretched by `stretch`
// about zero.
void classic_input_scale(const struct classic_data *d, double share, float stretch, float *scale,
                         int32_t *zero_point);
int8_t classic_code(float x, float scale, int32_t zero_point);

// A forest whose codes have that scale. FULLY_CONNECTED picks the features that are read; for every
// tree two more decide its nodes and its leaves, exactly: a step from code to code + 1 saturates;
// CONCATENATION; FULLY_CONNECTED adds up the leaves' chances. Outputs: classes, scale 1/256. The
// forest need not outlive the graph. graph_release frees.
int classic_forest_graph(const struct classic_forest *f, float scale, int32_t zero_point,
                         struct graph *g, struct err *e) MUST_CHECK;

// The anomaly score of a mixture: `reference` less the log-density of the part that explains the
// input best, clipped to 0..span. DEPTHWISE_CONV_2D standardises for every part, MUL squares,
// FULLY_CONNECTED sums, MAX_POOL_2D takes the best, FULLY_CONNECTED turns the sign. One output.
// Deviations beyond CLASSIC_Z_MAX count as that.
#define CLASSIC_Z_MAX 6
int classic_mixture_graph(const struct classic_mixture *m, double reference, double span,
                          float scale, int32_t zero_point, struct graph *g,
                          struct err *e) MUST_CHECK;

#endif
