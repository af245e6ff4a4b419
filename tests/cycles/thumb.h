// Sorts Thumb instructions into the classes by which Arm's reference manuals give their cycles.
#ifndef TESTS_CYCLES_THUMB_H
#define TESTS_CYCLES_THUMB_H

#include <stdint.h>

// Classes whose name ends in _REGS count registers, the others instructions.
enum thumb_class {
    THUMB_PLAIN,      // moves, arithmetic, logic, shifts, saturation, SIMD in registers, IT
    THUMB_MUL,        // 32-bit product
    THUMB_MAC,        // 32-bit multiply-accumulate (MLA, MLS)
    THUMB_DSP_MAC,    // 16-bit products: SMLAD, SMLABB, SMMLA ...
    THUMB_LONG_MUL,   // 64-bit product
    THUMB_LONG_MAC,   // 64-bit multiply-accumulate
    THUMB_DIVIDE,
    THUMB_LOAD,       // of one register, not straight behind another such load
    THUMB_LOAD_NEXT,  // straight behind one
    THUMB_STORE,
    THUMB_STORE_REG,  // to an address that is a sum of registers
    THUMB_MULTIPLE,   // LDM, STM, PUSH, POP, LDRD, STRD, VLDM, VSTM
    THUMB_MULTIPLE_REGS,
    THUMB_BRANCH,     // every branch, call and return
    THUMB_TABLE,      // TBB, TBH
    THUMB_LOOP_END,   // LE, LETP
    THUMB_FLOAT,      // one cycle: add, multiply, move, convert, compare
    THUMB_FLOAT_MAC,
    THUMB_FLOAT_DIVIDE, // and square root
    THUMB_VECTOR,     // Helium arithmetic
    THUMB_VECTOR_LOAD, // Helium loads and stores
    THUMB_OTHER,      // MRS, MSR, barriers, breakpoints
    THUMB_CLASSES
};

struct thumb_kind {
    uint8_t class;
    uint8_t regs;     // of THUMB_MULTIPLE
    uint8_t to_pc;    // a load, too, goes elsewhere
};

// first: the instruction's first halfword; second: its other one where it has 32 bits.
struct thumb_kind thumb_sort(uint16_t first, uint16_t second);
static inline int thumb_is_wide(uint16_t first)
{
    return first >> 11 >= 0x1d;
}
extern const char *const thumb_names[THUMB_CLASSES];

#endif
