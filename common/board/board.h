// Boards: what each has, and what an inference would cost there. docs/boards.md says where the
// figures come from and what the estimate leaves out.
//
// Cost: each operator's instructions are a sum of features of its shapes (the turns of the kernels'
// loops) times coefficients that `make bench-cost` fits to counted instructions; cycles are
// instructions times a figure per core; energy is time times the board's power while it computes.
#ifndef COMMON_BOARD_BOARD_H
#define COMMON_BOARD_BOARD_H

#include "common/tflite/writer.h"

enum board_isa { BOARD_V6M, BOARD_V7M, BOARD_V7EM, BOARD_M7, BOARD_ISAS };

struct board {
    const char *id, *title, *core;
    enum board_isa isa; // whose counted instructions stand for it
    bool isa_stands_in; // its own instruction set was not counted
    uint32_t mhz;
    double cycles_per_instruction;
    uint32_t ram, flash; // bytes that a firmware can use
    double volts, active_ma, sleep_ma;
    bool checked; // currents were looked up; otherwise they are rounded from memory of the data
                  // sheet
    const char *source;
};

// Flash that the runtime and its operators take beside the model, and stack and state beside the
// arena: what the linked size of the runtime on a Cortex-M4 rounds up to (make bench-nn prints it).
#define BOARD_RUNTIME_FLASH 32768
#define BOARD_RUNTIME_RAM 4096

// The table, and one of it by its id; NULL for an unknown one.
const struct board *board_table(size_t *count);
const struct board *board_find(const char *id);
const char *board_isa_name(enum board_isa isa);

// Kinds of operators that cost alike, and their features. ODD ones have shapes that the fast
// kernels do not take, or not as well: depths that are no multiple of 4 (8 for FULLY_CONNECTED).
enum board_kind {
    BOARD_CONV,
    BOARD_CONV_ODD,
    BOARD_CONV_1X1,
    BOARD_CONV_1X1_ODD,
    BOARD_DEPTHWISE,
    BOARD_DEPTHWISE_WINDOW, // depths that are a multiple of 4, windows other than 3 x 3
    BOARD_DEPTHWISE_ODD,
    BOARD_DEPTHWISE_MULTIPLIER,
    BOARD_FULLY_CONNECTED,
    BOARD_FULLY_CONNECTED_ODD,
    BOARD_FULLY_CONNECTED_F32,
    BOARD_POOL,
    BOARD_BINARY,
    BOARD_SOFTMAX,
    BOARD_COPY,
    BOARD_TABLE,
    BOARD_QUANTIZE,
    BOARD_SVDF,
    BOARD_LSTM,
    BOARD_OTHER,
    BOARD_KINDS
};
#define BOARD_FEATURES 16
struct board_features {
    enum board_kind kind;
    double f[BOARD_FEATURES];
    bool is_int8; // coefficients are for int8; others are estimates only
};
// Of operator `op` of a graph whose shapes are sound (as mote_nn or tflite_write checked them).
void board_op_features(const struct tflite_graph *g, const struct tflite_op *op,
                       struct board_features *out);
const char *board_kind_name(enum board_kind kind);

// Instructions of an operator with these features; the core's fixed part of an inference is in the
// operators'.
double board_instructions(enum board_isa isa, const struct board_features *f);

// Milliseconds of a number of instructions on a board; millijoules of a time; days on a battery
// where an inference is made every every_ms and the board sleeps otherwise (0 where it cannot keep
// up).
double board_ms(const struct board *b, double instructions);
double board_mj(const struct board *b, double ms);
double board_days(const struct board *b, double ms, double every_ms, double battery_mah);

#endif
