// Where the parts of a slot are, and its header.
#include "firmware/core/slot/slot_priv.h"

uint32_t slot_addr(const struct mote_slot_place *p, unsigned which)
{
    return p->addr + which * p->size;
}

uint32_t slot_head_size(const struct mote_slot_place *p)
{
    uint32_t entry = mote_flash_align(p->flash, JOURNAL_ENTRY), sector = p->flash->sector;
    // Each block once, each sector erased up to three times (first, and after two torn blocks).
    uint32_t entries = p->size / MOTE_PAYLOAD_BLOCK + 6 * (p->size / sector);
    uint64_t bytes = mote_flash_align(p->flash, SLOT_HEADER) + (uint64_t)entries * entry;
    uint64_t rounded = (bytes + sector - 1) / sector * sector;
    return rounded < p->size ? (uint32_t)rounded : p->size;
}

uint32_t mote_slot_capacity(const struct mote_slot_place *place)
{
    return place->size - slot_head_size(place);
}

int slot_read_header(const struct mote_slot_place *p, unsigned which, struct slot_header *h)
{
    uint8_t b[SLOT_HEADER];
    int status = p->flash->read(p->flash->ctx, slot_addr(p, which), b, sizeof(b));
    if (status != MOTE_OK) {
        return status;
    }
    if (memcmp(b, "MSL1", 4) != 0 ||
        mote_crc32(0, b, SLOT_HEADER - 4) != mote_get32(b + SLOT_HEADER - 4)) {
        return MOTE_E_NOT_FOUND;
    }
    h->seq = mote_get32(b + 4);
    h->size = mote_get32(b + 8);
    h->payload_size = mote_get32(b + 12);
    h->block_size = mote_get32(b + 16);
    h->form = b[20];
    h->health_us = mote_get64(b + 24);
    memcpy(h->digest, b + 32, MOTE_DIGEST_LEN);
    memcpy(h->manifest, b + 64, MOTE_DIGEST_LEN);
    memcpy(h->payload, b + 96, MOTE_DIGEST_LEN);
    memcpy(h->base, b + 128, MOTE_DIGEST_LEN);
    return h->size <= mote_slot_capacity(p) ? MOTE_OK : MOTE_E_NOT_FOUND;
}

int slot_write_header(const struct mote_slot_place *p, unsigned which, const struct slot_header *h)
{
    uint8_t b[SLOT_HEADER] = {'M', 'S', 'L', '1'};
    struct mote_flash_writer w;
    mote_put32(b + 4, h->seq);
    mote_put32(b + 8, h->size);
    mote_put32(b + 12, h->payload_size);
    mote_put32(b + 16, h->block_size);
    b[20] = h->form;
    mote_put64(b + 24, h->health_us);
    memcpy(b + 32, h->digest, MOTE_DIGEST_LEN);
    memcpy(b + 64, h->manifest, MOTE_DIGEST_LEN);
    memcpy(b + 96, h->payload, MOTE_DIGEST_LEN);
    memcpy(b + 128, h->base, MOTE_DIGEST_LEN);
    mote_put32(b + SLOT_HEADER - 4, mote_crc32(0, b, SLOT_HEADER - 4));
    mote_flash_writer_init(&w, p->flash, slot_addr(p, which));
    mote_flash_put(&w, b, sizeof(b));
    return mote_flash_finish(&w);
}

int slot_wipe(const struct mote_slot_place *p, unsigned which)
{
    return p->flash->erase(p->flash->ctx, slot_addr(p, which));
}

void slot_describe(const struct mote_slot_place *p, unsigned which, const struct slot_header *h,
                   uint8_t state, struct mote_slot_file *out)
{
    memset(out, 0, sizeof(*out));
    out->state = state;
    out->seq = h->seq;
    out->size = h->size;
    memcpy(out->digest, h->digest, MOTE_DIGEST_LEN);
    memcpy(out->manifest_digest, h->manifest, MOTE_DIGEST_LEN);
    out->health_us = h->health_us;
    out->flash = p->flash;
    out->addr = slot_addr(p, which) + slot_head_size(p);
    out->map = p->flash->map ? p->flash->map + out->addr : NULL;
}

int mote_slot_read(const struct mote_slot_file *f, uint32_t offset, void *buf, uint32_t len)
{
    if (offset > f->size || len > f->size - offset) {
        return MOTE_E_ARG;
    }
    return f->flash->read(f->flash->ctx, f->addr + offset, buf, len);
}
