// The finished model: its pipeline, the .tflite file, and the device runtime's answers compared with the
// trainer's own.
#ifndef TRAINER_SHIP_H
#define TRAINER_SHIP_H

#include "common/buf.h"
#include "firmware/core/pipe/mote_pipe.h"
#include "trainer/feature.h"
#include "trainer/judge.h"
#include "trainer/novelty.h"
#include "trainer/quant_sim.h"

struct err;

// The pipeline's CBOR into out. novelty may be empty (count 0). Labels too long or too many are errors.
int ship_pipeline(const struct features *f, const struct novelty *n, float threshold,
                  struct buf *out, struct err *e) MUST_CHECK;

struct ship_runtime; // an open model with its arena
// file must stay in place, 16-byte aligned. NULL with *e set where the device runtime refuses it, with its reason.
struct ship_runtime *ship_open(const void *file, size_t len, struct err *e);
void ship_close(struct ship_runtime *r);
const struct mote_pipe_config *ship_config(const struct ship_runtime *r);
unsigned ship_input_type(const struct ship_runtime *r); // enum mote_nn_type
size_t ship_arena(const struct ship_runtime *r); // bytes that a device needs
// One window through the device's path.
int ship_run(struct ship_runtime *r, const void *raw, unsigned type, float scale,
             struct mote_pipe_result *out, struct mote_nn_tensor *output, struct err *e) MUST_CHECK;

// An anomaly model gives one distance. As scores of its two labels: half each where the distance is the threshold.
void ship_anomaly_scores(float distance, float threshold, float *score);

struct parity {
    size_t windows, equal;
};
// Every window of a split (SPLIT_NONE: all) through the device runtime, into j. Where sim is not NULL its bytes are
// compared with the runtime's, window by window.
int ship_judge(struct ship_runtime *r, const struct windows *w, enum split split,
               struct quant_sim *sim, const struct features *f, struct judge *j, struct parity *p,
               struct err *e) MUST_CHECK;

// Bytes of a file in memory aligned for the runtime; free() it.
void *ship_aligned(const void *data, size_t len);

#endif
