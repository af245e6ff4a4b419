// systemd's notification protocol (sd_notify(3)): a datagram to $NOTIFY_SOCKET. Nothing where it is not set.
#ifndef COLL_NOTIFY_H
#define COLL_NOTIFY_H

// state: "READY=1", "STOPPING=1", "WATCHDOG=1".
void notify_service(const char *state);
// Tells the watchdog twice in the time it waits ($WATCHDOG_USEC). *last_us: kept between calls, 0 at first.
void notify_watchdog(int64_t now_us, int64_t *last_us);

#endif
