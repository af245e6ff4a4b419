// Two sectors in turn; see mote_meta.h and docs/formats/slot.md.
//
//   sector   0 magic "MMT1"   4 generation   8 CRC-32 of the 8 bytes before; padded to the unit;
//            then values, each padded: 0 'V'   1 key   2 length (16 bits)   4 CRC-32 of those 4
//            bytes and of the value, seeded with the generation   8 value
//
// A fresh sector gets its values first and its header last: the header makes it the current one.
#include "firmware/core/slot/mote_meta.h"
#include "firmware/core/flash/mote_flash.h"

#define HEADER 12
#define VALUE_HEADER 8

static uint32_t sector_addr(const struct mote_meta *m, unsigned which)
{
    return m->addr + which * m->flash->sector;
}

static uint32_t value_size(const struct mote_meta *m, uint32_t len)
{
    return mote_flash_align(m->flash, VALUE_HEADER + len);
}

// Continues a CRC over bytes on flash.
static int crc_flash(const struct mote_flash *f, uint32_t addr, uint32_t len, uint32_t *crc)
{
    uint8_t buf[64];
    while (len > 0) {
        uint32_t n = len < sizeof(buf) ? len : (uint32_t)sizeof(buf);
        int status = f->read(f->ctx, addr, buf, n);
        if (status != MOTE_OK) {
            return status;
        }
        *crc = mote_crc32(*crc, buf, n);
        addr += n;
        len -= n;
    }
    return MOTE_OK;
}

// MOTE_OK with the generation where the sector's header is valid, MOTE_E_NOT_FOUND where not.
static int read_header(const struct mote_meta *m, unsigned which, uint32_t *generation)
{
    uint8_t h[HEADER];
    int status = m->flash->read(m->flash->ctx, sector_addr(m, which), h, sizeof(h));
    if (status != MOTE_OK) {
        return status;
    }
    *generation = mote_get32(h + 4);
    bool valid =
        memcmp(h, "MMT1", 4) == 0 && mote_crc32(0, h, 8) == mote_get32(h + 8) && *generation != 0;
    return valid ? MOTE_OK : MOTE_E_NOT_FOUND;
}

// Reads the value at an offset of the current sector. *next is where the next one may begin.
static int scan_value(struct mote_meta *m, uint32_t at, uint32_t *next)
{
    uint8_t h[VALUE_HEADER];
    uint32_t base = sector_addr(m, m->current), limit = m->flash->sector;
    *next = at + m->flash->prog_unit;
    if (limit - at < VALUE_HEADER) {
        return MOTE_E_NOT_FOUND;
    }
    int status = m->flash->read(m->flash->ctx, base + at, h, sizeof(h));
    if (status != MOTE_OK) {
        return status;
    }
    uint32_t len = mote_get16(h + 2);
    if (h[0] != 'V' || h[1] == 0 || h[1] >= MOTE_META_KEYS || value_size(m, len) > limit - at) {
        return MOTE_E_NOT_FOUND;
    }
    uint32_t crc = mote_crc32(m->generation, h, 4);
    status = crc_flash(m->flash, base + at + VALUE_HEADER, len, &crc);
    if (status != MOTE_OK) {
        return status;
    }
    if (crc != mote_get32(h + 4)) {
        // Torn: what its length reaches over may have been touched.
        m->used = at + value_size(m, len) > m->used ? at + value_size(m, len) : m->used;
        return MOTE_E_NOT_FOUND;
    }
    m->value[h[1]].addr = base + at + VALUE_HEADER;
    m->value[h[1]].len = (uint16_t)len;
    *next = at + value_size(m, len);
    return MOTE_OK;
}

static int scan_sector(struct mote_meta *m)
{
    uint32_t limit = m->flash->sector, at = mote_flash_align(m->flash, HEADER), next;
    m->used = at;
    while (at < limit) {
        int status = scan_value(m, at, &next);
        if (status == MOTE_E_NOT_FOUND) {
            status = mote_flash_blank(m->flash, sector_addr(m, m->current) + at, limit - at);
            if (status == MOTE_OK) {
                break;
            }
            status = status == MOTE_E_STATE ? MOTE_OK : status;
        }
        if (status != MOTE_OK) {
            return status;
        }
        at = next;
        m->used = at > m->used ? at : m->used;
    }
    return MOTE_OK;
}

int mote_meta_mount(struct mote_meta *m, const struct mote_flash *flash, uint32_t addr)
{
    bool room = mote_flash_is_sound(flash) && addr % flash->sector == 0 && addr <= flash->size &&
                flash->size - addr >= 2 * flash->sector;
    if (!room) {
        return MOTE_E_ARG;
    }
    memset(m, 0, sizeof(*m));
    m->flash = flash;
    m->addr = addr;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t generation;
        int status = read_header(m, i, &generation);
        if (status == MOTE_E_IO) {
            return status;
        }
        if (status == MOTE_OK && generation > m->generation) {
            m->generation = generation;
            m->current = (uint8_t)i;
        }
    }
    return m->generation == 0 ? MOTE_OK : scan_sector(m);
}

int mote_meta_get(const struct mote_meta *m, enum mote_meta_key key, void *buf, size_t cap)
{
    if ((unsigned)key >= MOTE_META_KEYS || m->value[key].addr == 0) {
        return MOTE_E_NOT_FOUND;
    }
    if (m->value[key].len > cap) {
        return MOTE_E_SPACE;
    }
    int status = m->flash->read(m->flash->ctx, m->value[key].addr, buf, m->value[key].len);
    return status != MOTE_OK ? status : m->value[key].len;
}

static int write_value(const struct mote_meta *m, uint32_t addr, uint32_t generation, unsigned key,
                       const void *value, uint32_t len)
{
    uint8_t h[VALUE_HEADER] = {'V', (uint8_t)key};
    struct mote_flash_writer w;
    mote_put16(h + 2, (uint16_t)len);
    mote_put32(h + 4, mote_crc32(mote_crc32(generation, h, 4), value, len));
    mote_flash_writer_init(&w, m->flash, addr);
    mote_flash_put(&w, h, sizeof(h));
    mote_flash_put(&w, value, len);
    return mote_flash_finish(&w);
}

// As write_value, of a value that lies on flash.
static int copy_value(const struct mote_meta *m, uint32_t addr, uint32_t generation, unsigned key)
{
    uint8_t h[VALUE_HEADER] = {'V', (uint8_t)key}, buf[64];
    uint32_t from = m->value[key].addr, len = m->value[key].len;
    struct mote_flash_writer w;
    mote_put16(h + 2, (uint16_t)len);
    uint32_t crc = mote_crc32(generation, h, 4);
    int status = crc_flash(m->flash, from, len, &crc);
    mote_put32(h + 4, crc);
    mote_flash_writer_init(&w, m->flash, addr);
    mote_flash_put(&w, h, sizeof(h));
    while (len > 0 && status == MOTE_OK) {
        uint32_t n = len < sizeof(buf) ? len : (uint32_t)sizeof(buf);
        status = m->flash->read(m->flash->ctx, from, buf, n);
        mote_flash_put(&w, buf, n);
        from += n;
        len -= n;
    }
    int written = mote_flash_finish(&w);
    return status != MOTE_OK ? status : written;
}

static int write_header(const struct mote_meta *m, unsigned which, uint32_t generation)
{
    uint8_t h[HEADER] = {'M', 'M', 'T', '1'};
    struct mote_flash_writer w;
    mote_put32(h + 4, generation);
    mote_put32(h + 8, mote_crc32(0, h, 8));
    mote_flash_writer_init(&w, m->flash, sector_addr(m, which));
    mote_flash_put(&w, h, sizeof(h));
    return mote_flash_finish(&w);
}

// Fills the other sector with every value, `key` being the new one, and makes it the current one.
static int rotate(struct mote_meta *m, unsigned key, const void *value, uint32_t len)
{
    unsigned other = m->generation == 0 ? 0 : 1u - m->current;
    uint32_t generation = m->generation + 1, base = sector_addr(m, other),
             at = mote_flash_align(m->flash, HEADER);
    struct mote_meta fresh = *m;
    int status = m->flash->erase(m->flash->ctx, base);
    for (unsigned k = 1; k < MOTE_META_KEYS && status == MOTE_OK; k++) {
        if (k == key) {
            status = write_value(m, base + at, generation, k, value, len);
            fresh.value[k].len = (uint16_t)len;
        } else if (m->value[k].addr != 0) {
            status = copy_value(m, base + at, generation, k);
        } else {
            continue;
        }
        fresh.value[k].addr = base + at + VALUE_HEADER;
        at += value_size(m, fresh.value[k].len);
    }
    if (status == MOTE_OK) {
        status = write_header(m, other, generation);
    }
    if (status == MOTE_OK) {
        fresh.generation = generation;
        fresh.current = (uint8_t)other;
        fresh.used = at;
        *m = fresh;
    }
    return status;
}

int mote_meta_put(struct mote_meta *m, enum mote_meta_key key, const void *value, size_t len)
{
    if (key == 0 || (unsigned)key >= MOTE_META_KEYS) {
        return MOTE_E_ARG;
    }
    if (len > UINT16_MAX) {
        return MOTE_E_SPACE;
    }
    uint32_t size = value_size(m, (uint32_t)len), total = mote_flash_align(m->flash, HEADER) + size;
    for (unsigned k = 1; k < MOTE_META_KEYS; k++) {
        total += k != (unsigned)key && m->value[k].addr != 0 ? value_size(m, m->value[k].len) : 0;
    }
    if (total > m->flash->sector / 2) {
        return MOTE_E_SPACE;
    }
    if (m->generation == 0 || size > m->flash->sector - m->used) {
        return rotate(m, key, value, (uint32_t)len);
    }
    uint32_t addr = sector_addr(m, m->current) + m->used;
    m->used += size; // used up even where it fails: what was reached cannot be seen
    int status = write_value(m, addr, m->generation, key, value, (uint32_t)len);
    if (status == MOTE_OK) {
        m->value[key].addr = addr + VALUE_HEADER;
        m->value[key].len = (uint16_t)len;
    }
    return status;
}
