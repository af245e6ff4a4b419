// The download: a journal of what is there makes it go on after any cut.
//
// Data sectors are erased when the first of their blocks comes. A block torn by a cut leaves bytes
// that are not blank and no 'B'; its sector is then written off by 'X', erased and fetched again.
#include "firmware/core/slot/slot_priv.h"

static bool get_bit(const struct mote_slot *s, uint32_t i)
{
    return s->bitmap[i / 8] >> (i % 8) & 1;
}

static void set_bit(struct mote_slot *s, uint32_t i, bool on)
{
    uint8_t mask = (uint8_t)(1u << (i % 8));
    s->bitmap[i / 8] = (uint8_t)(on ? s->bitmap[i / 8] | mask : s->bitmap[i / 8] & ~mask);
}

static const struct mote_slot_place *place_of(const struct mote_slot *s)
{
    return &s->place[s->receiving];
}

// Bits of sectors lie behind those of blocks.
static uint32_t sector_bit(const struct mote_slot *s, uint32_t sector)
{
    return s->blocks + sector;
}

static uint32_t block_len(const struct mote_slot *s, uint32_t block)
{
    uint32_t at = block * s->block_size;
    return s->payload_size - at < s->block_size ? s->payload_size - at : s->block_size;
}

// Offset of a block in the data area.
static uint32_t block_at(const struct mote_slot *s, uint32_t block)
{
    return s->payload_addr - s->file.addr + block * s->block_size;
}

void slot_forget(struct mote_slot *s)
{
    s->receiving = -1;
    s->step = STEP_NONE;
    s->blocks = 0;
    s->have = 0;
    s->payload_size = 0;
    memset(&s->file, 0, sizeof(s->file));
    memset(s->name, 0, sizeof(s->name));
}

static void set_block(struct mote_slot *s, uint32_t block, bool on)
{
    if (get_bit(s, block) != on) {
        set_bit(s, block, on);
        s->have = on ? s->have + 1 : s->have - 1;
    }
}

static void apply(struct mote_slot *s, uint8_t type, uint32_t index)
{
    uint32_t sector = s->file.flash->sector, sectors = mote_slot_capacity(place_of(s)) / sector;
    if (type == 'B' && index < s->blocks) {
        set_block(s, index, true);
    } else if (type == 'E' && index < sectors) {
        set_bit(s, sector_bit(s, index), true);
    } else if (type == 'X' && index < sectors) {
        set_bit(s, sector_bit(s, index), false);
        for (uint32_t b = 0; b < s->blocks; b++) {
            uint32_t from = block_at(s, b), to = from + block_len(s, b);
            if (from < (index + 1) * sector && to > index * sector) {
                set_block(s, b, false);
            }
        }
    }
}

static uint32_t entry_size(const struct mote_slot *s)
{
    return mote_flash_align(s->file.flash, JOURNAL_ENTRY);
}

static int replay(struct mote_slot *s)
{
    uint32_t begin = slot_addr(place_of(s), s->target), size = entry_size(s);
    uint32_t end = begin + slot_head_size(place_of(s));
    const struct mote_flash *f = s->file.flash;
    s->have = 0;
    memset(s->bitmap, 0, s->bitmap_len);
    s->journal_at = begin + mote_flash_align(f, SLOT_HEADER);
    for (uint32_t at = s->journal_at; at + size <= end; at += size) {
        uint8_t e[JOURNAL_ENTRY];
        int status = f->read(f->ctx, at, e, sizeof(e));
        if (status != MOTE_OK) {
            return status;
        }
        if (mote_crc32(JOURNAL_SEED, e, 4) == mote_get32(e + 4)) {
            apply(s, e[0], mote_get16(e + 2));
        } else {
            status = mote_flash_blank(f, at, end - at);
            if (status != MOTE_E_STATE) {
                return status;
            }
        }
        s->journal_at = at + size; // a torn entry is used up
    }
    return MOTE_OK;
}

// Makes an entry durable, then true in RAM. MOTE_E_SPACE where the journal is full.
static int journal(struct mote_slot *s, uint8_t type, uint32_t index)
{
    uint8_t e[JOURNAL_ENTRY] = {type, 0};
    struct mote_flash_writer w;
    uint32_t end = slot_addr(place_of(s), s->target) + slot_head_size(place_of(s)),
             at = s->journal_at;
    if (end - at < entry_size(s)) {
        return MOTE_E_SPACE;
    }
    mote_put16(e + 2, (uint16_t)index);
    mote_put32(e + 4, mote_crc32(JOURNAL_SEED, e, 4));
    mote_flash_writer_init(&w, s->file.flash, at);
    mote_flash_put(&w, e, sizeof(e));
    s->journal_at = at + entry_size(s); // used up even where it fails
    int status = mote_flash_finish(&w);
    if (status == MOTE_OK) {
        apply(s, type, index);
    }
    return status;
}

int mote_slot_check(const struct mote_slot *s, const struct mote_manifest *m)
{
    int place = mote_slot_find(s, m->model);
    if (place < 0) {
        return place;
    }
    const struct mote_slot_place *p = &s->place[place];
    const struct mote_slot_record *r = &s->record[place];
    uint32_t capacity = mote_slot_capacity(p), sector = p->flash->sector;
    uint64_t need = (uint64_t)m->size +
                    (m->form != MOTE_FORM_WHOLE ? (uint64_t)m->payload_size + 2 * sector : 0);
    if (r->active_state == MOTE_SLOT_TRIAL) {
        return MOTE_E_STATE;
    }
    if (m->seq <= r->confirmed_seq) {
        return MOTE_E_ROLLBACK;
    }
    // Else a block could share sectors with two others, and tearing one would never end.
    if (m->block_size == 0 || (sector % m->block_size != 0 && m->block_size % sector != 0)) {
        return MOTE_E_UNSUPPORTED;
    }
    uint64_t blocks = ((uint64_t)m->payload_size + m->block_size - 1) / m->block_size;
    uint64_t entries = (slot_head_size(p) - mote_flash_align(p->flash, SLOT_HEADER)) /
                       mote_flash_align(p->flash, JOURNAL_ENTRY);
    uint32_t sectors = capacity / sector;
    if (need > capacity || blocks > UINT16_MAX || blocks + 3 * (uint64_t)sectors > entries ||
        (blocks + sectors + 7) / 8 > s->bitmap_len) {
        return MOTE_E_SPACE;
    }
    if (m->form == MOTE_FORM_WHOLE) {
        return m->payload_size == m->size ? MOTE_OK : MOTE_E_FORMAT;
    }
    struct mote_slot_file base;
    int status = mote_slot_active(s, (unsigned)place, &base);
    if (status == MOTE_E_IO) {
        return status;
    }
    return status == MOTE_OK && memcmp(base.digest, m->base, MOTE_DIGEST_LEN) == 0
               ? MOTE_OK
               : MOTE_E_MISMATCH;
}

// Points the RAM state at a slot whose header says what comes.
static void aim(struct mote_slot *s, unsigned place, unsigned which, const struct slot_header *h)
{
    slot_describe(&s->place[place], which, h, MOTE_SLOT_RECEIVING, &s->file);
    s->receiving = (int8_t)place;
    s->target = (uint8_t)which;
    s->step = STEP_FETCH;
    s->form = h->form;
    s->block_size = h->block_size;
    s->payload_size = h->payload_size;
    s->blocks = (h->payload_size + h->block_size - 1) / h->block_size;
    s->position = 0;
    memcpy(s->payload_digest, h->payload, MOTE_DIGEST_LEN);
    // What is not the model itself waits at the data area's end, out of the way of what is built
    // from it.
    uint32_t sector = s->file.flash->sector, from = 0;
    if (h->form != MOTE_FORM_WHOLE) {
        from = (mote_slot_capacity(&s->place[place]) - h->payload_size) / sector * sector;
    }
    s->payload_addr = s->file.addr + from;
}

// An empty slot for this download: the header goes first and comes last.
static int prepare(struct mote_slot *s, const struct slot_header *h)
{
    const struct mote_slot_place *p = place_of(s);
    const struct mote_flash *f = p->flash;
    for (uint32_t at = 0; at < slot_head_size(p); at += f->sector) {
        int status = f->erase(f->ctx, slot_addr(p, s->target) + at);
        if (status != MOTE_OK) {
            return status;
        }
    }
    int status = slot_write_header(p, s->target, h);
    return status == MOTE_OK ? replay(s) : status;
}

static void header_of(struct slot_header *h, const struct mote_manifest *m,
                      const uint8_t *manifest_digest)
{
    *h = (struct slot_header){.seq = m->seq,
                              .size = m->size,
                              .payload_size = m->payload_size,
                              .block_size = m->block_size,
                              .form = m->form,
                              .health_us = m->health_us};
    memcpy(h->digest, m->digest, MOTE_DIGEST_LEN);
    memcpy(h->manifest, manifest_digest, MOTE_DIGEST_LEN);
    memcpy(h->payload, m->payload, MOTE_DIGEST_LEN);
    memcpy(h->base, m->base, MOTE_DIGEST_LEN);
}

int mote_slot_begin(struct mote_slot *s, const struct mote_manifest *m,
                    const uint8_t manifest_digest[MOTE_DIGEST_LEN])
{
    struct slot_header want, has;
    int status = mote_slot_check(s, m);
    if (status != MOTE_OK) {
        return status;
    }
    int place = mote_slot_find(s, m->model);
    const struct mote_slot_record *r = &s->record[place];
    if (r->failed_seq == m->seq &&
        memcmp(r->failed_digest, manifest_digest, sizeof(r->failed_digest)) == 0) {
        return r->failed_status < 0 ? r->failed_status : MOTE_E_STATE;
    }
    unsigned which = r->active ^ (r->active_state != MOTE_SLOT_EMPTY);
    header_of(&want, m, manifest_digest);
    status = slot_read_header(&s->place[place], which, &has);
    if (status == MOTE_E_IO) {
        return status;
    }
    slot_forget(s);
    aim(s, (unsigned)place, which, &want);
    memcpy(s->name, m->model.p, m->model.len);
    bool same = status == MOTE_OK && memcmp(has.manifest, want.manifest, MOTE_DIGEST_LEN) == 0;
    status = same ? replay(s) : prepare(s, &want);
    if (status != MOTE_OK) {
        slot_forget(s);
        return status;
    }
    return place;
}

int mote_slot_missing(const struct mote_slot *s, uint32_t from)
{
    for (uint32_t b = from; s->receiving >= 0 && b < s->blocks; b++) {
        if (!get_bit(s, b)) {
            return (int)b;
        }
    }
    return MOTE_E_NOT_FOUND;
}

void mote_slot_progress(const struct mote_slot *s, uint32_t *have, uint32_t *total)
{
    *have = 0;
    *total = s->payload_size;
    if (s->receiving < 0) {
        return;
    }
    *have = s->have * s->block_size;
    if (s->blocks > 0 && get_bit(s, s->blocks - 1)) { // the last one may be shorter
        *have -= s->block_size - block_len(s, s->blocks - 1);
    }
}

static int erase_for(struct mote_slot *s, uint32_t first, uint32_t last, bool again)
{
    const struct mote_flash *f = s->file.flash;
    for (uint32_t i = first; i <= last; i++) {
        int status = MOTE_OK;
        if (!again && get_bit(s, sector_bit(s, i))) {
            continue;
        }
        if (again) {
            status = journal(s, 'X', i);
        }
        if (status == MOTE_OK) {
            status = f->erase(f->ctx, s->file.addr + i * f->sector);
        }
        if (status == MOTE_OK) {
            status = journal(s, 'E', i);
        }
        if (status != MOTE_OK) {
            return status;
        }
    }
    return MOTE_OK;
}

static int store(struct mote_slot *s, uint32_t block, const uint8_t *data, uint32_t len)
{
    const struct mote_flash *f = s->file.flash;
    uint32_t at = block_at(s, block), first = at / f->sector, last = (at + len - 1) / f->sector;
    uint32_t span = mote_flash_align(f, len);
    struct mote_flash_writer w;
    int status = erase_for(s, first, last, false);
    if (status == MOTE_OK) {
        status = mote_flash_blank(f, s->file.addr + at, span);
    }
    if (status == MOTE_E_STATE) {
        status = erase_for(s, first, last, true);
    }
    if (status != MOTE_OK) {
        return status;
    }
    mote_flash_writer_init(&w, f, s->file.addr + at);
    mote_flash_put(&w, data, len);
    status = mote_flash_finish(&w);
    return status == MOTE_OK ? journal(s, 'B', block) : status;
}

int mote_slot_put(struct mote_slot *s, uint32_t block, const uint8_t *data, size_t len)
{
    if (s->receiving < 0 || s->step != STEP_FETCH) {
        return MOTE_E_STATE;
    }
    if (block >= s->blocks) {
        return MOTE_E_ARG;
    }
    if (len != block_len(s, block)) {
        return MOTE_E_FORMAT;
    }
    if (get_bit(s, block)) {
        return MOTE_OK;
    }
    int status = store(s, block, data, (uint32_t)len);
    if (status == MOTE_E_SPACE) { // many cuts filled the journal: start over
        struct slot_header h;
        status = slot_read_header(place_of(s), s->target, &h);
        if (status == MOTE_OK) {
            status = prepare(s, &h);
        }
        if (status == MOTE_OK) {
            status = store(s, block, data, (uint32_t)len);
        }
    }
    return status;
}
