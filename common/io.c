// Whole files, atomic replacement, folders. See io.h.
#include "common/io.h"
#include "common/buf.h"
#include "common/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int io_read_file(const char *path, size_t max, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_errno(e, errno == ENOENT ? E_NOT_FOUND : E_IO, "cannot open '%s'", path);
    }
    int rc = OK;
    size_t start = out->len;
    for (;;) {
        rc = buf_reserve(out, 65536);
        if (rc) {
            err_set(e, rc, "cannot read '%s': out of memory or over the ceiling", path);
            break;
        }
        ssize_t n = read(fd, out->data + out->len, 65536);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            rc = err_errno(e, E_IO, "cannot read '%s'", path);
            break;
        }
        if (n == 0) {
            break;
        }
        out->len += (size_t)n;
        if (out->len - start > max) {
            rc = err_set(e, E_LIMIT, "'%s' is larger than %zu bytes", path, max);
            break;
        }
    }
    if (out->data) {
        out->data[out->len] = 0;
    }
    close(fd);
    return rc;
}

static int write_all(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static void sync_dir_of(const char *path)
{
    char dir[IO_PATH_MAX];
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == dir) {
        slash[1] = 0;
    } else if (slash) {
        *slash = 0;
    } else {
        snprintf(dir, sizeof(dir), ".");
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); // best effort: some file systems refuse it on folders
        close(fd);
    }
}

int io_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *e)
{
    char tmp[IO_PATH_MAX];
    if (snprintf(tmp, sizeof(tmp), "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof(tmp)) {
        return err_set(e, E_LIMIT, "path too long: '%s'", path);
    }
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return err_errno(e, E_IO, "cannot create '%s'", tmp);
    }
    int rc = OK;
    if (write_all(fd, data, len) || fsync(fd)) {
        rc = err_errno(e, E_IO, "cannot write '%s'", tmp);
    }
    if (close(fd) && rc == OK) {
        rc = err_errno(e, E_IO, "cannot write '%s'", tmp);
    }
    if (rc == OK && rename(tmp, path)) {
        rc = err_errno(e, E_IO, "cannot rename '%s' to '%s'", tmp, path);
    }
    if (rc) {
        (void)unlink(tmp);
        return rc;
    }
    sync_dir_of(path);
    return OK;
}

int io_mkdirs(const char *path, unsigned mode, struct err *e)
{
    char p[IO_PATH_MAX];
    if (snprintf(p, sizeof(p), "%s", path) >= (int)sizeof(p)) {
        return err_set(e, E_LIMIT, "path too long: '%s'", path);
    }
    for (char *s = p + 1;; s++) {
        if (*s == '/' || *s == 0) {
            char c = *s;
            *s = 0;
            if (mkdir(p, (mode_t)mode) && errno != EEXIST) {
                return err_errno(e, E_IO, "cannot make folder '%s'", p);
            }
            *s = c;
            if (!c) {
                break;
            }
        }
    }
    return io_is_dir(path) ? OK : err_set(e, E_EXISTS, "'%s' is not a folder", path);
}

bool io_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool io_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int io_join(char *out, size_t cap, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *sep = n && dir[n - 1] == '/' ? "" : "/";
    int k = snprintf(out, cap, "%s%s%s", dir, sep, name);
    return k >= 0 && (size_t)k < cap ? OK : E_LIMIT;
}

int io_program_dir(char *out, size_t cap, struct err *e)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    if (n <= 0 || (size_t)n >= cap - 1) {
        return err_errno(e, E_IO, "cannot find the folder of this program");
    }
    out[n] = 0;
    *strrchr(out, '/') = 0;
    return OK;
}

int io_free_port(struct err *e)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    int port = E_IO;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
        getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
        port = ntohs(a.sin_port);
    } else {
        err_errno(e, E_IO, "cannot find a free port");
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}
