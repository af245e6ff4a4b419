// The flash of the simulator: see sim_flash.h.
#include "firmware/port/sim/sim_flash.h"
#include "firmware/port/sim/sim_random.h"
#include "common/err.h"

static int violate(struct sim_flash *f, const char *what)
{
    if (f->violation == NULL) {
        f->violation = what;
    }
    return MOTE_E_IO;
}

static int flash_read(void *ctx, uint32_t addr, void *buf, uint32_t len)
{
    struct sim_flash *f = ctx;
    if (f->off) {
        return MOTE_E_IO;
    }
    if (len > f->flash.size || addr > f->flash.size - len) {
        return violate(f, "read beyond the end");
    }
    f->reads++;
    f->read_bytes += len;
    memcpy(buf, f->bytes + addr, len);
    return MOTE_OK;
}

// Brings len bytes at p from what they are to what `to` holds (NULL: erased), as far as the tear
// lets it.
static void torn(uint8_t *p, const uint8_t *to, uint32_t len, const struct sim_cut *cut)
{
    uint64_t random = cut->seed;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t want = to ? to[i] : 0xff;
        bool whole = cut->tear == SIM_TEAR_AFTER ||
                     (cut->tear == SIM_TEAR_PREFIX && i < cut->bytes) ||
                     (cut->tear == SIM_TEAR_SUFFIX && i >= cut->bytes);
        if (whole) {
            p[i] = want;
        } else if (cut->tear == SIM_TEAR_BITS) {
            uint8_t pick = (uint8_t)(sim_random(&random) >> 32);
            p[i] = (uint8_t)((p[i] & ~pick) | (want & pick));
        }
    }
}

// Counts an operation; true where it must not run to its end, with *status for the caller.
static bool is_cut(struct sim_flash *f, uint8_t *p, const uint8_t *to, uint32_t len, int *status)
{
    f->ops++;
    f->last_len = len;
    *status = MOTE_E_IO;
    if (f->ops == f->fail_op) {
        struct sim_cut half = {.tear = SIM_TEAR_BITS, .seed = f->ops};
        torn(p, to, len, &half);
        return true;
    }
    if (f->ops == f->cut.op) {
        torn(p, to, len, &f->cut);
        f->off = true;
        return true;
    }
    return false;
}

static int flash_prog(void *ctx, uint32_t addr, const void *buf, uint32_t len)
{
    struct sim_flash *f = ctx;
    uint32_t unit = f->flash.prog_unit;
    int status;
    if (f->off) {
        return MOTE_E_IO;
    }
    if (len == 0 || len % unit != 0 || addr % unit != 0) {
        return violate(f, "program not aligned to the unit");
    }
    if (len > f->flash.size || addr > f->flash.size - len) {
        return violate(f, "program beyond the end");
    }
    for (uint32_t u = addr / unit; u < (addr + len) / unit; u++) {
        if (f->programmed[u]) {
            return violate(f, "program of a unit that is not erased");
        }
    }
    bool cut = is_cut(f, f->bytes + addr, buf, len, &status);
    for (uint32_t u = addr / unit; u < (addr + len) / unit; u++) {
        // A torn unit that reads as erased is taken for erased: software cannot tell them apart.
        for (uint32_t i = 0; i < unit; i++) {
            f->programmed[u] |= !cut || f->bytes[u * unit + i] != 0xff;
        }
    }
    if (cut) {
        return status;
    }
    memcpy(f->bytes + addr, buf, len);
    return MOTE_OK;
}

static int flash_erase(void *ctx, uint32_t addr)
{
    struct sim_flash *f = ctx;
    uint32_t sector = f->flash.sector, unit = f->flash.prog_unit;
    int status;
    if (f->off) {
        return MOTE_E_IO;
    }
    if (addr % sector != 0 || addr >= f->flash.size) {
        return violate(f, "erase not aligned to the sector");
    }
    f->erases[addr / sector]++;
    if (is_cut(f, f->bytes + addr, NULL, sector, &status)) {
        for (uint32_t i = 0; i < sector; i++) {
            if (f->bytes[addr + i] != 0xff) {
                f->programmed[(addr + i) / unit] = true;
            }
        }
        return status;
    }
    memset(f->bytes + addr, 0xff, sector);
    memset(f->programmed + addr / unit, 0, sector / unit);
    return MOTE_OK;
}

int sim_flash_init(struct sim_flash *f, uint32_t size, uint32_t sector, uint32_t prog_unit)
{
    memset(f, 0, sizeof(*f));
    f->bytes = malloc(size);
    f->programmed = calloc(size / prog_unit, sizeof(*f->programmed));
    f->erases = calloc(size / sector, sizeof(*f->erases));
    if (f->bytes == NULL || f->programmed == NULL || f->erases == NULL) {
        sim_flash_release(f);
        return E_MEM;
    }
    memset(f->bytes, 0xff, size);
    f->flash = (struct mote_flash){f,          size,       sector,      prog_unit,
                                   flash_read, flash_prog, flash_erase, f->bytes};
    return OK;
}

void sim_flash_release(struct sim_flash *f)
{
    free(f->bytes);
    free(f->programmed);
    free(f->erases);
    memset(f, 0, sizeof(*f));
}

void sim_flash_copy(struct sim_flash *dst, const struct sim_flash *src)
{
    const struct mote_flash *g = &src->flash;
    memcpy(dst->bytes, src->bytes, g->size);
    memcpy(dst->programmed, src->programmed, g->size / g->prog_unit * sizeof(*src->programmed));
    memcpy(dst->erases, src->erases, g->size / g->sector * sizeof(*src->erases));
    dst->violation = src->violation;
    sim_flash_power_on(dst);
}

void sim_flash_power_on(struct sim_flash *f)
{
    f->off = false;
    f->ops = 0;
    f->reads = 0;
    f->read_bytes = 0;
    f->fail_op = 0;
    f->cut = (struct sim_cut){0};
}
