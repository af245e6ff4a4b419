// A TCP proxy on loopback that misbehaves when it is told to: stalls, cuts connections, cuts them in the
// middle of what it forwards. A thread of its own.
#ifndef SUPPORT_PROXY_H
#define SUPPORT_PROXY_H

struct proxy;

// Listens on a free port (*port) and forwards to target_port. NULL where that fails.
struct proxy *proxy_start(int target_port, int *port);
void proxy_stop(struct proxy *p); // accepts NULL
// Forwards nothing for as long.
void proxy_stall(struct proxy *p, int ms);
// Closes every connection at once.
void proxy_cut(struct proxy *p);
// The next chunk on each connection is forwarded by half, then the connection is closed.
void proxy_truncate(struct proxy *p);

#endif
