// What everything on flash needs: a checksum, aligned programming of unaligned data, a look for
// blanks.
#ifndef MOTE_FLASH_H
#define MOTE_FLASH_H

#include "firmware/core/mote_base.h"
#include "firmware/core/mote_port.h"

#define MOTE_PROG_UNIT_MAX 32

// CRC-32 (ISO-HDLC, as in zlib) of len more bytes; start with 0, or with a salt of one's own.
uint32_t mote_crc32(uint32_t crc, const void *data, size_t len);

// v rounded up to a multiple of the program unit.
static inline uint32_t mote_flash_align(const struct mote_flash *f, uint32_t v)
{
    return (v + f->prog_unit - 1) & ~(f->prog_unit - 1);
}

// Is the geometry one that the core can use?
bool mote_flash_is_sound(const struct mote_flash *f);

// Gathers bytes into whole program units. Every unit is programmed once.
struct mote_flash_writer {
    const struct mote_flash *flash;
    uint32_t addr; // of the next program; aligned
    uint8_t held[MOTE_PROG_UNIT_MAX];
    uint32_t fill;
    int status; // the first error; later calls do nothing
};
void mote_flash_writer_init(struct mote_flash_writer *w, const struct mote_flash *flash,
                            uint32_t addr);
void mote_flash_put(struct mote_flash_writer *w, const void *data, uint32_t len);
// Pads the last unit with 0xff. Returns the status.
int mote_flash_finish(struct mote_flash_writer *w) MOTE_CHECK;

// MOTE_OK where len bytes read as erased, MOTE_E_STATE where not, MOTE_E_IO.
int mote_flash_blank(const struct mote_flash *f, uint32_t addr, uint32_t len) MOTE_CHECK;

#endif
