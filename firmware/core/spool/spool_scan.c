// Reading records, and the tables that follow from them.
#include "firmware/core/spool/spool_priv.h"

uint32_t spool_sector_addr(const struct mote_spool *s, unsigned sector)
{
    return sector * s->flash->sector;
}

uint32_t spool_header_size(const struct mote_spool *s)
{
    return mote_flash_align(s->flash, SECTOR_HEADER);
}

uint32_t spool_done_offset(const struct mote_spool *s, unsigned name_len)
{
    return mote_flash_align(s->flash, RECORD_FIXED + name_len + 4);
}

uint32_t spool_payload_offset(const struct mote_spool *s, unsigned name_len)
{
    return spool_done_offset(s, name_len) + s->flash->prog_unit;
}

uint32_t spool_record_size(const struct mote_spool *s, unsigned name_len, uint32_t len)
{
    return spool_payload_offset(s, name_len) + (len > 0 ? mote_flash_align(s->flash, len + 4) : 0);
}

// Bytes of a header at p, of which `have` could be read; false where they are no header.
static bool parse(const struct mote_spool *s, unsigned sector, const uint8_t *p, uint32_t have,
                  struct spool_record *r)
{
    bool known =
        p[0] == 'R' && (p[1] == RECORD_BLOCK || p[1] == RECORD_BOOT) && p[2] <= MOTE_NAME_MAX;
    if (have < RECORD_FIXED + 4 || !known || have < RECORD_FIXED + 4u + p[2]) {
        return false;
    }
    uint32_t len = RECORD_FIXED + p[2];
    if (mote_crc32(s->sector[sector].generation, p, len) != mote_get32(p + len)) {
        return false;
    }
    r->type = p[1];
    r->name_len = p[2];
    r->len = mote_get16(p + 4);
    r->seq = mote_get64(p + 8);
    r->span = mote_get32(p + 16);
    memcpy(r->session, p + 20, MOTE_SESSION_LEN);
    memcpy(r->name, p + RECORD_FIXED, r->name_len);
    r->name[r->name_len] = 0;
    return true;
}

int spool_find_record(const struct mote_spool *s, unsigned sector, uint32_t from, uint32_t stop,
                      struct spool_record *r)
{
    uint8_t head[RECORD_HEADER_MAX];
    uint32_t base = spool_sector_addr(s, sector), limit = s->flash->sector;
    // Records follow each other. What is none was torn or went bad: the next one is somewhere
    // behind it.
    for (uint32_t at = from; at < stop; at += s->flash->prog_unit) {
        uint32_t have = limit - at < sizeof(head) ? limit - at : (uint32_t)sizeof(head);
        int status = s->flash->read(s->flash->ctx, base + at, head, have);
        if (status != MOTE_OK) {
            return status;
        }
        if (parse(s, sector, head, have, r) &&
            spool_record_size(s, r->name_len, r->len) <= limit - at) {
            r->at = at;
            r->end = at + spool_record_size(s, r->name_len, r->len);
            return MOTE_OK;
        }
    }
    return MOTE_E_NOT_FOUND;
}

int spool_is_live(const struct mote_spool *s, unsigned sector, const struct spool_record *r)
{
    if (r->type != RECORD_BLOCK) {
        return MOTE_E_STATE;
    }
    return mote_flash_blank(
        s->flash, spool_sector_addr(s, sector) + r->at + spool_done_offset(s, r->name_len),
        s->flash->prog_unit);
}

static bool is_before(const struct mote_spool *s, unsigned sector, uint32_t at,
                      const struct mote_spool_place *p)
{
    uint32_t generation = s->sector[sector].generation;
    return generation < p->generation || (generation == p->generation && at < p->offset);
}

int spool_mark_done(struct mote_spool *s, unsigned sector, const struct spool_record *r)
{
    uint8_t mark[MOTE_PROG_UNIT_MAX] = {0};
    struct mote_spool_sector *t = &s->sector[sector];
    uint32_t addr = spool_sector_addr(s, sector) + r->at + spool_done_offset(s, r->name_len);
    int status = s->flash->prog(s->flash->ctx, addr, mark, s->flash->prog_unit);
    if (status != MOTE_OK) {
        t->flags |= FLAG_BAD;
        return status;
    }
    t->live--;
    if (s->in_flight > 0 && is_before(s, sector, r->at, &s->cursor[t->cls])) {
        s->in_flight--;
    }
    return MOTE_OK;
}

bool spool_is_open(const struct mote_spool *s, unsigned sector)
{
    const struct mote_spool_sector *t = &s->sector[sector];
    const struct mote_spool_place *open = &s->open[t->cls];
    return t->generation != 0 && open->generation == t->generation && open->sector == sector;
}

static bool is_free(const struct mote_spool *s, unsigned sector)
{
    const struct mote_spool_sector *t = &s->sector[sector];
    return t->live == 0 && !(t->flags & FLAG_BAD) && !spool_is_open(s, sector);
}

uint32_t spool_free_sectors(const struct mote_spool *s)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < s->sectors; i++) {
        n += is_free(s, i);
    }
    return n;
}

int spool_next_sector(const struct mote_spool *s, unsigned cls, uint32_t above)
{
    int best = MOTE_E_NOT_FOUND;
    for (unsigned i = 0; i < s->sectors; i++) {
        const struct mote_spool_sector *t = &s->sector[i];
        bool wanted =
            t->cls == cls && t->generation > above && (t->live > 0 || spool_is_open(s, i));
        if (wanted && (best < 0 || t->generation < s->sector[best].generation)) {
            best = (int)i;
        }
    }
    return best;
}

int mote_spool_idle(struct mote_spool *s)
{
    for (unsigned i = 0; i < s->sectors; i++) {
        // From the one that is opened next.
        unsigned k = (s->last_opened + 1 + i) % s->sectors;
        struct mote_spool_sector *t = &s->sector[k];
        if (!is_free(s, k)) {
            continue;
        }
        if (t->flags & FLAG_BLANK) {
            return MOTE_OK;
        }
        int status = s->flash->erase(s->flash->ctx, spool_sector_addr(s, k));
        if (status != MOTE_OK) {
            t->flags |= FLAG_BAD;
            return status;
        }
        t->generation = 0;
        t->flags = FLAG_BLANK;
        return MOTE_E_AGAIN;
    }
    return MOTE_OK;
}

uint32_t mote_spool_blocks(const struct mote_spool *s)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < s->sectors; i++) {
        n += s->sector[i].live;
    }
    return n;
}

uint32_t mote_spool_used(const struct mote_spool *s)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < s->sectors; i++) {
        n += s->sector[i].live > 0 ? s->flash->sector : 0;
    }
    return n;
}
