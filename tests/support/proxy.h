// A TCP proxy on loopback that misbehaves when it is told to: delays, drops what it should forward, cuts connections,
// cuts them in the middle of a chunk. A thread of its own.
#ifndef SUPPORT_PROXY_H
#define SUPPORT_PROXY_H

struct proxy;

// Listens on a free port (*port) and forwards to target_port. NULL where that fails.
struct proxy *proxy_start(int target_port, int *port);
void proxy_stop(struct proxy *p); // accepts NULL
// Takes bytes and forwards none of them for as long, then closes those connections: what was sent meanwhile is lost.
void proxy_swallow(struct proxy *p, int ms);
// Forwards nothing for as long; what came meanwhile is late.
void proxy_stall(struct proxy *p, int ms);
// Closes every connection at once.
void proxy_cut(struct proxy *p);
// The next chunk on each connection is forwarded by half, then the connection is closed.
void proxy_truncate(struct proxy *p);

#endif
