// From a window of raw samples to a decision: the one path that devices, trainer, evaluation and
// golden inputs share, so that they agree bit for bit.
//
//   raw frames -> physical values -> DSP block -> normalised features -> quantized input tensor
//   -> model -> scores -> class, novelty, decision
//
// What the path does is described by a pipeline, CBOR in the model's metadata buffer named
// MOTE_PIPE_METADATA (docs/formats/pipeline.md): a .tflite that the trainer wrote says by itself
// how to feed it and what its outputs mean, and the model's digest covers it.
#ifndef MOTE_PIPE_H
#define MOTE_PIPE_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"
#include "firmware/core/dsp/mote_dsp.h"
#include "firmware/core/nn/mote_nn.h"
#include "firmware/core/wire/mote_wire.h"

#define MOTE_PIPE_METADATA "moteloop.pipeline"

#define MOTE_PIPE_VERSION 1
#define MOTE_PIPE_SMOOTH_MAX 64
#define MOTE_PIPE_CENTROIDS_MAX 256

// CLASSIFY: one output per class, or a single one for the second of two classes.
// REGRESS: one output per label.
// ANOMALY: one score, 1 label or 2; above the threshold it is the second class. A model with one
// output per feature is an autoencoder, and the score is the mean squared difference between
// normalised features and outputs; a single output is the score itself.
// DETECT: of a picture; a grid of cells (1 x rows x columns x (labels + 1)), in every cell a score of
// nothing in front of one per label. A label's score is its highest of all cells; mote_pipe_cells
// says where.
enum mote_pipe_task {
    MOTE_TASK_CLASSIFY,
    MOTE_TASK_REGRESS,
    MOTE_TASK_ANOMALY,
    MOTE_TASK_DETECT
};

// Decoded view; text and arrays are borrowed from the CBOR bytes (arrays are little-endian float32,
// unaligned: read them by mote_getf).
struct mote_pipe_config {
    uint8_t version;
    uint8_t task;
    struct mote_str stream; // name of the stream it listens to
    uint8_t channels;
    uint64_t interval_ns;         // rate that it was trained with
    uint32_t window, stride;      // frames
    uint32_t width, height;       // of pictures (window is then width * height), 0 otherwise
    struct mote_dsp_config dsp;   // block and its parameters; dsp.variant names the arithmetic
    uint32_t features;            // values that the DSP block gives
    const uint8_t *offset, *gain; // features each: x' = (x - offset) * gain; NULL: none
    uint8_t classes;
    struct mote_str label[MOTE_MAX_CLASSES];
    float threshold; // a top score below it is uncertain (ANOMALY: the score, above it)
    // Novelty: distance to the nearest centroid in normalised feature space, divided by that
    // centroid's radius; over 1 is unlike everything seen in training. 0 centroids: off.
    uint32_t centroids;
    const uint8_t *centroid; // centroids x features
    const uint8_t *radius;   // centroids
    uint8_t smooth;          // scores are the mean of this many windows, at least 1
    uint8_t suppress;        // windows that stay quiet after a decision, 0: none
};
// Bytes written, or a negative status: MOTE_E_ARG where a value is out of its bounds.
int mote_pipe_config_encode(uint8_t *out, size_t cap, const struct mote_pipe_config *c) MOTE_CHECK;
// Checks everything, the DSP block included: what decodes can run. MOTE_E_FORMAT, MOTE_E_LIMIT,
// MOTE_E_UNSUPPORTED (a version, block or parameter that this build does not know).
int mote_pipe_config_decode(struct mote_pipe_config *c, const uint8_t *p, size_t len) MOTE_CHECK;

struct mote_pipe_result {
    uint32_t class_index;          // of the highest score, the first of equals
    float score[MOTE_MAX_CLASSES]; // dequantized outputs
    uint32_t scores;
    float novelty;  // 0 where it is off; of ANOMALY without centroids: score / threshold
    bool uncertain; // score on the wrong side of the threshold, or novelty over 1
};

// All state but the arena. In the arena the features and the DSP's scratch share the memory of the
// model's activations: features are gone once the input is written (but not those of an
// autoencoder). The file must stay readable while the pipe is used (labels and normalisation are
// read in place), and an open pipe may not be moved.
struct mote_pipe {
    struct mote_pipe_config config;
    struct mote_nn nn;
    float *features;  // config.features, inside the arena
    uint8_t *scratch; // of the DSP block, inside the arena
    size_t scratch_len;
    struct mote_dsp_stream stream;
    bool streams; // the arena had room for the stream
};

// Bytes of arena for model file and its pipeline; verifies both. MOTE_E_NOT_FOUND where the model
// carries none.
int mote_pipe_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops,
                         size_t *arena_bytes, struct mote_nn_diag *diag) MOTE_CHECK;
// Bytes of arena with which overlapping windows of sound compute only their new frames; what
// mote_pipe_arena_size says where that would save nothing.
int mote_pipe_stream_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops,
                                size_t *arena_bytes, struct mote_nn_diag *diag) MOTE_CHECK;
// arena: 16-byte aligned. MOTE_E_MISMATCH where model and pipeline do not fit each other (diag says
// why).
int mote_pipe_open(struct mote_pipe *p, const void *file, size_t len, const struct mote_nn_ops *ops,
                   void *arena, size_t arena_len, struct mote_nn_diag *diag) MOTE_CHECK;
// A whole window of raw frames (config.window * config.channels values of that type, enum
// mote_sample_type), to a result; physical value = raw * scale.
int mote_pipe_run(struct mote_pipe *p, const void *raw, unsigned type, float scale,
                  struct mote_pipe_result *out) MOTE_CHECK;
// The same for a window that lies `advance` frames behind the one before; 0 where that is not
// known. The result is the same, bit for bit; with room for the stream it comes sooner.
int mote_pipe_run_next(struct mote_pipe *p, const void *raw, unsigned type, float scale,
                       uint32_t advance, struct mote_pipe_result *out) MOTE_CHECK;
// The first half alone: raw frames to normalised float features (config.features values), without a
// model: what a trainer trains on. scratch is the caller's (mote_dsp_scratch bytes, 8-byte
// aligned).
int mote_pipe_features(const struct mote_pipe_config *c, const void *raw, unsigned type,
                       float scale, void *scratch, size_t scratch_len, float *features) MOTE_CHECK;
// What is behind the DSP block in it: features, in place.
void mote_pipe_normalise(const struct mote_pipe_config *c, float *features);
// Normalised features into the model's input tensor, as mote_pipe_run does it (round half away from
// zero, saturate). The input may overlap the features if it does not begin behind them.
int mote_pipe_quantize(const float *features, size_t count,
                       const struct mote_nn_tensor *input) MOTE_CHECK;
// The other way: element i of an output tensor as a number.
float mote_pipe_dequantize(const struct mote_nn_tensor *output, size_t i);
// An object that the last run of a DETECT pipe found: its centre lies in this cell of the grid.
struct mote_pipe_cell {
    uint16_t row, column, label;
    float score;
};
// Cells whose score of a label is not below the threshold nor below any neighbour's, in the order
// of labels, rows and columns. Writes at most cap; returns how many there are. grid: rows and
// columns, may be NULL. MOTE_E_ARG where the pipe detects nothing.
int mote_pipe_cells(const struct mote_pipe *p, struct mote_pipe_cell *out, size_t cap,
                    uint16_t grid[2]) MOTE_CHECK;
// Novelty of normalised features; 0 where it is off.
float mote_pipe_novelty(const struct mote_pipe_config *c, const float *features);
// Class and certainty that follow from a result's scores and novelty.
void mote_pipe_judge(const struct mote_pipe_config *c, struct mote_pipe_result *r);

// What a stream of windows asks for behind each result: scores smoothed over the last windows, and
// silence after a decision. ring: mote_pipe_post_size bytes, the caller's.
struct mote_pipe_post {
    const struct mote_pipe_config *config; // borrowed
    float *ring;
    uint32_t filled, next, quiet; // private
};
size_t mote_pipe_post_size(const struct mote_pipe_config *c);
void mote_pipe_post_init(struct mote_pipe_post *post, const struct mote_pipe_config *c,
                         float *ring);
// Puts the means into the result, with class and uncertainty that follow from them. true where it
// is a decision: certain, and no other one within the last config.suppress windows.
bool mote_pipe_post_step(struct mote_pipe_post *post, struct mote_pipe_result *r);

#endif
