// A TCP connection as the core's transport. See posix_tcp.h.
#include "firmware/port/posix/posix_tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void posix_tcp_init(struct posix_tcp *t, const char *host, int port)
{
    *t = (struct posix_tcp){.host = host, .port = port, .fd = -1};
}

void posix_tcp_close(struct posix_tcp *t)
{
    if (t->open) {
        close(t->fd);
    }
    t->open = t->connecting = false;
    t->fd = -1;
}

static int start_connect(struct posix_tcp *t)
{
    char service[12];
    (void)snprintf(service, sizeof(service), "%d", t->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(t->host, service, &hints, &found) != 0) {
        return MOTE_E_IO;
    }
    // The first address only: the link comes back, and resolvers rotate their answers.
    t->fd = socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc = t->fd < 0 ? -1 : connect(t->fd, found->ai_addr, found->ai_addrlen);
    int why = errno;
    freeaddrinfo(found);
    if (t->fd < 0) {
        return MOTE_E_IO;
    }
    t->open = true;
    t->connecting = rc < 0;
    if (rc < 0 && why != EINPROGRESS) {
        posix_tcp_close(t);
        return MOTE_E_IO;
    }
    int on = 1; // acknowledgements are small and must not wait for more
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return MOTE_OK;
}

static int tcp_open(void *ctx)
{
    struct posix_tcp *t = ctx;
    if (!t->open) {
        int status = start_connect(t);
        if (status) {
            return status;
        }
    }
    if (!t->connecting) {
        return MOTE_OK;
    }
    struct pollfd p = {.fd = t->fd, .events = POLLOUT};
    if (poll(&p, 1, 0) == 0) {
        return MOTE_E_AGAIN;
    }
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
        posix_tcp_close(t);
        return MOTE_E_IO;
    }
    t->connecting = false;
    return MOTE_OK;
}

static int failed(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return 0;
    }
    return errno == EPIPE || errno == ECONNRESET ? MOTE_E_CLOSED : MOTE_E_IO;
}

static int tcp_send(void *ctx, const void *buf, size_t len)
{
    struct posix_tcp *t = ctx;
    ssize_t n = send(t->fd, buf, len > INT_MAX ? INT_MAX : len, MSG_NOSIGNAL);
    return n < 0 ? failed() : (int)n;
}

static int tcp_recv(void *ctx, void *buf, size_t cap)
{
    struct posix_tcp *t = ctx;
    ssize_t n = recv(t->fd, buf, cap > INT_MAX ? INT_MAX : cap, 0);
    return n < 0 ? failed() : n == 0 ? MOTE_E_CLOSED : (int)n;
}

static void tcp_close(void *ctx)
{
    posix_tcp_close(ctx);
}

struct mote_transport posix_tcp_transport(struct posix_tcp *t)
{
    return (struct mote_transport){
        .ctx = t, .open = tcp_open, .send = tcp_send, .recv = tcp_recv, .close = tcp_close};
}

int posix_tcp_fd(const struct posix_tcp *t, bool *writing)
{
    *writing = t->connecting;
    return t->open ? t->fd : -1;
}
