// A TCP connection as the core's transport. Never blocks, but for the resolver where the broker is
// named rather than numbered.
#ifndef POSIX_TCP_H
#define POSIX_TCP_H

#include "firmware/core/mote_port.h"

struct posix_tcp {
    const char *host; // kept, not copied
    int port;
    // private
    bool open, connecting;
    int fd;
};

void posix_tcp_init(struct posix_tcp *t, const char *host, int port);
struct mote_transport posix_tcp_transport(struct posix_tcp *t);
// The socket to wait on, -1 where there is none; *writing: connecting, so wait until it can be
// written.
int posix_tcp_fd(const struct posix_tcp *t, bool *writing);
void posix_tcp_close(struct posix_tcp *t);

#endif
