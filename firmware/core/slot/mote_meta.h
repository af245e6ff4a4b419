// A few small values that survive any cut: two sectors, written in turn as logs of whole values.
// What mote_meta_put said MOTE_OK to is what mote_meta_get gives after the next mount; a cut inside
// put leaves the old value or the new one. docs/formats/slot.md.
#ifndef MOTE_META_H
#define MOTE_META_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_port.h"

enum mote_meta_key {
    MOTE_META_SLOTS = 1,  // the switch record of mote_slot
    MOTE_META_TRUST = 2,  // signed key set with the highest version
    MOTE_META_EPOCH = 3,  // latest time that a signed beacon asserted: 8 bytes, Unix seconds
    MOTE_META_CONFIG = 4, // what P/d/DEV/config asked for last
    MOTE_META_APP = 5,    // the application's own
    MOTE_META_DONE = 6    // recordings of that configuration that are over
};
#define MOTE_META_KEYS 7

struct mote_meta {
    const struct mote_flash *flash;
    uint32_t addr; // of the first of two sectors
    // private:
    uint32_t generation;
    uint8_t current; // sector that is written to
    uint32_t used;   // bytes of it
    struct {
        uint32_t addr; // of the value, 0: there is none
        uint16_t len;
    } value[MOTE_META_KEYS];
};

// addr: two sectors of flash, aligned to one. MOTE_E_ARG, MOTE_E_IO. All values together must fit
// half a sector.
int mote_meta_mount(struct mote_meta *m, const struct mote_flash *flash, uint32_t addr) MOTE_CHECK;
// Returns the value's length, MOTE_E_NOT_FOUND, or MOTE_E_SPACE where cap is smaller.
int mote_meta_get(const struct mote_meta *m, enum mote_meta_key key, void *buf,
                  size_t cap) MOTE_CHECK;
int mote_meta_put(struct mote_meta *m, enum mote_meta_key key, const void *value,
                  size_t len) MOTE_CHECK;

#endif
