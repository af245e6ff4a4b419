// Thumb instructions by class, from the encodings of the ARMv7-M and ARMv8-M reference manuals (DDI 0403, DDI 0553).
#include "tests/cycles/thumb.h"

const char *const thumb_names[THUMB_CLASSES] = {
    [THUMB_PLAIN] = "plain",
    [THUMB_MUL] = "mul",
    [THUMB_MAC] = "mac",
    [THUMB_DSP_MAC] = "dsp_mac",
    [THUMB_LONG_MUL] = "long_mul",
    [THUMB_LONG_MAC] = "long_mac",
    [THUMB_DIVIDE] = "divide",
    [THUMB_LOAD] = "load",
    [THUMB_LOAD_NEXT] = "load_next",
    [THUMB_STORE] = "store",
    [THUMB_STORE_REG] = "store_reg",
    [THUMB_MULTIPLE] = "multiple",
    [THUMB_MULTIPLE_REGS] = "multiple_regs",
    [THUMB_BRANCH] = "branch",
    [THUMB_TABLE] = "table",
    [THUMB_LOOP_END] = "loop_end",
    [THUMB_FLOAT] = "float",
    [THUMB_FLOAT_MAC] = "float_mac",
    [THUMB_FLOAT_DIVIDE] = "float_divide",
    [THUMB_VECTOR] = "vector",
    [THUMB_VECTOR_LOAD] = "vector_load",
    [THUMB_OTHER] = "other",
};

static struct thumb_kind kind(enum thumb_class class)
{
    return (struct thumb_kind){(uint8_t)class, 0, 0};
}

static struct thumb_kind multiple(unsigned registers, int to_pc)
{
    return (struct thumb_kind){THUMB_MULTIPLE, (uint8_t)__builtin_popcount(registers),
                               (uint8_t)to_pc};
}

static struct thumb_kind narrow(uint16_t op)
{
    switch (op >> 12) {
    case 0x4:
        if (op >> 6 == 0x10d) {
            return kind(THUMB_MUL);
        }
        if (op >> 8 == 0x47 || (op & 0xff87) == 0x4687 || (op & 0xff87) == 0x4487) {
            return kind(THUMB_BRANCH); // BX, BLX, MOV or ADD to pc
        }
        return kind(op >= 0x4800 ? THUMB_LOAD : THUMB_PLAIN);
    case 0x5:
        return kind((op >> 9 & 7) < 3 ? THUMB_STORE_REG : THUMB_LOAD);
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
        return kind(op & 0x0800 ? THUMB_LOAD : THUMB_STORE);
    case 0xb:
        if ((op & 0xfe00) == 0xb400) {
            return multiple(op & 0x1ff, 0);
        }
        if ((op & 0xfe00) == 0xbc00) {
            return multiple(op & 0x1ff, op >> 8 & 1);
        }
        if ((op & 0xf500) == 0xb100) {
            return kind(THUMB_BRANCH); // CBZ, CBNZ
        }
        return kind((op & 0xff00) == 0xbe00 ? THUMB_OTHER : THUMB_PLAIN);
    case 0xc:
        return multiple(op & 0xff, 0);
    case 0xd:
        return kind((op & 0x0e00) == 0x0e00 ? THUMB_OTHER : THUMB_BRANCH);
    case 0xe:
        return kind(THUMB_BRANCH);
    default:
        return kind(THUMB_PLAIN);
    }
}

static struct thumb_kind memory(uint16_t first, uint16_t second)
{
    if ((first & 0xfe40) == 0xe800) {
        return multiple(second, (first & 0x10) && (second & 0x8000));
    }
    if ((first & 0xfff0) == 0xe8d0 && (second & 0xffe0) == 0xf000) {
        return kind(THUMB_TABLE);
    }
    if ((first & 0xfe40) == 0xe840) {
        return first & 0x0120 ? multiple(3, 0) : kind(first & 0x10 ? THUMB_LOAD : THUMB_STORE);
    }
    if (first & 0x10) {
        struct thumb_kind k = kind(THUMB_LOAD);
        k.to_pc = (first & 0xff70) == 0xf850 && second >> 12 == 15;
        return k;
    }
    int by_register = (first & 0x0080) == 0 && (second & 0x0fc0) == 0;
    return kind(by_register ? THUMB_STORE_REG : THUMB_STORE);
}

static struct thumb_kind product(uint16_t first, uint16_t second)
{
    if ((first & 0xff80) == 0xfb00) {
        if ((first & 0xfff0) != 0xfb00) {
            return kind(THUMB_DSP_MAC);
        }
        return kind((second & 0xf0) == 0 && second >> 12 == 15 ? THUMB_MUL : THUMB_MAC);
    }
    switch (first >> 4 & 7) {
    case 0:
    case 2:
        return kind(THUMB_LONG_MUL);
    case 1:
    case 3:
        return kind(THUMB_DIVIDE);
    default:
        return kind(THUMB_LONG_MAC);
    }
}

static struct thumb_kind coprocessor(uint16_t first, uint16_t second)
{
    int scalar = (second & 0x0e00) == 0x0a00 || (second & 0x0f00) == 0x0900;
    if ((first & 0xfe00) == 0xec00) {
        if (!scalar) { // Helium's loads and stores stand here as well
            return kind(THUMB_VECTOR_LOAD);
        }
        if ((first & 0xff20) == 0xed00) {
            return kind(first & 0x10 ? THUMB_LOAD : THUMB_STORE);
        }
        if ((first & 0xffe0) == 0xec40) {
            return kind(THUMB_FLOAT); // two registers at once
        }
        unsigned words = second & 0xff;
        return (struct thumb_kind){THUMB_MULTIPLE, (uint8_t)words, 0};
    }
    if (first >> 12 == 0xf && (first & 0xfe00) == 0xfc00) {
        return kind(THUMB_VECTOR_LOAD);
    }
    if (first >> 8 != 0xee || !scalar) {
        return kind(scalar && first >> 8 == 0xfe ? THUMB_FLOAT : THUMB_VECTOR);
    }
    if ((second & 0x10) != 0) {
        return kind(THUMB_FLOAT); // moves between the register files
    }
    if (((first & 0xffb0) == 0xee80 && (second & 0x40) == 0) ||
        ((first & 0xffbf) == 0xeeb1 && (second & 0xc0) == 0xc0)) {
        return kind(THUMB_FLOAT_DIVIDE);
    }
    unsigned operation = first & 0x00b0;
    return kind(operation == 0x00 || operation == 0x10 || operation == 0x90 || operation == 0xa0
                    ? THUMB_FLOAT_MAC
                    : THUMB_FLOAT);
}

static struct thumb_kind wide(uint16_t first, uint16_t second)
{
    if ((first & 0xec00) == 0xec00) {
        return coprocessor(first, second);
    }
    if ((first & 0xfe00) == 0xe800 || (first & 0xfe00) == 0xf800) {
        return memory(first, second);
    }
    if ((first & 0xff00) == 0xfb00) {
        return product(first, second);
    }
    if ((first & 0xf800) == 0xf000 && (second & 0x8000)) {
        if ((second & 0xd001) == 0xc001) { // low-overhead loops: WLS and DLS set up, LE ends
            return kind((first & 0xffef) == 0xf00f || first == 0xf01f || first == 0xf02f
                            ? THUMB_LOOP_END
                            : THUMB_PLAIN);
        }
        int conditional = (second & 0x5000) == 0;
        return kind(conditional && (first & 0x0380) == 0x0380 ? THUMB_OTHER : THUMB_BRANCH);
    }
    return kind(THUMB_PLAIN);
}

struct thumb_kind thumb_sort(uint16_t first, uint16_t second)
{
    return thumb_is_wide(first) ? wide(first, second) : narrow(first);
}
