// Checksums and programming of flash: see mote_flash.h.
#include "firmware/core/flash/mote_flash.h"

uint32_t mote_crc32(uint32_t crc, const void *data, size_t len)
{
    // Four bits at a time: a sixteenth of the usual table, fast enough beside flash.
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *p = data;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

bool mote_flash_is_sound(const struct mote_flash *f)
{
    bool unit = f->prog_unit >= 1 && f->prog_unit <= MOTE_PROG_UNIT_MAX &&
                (f->prog_unit & (f->prog_unit - 1)) == 0;
    return unit && f->sector >= 512 && f->sector <= (uint32_t)1 << 22 &&
           f->sector % f->prog_unit == 0 && f->size % f->sector == 0;
}

void mote_flash_writer_init(struct mote_flash_writer *w, const struct mote_flash *flash,
                            uint32_t addr)
{
    w->flash = flash;
    w->addr = addr;
    w->fill = 0;
    w->status = MOTE_OK;
}

static void program(struct mote_flash_writer *w, const uint8_t *p, uint32_t len)
{
    if (w->status == MOTE_OK && len > 0) {
        w->status = w->flash->prog(w->flash->ctx, w->addr, p, len);
        w->addr += len;
    }
}

void mote_flash_put(struct mote_flash_writer *w, const void *data, uint32_t len)
{
    const uint8_t *p = data;
    uint32_t unit = w->flash->prog_unit;
    if (w->fill > 0) { // fill up the unit that was begun
        uint32_t n = unit - w->fill < len ? unit - w->fill : len;
        memcpy(w->held + w->fill, p, n);
        w->fill += n;
        p += n;
        len -= n;
        if (w->fill < unit) {
            return;
        }
        program(w, w->held, unit);
        w->fill = 0;
    }
    uint32_t whole = len & ~(unit - 1);
    program(w, p, whole);
    w->fill = len - whole;
    if (w->fill > 0) {
        memcpy(w->held, p + whole, w->fill);
    }
}

int mote_flash_finish(struct mote_flash_writer *w)
{
    if (w->fill > 0) {
        memset(w->held + w->fill, 0xff, sizeof(w->held) - w->fill);
        program(w, w->held, w->flash->prog_unit);
        w->fill = 0;
    }
    return w->status;
}

int mote_flash_blank(const struct mote_flash *f, uint32_t addr, uint32_t len)
{
    uint8_t buf[64];
    while (len > 0) {
        uint32_t n = len < sizeof(buf) ? len : (uint32_t)sizeof(buf);
        int status = f->read(f->ctx, addr, buf, n);
        if (status != MOTE_OK) {
            return status;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (buf[i] != 0xff) {
                return MOTE_E_STATE;
            }
        }
        addr += n;
        len -= n;
    }
    return MOTE_OK;
}
