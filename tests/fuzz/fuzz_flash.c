// Any bytes on flash: spool, values and slots mount as something, work on, and never break the
// flash's rules.
#include "common/base.h"
#include "firmware/core/slot/mote_slot.h"
#include "firmware/core/spool/mote_spool.h"
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"

#define SECTOR 512
#define UNIT 4
#define SECTORS 22

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_spool(struct mote_flash *flash)
{
    static struct mote_spool_sector table[SECTORS];
    struct mote_spool s;
    struct mote_spool_item item;
    uint8_t buf[MOTE_BLOCK_MAX] = {1, 2, 3};
    uint64_t seed = 1;
    struct mote_entropy e = sim_entropy(&seed);
    if (mote_spool_mount(&s, flash, table, SECTORS, &e) != MOTE_OK) {
        return;
    }
    for (unsigned i = 0; i < 40; i++) {
        (void)mote_spool_next(&s, i, &item, buf, sizeof(buf));
        (void)mote_spool_append(&s, i % 3 == 0 ? MOTE_SPOOL_KEEP : MOTE_SPOOL_SAMPLES, "acc", i, i,
                                buf, 100);
        (void)mote_spool_idle(&s);
    }
    struct mote_ack a = {.stream = {"acc", 3}, .next = 20};
    memcpy(a.session, s.session, MOTE_SESSION_LEN);
    (void)mote_spool_ack(&s, &a);
    mote_spool_rewind(&s);
    while (mote_spool_next(&s, 0, &item, buf, sizeof(buf)) == MOTE_OK) {
    }
}

static void use_slots(struct mote_flash *flash)
{
    struct mote_slot_place place = {NULL, flash, 2 * SECTOR, (SECTORS - 2) / 2 * SECTOR};
    struct mote_meta meta;
    struct mote_slot slot;
    struct mote_slot_file f;
    uint8_t bitmap[16], data[SECTOR] = {0}, value[300];
    struct mote_manifest m = {
        .seq = 1, .model = {"fan", 3}, .size = 1000, .payload_size = 1000, .block_size = 256};
    if (mote_meta_mount(&meta, flash, 0) != MOTE_OK) {
        return;
    }
    for (unsigned k = 1; k < MOTE_META_KEYS; k++) {
        (void)mote_meta_get(&meta, k, value, sizeof(value));
    }
    (void)mote_meta_put(&meta, MOTE_META_APP, value, 20);
    if (mote_slot_mount(&slot, &meta, &place, 1, bitmap, sizeof(bitmap)) != MOTE_OK) {
        return;
    }
    if (mote_slot_active(&slot, 0, &f) == MOTE_OK && f.size >= 4) {
        (void)mote_slot_read(&f, f.size - 4, value, 4);
    }
    (void)mote_slot_other(&slot, 0, &f);
    m.seq = slot.record[0].confirmed_seq + 1;
    if (mote_slot_begin(&slot, &m, value) == 0) {
        for (int b; (b = mote_slot_missing(&slot, 0)) >= 0;) {
            if (mote_slot_put(&slot, (uint32_t)b, data, b == 3 ? 1000 - 768 : 256) != MOTE_OK) {
                break;
            }
        }
        while (mote_slot_work(&slot) == MOTE_E_AGAIN) {
        }
    }
    (void)mote_slot_rollback(&slot, 0, MOTE_E_TIMEOUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_flash f;
    if (size < 2 || sim_flash_init(&f, SECTORS * SECTOR, SECTOR, UNIT) != 0) {
        return 0;
    }
    size_t n = size - 1 < f.flash.size ? size - 1 : f.flash.size;
    memcpy(f.bytes, data + 1, n);
    for (uint32_t u = 0; u < f.flash.size / UNIT; u++) {
        f.programmed[u] = mote_get32(f.bytes + u * UNIT) != UINT32_MAX;
    }
    if (data[0] & 1) {
        use_spool(&f.flash);
    } else {
        use_slots(&f.flash);
    }
    if (f.violation != NULL) {
        fprintf(stderr, "%s\n", f.violation);
        __builtin_trap();
    }
    sim_flash_release(&f);
    return 0;
}
