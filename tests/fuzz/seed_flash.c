// Writes seeds for fuzz_flash: flash as spool and slots leave it. usage: seed_flash FOLDER
#include "common/base.h"
#include "firmware/core/slot/mote_slot.h"
#include "firmware/core/spool/mote_spool.h"
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"

#define SECTOR 512
#define SECTORS 22

static int save(const char *folder, const char *name, char kind, const struct sim_flash *f)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    bool good = out != NULL && fputc(kind, out) == kind &&
                fwrite(f->bytes, 1, f->flash.size, out) == f->flash.size;
    return out != NULL && fclose(out) == 0 && good ? 0 : 1;
}

static int spool(const char *folder, struct sim_flash *f)
{
    static struct mote_spool_sector table[SECTORS];
    struct mote_spool s;
    uint8_t block[100] = {0xa1};
    uint64_t seed = 5;
    struct mote_entropy e = sim_entropy(&seed);
    int status = mote_spool_mount(&s, &f->flash, table, SECTORS, &e);
    for (unsigned i = 0; i < 30 && status == MOTE_OK; i++) {
        status = mote_spool_append(&s, i % 2 ? MOTE_SPOOL_KEEP : MOTE_SPOOL_SAMPLES, "acc", i, i,
                                   block, sizeof(block));
    }
    return status != MOTE_OK || save(folder, "spool", 1, f);
}

static int slots(const char *folder, struct sim_flash *f)
{
    struct mote_slot_place place = {NULL, &f->flash, 2 * SECTOR, (SECTORS - 2) / 2 * SECTOR};
    struct mote_manifest m = {
        .seq = 1, .model = {"fan", 3}, .size = 1000, .payload_size = 1000, .block_size = 256};
    struct mote_meta meta;
    struct mote_slot slot;
    uint8_t bitmap[16], data[1000] = {7}, digest[MOTE_DIGEST_LEN] = {3};
    mote_sha256(m.digest, data, sizeof(data));
    memcpy(m.payload, m.digest, MOTE_DIGEST_LEN);
    int status = mote_meta_mount(&meta, &f->flash, 0);
    if (status == MOTE_OK) {
        status = mote_slot_mount(&slot, &meta, &place, 1, bitmap, sizeof(bitmap));
    }
    if (status == MOTE_OK) {
        status = mote_slot_begin(&slot, &m, digest);
    }
    for (uint32_t b = 0; b < 4 && status == MOTE_OK; b++) {
        status = mote_slot_put(&slot, b, data + b * 256, b == 3 ? 1000 - 768 : 256);
    }
    if (status != MOTE_OK || save(folder, "receiving", 0, f)) {
        return 1;
    }
    while ((status = mote_slot_work(&slot)) == MOTE_E_AGAIN) {
    }
    return status != MOTE_OK || mote_slot_switch(&slot, 0) != MOTE_OK ||
           save(folder, "trial", 0, f);
}

int main(int argc, char **argv)
{
    struct sim_flash f;
    if (argc != 2 || sim_flash_init(&f, SECTORS * SECTOR, SECTOR, 4) != 0) {
        return 2;
    }
    int failed = spool(argv[1], &f);
    sim_flash_release(&f);
    if (failed || sim_flash_init(&f, SECTORS * SECTOR, SECTOR, 4) != 0) {
        return 1;
    }
    failed = slots(argv[1], &f);
    sim_flash_release(&f);
    return failed;
}
