// A file as NOR flash: sectors erase to 0xff, programming only clears bits, and the whole region
// can be read in place. What was programmed survives the end of the process, not the machine's
// power.
#ifndef POSIX_FLASH_H
#define POSIX_FLASH_H

#include "firmware/core/mote_port.h"

struct err;

#define POSIX_FLASH_SECTOR 4096u
#define POSIX_FLASH_UNIT 8u

struct posix_flash {
    struct mote_flash flash; // give this to the core; flash.ctx is this struct: do not move it
    // private
    int fd;
    uint8_t *map;
};

// Opens or makes the file; size must be a multiple of the sector. A file of another size is refused
// with E_FORMAT rather than cut: it may hold samples that nobody else has. A second process on the
// same file is E_BUSY.
int posix_flash_open(struct posix_flash *f, const char *path, uint32_t size,
                     struct err *e) MOTE_CHECK;
// Accepts the zeroed struct.
void posix_flash_close(struct posix_flash *f);

#endif
