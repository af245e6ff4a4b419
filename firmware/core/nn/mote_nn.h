// The device runtime: runs int8, int16x8 and float32 .tflite models (FlatBuffers, schema 3) in place.
//
// One caller-given arena, no allocation, no recursion, no globals. The file is verified as a whole
// before anything is run; what cannot run is refused, naming operator and reason. Output bytes equal
// those of TensorFlow Lite Micro's reference kernels. The file must stay readable and 16-byte aligned
// while the model is used. Several models may share an arena when they take turns (each is then
// opened again before its turn) or by each taking a part of it.
#ifndef MOTE_NN_H
#define MOTE_NN_H

#include "firmware/core/mote_base.h"

#define MOTE_NN_MAX_RANK 6

// Values of the TensorType enumeration of the .tflite schema.
enum mote_nn_type {
    MOTE_NN_F32 = 0,
    MOTE_NN_I32 = 2,
    MOTE_NN_U8 = 3,
    MOTE_NN_I64 = 4,
    MOTE_NN_BOOL = 6,
    MOTE_NN_I16 = 7,
    MOTE_NN_I8 = 9
};

struct mote_nn_tensor {
    void *data; // input: write before, output: read after mote_nn_invoke; NULL where not in memory
    size_t bytes;
    uint8_t type; // enum mote_nn_type
    uint8_t rank;
    int32_t dims[MOTE_NN_MAX_RANK];
    float scale; // per-tensor quantization; 0 where there is none
    int32_t zero_point;
};

struct mote_nn_op;  // a registration of one operator; a program links the ones that it names
struct mote_nn_ops {
    const struct mote_nn_op *const *op;
    size_t count;
    const char *(*name)(
        int32_t code); // names an operator that is not in the table, for refusals; may be NULL
};
extern const struct mote_nn_ops mote_nn_ops_all; // every operator; naming it links every kernel
// "CONV_2D" and so on (an operator is there once for each type that it takes); NULL past the end.
const char *mote_nn_ops_name(const struct mote_nn_ops *ops, size_t index);

// Why a model was refused. All borrowed constants; no allocation.
struct mote_nn_diag {
    const char *reason; // "tensor 12: shape is larger than its buffer"; NULL where nothing is wrong
    const char
        *op_name; // "CONV_2D", or NULL where it is not about an operator or its name is not linked
    int32_t op_index;    // in execution order, -1 where it is not about an operator
    int32_t tensor;      // -1 where it is not about a tensor
#ifdef MOTE_NN_TERSE
    uint16_t number;     // of the reason: docs/design/nn-reasons.md
#endif
};

enum mote_nn_flags {
    MOTE_NN_KEEP_ALL = 1, // every operator's output keeps its bytes until the end (for comparisons)
    MOTE_NN_REFERENCE = 2 // use the portable reference kernels even where faster ones are linked
};

// All state of an open model but its arena. Private; declared so that the caller can place it.
struct mote_nn {
    const uint8_t *file;
    size_t file_len;
    const struct mote_nn_ops *ops;
    uint8_t *arena;
    size_t arena_len;
    void *plan; // inside the arena
    uint32_t flags;
};

// Bytes of arena that mote_nn_open will need, exact, before any is allocated. Verifies the whole file.
// MOTE_E_FORMAT, MOTE_E_UNSUPPORTED or MOTE_E_LIMIT with *diag filled (diag may be NULL).
int mote_nn_arena_size(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                       size_t *arena_bytes, struct mote_nn_diag *diag) MOTE_CHECK;
// Where in an arena of that size a caller may keep things of its own between two invokes, as long as
// they are gone before the inputs are written.
struct mote_nn_space {
    size_t arena; // bytes, as mote_nn_arena_size says
    size_t input; // offset of the first input's bytes
    size_t idle;  // from this offset on nothing is kept from invoke to invoke
};
int mote_nn_space(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                  struct mote_nn_space *out, struct mote_nn_diag *diag) MOTE_CHECK;
// The same without the stack that it takes: work is memory of the caller, 8-byte aligned, 16 bytes for each
// activation or scratch buffer (an arena before it is used). MOTE_E_LIMIT where it is too small.
int mote_nn_space_in(const void *file, size_t len, const struct mote_nn_ops *ops, uint32_t flags,
                     void *work, size_t work_len, struct mote_nn_space *out,
                     struct mote_nn_diag *diag) MOTE_CHECK;
// Verifies, plans and prepares. arena must be 16-byte aligned. Sets variable tensors to zero point.
int mote_nn_open(struct mote_nn *nn, const void *file, size_t len, const struct mote_nn_ops *ops,
                 uint32_t flags, void *arena, size_t arena_len,
                 struct mote_nn_diag *diag) MOTE_CHECK;
size_t mote_nn_input_count(const struct mote_nn *nn);
size_t mote_nn_output_count(const struct mote_nn *nn);
int mote_nn_input(const struct mote_nn *nn, size_t i, struct mote_nn_tensor *out) MOTE_CHECK;
int mote_nn_output(const struct mote_nn *nn, size_t i, struct mote_nn_tensor *out) MOTE_CHECK;
// Runs the graph once on what the input tensors hold. Input memory may be reused by the planner: write
// inputs anew before every invoke.
int mote_nn_invoke(struct mote_nn *nn) MOTE_CHECK;
// As mote_nn_invoke, one operator at a time: MOTE_OK after operator `index`, in execution order from 0.
int mote_nn_step(struct mote_nn *nn, size_t index) MOTE_CHECK;
// Variable tensors (streaming state) back to their start.
int mote_nn_reset(struct mote_nn *nn) MOTE_CHECK;

size_t mote_nn_op_count(const struct mote_nn *nn);
const char *mote_nn_op_name(const struct mote_nn *nn, size_t index);
// First output tensor of an operator: with MOTE_NN_KEEP_ALL its bytes stay valid until the next invoke.
int mote_nn_op_output(const struct mote_nn *nn, size_t index, struct mote_nn_tensor *out,
                      int32_t *tensor_index) MOTE_CHECK;
// Multiply-accumulates of an operator by its shapes; 0 for operators without any.
uint64_t mote_nn_op_macs(const struct mote_nn *nn, size_t index);

// A metadata buffer of a verified file by its name (schema: Model.metadata). MOTE_E_NOT_FOUND.
int mote_nn_metadata(const void *file, size_t len, const char *name, const uint8_t **data,
                     size_t *bytes) MOTE_CHECK;

#endif
