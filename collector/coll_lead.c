// See coll_lead.h.
#include "collector/coll_lead.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/err.h"
#include "common/project.h"

// A descriptor that holds the lock, -1 where another does (errno EWOULDBLOCK) or it cannot be opened.
static int lock_file(const struct project *p, const char *name, int how)
{
    char path[IO_PATH_MAX];
    int fd = open(project_path(p, path, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, how | LOCK_NB) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

int coll_lead_take(struct coll_lead *l, const struct project *p, const char *name, struct err *e)
{
    char path[IO_PATH_MAX], file[96];
    bool shared = p->conf.collectors > 1;
    int rc = io_mkdirs(project_path(p, path, "run"), 0700, e);
    if (rc) {
        return rc;
    }
    l->store_fd = lock_file(p, "run/collector.lock", shared ? LOCK_SH : LOCK_EX);
    if (l->store_fd < 0) {
        return errno == EWOULDBLOCK
                   ? err_set(e, E_BUSY, "another collector is writing the store of '%s'", p->dir)
                   : err_errno(e, E_IO, "cannot lock '%s/run/collector.lock'", p->dir);
    }
    snprintf(file, sizeof file, "run/collector-%.60s.lock", name);
    l->name_fd = lock_file(p, file, LOCK_EX);
    if (l->name_fd < 0) {
        return errno == EWOULDBLOCK
                   ? err_set(e, E_BUSY,
                             "a collector called '%s' runs already: give this one another --number",
                             name)
                   : err_errno(e, E_IO, "cannot lock '%s/%s'", p->dir, file);
    }
    (void)coll_lead_try(l, p);
    return OK;
}

bool coll_lead_try(struct coll_lead *l, const struct project *p)
{
    if (!l->leads) {
        l->lead_fd = lock_file(p, "run/collector-lead.lock", LOCK_EX);
        l->leads = l->lead_fd >= 0;
    }
    return l->leads;
}

void coll_lead_release(struct coll_lead *l)
{
    int *const fds[] = {&l->lead_fd, &l->name_fd, &l->store_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
}
