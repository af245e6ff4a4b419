// NOR flash in memory that can lose power before, inside and after any operation.
//
// It is as strict as the strictest part: programming must be aligned, only erased units may be
// programmed, once (flash with ECC refuses more). Breaking a rule fails the operation and leaves
// a sentence in `violation`, which tests check to be NULL.
#ifndef SIM_FLASH_H
#define SIM_FLASH_H

#include "firmware/core/mote_port.h"

// How the operation that is cut leaves the flash.
enum sim_tear {
    SIM_TEAR_BEFORE, // not begun
    SIM_TEAR_PREFIX, // the first `bytes` bytes are done, the rest untouched
    SIM_TEAR_SUFFIX, // only what lies behind the first `bytes` bytes is done
    SIM_TEAR_BITS,   // every bit that had to change did so, or not, by chance
    SIM_TEAR_AFTER   // done, but nobody was told
};
#define SIM_TEARS 5

struct sim_cut {
    uint64_t op; // number of the program or erase operation that is cut, counted from 1; 0: never
    enum sim_tear tear;
    uint32_t bytes;
    uint64_t seed;
};

struct sim_flash {
    struct mote_flash flash; // what the core is given; flash.map may be set to NULL by a test
    uint8_t *bytes;
    bool *programmed; // of each program unit, since it was erased
    uint32_t *erases; // of each sector
    uint64_t ops;     // program and erase operations that were begun
    uint64_t reads, read_bytes;
    struct sim_cut cut;
    uint64_t fail_op;  // this operation fails without a cut and leaves bits by chance; 0: none
    uint32_t last_len; // bytes of the operation that was begun last: the range of cut.bytes
    bool off;          // power is gone: every call is MOTE_E_IO
    const char *violation;
};

// E_MEM where memory ends. All bytes are erased.
int sim_flash_init(struct sim_flash *f, uint32_t size, uint32_t sector,
                   uint32_t prog_unit) MUST_CHECK;
void sim_flash_release(struct sim_flash *f);
// Makes dst hold what src holds, of the same geometry; counters and cuts start anew.
void sim_flash_copy(struct sim_flash *dst, const struct sim_flash *src);
// Power comes back: no cut is set, operations count from 1 again.
void sim_flash_power_on(struct sim_flash *f);

#endif
