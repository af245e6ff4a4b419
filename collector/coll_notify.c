// See coll_notify.h.
#include "collector/coll_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/parse.h"

void notify_service(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof a.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(a.sun_path, path, len);
    if (path[0] == '@') {
        a.sun_path[0] = 0; // the abstract namespace
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
        (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
                      size); // nobody there: nobody asked
        close(fd);
    }
}

void notify_watchdog(int64_t now_us, int64_t *last_us)
{
    const char *text = getenv("WATCHDOG_USEC");
    int64_t wait_us = 0;
    if (!text || parse_i64(text, 1, INT64_MAX, &wait_us) || now_us - *last_us < wait_us / 2) {
        return;
    }
    *last_us = now_us;
    notify_service("WATCHDOG=1");
}
