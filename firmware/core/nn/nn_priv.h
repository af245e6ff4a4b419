// Private to firmware/core/nn: the view of a model file, what an operator's preparation may ask for,
// and how operators register.
//
// A model is opened in two passes over its operators. The first measures: it checks every shape, counts
// the bytes that stay (parameters) and lists the blocks of activation memory with their lifetimes. The
// planner then places the blocks. The second pass does the same with real addresses. A prepare function
// cannot tell the passes apart, except that activations and kept arrays are NULL in the first.
//
// How to add an operator: 1. write op_NAME.c with a prepare function that checks everything and fills
// a parameter struct from nn_keep; 2. name the registration in mote_nn_ops.h; 3. list it in nn_ops_all.c; 4. give it
// cases in tests/firmware/check_nn_*.c. The fuzz target finds it by itself.
#ifndef MOTE_NN_PRIV_H
#define MOTE_NN_PRIV_H

#include "firmware/core/nn/mote_nn_ops.h"
#include "firmware/core/nn/nn_reason.h"
#include "firmware/core/nn/nn_fb.h"

// BuiltinOperator of the .tflite schema.
enum nn_code {
    NN_ADD = 0,
    NN_AVERAGE_POOL_2D = 1,
    NN_CONCATENATION = 2,
    NN_CONV_2D = 3,
    NN_DEPTHWISE_CONV_2D = 4,
    NN_DEQUANTIZE = 6,
    NN_FULLY_CONNECTED = 9,
    NN_LOGISTIC = 14,
    NN_MAX_POOL_2D = 17,
    NN_MUL = 18,
    NN_RELU = 19,
    NN_RELU6 = 21,
    NN_RESHAPE = 22,
    NN_RESIZE_BILINEAR = 23,
    NN_SOFTMAX = 25,
    NN_SVDF = 27,
    NN_TANH = 28,
    NN_CUSTOM = 32,
    NN_PAD = 34,
    NN_BATCH_TO_SPACE_ND = 37,
    NN_SPACE_TO_BATCH_ND = 38,
    NN_TRANSPOSE = 39,
    NN_MEAN = 40,
    NN_SUB = 41,
    NN_SQUEEZE = 43,
    NN_UNIDIRECTIONAL_SEQUENCE_LSTM = 44,
    NN_STRIDED_SLICE = 45,
    NN_SPLIT = 49,
    NN_PRELU = 54,
    NN_MAXIMUM = 55,
    NN_ARG_MAX = 56,
    NN_MINIMUM = 57,
    NN_PADV2 = 60,
    NN_TRANSPOSE_CONV = 67,
    NN_EXPAND_DIMS = 70,
    NN_PACK = 83,
    NN_UNPACK = 88,
    NN_RESIZE_NEAREST_NEIGHBOR = 97,
    NN_LEAKY_RELU = 98,
    NN_SPLIT_V = 102,
    NN_QUANTIZE = 114,
    NN_HARD_SWISH = 117
};

enum nn_fused { NN_ACT_NONE, NN_ACT_RELU, NN_ACT_RELU_N1_TO_1, NN_ACT_RELU6 };

#define NN_ANY_TYPE 255

typedef void (*nn_eval_fn)(const void *params);
struct nn_ctx;

// One operator for one type of its first input (or any type). Kept const, so that it costs no RAM.
struct mote_nn_op {
    const char *name;
    int (*prepare)(struct nn_ctx *c);
    uint64_t (*macs)(struct nn_ctx *c); // NULL: none
    uint8_t code;                       // enum nn_code
    uint8_t type;                       // enum mote_nn_type of input 0, or NN_ANY_TYPE
    uint8_t max_version;
};

// Positions of the parts of a verified file.
struct nn_file {
    struct nn_fb fb;
    struct nn_vec opcodes, buffers, tensors, inputs, outputs, operators, metadata;
};

// A tensor, decoded when it is asked for.
struct nn_tensor {
    int32_t index;
    uint8_t type, rank;
    bool variable;
    int32_t dims[MOTE_NN_MAX_RANK];
    int32_t count;        // elements
    uint32_t bytes;
    const uint8_t *fixed; // constant data in the file, NULL for activations
    float scale;          // first of scales; 0 where there is none
    int32_t zero_point;
    struct nn_vec scales; // float32 each
    int32_t axis;         // dimension that scales run along
};

// A block of activation memory, while planning.
struct nn_block {
    uint32_t size;   // bytes, a multiple of NN_ALIGN
    uint32_t offset; // NN_UNPLACED until planned
    uint16_t first, last; // operators between which it must keep its bytes, inclusive
    int32_t id;      // tensor index, or -1 - operator index for scratch
};
#define NN_ALIGN 16u
#define NN_UNPLACED UINT32_MAX

struct nn_node {
    const struct mote_nn_op *op;
    nn_eval_fn eval;
    const void *params;
};

// Head of the arena of an open model; nodes and data follow it.
struct nn_plan {
    struct nn_file file;
    struct nn_node *node;
    uint8_t **data; // address of each tensor, NULL where it has none
    uint32_t head;  // bytes that stay, before the activations
};

#define NN_PARAMS_MAX (52 * sizeof(void *)) // bytes of an operator's parameter struct

// What a prepare function works with.
struct nn_ctx {
    struct nn_file file;
    const struct mote_nn_ops *ops;
    struct mote_nn_diag *diag; // never NULL
    uint32_t flags;
    uint8_t *arena;      // NULL while measuring
    size_t kept;         // bytes taken at the arena's start
    uint8_t **data;      // NULL while measuring
    struct nn_block *block;
    uint32_t block_count, block_cap;
    uint64_t activations; // sum of block sizes
    bool arena_given;    // false while only the arena's size is asked for
    // the present operator
    const struct mote_nn_op *op;
    int32_t op_index;
    uint32_t options;    // position of its options table, 0: all defaults
    struct nn_vec in, out;
    nn_eval_fn eval;     // set by prepare
    const void *params;  // set by prepare
    uint32_t scratch;    // bytes asked for so far
    bool steep; // a factor that nn_channel_scales or nn_keep_scale gave has a shift above -2
    union {
        uint64_t align;
        uint8_t bytes[NN_PARAMS_MAX];
    } spare;             // stands in for kept structs while measuring
};

// --- nn_model.c: the file ---------------------------------------------------------------------
// Finds the parts and checks every table once. MOTE_E_FORMAT or MOTE_E_UNSUPPORTED with the diagnosis.
int nn_file_open(struct nn_file *f, const void *file, size_t len,
                 struct mote_nn_diag *diag) MOTE_CHECK;
// Decodes tensor `index`; *reason says what is wrong with it.
int nn_file_tensor(struct nn_file *f, int32_t index, struct nn_tensor *t,
                   nn_why *reason) MOTE_CHECK;
// Bytes of one element, 0 for a type that is not supported.
uint32_t nn_type_size(uint8_t type);
// Code and version of operator `index`, and its name if it is a custom one.
int nn_file_opcode(struct nn_file *f, uint32_t index, int32_t *code, int32_t *version,
                   const char **custom) MOTE_CHECK;

// --- nn_plan.c --------------------------------------------------------------------------------
// Places all blocks; returns the bytes that they need together.
uint32_t nn_plan_blocks(struct nn_block *b, uint32_t count);

// --- nn_names.c: never NULL -------------------------------------------------------------------
const char *nn_code_name(int32_t code);

// --- nn_ctx.c: for prepare functions ----------------------------------------------------------
// Input or output i of the present operator. An optional input that is absent gives MOTE_E_NOT_FOUND
// without a diagnosis.
int nn_in(struct nn_ctx *c, uint32_t i, struct nn_tensor *t) MOTE_CHECK;
int nn_in_optional(struct nn_ctx *c, uint32_t i, struct nn_tensor *t) MOTE_CHECK;
int nn_out(struct nn_ctx *c, uint32_t i, struct nn_tensor *t) MOTE_CHECK;
// Where a tensor's bytes are; NULL for an activation while measuring.
void *nn_data(const struct nn_ctx *c, const struct nn_tensor *t);
// Zeroed memory that stays as long as the model is open. nn_keep never gives NULL and is for structs of at most
// NN_PARAMS_MAX bytes, one an operator; nn_keep_array gives NULL while measuring.
void *nn_keep_params(struct nn_ctx *c, size_t size);
#define nn_keep(c, size)                                                                           \
    ((void)sizeof(char[(size) <= NN_PARAMS_MAX ? 1 : -1]), nn_keep_params(c, size))
void *nn_keep_array(struct nn_ctx *c, size_t count, size_t size);
// Memory for the time of the present operator's run; NULL while measuring. Fails on absurd sizes.
int nn_scratch(struct nn_ctx *c, uint64_t bytes, void *pointer_out) MOTE_CHECK;
// Fills the diagnosis, returns status.
int nn_fail(struct nn_ctx *c, int status, nn_why reason, const struct nn_tensor *t) MOTE_CHECK;
int nn_unsupported(struct nn_ctx *c, nn_why reason) MOTE_CHECK;
int nn_misshapen(struct nn_ctx *c, nn_why reason, const struct nn_tensor *t) MOTE_CHECK;
// Checks the number of inputs and outputs.
int nn_arity(struct nn_ctx *c, uint32_t in_min, uint32_t in_max, uint32_t out) MOTE_CHECK;
bool nn_same_shape(const struct nn_tensor *a, const struct nn_tensor *b);
// Product of dims [from, to).
int32_t nn_dims_product(const struct nn_tensor *t, unsigned from, unsigned to);
// Option fields of the present operator.
static inline int32_t nn_opt_i32(struct nn_ctx *c, unsigned id, int32_t fallback)
{
    return nn_fb_i32(&c->file.fb, c->options, id, fallback);
}
static inline uint8_t nn_opt_u8(struct nn_ctx *c, unsigned id, uint8_t fallback)
{
    return nn_fb_u8(&c->file.fb, c->options, id, fallback);
}
static inline float nn_opt_f32(struct nn_ctx *c, unsigned id, float fallback)
{
    return nn_fb_f32(&c->file.fb, c->options, id, fallback);
}

#endif
