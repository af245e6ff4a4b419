// Mount: read every sector's header and every record's head, choose where to go on,
// begin a session.
#include "firmware/core/spool/spool_priv.h"

static int read_sector_header(struct mote_spool *s, unsigned sector)
{
    uint8_t h[SECTOR_HEADER];
    struct mote_spool_sector *t = &s->sector[sector];
    int status = s->flash->read(s->flash->ctx, spool_sector_addr(s, sector), h, sizeof(h));
    if (status != MOTE_OK) {
        return status;
    }
    memset(t, 0, sizeof(*t));
    bool valid = memcmp(h, "MSP1", 4) == 0 && mote_crc32(0, h, 16) == mote_get32(h + 16) &&
                 h[8] < MOTE_SPOOL_CLASSES && h[9] == 1 && h[10] == s->flash->prog_unit;
    if (valid) {
        t->generation = mote_get32(h + 4);
        t->cls = h[8];
        t->used = spool_header_size(s);
        uint32_t boot = mote_get32(h + 12);
        s->boot = boot > s->boot ? boot : s->boot;
        if (t->generation >= s->next_generation) {
            s->next_generation = t->generation + 1;
            s->last_opened = (uint16_t)sector;
        }
    }
    return MOTE_OK;
}

// Offset behind the last byte of a sector that is not blank.
static int find_tail(const struct mote_spool *s, unsigned sector, uint32_t *tail)
{
    uint8_t buf[64];
    uint32_t unit = s->flash->prog_unit;
    for (*tail = s->flash->sector; *tail > 0;) {
        uint32_t n = *tail < sizeof(buf) ? *tail : (uint32_t)sizeof(buf);
        int status =
            s->flash->read(s->flash->ctx, spool_sector_addr(s, sector) + *tail - n, buf, n);
        if (status != MOTE_OK) {
            return status;
        }
        while (n > 0 && buf[n - 1] == 0xff) {
            n--;
            (*tail)--;
        }
        if (n > 0) {
            break;
        }
    }
    *tail = (*tail + unit - 1) & ~(unit - 1);
    return MOTE_OK;
}

static int count_records(struct mote_spool *s, unsigned sector)
{
    struct mote_spool_sector *t = &s->sector[sector];
    struct spool_record r;
    uint32_t tail;
    int status = find_tail(s, sector, &tail);
    while (status == MOTE_OK &&
           (status = spool_find_record(s, sector, t->used, tail, &r)) == MOTE_OK) {
        t->used = r.end;
        if (r.type == RECORD_BOOT) {
            s->boot = (uint32_t)r.seq > s->boot ? (uint32_t)r.seq : s->boot;
            continue;
        }
        status = spool_is_live(s, sector, &r);
        t->live = (uint16_t)(t->live + (status == MOTE_OK));
        status = status == MOTE_E_STATE ? MOTE_OK : status;
    }
    if (tail > t->used) {
        // A record's head was torn. How much of it was reached cannot be seen: go on behind all of
        // it.
        uint32_t reach = t->used + mote_flash_align(s->flash, RECORD_HEADER_MAX);
        t->used = reach > tail ? reach : tail;
        t->used = t->used < s->flash->sector ? t->used : s->flash->sector;
    }
    return status == MOTE_E_NOT_FOUND ? MOTE_OK : status;
}

// Goes on in the youngest sector of each class.
static void choose_open(struct mote_spool *s)
{
    for (unsigned i = 0; i < s->sectors; i++) {
        const struct mote_spool_sector *t = &s->sector[i];
        if (t->generation > s->open[t->cls].generation) {
            s->open[t->cls] = (struct mote_spool_place){(uint16_t)i, t->generation, t->used};
        }
    }
}

static int begin_session(struct mote_spool *s, const struct mote_entropy *entropy)
{
    s->boot++;
    for (unsigned i = 0; i < 4; i++) {
        s->session[i] = (uint8_t)(s->boot >> (24 - 8 * i));
    }
    int status = entropy->fill(entropy->ctx, s->session + 4, MOTE_SESSION_LEN - 4);
    return status != MOTE_OK ? status : spool_append_boot(s);
}

int mote_spool_mount(struct mote_spool *s, const struct mote_flash *flash,
                     struct mote_spool_sector *table, size_t table_len,
                     const struct mote_entropy *entropy)
{
    uint32_t sectors = mote_flash_is_sound(flash) ? flash->size / flash->sector : 0;
    if (sectors < MOTE_SPOOL_MIN_SECTORS || sectors > UINT16_MAX) {
        return MOTE_E_ARG;
    }
    if (table_len < sectors) {
        return MOTE_E_SPACE;
    }
    memset(s, 0, sizeof(*s));
    s->flash = flash;
    s->sector = table;
    s->sectors = sectors;
    s->next_generation = 1;
    for (unsigned i = 0; i < sectors; i++) {
        int status = read_sector_header(s, i);
        if (status == MOTE_OK && table[i].generation != 0) {
            status = count_records(s, i);
        }
        if (status != MOTE_OK) {
            return status;
        }
    }
    choose_open(s);
    return begin_session(s, entropy);
}

size_t mote_spool_block_max(const struct mote_spool *s)
{
    uint32_t room = s->flash->sector - spool_header_size(s) -
                    spool_payload_offset(s, MOTE_NAME_MAX) - 4 - s->flash->prog_unit;
    return room < MOTE_BLOCK_MAX ? room : MOTE_BLOCK_MAX;
}
