// A file as NOR flash. See posix_flash.h.
#include "firmware/port/posix/posix_flash.h"
#include "common/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool inside(const struct posix_flash *f, uint32_t addr, uint32_t len)
{
    return addr <= f->flash.size && len <= f->flash.size - addr;
}

static int flash_read(void *ctx, uint32_t addr, void *buf, uint32_t len)
{
    struct posix_flash *f = ctx;
    if (!inside(f, addr, len)) {
        return MOTE_E_IO;
    }
    memcpy(buf, f->map + addr, len);
    return MOTE_OK;
}

static int flash_prog(void *ctx, uint32_t addr, const void *buf, uint32_t len)
{
    struct posix_flash *f = ctx;
    if (!inside(f, addr, len) || addr % POSIX_FLASH_UNIT || len % POSIX_FLASH_UNIT) {
        return MOTE_E_IO;
    }
    const uint8_t *p = buf;
    for (uint32_t i = 0; i < len; i++) {
        f->map[addr + i] &= p[i];
    }
    return MOTE_OK;
}

static int flash_erase(void *ctx, uint32_t addr)
{
    struct posix_flash *f = ctx;
    if (addr % POSIX_FLASH_SECTOR || !inside(f, addr, POSIX_FLASH_SECTOR)) {
        return MOTE_E_IO;
    }
    memset(f->map + addr, 0xff, POSIX_FLASH_SECTOR);
    return MOTE_OK;
}

// A new file is made whole under another name first: a half-written image would pass for a full
// flash.
static int make_image(const char *path, uint32_t size, struct err *e)
{
    char fresh[1100];
    if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh)) {
        return err_set(e, E_LIMIT, "path '%s' is too long", path);
    }
    int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot make '%s'", fresh);
    }
    uint8_t erased[POSIX_FLASH_SECTOR];
    memset(erased, 0xff, sizeof(erased));
    for (uint32_t at = 0; at < size; at += POSIX_FLASH_SECTOR) {
        if (write(fd, erased, sizeof(erased)) != (ssize_t)sizeof(erased)) {
            int status = err_errno(e, errno == ENOSPC ? E_FULL : E_IO, "cannot write '%s'", fresh);
            close(fd);
            return status;
        }
    }
    close(fd);
    if (rename(fresh, path) < 0) {
        return err_errno(e, E_IO, "cannot rename '%s'", fresh);
    }
    return OK;
}

static int map_image(struct posix_flash *f, const char *path, uint32_t size, struct err *e)
{
    struct stat st;
    if (flock(f->fd, LOCK_EX | LOCK_NB) < 0) {
        return err_set(e, E_BUSY, "'%s' is in use by another process", path);
    }
    if (fstat(f->fd, &st) < 0) {
        return err_errno(e, E_IO, "cannot look at '%s'", path);
    }
    if (st.st_size != (off_t)size) {
        return err_set(e, E_FORMAT, "'%s' has %lld bytes, the configuration says %u: move it away",
                       path, (long long)st.st_size, size);
    }
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    if (map == MAP_FAILED) {
        return err_errno(e, E_IO, "cannot map '%s'", path);
    }
    f->map = map;
    return OK;
}

int posix_flash_open(struct posix_flash *f, const char *path, uint32_t size, struct err *e)
{
    *f = (struct posix_flash){.fd = -1};
    if (size == 0 || size % POSIX_FLASH_SECTOR) {
        return err_set(e, E_USAGE, "flash of %u bytes: must be a multiple of %u", size,
                       POSIX_FLASH_SECTOR);
    }
    if (access(path, F_OK) < 0) {
        int status = make_image(path, size, e);
        if (status) {
            return status;
        }
    }
    f->fd = open(path, O_RDWR | O_CLOEXEC);
    if (f->fd < 0) {
        return err_errno(e, E_IO, "cannot open '%s'", path);
    }
    int status = map_image(f, path, size, e);
    if (status) {
        posix_flash_close(f);
        return status;
    }
    f->flash = (struct mote_flash){.ctx = f,
                                   .size = size,
                                   .sector = POSIX_FLASH_SECTOR,
                                   .prog_unit = POSIX_FLASH_UNIT,
                                   .read = flash_read,
                                   .prog = flash_prog,
                                   .erase = flash_erase,
                                   .map = f->map};
    return OK;
}

void posix_flash_close(struct posix_flash *f)
{
    if (f->map) {
        munmap(f->map, f->flash.size);
    }
    if (f->map || f->fd > 0) {
        close(f->fd);
    }
    *f = (struct posix_flash){.fd = -1};
}
